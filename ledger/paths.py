"""Ways through the state's tree: from a leaf up to the root, and to a key's neighbours.

Read-only, over the tree as it is or as it was some blocks ago: whoever has nodes and pages.
What a proof is made of is found here; how it is spelled is `ledger.ics23`'s matter. Pure.
"""

from collections.abc import Sequence
from typing import Protocol

from config.errors import InvariantError
from ledger.ics23 import EMPTY, HASH_BYTES, Step
from ledger.pages import (
    LEAF,
    SPLIT,
    SPLIT_BITS,
    Node,
    compute_node,
    decode_children,
    decode_entries,
    get_nibble,
    join,
)
from ledger.tree import PAGES, PLACE_BYTES, TOP_BITS, find_page


class TreeReader(Protocol):
    """A tree at some height."""

    def get_node(self, index: int) -> Node:
        """A node of the upper levels or of a page, by its index in the heap."""

    def get_page(self, place: bytes) -> bytes | None:
        """The record of a page, or None."""


def find_path(tree: TreeReader, key_hash: bytes) -> tuple[Step, ...]:
    """The way from a leaf up to the root.

    Raises:
        InvariantError: There is no such leaf.
    """
    page = find_page(key_hash)
    place = page.to_bytes(PLACE_BYTES, "big")
    record = _require(tree, place)
    path = _find_path_below(tree, record, place, key_hash, depth=TOP_BITS)
    is_alone = record[0] == LEAF
    index = PAGES + page
    while index > 1:
        sibling = tree.get_node(index ^ 1)
        if sibling or not is_alone:  # a leaf that is alone rises, without a step
            is_alone = False
            path.append(_step(index, sibling))
        index >>= 1
    return tuple(path)


def find_neighbour(tree: TreeReader, key_hash: bytes, *, is_before: bool) -> bytes | None:
    """The nearest key hash before, or after, a given one; None if it would be the outermost."""
    page = find_page(key_hash)
    place = page.to_bytes(PLACE_BYTES, "big")
    record = tree.get_page(place)
    if record is not None:
        found = _find_next(tree, record, place, key_hash, depth=TOP_BITS, is_before=is_before)
        if found is not None:
            return found
    index = PAGES + page
    while index > 1:
        if bool(index & 1) is is_before and tree.get_node(index ^ 1):
            return _find_edge_of_node(tree, index ^ 1, is_last=is_before)
        index >>= 1
    return None


def _find_path_below(
    tree: TreeReader, record: bytes, place: bytes, key_hash: bytes, *, depth: int
) -> list[Step]:
    if record[0] == SPLIT:
        nibble = get_nibble(key_hash, depth)
        child = place + bytes([nibble])
        below = _require(tree, child)
        path = _find_path_below(tree, below, child, key_hash, depth=depth + SPLIT_BITS)
        return path + _climb(decode_children(record), nibble, is_alone=below[0] == LEAF)
    entries = decode_entries(record)
    path = []
    level = depth
    while len(entries) > 1:
        left = [entry for entry in entries if not _get_bit(entry, level)]
        right = entries[len(left) :]
        is_right = _get_bit(key_hash, level)
        level += 1
        sibling = compute_node(left if is_right else right, depth=level)
        path.append(_step(is_right, sibling))
        entries = right if is_right else left
    if not entries or not entries[0].startswith(key_hash):
        raise InvariantError("the tree lacks a key that the state has: scrub the state")
    return path[::-1]


def _climb(row: Sequence[Node], index: int, *, is_alone: bool) -> list[Step]:
    """The way from one of a row of nodes up to the node over the row."""
    path = []
    while len(row) > 1:
        sibling = row[index ^ 1]
        if sibling or not is_alone:
            is_alone = False
            path.append(_step(index, sibling))
        row = [join(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        index >>= 1
    return path


def _find_next(
    tree: TreeReader,
    record: bytes,
    place: bytes,
    key_hash: bytes,
    *,
    depth: int,
    is_before: bool,
) -> bytes | None:
    if record[0] != SPLIT:
        hashes = [entry[:HASH_BYTES] for entry in decode_entries(record)]
        if is_before:
            return max((other for other in hashes if other < key_hash), default=None)
        return min((other for other in hashes if other > key_hash), default=None)
    children = decode_children(record)
    nibble = get_nibble(key_hash, depth)
    child = place + bytes([nibble])
    if children[nibble]:
        found = _find_next(
            tree,
            _require(tree, child),
            child,
            key_hash,
            depth=depth + SPLIT_BITS,
            is_before=is_before,
        )
        if found is not None:
            return found
    beside = range(nibble - 1, -1, -1) if is_before else range(nibble + 1, len(children))
    for other in beside:
        if children[other]:
            return _find_edge(tree, place + bytes([other]), is_last=is_before)
    return None


def _find_edge_of_node(tree: TreeReader, index: int, *, is_last: bool) -> bytes:
    """The first or last key hash below a node of the upper levels that has any."""
    while index < PAGES:
        index = 2 * index + is_last
        if not tree.get_node(index):
            index ^= 1
    return _find_edge(tree, (index - PAGES).to_bytes(PLACE_BYTES, "big"), is_last=is_last)


def _find_edge(tree: TreeReader, place: bytes, *, is_last: bool) -> bytes:
    record = _require(tree, place)
    if record[0] != SPLIT:
        return decode_entries(record)[-1 if is_last else 0][:HASH_BYTES]
    nibbles = [nibble for nibble, node in enumerate(decode_children(record)) if node]
    nibble = nibbles[-1 if is_last else 0]
    return _find_edge(tree, place + bytes([nibble]), is_last=is_last)


def _require(tree: TreeReader, place: bytes) -> bytes:
    record = tree.get_page(place)
    if record is None:
        raise InvariantError(f"the tree lacks its page {place.hex()}: scrub the state")
    return record


def _step(index: int, sibling: Node) -> Step:
    return Step(is_right=bool(index & 1), sibling=sibling[:HASH_BYTES] or EMPTY)


def _get_bit(key_hash: bytes, depth: int) -> int:
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1
