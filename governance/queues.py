"""Queues of time: windows that start with the next block, and deadlines that fall due.

Windows of proposals that end are apart from what falls due otherwise, some of it years ahead:
only windows last longer when the chain stands still (`governance.outages`). All are ordered by
the bytes of their keys, so every node takes them in the same order. What happens when an
entry's time comes is `governance.deadlines`' matter.
"""

from dataclasses import dataclass
from enum import IntEnum, unique
from itertools import islice

from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import StateView

_TIME_BYTES = 8
_ID_BYTES = 32
_PRESENT = b"\x01"
"""The key says all; proofs of state (ICS 23) want some value."""


@unique
class Turn(IntEnum):
    """What falls due in a cooperative; a number is never used for anything else."""

    PROPOSAL = 1
    """A window of a proposal ends."""
    SECOND_VOTE = 2
    """An accepted ending is voted on once more."""
    VETO_WINDOW = 3
    """The privacy group's time to stop an accepted data use is over."""
    TERM = 4
    """Terms of a body's seats end; the subject is its kind."""
    ADMISSION = 6
    """Nobody can object to an admission any more."""
    ROLL = 7
    """A batch of changes lands on the roll."""
    EXCLUSION = 8
    """Nobody can appeal against an exclusion any more."""
    ELECTION = 13
    """Terms of a body's seats end soon: its election begins; the subject is its kind."""
    COUNTBACK = 15
    """A vacancy is being filled from the ballots of the election."""
    ARCHIVE = 9
    """Ballots that were counted are no more in state, but in their count's log alone."""
    CLEARING = 5
    """The papers of a count that has ended are forgotten, some at a time."""
    DUTY = 10
    """A body has not done what it owes; the subject is the duty."""
    RECOVERY = 12
    """The time-lock of a recovery is over; the subject is the account."""
    COMPLAINT = 11
    """The time of a complaint's step is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A proposal whose next window starts."""

    key: bytes
    """In state; delete it when the work is done."""
    cooperative: bytes
    proposal_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something whose time has come."""

    key: bytes
    """In state; delete it when the work is done."""
    due_ms: int
    turn: Turn
    cooperative: bytes
    subject: bytes
    """The proposal's id, or what else the turn is about; 32 bytes."""


def put_opening(view: StateView, *, cooperative: bytes, proposal_id: bytes) -> None:
    """Let a proposal's next window start with the next block."""
    view.kv.put(state_key(FEDERATION, Collection.OPENING, cooperative + proposal_id), _PRESENT)


def is_waiting(view: StateView) -> bool:
    """Check if any window of a proposal is to start or open."""
    return any(
        next(view.kv.scan(state_key(FEDERATION, collection, b"")), None) is not None
        for collection in (Collection.OPENING, Collection.DUE)
    )


def delete_opening(view: StateView, *, cooperative: bytes, proposal_id: bytes) -> None:
    """Announce a window no more; nothing happens if none was."""
    view.kv.delete(state_key(FEDERATION, Collection.OPENING, cooperative + proposal_id))


def put_due(
    view: StateView, turn: Turn, *, due_ms: int, cooperative: bytes, subject: bytes
) -> None:
    """Call something up in the first block at or after a time."""
    view.kv.put(_due_key(turn, due_ms=due_ms, cooperative=cooperative, subject=subject), _PRESENT)


def delete_due(
    view: StateView, turn: Turn, *, due_ms: int, cooperative: bytes, subject: bytes
) -> None:
    """Call something up no more; nothing happens if it was not in the queue."""
    view.kv.delete(_due_key(turn, due_ms=due_ms, cooperative=cooperative, subject=subject))


def list_openings(view: StateView, *, entries_max: int) -> list[Opening]:
    """Windows that were announced before now, ascending by cooperative and proposal."""
    prefix = state_key(FEDERATION, Collection.OPENING, b"")
    found = []
    for key, _ in islice(view.kv.scan(prefix), entries_max):
        ids = key[len(prefix) :]
        found.append(Opening(key=key, cooperative=ids[:_ID_BYTES], proposal_id=ids[_ID_BYTES:]))
    return found


def list_due(view: StateView, *, time_ms: int, entries_max: int) -> list[Due]:
    """Deadlines at or before a time, earliest first."""
    found = []
    for collection in (Collection.DUE, Collection.LATER):
        prefix = state_key(FEDERATION, collection, b"")
        for key, _ in islice(view.kv.scan(prefix), entries_max):
            due = _read_due(key, key[len(prefix) :])
            if due.due_ms > time_ms:
                break
            found.append(due)
    return sorted(found, key=lambda due: due.key[len(prefix) :])[:entries_max]


def _due_key(turn: Turn, *, due_ms: int, cooperative: bytes, subject: bytes) -> bytes:
    record_id = due_ms.to_bytes(_TIME_BYTES, "big") + bytes([turn]) + cooperative + subject
    collection = Collection.DUE if turn is Turn.PROPOSAL else Collection.LATER
    return state_key(FEDERATION, collection, record_id)


def _read_due(key: bytes, record_id: bytes) -> Due:
    ids = record_id[_TIME_BYTES + 1 :]
    return Due(
        key=key,
        due_ms=int.from_bytes(record_id[:_TIME_BYTES], "big"),
        turn=Turn(record_id[_TIME_BYTES]),
        cooperative=ids[:_ID_BYTES],
        subject=ids[_ID_BYTES:],
    )
