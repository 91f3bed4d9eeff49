"""Append-only logs whose every entry, at every size, can be proven (RFC 6962 §2.1).

Pure functions over bytes; where entries are kept is `governance.logs`' matter. A log that
grows keeps only its frontier: the roots of its complete subtrees, largest first.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from config.errors import InvariantError
from did.codec import Record
from governance.fields import Count, Hash

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Frontier(Record, frozen=True, kw_only=True):
    """What appending to a log and computing its root need."""

    size: Count = 0
    peaks: Annotated[tuple[Hash, ...], Meta(max_length=63)] = ()
    """Roots of the complete subtrees, largest first: one for each bit set in `size`."""

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier after one more entry."""
        node = compute_leaf_hash(leaf)
        peaks = list(self.peaks)
        size = self.size
        while size & 1:
            node = _compute_inner_hash(peaks.pop(), node)
            size >>= 1
        return Frontier(size=self.size + 1, peaks=(*peaks, node))

    def compute_root(self) -> bytes:
        """Merkle tree hash of all entries; 32 bytes."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _compute_inner_hash(peak, root)
        return root


EMPTY_FRONTIER = Frontier()


def compute_leaf_hash(leaf: bytes) -> bytes:
    """Hash of one entry: SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def compute_root(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree hash of a list of entries; 32 bytes."""
    frontier = EMPTY_FRONTIER
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.compute_root()


def compute_inclusion_path(leaves: Sequence[bytes], *, index: int) -> tuple[bytes, ...]:
    """Audit path of one entry among these entries, from the leaf up (RFC 6962 §2.1.1).

    Args:
        leaves: All entries of the log at the size that the path is for.
        index: Which entry, counted from 0.

    Raises:
        InvariantError: There is no such entry.
    """
    if not 0 <= index < len(leaves):
        raise InvariantError(f"no entry {index} in a log of {len(leaves)}")
    level = [compute_leaf_hash(leaf) for leaf in leaves]
    path = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):  # a node without sibling rises unchanged
            path.append(level[sibling])
        level = [
            _compute_inner_hash(*level[i : i + 2]) if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
        index //= 2
    return tuple(path)


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
            node = _compute_inner_hash(sibling, node)
            while not index & 1:  # skip the levels on which this node had no sibling
                index, last = index >> 1, last >> 1
        else:
            node = _compute_inner_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and node == root


def _compute_inner_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
