"""Append-only logs whose every entry, at every size, can be proven (RFC 6962 §2.1).

Pure functions over bytes; where entries are kept is `governance.logs`' matter. A log that
grows keeps only its frontier: the roots of its complete subtrees, largest first.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.errors import InvariantError
from did.codec import Record
from governance.fields import Count, Hash

ReadNode: TypeAlias = Callable[[int, int], bytes]
"""Gives the root of a complete subtree: of 2^level entries, the index-th of that size."""

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Frontier(Record, frozen=True, kw_only=True):
    """What appending to a log and computing its root need."""

    size: Count = 0
    peaks: Annotated[tuple[Hash, ...], Meta(max_length=63)] = ()
    """Roots of the complete subtrees, largest first: one for each bit set in `size`."""

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more entry."""
        return self.add(leaf)[0]

    def add(self, leaf: bytes) -> "tuple[Frontier, tuple[bytes, ...]]":
        """The frontier after one more entry, and the roots of the subtrees that it completes.

        These come smallest first: of 2 entries, 4, 8 and so on.
        """
        peaks = list(self.peaks)
        completed = push(peaks, leaf, size=self.size)
        return Frontier(size=self.size + 1, peaks=tuple(peaks)), tuple(completed)

    def compute_root(self) -> bytes:
        """Merkle tree hash of all entries; 32 bytes."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = compute_inner_hash(peak, root)
        return root


EMPTY_FRONTIER = Frontier()


def push(peaks: list[bytes], leaf: bytes, *, size: int) -> list[bytes]:
    """Add an entry to a frontier's peaks, in place: for who adds many.

    Args:
        peaks: Roots of the complete subtrees, largest first.
        leaf: The entry.
        size: Entries so far.

    Returns:
        The roots of the subtrees that it completes, smallest first.
    """
    node, completed = compute_leaf_hash(leaf), []
    while size & 1:
        node = compute_inner_hash(peaks.pop(), node)
        completed.append(node)
        size >>= 1
    peaks.append(node)
    return completed


def compute_leaf_hash(leaf: bytes) -> bytes:
    """Hash of one entry: SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def compute_root(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree hash of a list of entries; 32 bytes."""
    frontier = EMPTY_FRONTIER
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.compute_root()


def compute_root_at(read: ReadNode, *, size: int) -> bytes:
    """Root of a log as it was with `size` entries, at least one; 32 bytes."""
    return _compute_subtree(read, 0, size)


def compute_inclusion_path(read: ReadNode, *, index: int, size: int) -> tuple[bytes, ...]:
    """Audit path of one entry, from the leaf up (RFC 6962 §2.1.1).

    Args:
        read: Gives the root of a complete subtree.
        index: Which entry, counted from 0.
        size: Entries in the log at the size that the path is for.

    Raises:
        InvariantError: There is no such entry.
    """
    if not 0 <= index < size:
        raise InvariantError(f"no entry {index} in a log of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_compute_subtree(read, middle, end))
            end = middle
        else:
            path.append(_compute_subtree(read, start, middle))
            start = middle
    return tuple(reversed(path))


def compute_range_path(read: ReadNode, *, start: int, end: int, size: int) -> tuple[bytes, ...]:
    """What beside the entries from `start` to before `end` the root of a log follows from.

    The roots of the largest subtrees outside the range, from left to right: together with the
    entries they show that a page holds these places completely.

    Raises:
        InvariantError: The range is empty or reaches beyond the log.
    """
    if not 0 <= start < end <= size:
        raise InvariantError(f"no entries {start} to {end} in a log of {size}")

    def collect(low: int, high: int) -> Iterator[bytes]:
        if high <= start or end <= low:
            yield _compute_subtree(read, low, high)
        elif not (start <= low and high <= end):
            middle = low + _split(high - low)
            yield from collect(low, middle)
            yield from collect(middle, high)

    return tuple(collect(0, size))


def is_range_included(
    *, leaves: Sequence[bytes], start: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Check that entries stand in a log at these places, none left out; never raises.

    Args:
        leaves: The entries, at least one.
        start: The first one's place, counted from 0.
        size: Entries in the log when its root was `root`.
        path: From `compute_range_path`.
        root: What all must lead to; 32 bytes.
    """
    end, rest = start + len(leaves), iter(path)
    if not 0 <= start < end <= size or any(len(item) != len(EMPTY_ROOT) for item in path):
        return False

    def compute(low: int, high: int) -> bytes:
        if high <= start or end <= low:
            return next(rest, b"")
        if high - low == 1:
            return compute_leaf_hash(leaves[low - start])
        middle = low + _split(high - low)
        return compute_inner_hash(compute(low, middle), compute(middle, high))

    return compute(0, size) == root and next(rest, None) is None


def is_included(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Check an audit path (RFC 9162 §2.1.3.2); never raises on wrong input.

    Args:
        leaf: The entry itself, not its hash.
        index: Its place in the log, counted from 0.
        size: Entries in the log when its root was `root`.
        path: From `compute_inclusion_path`.
        root: What the path must lead to; 32 bytes.
    """
    if not 0 <= index < size:
        return False
    node, last = compute_leaf_hash(leaf), size - 1
    for sibling in path:
        if last == 0 or len(sibling) != len(EMPTY_ROOT):
            return False
        if index & 1 or index == last:
            node = compute_inner_hash(sibling, node)
            while not index & 1:  # skip the levels on which this node had no sibling
                index, last = index >> 1, last >> 1
        else:
            node = compute_inner_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def _compute_subtree(read: ReadNode, start: int, end: int) -> bytes:
    """Root over the entries from `start` to before `end`, a range that the tree's shape has."""
    count = end - start
    if count & (count - 1) == 0:
        return read(count.bit_length() - 1, start // count)
    middle = start + _split(count)
    return compute_inner_hash(
        _compute_subtree(read, start, middle), _compute_subtree(read, middle, end)
    )


def _split(count: int) -> int:
    """The largest power of two below a count of at least 2 (RFC 6962 §2.1)."""
    return 1 << (count - 1).bit_length() - 1


def compute_inner_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees: SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()
