"""State as the rules see it: keys, a savepoint over them, and typed access.

A key is namespace ‖ collection ‖ id. The namespace is a cooperative's id, or 32 zero bytes
for what belongs to the federation, so that one cooperative's state is one contiguous range.
Collections from `DERIVED_FROM` on hold what follows from the others: rules write it and never
read it.
Where the bytes lie is the ledger's matter; no rule is decided here.
"""

import heapq
from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol

from config.errors import InvariantError
from governance.bylaws import Bylaws
from governance.records import (
    Account,
    Ballot,
    Cooperative,
    Decision,
    Parameters,
    Proposal,
    Quota,
    Roll,
    Tally,
)

FEDERATION = bytes(32)
"""Namespace of what no single cooperative owns."""
DERIVED_FROM = b"\x80"
"""First collection of what follows from state: kept beside it, outside its tree."""
COLLECTION_AT = 32
"""Where a key names its collection: after the namespace."""
_UNCHANGED = b"\x00unchanged"
"""Told apart by identity: no value in state is this object."""
_TAGS = tuple(bytes([number]) for number in range(256))
"""A collection's byte: keys are made some twenty times for each transaction."""


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
    """Id: due time in ms, 8 bytes big-endian ‖ cooperative ‖ proposal id."""
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
    RECOVERY = 0x1A
    """Federation: id of the chain that this one goes on from, as text."""
    QUOTA = 0x20
    LOG = 0x21
    """Id: `governance.logs.Log.id`."""
    LOG_ENTRY = 0x80
    """Derived. Id: log ‖ place, 8 bytes big-endian."""
    LOG_NODE = 0x81
    """Derived. Id: log ‖ level, 1 byte ‖ place at that level, 8 bytes big-endian."""


class KeyValue(Protocol):
    """Bytes under bytes, ordered."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""

    def put(self, key: bytes, value: bytes) -> None:
        """Set or replace a value."""

    def delete(self, key: bytes) -> None:
        """Remove a value; nothing happens if there is none."""

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys with the prefix and their values, ascending by the bytes of the key.

        Args:
            prefix: What each key starts with.
            after: Only keys greater than this whole key.

        The view may not change while a scan is being read.
        """


class Savepoint:
    """Changes on top of a view, kept apart until they are committed to it.

    The ledger stages a block in one and each transaction in another on top of it: dropping it
    is the rollback.
    """

    def __init__(self, parent: KeyValue) -> None:
        self._parent = parent
        self._changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        """The changed value, else the parent's."""
        value = self._changes.get(key, _UNCHANGED)
        return self._parent.get(key) if value is _UNCHANGED else value

    def put(self, key: bytes, value: bytes) -> None:
        """Set or replace a value, here only."""
        self._changes[key] = value

    def delete(self, key: bytes) -> None:
        """Remove a value, here only."""
        self._changes[key] = None

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """As `KeyValue.scan`, over parent and changes together."""
        changed = sorted(
            (key, value)
            for key, value in self._changes.items()
            if value is not None and key.startswith(prefix) and key > after
        )
        unchanged = (
            item for item in self._parent.scan(prefix, after=after) if item[0] not in self._changes
        )
        return heapq.merge(unchanged, changed)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """What committing would do, ascending by key; None deletes."""
        return sorted(self._changes.items(), key=lambda change: change[0])

    def commit(self) -> None:
        """Write the changes into the parent and start again from none."""
        for key, value in self.changes():
            if value is None:
                self._parent.delete(key)
            else:
                self._parent.put(key, value)
        self._changes.clear()


