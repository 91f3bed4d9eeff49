"""Two queues of time: windows that start with the next block, and deadlines that fall due.

Both are ordered by the bytes of their keys, so every node takes them in the same order. What
happens when an entry's time comes is `governance.deadlines`' matter.
"""

from dataclasses import dataclass
from itertools import islice

from governance.view import FEDERATION, Collection, StateView, state_key

_TIME_BYTES = 8
_ID_BYTES = 32
_PRESENT = b"\x01"
"""The key says all; proofs of state (ICS 23) want some value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A proposal whose turn has come."""

    key: bytes
    """In state; delete it when the work is done."""
    cooperative: bytes
    proposal_id: bytes


def put_opening(view: StateView, *, cooperative: bytes, proposal_id: bytes) -> None:
    """Let a proposal's next window start with the next block."""
    view.kv.put(state_key(FEDERATION, Collection.OPENING, cooperative + proposal_id), _PRESENT)


def put_due(view: StateView, *, due_ms: int, cooperative: bytes, proposal_id: bytes) -> None:
    """Call a proposal up in the first block at or after a time."""
    record_id = due_ms.to_bytes(_TIME_BYTES, "big") + cooperative + proposal_id
    view.kv.put(state_key(FEDERATION, Collection.DUE, record_id), _PRESENT)


def list_openings(view: StateView, *, entries_max: int) -> list[Entry]:
    """Windows that were announced before now, ascending by cooperative and proposal."""
    prefix = state_key(FEDERATION, Collection.OPENING, b"")
    return [_entry(key, prefix) for key, _ in islice(view.kv.scan(prefix), entries_max)]


def list_due(view: StateView, *, time_ms: int, entries_max: int) -> list[Entry]:
    """Deadlines at or before a time, earliest first."""
    prefix = state_key(FEDERATION, Collection.DUE, b"")
    entries = []
    for key, _ in islice(view.kv.scan(prefix), entries_max):
        if int.from_bytes(key[len(prefix) :][:_TIME_BYTES], "big") > time_ms:
            break
        entries.append(_entry(key, prefix + key[len(prefix) :][:_TIME_BYTES]))
    return entries


def _entry(key: bytes, prefix: bytes) -> Entry:
    ids = key[len(prefix) :]
    return Entry(key=key, cooperative=ids[:_ID_BYTES], proposal_id=ids[_ID_BYTES:])
