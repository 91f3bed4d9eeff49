"""Acts of the federation: what a motion asks for, each with its number on the wire.

A motion carries one act as `[number, fields…]`. What it takes to enact one and what each
does is `governance.federal`'s matter. A number is never reused.
"""

import hashlib
from enum import IntEnum
from typing import Annotated, TypeAlias, get_args

from msgspec import Meta

from did.accounts import Inception
from did.codec import Record
from did.keys import SIGNATURE_BYTES, is_signature_valid
from governance.fields import Did, Hash, HashOrEmpty, Name, NodeId, P2pAddress
from governance.records import Upgrade
from governance.seals import SealedChain

_REQUEST_DOMAIN = b"rochdale/request/v1"


class NewCooperative(Record, frozen=True, kw_only=True):
    """What a cooperative brings when it enters the registry."""

    inception: Inception
    """Its key is the cooperative's root key; its hash is the cooperative's id."""
    did: Did
    """Its did:web."""
    registrar_key: Hash
    assertion_key: Hash
    node_id: NodeId
    """The engine's node id, of a full node or a validator alike."""
    consensus_key: HashOrEmpty = b""
    """Its validator's key; empty for a member that does not validate."""
    name: Name = ""
    """As people read it."""
    p2p_address: P2pAddress = ""
    """Where its engine is reached, `<host>:<port>`."""

    @property
    def id(self) -> bytes:
        """The cooperative's id; 32 bytes."""
        return self.inception.compute_id()


class AdmitCooperative(Record, frozen=True, kw_only=True, tag=1):
    """Make a cooperative a member, at its own signed request."""

    request: NewCooperative
    signature: Annotated[bytes, Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]
    """Of the request's root key over `compute_request_input`."""
    sealed: SealedChain | None = None
    """The chain that it comes from with its roll; none for a cooperative without one."""

    @property
    def root_key(self) -> bytes:
        """Which key signs the request: the first, or the one in use on the former chain."""
        if self.sealed is None:
            return self.request.inception.public_key
        return self.sealed.seal.root_keys[0]

    def is_requested(self, *, network: str) -> bool:
        """Check that the cooperative itself asks, and for this network."""
        return is_signature_valid(
            public_key=self.root_key,
            message=compute_request_input(self.request, network=network),
            signature=self.signature,
        )


class AppointValidator(Record, frozen=True, kw_only=True, tag=2):
    """Make the proposing member a validator: nobody else can name its key."""

    consensus_key: Hash


class StopValidator(Record, frozen=True, kw_only=True, tag=3):
    """End a member's validating; it stays a member."""

    cooperative: Hash


class ExpelCooperative(Record, frozen=True, kw_only=True, tag=4):
    """End a cooperative's membership at once; its history stays."""

    cooperative: Hash


class LiftSuspension(Record, frozen=True, kw_only=True, tag=5):
    """Let a suspended validator sign again, whatever it was suspended for."""

    cooperative: Hash


class ScheduleUpgrade(Record, frozen=True, kw_only=True, tag=6):
    """Change the rules at a height; replaces a change that is scheduled and has not begun."""

    upgrade: Upgrade


class AdmitNode(Record, frozen=True, kw_only=True, tag=7):
    """Let the node of a cooperative that wants to join connect for a while, to catch up."""

    node_id: NodeId


class WithdrawUpgrade(Record, frozen=True, kw_only=True, tag=8):
    """Take a scheduled change of the rules back before it begins."""


class ChangeCharter(Record, frozen=True, kw_only=True, tag=9):
    """Give the federation another charter; assemblies decide, not root keys."""

    text_hash: Hash
    """SHA-256 of the whole text."""


class DecideDispute(Record, frozen=True, kw_only=True, tag=10):
    """Decide a dispute between two cooperatives, or confirm an arbitrator's award."""

    dispute: Hash
    text_hash: Hash
    """SHA-256 of the decision or the award."""


FederalAct: TypeAlias = (
    AdmitCooperative
    | AppointValidator
    | StopValidator
    | ExpelCooperative
    | LiftSuspension
    | ScheduleUpgrade
    | AdmitNode
    | WithdrawUpgrade
    | ChangeCharter
    | DecideDispute
)


class ActKind(IntEnum):
    """The acts by name, as events say them; the numbers of the wire."""

    ADMIT_COOPERATIVE = 1
    APPOINT_VALIDATOR = 2
    STOP_VALIDATOR = 3
    EXPEL_COOPERATIVE = 4
    LIFT_SUSPENSION = 5
    SCHEDULE_UPGRADE = 6
    ADMIT_NODE = 7
    WITHDRAW_UPGRADE = 8
    CHANGE_CHARTER = 9
    DECIDE_DISPUTE = 10


_KINDS: dict[type[Record], ActKind] = dict(zip(get_args(FederalAct), ActKind, strict=True))


def get_kind(act: FederalAct) -> ActKind:
    """Which kind of act it is."""
    return _KINDS[type(act)]


def get_subject(act: FederalAct, *, proposer: bytes) -> bytes:
    """Which cooperative or dispute an act is about; the proposer where it names none; 32 bytes."""
    if isinstance(act, AdmitCooperative):
        return act.request.id
    if isinstance(act, StopValidator | ExpelCooperative | LiftSuspension):
        return act.cooperative
    if isinstance(act, DecideDispute):
        return act.dispute
    return proposer


def compute_request_input(request: NewCooperative, *, network: str) -> bytes:
    """What a joining cooperative's root key signs."""
    prefix = _REQUEST_DOMAIN + hashlib.sha256(network.encode()).digest()
    return prefix + request.encode()