class MemoryKeyValue:
    """A view in memory: for simulators, replayers and tests."""

    def __init__(self) -> None:
        self._items: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self._items.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set or replace a value."""
        self._items[key] = value

    def delete(self, key: bytes) -> None:
        """Remove a value; nothing happens if there is none."""
        self._items.pop(key, None)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """As `KeyValue.scan`."""
        found = (key for key in self._items if key.startswith(prefix) and key > after)
        return ((key, self._items[key]) for key in sorted(found))


class StateView:
    """Typed getters and putters on a view.

    Getters of what a transaction names return None for what is not there; getters of what
    must be there raise InvariantError.
    """

    def __init__(self, kv: KeyValue) -> None:
        self.kv = kv

    def get_parameters(self) -> Parameters:
        """The federation's parameters."""
        return Parameters.decode(self._require(FEDERATION, Collection.PARAMETERS, b""))

    def put_parameters(self, parameters: Parameters) -> None:
        """Set the federation's parameters."""
        self._put(FEDERATION, Collection.PARAMETERS, b"", parameters.encode())

    def get_cooperative(self, cooperative: bytes) -> Cooperative | None:
        """A registered cooperative."""
        data = self._get(FEDERATION, Collection.COOPERATIVE, cooperative)
        return None if data is None else Cooperative.decode(data)

    def put_cooperative(self, cooperative: Cooperative) -> None:
        """Set a cooperative's record."""
        key = cooperative.id
        self._put(FEDERATION, Collection.COOPERATIVE, key, cooperative.encode())

    def is_importing(self, cooperative: bytes) -> bool:
        """Check if a cooperative's former roll is still being brought over."""
        return self._get(FEDERATION, Collection.IMPORT, cooperative) is not None

    def get_home(self, account: bytes) -> bytes | None:
        """The id of an account's cooperative."""
        return self._get(FEDERATION, Collection.ACCOUNT_HOME, account)

    def get_account(self, account: bytes) -> Account | None:
        """A member's or office's account, wherever its home is."""
        home = self.get_home(account)
        if home is None:
            return None
        return Account.decode(self._require(home, Collection.ACCOUNT, account))

    def put_new_account(self, account_id: bytes, account: Account) -> None:
        """Begin an account in its cooperative, which stays its home."""
        self._put(FEDERATION, Collection.ACCOUNT_HOME, account_id, account.cooperative)
        self.put_account(account_id, account)

    def put_account(self, account_id: bytes, account: Account) -> None:
        """Set an account that has been begun."""
        self._put(account.cooperative, Collection.ACCOUNT, account_id, account.encode())

    def get_quota(self, cooperative: bytes) -> Quota:
        """What a cooperative has spent of its quota; a new one nothing."""
        data = self._get(cooperative, Collection.QUOTA, b"")
        return Quota() if data is None else Quota.decode(data)

    def put_quota(self, cooperative: bytes, quota: Quota) -> None:
        """Set what a cooperative has spent of its quota."""
        self._put(cooperative, Collection.QUOTA, b"", quota.encode())

    def get_roll(self, cooperative: bytes) -> Roll:
        """The roll of a registered cooperative."""
        return Roll.decode(self._require(cooperative, Collection.ROLL, b""))

    def put_roll(self, cooperative: bytes, roll: Roll) -> None:
        """Set a cooperative's roll."""
        self._put(cooperative, Collection.ROLL, b"", roll.encode())

    def get_bylaws(self, bylaws_hash: bytes) -> Bylaws:
        """Bylaws by their hash."""
        return Bylaws.decode(self._require(FEDERATION, Collection.BYLAWS, bylaws_hash))

    def put_bylaws(self, bylaws: Bylaws) -> None:
        """Keep bylaws under their hash, for ever."""
        self._put(FEDERATION, Collection.BYLAWS, bylaws.compute_hash(), bylaws.encode())

    def get_proposal(self, cooperative: bytes, proposal_id: bytes) -> Proposal | None:
        """A proposal before this cooperative."""
        data = self._get(cooperative, Collection.PROPOSAL, proposal_id)
        return None if data is None else Proposal.decode(data)

    def put_proposal(self, proposal: Proposal) -> None:
        """Set a proposal's record."""
        namespace, key = proposal.cooperative, proposal.id
        self._put(namespace, Collection.PROPOSAL, key, proposal.encode())

    def get_ballot(
        self, cooperative: bytes, *, proposal_id: bytes, ballot_id: bytes
    ) -> Ballot | None:
        """A ballot on a proposal."""
        data = self._get(cooperative, Collection.BALLOT, proposal_id + ballot_id)
        return None if data is None else Ballot.decode(data)

    def put_ballot(
        self, cooperative: bytes, *, proposal_id: bytes, ballot_id: bytes, ballot: Ballot
    ) -> None:
        """Set or replace a ballot."""
        self._put(cooperative, Collection.BALLOT, proposal_id + ballot_id, ballot.encode())

    def scan_ballots(
        self, cooperative: bytes, *, proposal_id: bytes, after: bytes = b""
    ) -> Iterator[tuple[bytes, Ballot]]:
        """Ballot ids and ballots, ascending by id, from after a given one."""
        prefix = state_key(cooperative, Collection.BALLOT, proposal_id)
        for key, data in self.kv.scan(prefix, after=prefix + after):
            yield key[len(prefix) :], Ballot.decode(data)

    def get_tally(self, cooperative: bytes, proposal_id: bytes) -> Tally:
        """A count that goes on, or one that has not begun."""
        data = self._get(cooperative, Collection.TALLY, proposal_id)
        return Tally() if data is None else Tally.decode(data)

    def put_tally(self, cooperative: bytes, proposal_id: bytes, tally: Tally) -> None:
        """Keep a count for the next block."""
        self._put(cooperative, Collection.TALLY, proposal_id, tally.encode())

    def delete_tally(self, cooperative: bytes, proposal_id: bytes) -> None:
        """Forget a count that has ended."""
        self.kv.delete(state_key(cooperative, Collection.TALLY, proposal_id))

    def get_decision(self, cooperative: bytes, proposal_id: bytes) -> Decision | None:
        """The result of a closed vote."""
        data = self._get(cooperative, Collection.DECISION, proposal_id)
        return None if data is None else Decision.decode(data)

    def put_decision(self, cooperative: bytes, proposal_id: bytes, decision: Decision) -> None:
        """Set the result of a vote, once."""
        self._put(cooperative, Collection.DECISION, proposal_id, decision.encode())

    def _get(self, namespace: bytes, collection: Collection, record_id: bytes) -> bytes | None:
        return self.kv.get(namespace + _TAGS[collection] + record_id)

    def _put(self, namespace: bytes, collection: Collection, record_id: bytes, data: bytes) -> None:
        self.kv.put(namespace + _TAGS[collection] + record_id, data)

    def _require(self, namespace: bytes, collection: Collection, record_id: bytes) -> bytes:
        data = self._get(namespace, collection, record_id)
        if data is None:
            raise InvariantError(f"state lacks its {collection.name} {record_id.hex()}")
        return data


def state_key(namespace: bytes, collection: Collection, record_id: bytes) -> bytes:
    """The key of a record: namespace (32 bytes) ‖ collection (1) ‖ id."""
    return namespace + _TAGS[collection] + record_id


def is_derived(key: bytes) -> bool:
    """Check if a record only follows from state: its log's root there authenticates it."""
    return key[COLLECTION_AT : COLLECTION_AT + 1] >= DERIVED_FROM
