"""Keys of state: whose, which collection, which record.

A key is namespace ‖ collection ‖ id. The namespace is a cooperative's id, or 32 zero bytes
for what belongs to the federation, so that one cooperative's state is one contiguous range.
Collections from `DERIVED_FROM` on hold what follows from the others: rules write it and never
read it.
"""

from enum import IntEnum, unique

FEDERATION = bytes(32)
"""Namespace of what no single cooperative owns."""
DERIVED_FROM = b"\x80"
"""First collection of what follows from state: kept beside it, outside its tree."""
COLLECTION_AT = 32
"""Where a key names its collection: after the namespace."""


@unique
class Collection(IntEnum):
    """Kinds of state; a number is never used for anything else."""

    PARAMETERS = 0x01
    COOPERATIVE = 0x02
    ACCOUNT_HOME = 0x03
    """Federation: account id → id of the cooperative whose namespace holds the account."""
    ACCOUNT = 0x04
    ROLL = 0x05
    BYLAWS = 0x07
    PROPOSAL = 0x08
    BALLOT = 0x09
    """Id: proposal id ‖ ballot id."""
    TALLY = 0x0A
    DECISION = 0x0B
    """Id: proposal id."""
    DUE = 0x0E
    """Id: due time in ms, 8 bytes big-endian ‖ turn, 1 byte ‖ cooperative ‖ subject."""
    OPENING = 0x0F
    """Id: cooperative ‖ proposal id; its next window starts with the next block."""
    MOTION = 0x10
    """Federation: motion id."""
    VALIDATORS = 0x11
    """Federation: the engine's validator set."""
    VALIDATORS_PENDING = 0x12
    """Federation: there while the engine is to be told of changes."""
    CONSENSUS_KEY = 0x13
    """Federation: validator's address."""
    SILENCE = 0x14
    """Federation: cooperative."""
    NODE = 0x15
    """Federation: engine's node id."""
    CASE = 0x16
    """Federation: case id."""
    FEDERAL_DUE = 0x17
    """Federation. Id: due time in ms, 8 bytes big-endian ‖ kind, 1 byte ‖ subject."""
    SEAL = 0x18
    """Federation: there once the chain is sealed."""
    IMPORT = 0x19
    """Federation: cooperative; there until its former roll is brought over."""
    IMPORTED_ROLL = 0x1E
    """None: what of the roll came from another chain."""
    RECOVERY = 0x1A
    """Federation: id of the chain that this one goes on from, as text."""
    OUTAGES = 0x1B
    """Federation: when the chain last stood still."""
    ACT = 0x1C
    """Proposal id: what it asks the rules to do."""
    LICENCE = 0x1D
    """Id of the proposal that granted it."""
    INSIGHT = 0x1F
    """Digest of an insight: what the cooperative's members decided on it."""
    KEY_STATE = 0x22
    """Account ‖ version, 4 bytes big-endian: keys that it had."""
    KEY_RECOVERY = 0x23
    """Account: the last recovery that its guardians asked for."""
    BODY = 0x30
    """Kind of body, 1 byte."""
    BODY_MOTION = 0x31
    """Motion of a body."""
    OPINION = 0x32
    """Proposal ‖ kind of body, 1 byte."""
    EMERGENCY = 0x33
    """Proposal by which members ratify it."""
    SUSPENDED_PEER = 0x34
    """Cooperative."""
    OFFICES = 0x35
    """How many office accounts there are."""
    BALLOT_PAPER = 0x37
    """Proposal."""
    CANDIDATE = 0x38
    """Proposal ‖ office."""
    COUNT_PROGRESS = 0x39
    """Proposal; there while ballots with marks are counted."""
    OPTION_TALLY = 0x3A
    """Proposal; likewise, what the method has counted so far."""
    COUNT_RESULT = 0x3B
    """Proposal: what a count of ballots with marks found."""
    PETITION = 0x3C
    """Petition."""
    SIGNATURE = 0x3D
    """Petition ‖ account."""
    SIGNER = 0x3E
    """Account: until when a petition that it has signed may run."""
    ADMISSION = 0x49
    """Admission: whom the registrar admits, while others may object."""
    LANDING = 0x4A
    """Account: who goes onto the roll, or comes back, with the next batch."""
    LEAVING = 0x4B
    """Account: who leaves the roll with the next batch."""
    ROLL_CLOCK = 0x4C
    """When the next batch lands, and how much the roll has grown in this period."""
    EXCLUSION = 0x4D
    """Account: whom the committee wants to exclude."""
    COUNTBACK = 0x4F
    """Countback: a vacancy that the ballots of the election fill."""
    LATER = 0x4E
    """Federation. As `DUE`, for what is no window of a proposal."""
    DUTY = 0x40
    """Kind of duty, 1 byte."""
    CONFIDENCE = 0x41
    """Kind of body, 1 byte; there while members are asked whether it goes."""
    COMPLAINT = 0x42
    """Complaint."""
    OPEN_COMPLAINTS = 0x43
    """Account: how many complaints of it are open."""
    CHARTER = 0x44
    """Federation: motion by which a change of the charter was adopted."""
    CHARTER_ANSWER = 0x45
    """Federation: motion ‖ cooperative."""
    DISPUTE = 0x46
    """Federation: dispute."""
    OPEN_MATTER = 0x47
    """Kind of matter, 1 byte ‖ its id: what others may still ask a cooperative for."""
    QUOTA = 0x20
    LOG = 0x21
    """Id: `governance.logs.Log.id`."""
    COUNT = 0x36
    """Cooperative; while votes are counted. Id: subject ‖ kind, 1 byte ‖ what lies there
    (`governance.count.ledger_piles`)."""
    BOOKS = 0x50
    BOOK_ACCOUNT = 0x51
    """Id: code, 2 bytes big-endian."""
    BOOK_ENTRY = 0x52
    PERIOD = 0x53
    """Id: number, 8 bytes big-endian."""
    METRIC = 0x54
    """Id: period, 8 bytes big-endian ‖ metric, 1 byte."""
    ALLOCATION = 0x55
    """Id: `governance.value.records.compute_pool_id`."""
    SETTLEMENT = 0x56
    """Id: SHA-256 of the payment file."""
    AGREEMENT = 0x57
    """Federation: agreement id."""
    USAGE = 0x58
    """Federation. Id: quarter, 8 bytes big-endian ‖ currency, 3 bytes ‖ agreement id."""
    NETTING = 0x59
    """Federation. Id: quarter, 8 bytes big-endian ‖ currency, 3 bytes."""
    CHARGE = 0x5A
    """Charge, 1 byte: the office account that has it."""
    CONSENT_ROOT = 0x60
    """Id: period, 8 bytes big-endian."""
    CONSENT_PERIOD = 0x61
    """The latest period that has a root."""
    LOG_ENTRY = 0x80
    """Derived. Id: log ‖ place, 8 bytes big-endian."""
    LOG_NODE = 0x81
    """Derived. Id: log ‖ level, 1 byte ‖ place at that level, 8 bytes big-endian."""


_TAGS = tuple(bytes([number]) for number in range(256))
"""A collection's byte: keys are made some twenty times for each transaction."""


def state_key(namespace: bytes, collection: Collection, record_id: bytes) -> bytes:
    """The key of a record: namespace (32 bytes) ‖ collection (1) ‖ id."""
    return namespace + _TAGS[collection] + record_id


def is_derived(key: bytes) -> bool:
    """Check if a record only follows from state: its log's root there authenticates it."""
    return key[COLLECTION_AT : COLLECTION_AT + 1] >= DERIVED_FROM
