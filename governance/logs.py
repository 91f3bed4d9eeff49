"""Logs kept in state: every collection that people list, and the federation's decisions.

In state a log is its frontier alone, so appending costs the same at any size and its root is
authenticated. Its entries and the roots of its complete subtrees are derived records: rules
write them and never read them; proofs and pages are made of them in a few reads. Which facts
become entries is the rules' matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique

from config.errors import InvariantError
from governance.merkle_log import (
    EMPTY_FRONTIER,
    Frontier,
    ReadNode,
    compute_inclusion_path,
    compute_inner_hash,
    compute_leaf_hash,
    compute_range_path,
    compute_root_at,
    push,
)
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import StateView

_PLACE_BYTES = 8


@unique
class LogName(IntEnum):
    """Kinds of logs; a number is never used for anything else."""

    DECISIONS = 1
    """Federation: `DecisionLeaf`, in the order of closing."""
    COOPERATIVES = 2
    """Federation: ids, in the order of admission."""
    ROLL = 3
    """Cooperative: `RollEntry`."""
    PROPOSALS = 4
    """Cooperative: ids, in the order in which their discussions began."""
    BALLOTS = 5
    """Cooperative, subject a proposal: what its count read, ascending by ballot id."""
    MOTIONS = 6
    """Federation: ids of its motions, in the order of proposing."""
    CASES = 7
    """Federation: ids of cases, in the order of opening."""
    SEALED_ACCOUNTS = 8
    """Cooperative: `ImportedAccount`, ascending by account, of a sealed chain."""
    SECOND_BALLOTS = 9
    """As `BALLOTS`, of a second call's count."""
    ROLL_CHANGES = 16
    """Cooperative: `RollChange`, who left or came back, in the order of the batches."""
    DUTIES = 10
    """Cooperative: `DutyEntry`, in the order in which duties were fulfilled or missed."""
    COMPLAINTS = 11
    """Cooperative: ids, in the order of opening."""
    DISPUTES = 12
    """Federation: ids of disputes, in the order of opening."""
    BODY_MOTIONS = 13
    """Cooperative: ids of what its bodies were asked to do, in the order of asking."""
    PETITIONS = 14
    """Cooperative: ids, in the order of starting."""
    COUNTBACKS = 15
    """Cooperative: `CountbackEntry`, in the order in which vacancies were filled or stayed."""
    JOURNAL = 30
    """Cooperative: ids of its books' entries, in the order in which they came."""
    AGREEMENTS = 31
    """Federation: ids, in the order of the first signature."""
    COMMITMENTS = 32
    """Cooperative, subject a pool's id: `SlotCommitment`, ascending by slot."""


@dataclass(frozen=True, slots=True)
class Log:
    """Which log."""

    name: LogName
    namespace: bytes = FEDERATION
    subject: bytes = b""
    """What it is about, where a cooperative has several of a kind."""

    @property
    def id(self) -> bytes:
        """Its id within the collections of logs."""
        return bytes([self.name]) + self.subject


