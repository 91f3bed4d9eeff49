"""Logs kept in state: the federation's decisions and each cooperative's roll.

Every entry lies under its place, the frontier beside them, so appending costs the same at any
size; proofs read the entries they need. Which facts become entries is the rules' matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from governance.merkle_log import Frontier, compute_inclusion_path, compute_root
from governance.records import DecisionLeaf, RollEntry
from governance.view import FEDERATION, Collection, StateView, state_key


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """That an entry is in a log at some size; check it with `merkle_log.is_included`."""

    leaf: bytes
    index: int
    size: int
    root: bytes
    path: tuple[bytes, ...]


def append_decision(view: StateView, leaf: DecisionLeaf) -> int:
    """Write a decision into the federation's log; its place, from 0."""
    frontier = view.get_decision_log()
    data = leaf.encode()
    view.kv.put(_entry_key(FEDERATION, Collection.DECISION_ENTRY, frontier.size), data)
    view.put_decision_log(frontier.append(data))
    return frontier.size


def append_roll_entries(
    view: StateView, cooperative: bytes, *, log: Frontier, entries: Sequence[RollEntry]
) -> Frontier:
    """Write admissions into a cooperative's roll log; its new frontier, not yet stored."""
    for entry in entries:
        data = entry.encode()
        view.kv.put(_entry_key(cooperative, Collection.ROLL_ENTRY, log.size), data)
        log = log.append(data)
    return log


def prove_decision(view: StateView, *, index: int, size: int) -> LogProof | None:
    """Prove an entry of the decision log as it was at some size.

    Args:
        view: State.
        index: The entry's place, from 0.
        size: Entries in the log, at most as many as it has now.

    Returns:
        The proof, or None if the log has no such entry or size.
    """
    if not 0 <= index < size <= view.get_decision_log().size:
        return None
    prefix = state_key(FEDERATION, Collection.DECISION_ENTRY, b"")
    leaves = [data for _, data in islice(view.kv.scan(prefix), size)]
    return LogProof(
        leaf=leaves[index],
        index=index,
        size=size,
        root=compute_root(leaves),
        path=compute_inclusion_path(leaves, index=index),
    )


def _entry_key(namespace: bytes, collection: Collection, index: int) -> bytes:
    return state_key(namespace, collection, index.to_bytes(8, "big"))
