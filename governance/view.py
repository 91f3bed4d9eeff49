"""State as the rules see it: keys, a savepoint over them, and typed access.

Where the bytes lie is the ledger's matter; no rule is decided here.
"""

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from sortedcontainers import SortedList

from config.errors import InvariantError
from governance.bylaws import Bylaws
from governance.member_acts import MemberAct, ProposedAct
from governance.proposal_records import Ballot, DecidedInsight, Decision, Licence, Proposal, Tally
from governance.records import Account, Cooperative, Parameters, Quota, Roll
from governance.state_keys import FEDERATION, Collection, state_key

_UNCHANGED = b"\x00unchanged"
"""Told apart by identity: no value in state is this object."""


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
        self._order: SortedList | None = None
        """The changed keys that there were at the last scan: few changes are ever scanned."""

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
        order = self._order = self._order or SortedList()
        order.update(islice(reversed(self._changes), len(self._changes) - len(order)))
        unchanged = (
            item for item in self._parent.scan(prefix, after=after) if item[0] not in self._changes
        )
        return heapq.merge(unchanged, self._scan_changes(order, prefix, after=after))

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """What committing would do, ascending by key; None deletes."""
        return sorted(self._changes.items(), key=lambda change: change[0])

    def commit(self) -> None:
        """Write the changes into the parent and start again from none."""
        for key, value in self._changes.items():
            if value is None:
                self._parent.delete(key)
            else:
                self._parent.put(key, value)
        self._changes.clear()
        self._order = None

    def _scan_changes(
        self, order: SortedList, prefix: bytes, *, after: bytes
    ) -> Iterator[tuple[bytes, bytes]]:
        for key in _iterate_keys(order, prefix, after=after):
            value = self._changes[key]
            if value is not None:
                yield key, value


class MemoryKeyValue:
    """A view in memory: for simulators, replayers and tests."""

    def __init__(self) -> None:
        self._items: dict[bytes, bytes] = {}
        self._order: SortedList = SortedList()

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        return self._items.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        """Set or replace a value."""
        if key not in self._items:
            self._order.add(key)
        self._items[key] = value

    def delete(self, key: bytes) -> None:
        """Remove a value; nothing happens if there is none."""
        if self._items.pop(key, None) is not None:
            self._order.remove(key)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """As `KeyValue.scan`."""
        for key in _iterate_keys(self._order, prefix, after=after):
            yield key, self._items[key]


def _iterate_keys(order: SortedList, prefix: bytes, *, after: bytes) -> Iterator[bytes]:
    is_after = after >= prefix
    for key in order.irange(after if is_after else prefix, inclusive=(not is_after, True)):
        if not key.startswith(prefix):
            return
        yield key


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
        self._put(account.cooperative, Collection.ACCOUNT, account_id, account.encode_kept())

    def get_quota(self, cooperative: bytes) -> Quota:
        """What a cooperative has spent of its quota; a new one nothing."""
        data = self._get(cooperative, Collection.QUOTA, b"")
        return Quota() if data is None else Quota.decode(data)

    def put_quota(self, cooperative: bytes, quota: Quota) -> None:
        """Set what a cooperative has spent of its quota."""
        self._put(cooperative, Collection.QUOTA, b"", quota.encode_kept())

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

    def get_act(self, cooperative: bytes, proposal_id: bytes) -> MemberAct | None:
        """What a proposal asks the rules to do."""
        data = self._get(cooperative, Collection.ACT, proposal_id)
        return None if data is None else ProposedAct.decode(data).act

    def require_act(self, cooperative: bytes, proposal_id: bytes) -> MemberAct:
        """What a proposal asks the rules to do that asks for something."""
        return ProposedAct.decode(self._require(cooperative, Collection.ACT, proposal_id)).act

    def put_act(self, cooperative: bytes, proposal_id: bytes, act: MemberAct) -> None:
        """Set what a proposal asks the rules to do."""
        data = ProposedAct(act=act).encode()
        self._put(cooperative, Collection.ACT, proposal_id, data)

    def get_licence(self, cooperative: bytes, licence: bytes) -> Licence | None:
        """A licence that a cooperative has granted."""
        data = self._get(cooperative, Collection.LICENCE, licence)
        return None if data is None else Licence.decode(data)

    def put_licence(self, cooperative: bytes, licence: bytes, record: Licence) -> None:
        """Set a licence."""
        self._put(cooperative, Collection.LICENCE, licence, record.encode())

    def get_insight(self, cooperative: bytes, insight: bytes) -> DecidedInsight:
        """What a cooperative's members decided on an insight so far."""
        data = self._get(cooperative, Collection.INSIGHT, insight)
        return DecidedInsight() if data is None else DecidedInsight.decode(data)

    def put_insight(self, cooperative: bytes, insight: bytes, record: DecidedInsight) -> None:
        """Set what a cooperative's members decided on an insight."""
        self._put(cooperative, Collection.INSIGHT, insight, record.encode())

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

    def delete_ballot(self, cooperative: bytes, *, proposal_id: bytes, ballot_id: bytes) -> None:
        """Forget a ballot that the log of its count keeps."""
        self.kv.delete(state_key(cooperative, Collection.BALLOT, proposal_id + ballot_id))

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
        return self.kv.get(state_key(namespace, collection, record_id))

    def _put(self, namespace: bytes, collection: Collection, record_id: bytes, data: bytes) -> None:
        self.kv.put(state_key(namespace, collection, record_id), data)

    def _require(self, namespace: bytes, collection: Collection, record_id: bytes) -> bytes:
        data = self._get(namespace, collection, record_id)
        if data is None:
            raise InvariantError(f"state lacks its {collection.name} {record_id.hex()}")
        return data