DECISIONS = Log(LogName.DECISIONS)
COOPERATIVES = Log(LogName.COOPERATIVES)
MOTIONS = Log(LogName.MOTIONS)
CASES = Log(LogName.CASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """That an entry is in a log at some size; check it with `merkle_log.is_included`."""

    leaf: bytes
    index: int
    size: int
    root: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Entries of a log, none left out; check it with `merkle_log.is_range_included`."""

    leaves: tuple[bytes, ...]
    start: int
    size: int
    path: tuple[bytes, ...]


def get_frontier(view: StateView, log: Log) -> Frontier:
    """A log's size and what its root follows from; empty before the first entry."""
    data = view.kv.get(frontier_key(log))
    return EMPTY_FRONTIER if data is None else Frontier.decode(data)


def append(view: StateView, log: Log, leaves: Sequence[bytes]) -> Frontier:
    """Write entries at the end of a log; its new frontier."""
    frontier = get_frontier(view, log)
    size, peaks = frontier.size, list(frontier.peaks)
    # A count appends thousands at once: what their keys share is put together once.
    entries = state_key(log.namespace, Collection.LOG_ENTRY, log.id)
    nodes = state_key(log.namespace, Collection.LOG_NODE, log.id)
    for leaf in leaves:
        view.kv.put(entries + size.to_bytes(_PLACE_BYTES, "big"), leaf)
        for level, node in enumerate(push(peaks, leaf, size=size), 1):
            place = (size >> level).to_bytes(_PLACE_BYTES, "big")
            view.kv.put(nodes + bytes([level]) + place, node)
        size += 1
    frontier = Frontier(size=size, peaks=tuple(peaks))
    view.kv.put(frontier_key(log), frontier.encode())
    return frontier


def get_entry(view: StateView, log: Log, index: int) -> bytes:
    """An entry that is there; for proofs, never for rules.

    Raises:
        InvariantError: The log has no such entry.
    """
    leaf = view.kv.get(entry_key(log, index))
    if leaf is None:
        raise InvariantError(f"the log {log.id.hex()} lacks its entry {index}")
    return leaf


def prove_entry(view: StateView, log: Log, *, index: int, size: int) -> LogProof | None:
    """Prove an entry of a log as it was at some size.

    Args:
        view: State.
        log: Which.
        index: The entry's place, from 0.
        size: Entries in the log, at most as many as it has now.

    Returns:
        The proof, or None if the log has no such entry or size.
    """
    if not 0 <= index < size <= get_frontier(view, log).size:
        return None
    read = _read_nodes(view, log)
    return LogProof(
        leaf=get_entry(view, log, index),
        index=index,
        size=size,
        root=compute_root_at(read, size=size),
        path=compute_inclusion_path(read, index=index, size=size),
    )


def prove_page(view: StateView, log: Log, *, start: int, count: int) -> LogPage:
    """Entries from a place on, as many as asked for or there are, with their proof.

    Returns:
        The page; empty, without a path, if the log ends before `start`.
    """
    size = get_frontier(view, log).size
    end = min(start + count, size)
    if not 0 <= start < end:
        return LogPage(leaves=(), start=start, size=size, path=())
    return LogPage(
        leaves=tuple(get_entry(view, log, index) for index in range(start, end)),
        start=start,
        size=size,
        path=compute_range_path(_read_nodes(view, log), start=start, end=end, size=size),
    )


def count_derived(size: int) -> int:
    """How many derived records a log has: entries, and roots of complete subtrees."""
    return sum(size >> level for level in range(size.bit_length()))


def check_derived(view: StateView, log: Log) -> None:
    """Check that a log's derived records are those that its frontier in state follows from.

    Together with their number, summed over all logs, this shows that there are no others.

    Raises:
        InvariantError: One is missing, or is another's.
    """
    frontier = get_frontier(view, log)
    peaks: list[bytes] = []
    for level in range(frontier.size.bit_length()):
        above = _scan_nodes(view, log, level + 1)
        count, left, node = 0, b"", b""
        for count, node in enumerate(_scan_nodes(view, log, level), 1):
            if count % 2 == 0 and next(above, None) != compute_inner_hash(left, node):
                raise InvariantError(f"a subtree of log {log.id.hex()} is not that of its entries")
            left = node
        if count != frontier.size >> level or next(above, None) is not None:
            raise InvariantError(f"log {log.id.hex()} has not the entries that its size says")
        if count % 2:
            peaks.insert(0, node)
    if tuple(peaks) != frontier.peaks:
        raise InvariantError(f"log {log.id.hex()} is not the one whose root is in state")


def frontier_key(log: Log) -> bytes:
    """The state key under which a log's `Frontier` lies."""
    return state_key(log.namespace, Collection.LOG, log.id)


def _scan_nodes(view: StateView, log: Log, level: int) -> Iterator[bytes]:
    """Roots of complete subtrees of 2^level entries, from the first on, as far as they go."""
    collection, log_id = Collection.LOG_ENTRY, log.id
    if level:
        collection, log_id = Collection.LOG_NODE, log.id + bytes([level])
    prefix = state_key(log.namespace, collection, log_id)
    for place, (key, value) in enumerate(view.kv.scan(prefix)):
        if key != prefix + place.to_bytes(_PLACE_BYTES, "big"):
            return
        yield value if level else compute_leaf_hash(value)


def _read_nodes(view: StateView, log: Log) -> ReadNode:
    def read(level: int, index: int) -> bytes:
        if level == 0:
            return compute_leaf_hash(get_entry(view, log, index))
        node = view.kv.get(_node_key(log, level, index))
        if node is None:
            raise InvariantError(f"the log {log.id.hex()} lacks a subtree's root")
        return node

    return read


def entry_key(log: Log, index: int) -> bytes:
    """The key of the derived record that holds a log's entry."""
    place = index.to_bytes(_PLACE_BYTES, "big")
    return state_key(log.namespace, Collection.LOG_ENTRY, log.id + place)


def _node_key(log: Log, level: int, index: int) -> bytes:
    place = bytes([level]) + index.to_bytes(_PLACE_BYTES, "big")
    return state_key(log.namespace, Collection.LOG_NODE, log.id + place)
