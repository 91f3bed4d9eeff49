"""Leaf pages: the lower part of the state's tree, as records of bounded size.

A page holds the leaves below one node of the tree, or, once they are more than
`STATE_PAGE_LEAVES_MAX`, is split into sixteen pages by the next four bits of their key
hashes: no page grows large whatever keys somebody grinds. Which page stands where never
enters a hash: the root depends on the leaves alone. Pure: pages are read by a function that
the caller hands in, and changes come back as records to write.

    whole page   kind (1: one leaf, 2: more) ‖ hash ‖ (key hash ‖ leaf hash) * n, ascending
    split page   3 ‖ hash ‖ leaves below (4 bytes) ‖ 16 * (kind (0: none, 1, 2) ‖ hash)

A page's place is the bytes of its id, and one more byte for each further four bits.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from config.limits import STATE_PAGE_LEAVES_MAX, STATE_PAGE_LEAVES_MERGED
from ledger.ics23 import EMPTY, HASH_BYTES

NO_NODE, LEAF, INNER, SPLIT = 0, 1, 2, 3
"""Kinds: nothing below, one leaf, more; and of a record alone: a split page."""
SPLIT_BITS = 4
KEY_BITS = 8 * HASH_BYTES
BODY = 1 + HASH_BYTES
"""Where a record's entries begin."""
ENTRY_BYTES = 2 * HASH_BYTES
_ENTRY_BITS = 8 * ENTRY_BYTES
_COUNT_BYTES = 4
_SPLIT_BYTES = BODY + _COUNT_BYTES + (1 << SPLIT_BITS) * BODY

Node: TypeAlias = bytes
"""What stands at a place of the tree: b"" for nothing, a hash (32 bytes) for an inner node,
hash ‖ 01 (33 bytes) for a leaf that is alone below it. Made for speed: two inner nodes, by far
the most frequent pair, are told by their lengths and hashed as they are."""
ReadPage: TypeAlias = Callable[[bytes], bytes | None]
"""The record at a place, or None."""
Records: TypeAlias = dict[bytes, bytes | None]
"""Records by place; None to delete."""
Change: TypeAlias = bytes
"""Key hash ‖ leaf hash (64 bytes) to put a leaf, the key hash alone (32) to delete it."""

_LONE = b"\x01"
_start_inner = hashlib.sha256(b"\x01").copy
"""Begins the hash of an inner node; copying it is faster than joining what it hashes."""


def update_page(
    before: bytes | None,
    place: bytes,
    changes: Iterable[Change],
    *,
    depth: int,
    read: ReadPage,
    records: Records,
) -> Node:
    """Change the leaves below one page.

    Args:
        before: The page's record, or None if there is no such page.
        place: The page's.
        changes: Each key at most once; all belong below this page.
        depth: Of the page in the tree, in bits.
        read: Reads the pages below a split one, as they are before the changes.
        records: Takes the records to write.

    Returns:
        The page's node afterwards.
    """
    if before is None:
        entries = []
    elif before[0] == SPLIT:
        return _update_split(before, place, changes, depth=depth, read=read, records=records)
    else:
        entries = decode_entries(before)
    for change in changes:
        key_hash = change[:HASH_BYTES]
        at = bisect_left(entries, key_hash)
        if at < len(entries) and entries[at].startswith(key_hash):
            if len(change) == ENTRY_BYTES:
                entries[at] = change
            else:
                del entries[at]
        elif len(change) == ENTRY_BYTES:
            entries.insert(at, change)
    return write_page(place, entries, depth=depth, records=records)


def write_page(place: bytes, entries: list[bytes], *, depth: int, records: Records) -> Node:
    """Write all leaves below a page as one whole page, or as split ones.

    Args:
        place: The page's.
        entries: Key hash ‖ leaf hash of each leaf, ascending.
        depth: Of the page in the tree, in bits.
        records: Takes the records to write.

    Returns:
        The page's node.
    """
    if len(entries) > STATE_PAGE_LEAVES_MAX:
        return _split(entries, place, depth=depth, records=records)
    if not entries:
        records[place] = None
        return b""
    node = compute_node(entries, depth=depth)
    kind = b"\x01" if len(entries) == 1 else b"\x02"
    records[place] = b"".join((kind, node[:HASH_BYTES], *entries))
    return node


def encode_leaf(key: bytes, value: bytes) -> Change:
    """The change that puts a key with its value."""
    key_hash = hashlib.sha256(key).digest()
    leaf = b"\x00" + key_hash + hashlib.sha256(value).digest()
    return key_hash + hashlib.sha256(leaf).digest()


def get_node(record: bytes) -> Node:
    """What a page's record stands for."""
    return record[1:BODY] + _LONE if record[0] == LEAF else record[1:BODY]


def count_leaves(record: bytes | None) -> int:
    """How many leaves are below a page."""
    if record is None:
        return 0
    if record[0] == SPLIT:
        return int.from_bytes(record[BODY : BODY + _COUNT_BYTES], "big")
    return (len(record) - BODY) // ENTRY_BYTES


def decode_entries(record: bytes) -> list[bytes]:
    """The leaves of a whole page: key hash ‖ leaf hash of each, ascending."""
    return [record[at : at + ENTRY_BYTES] for at in range(BODY, len(record), ENTRY_BYTES)]


def decode_children(record: bytes) -> list[Node]:
    """The sixteen nodes below a split page."""
    nodes = []
    for start in range(BODY + _COUNT_BYTES, _SPLIT_BYTES, BODY):
        kind, node = record[start], record[start + 1 : start + BODY]
        nodes.append(b"" if kind == NO_NODE else node + _LONE if kind == LEAF else node)
    return nodes


def encode_split(children: Sequence[Node], *, count: int) -> tuple[Node, bytes]:
    """The node over the sixteen below a split page, and the page's record.

    Args:
        children: The nodes.
        count: Leaves below them all.
    """
    row = list(children)
    while len(row) > 1:
        row = [join(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    parts = [bytes([SPLIT]), row[0], count.to_bytes(_COUNT_BYTES, "big")]
    for node in children:
        kind = NO_NODE if not node else LEAF if len(node) > HASH_BYTES else INNER
        parts += (bytes([kind]), node[:HASH_BYTES] or EMPTY)
    return row[0], b"".join(parts)


def get_nibble(key_hash: bytes, depth: int) -> int:
    """Which of a split page's children a key, or an entry, is below."""
    return int.from_bytes(key_hash[:HASH_BYTES], "big") >> (KEY_BITS - SPLIT_BITS - depth) & 0xF


def divide(entries: Iterable[bytes], *, depth: int) -> list[list[bytes]]:
    """The entries below each of a split page's children."""
    rows: list[list[bytes]] = [[] for _ in range(1 << SPLIT_BITS)]
    for entry in entries:
        rows[get_nibble(entry, depth)].append(entry)
    return rows


def join(left: Node, right: Node) -> Node:
    """The node over two others: a leaf that is alone rises."""
    if not right and len(left) != HASH_BYTES:
        return left
    if not left and len(right) != HASH_BYTES:
        return right
    inner = _start_inner()
    inner.update(left[:HASH_BYTES] or EMPTY)
    inner.update(right[:HASH_BYTES] or EMPTY)
    return inner.digest()


def compute_node(entries: Sequence[bytes], *, depth: int) -> Node:
    """The node over some leaves.

    Args:
        entries: Key hash ‖ leaf hash of each, ascending; all share their first `depth` bits.
        depth: Of the node, in bits.
    """
    if len(entries) < 2:
        return entries[0][HASH_BYTES:] + _LONE if entries else b""
    # Left siblings that wait for their right sides, and the depths of their parents, which grow.
    lefts: list[bytes] = []
    parents: list[int] = []
    number, node, at = 0, b"", 0
    for entry in entries:
        last, number = number, int.from_bytes(entry, "big")
        if node:
            parting = _ENTRY_BITS - (last ^ number).bit_length()
            while parents and parents[-1] > parting:
                parent = parents.pop()
                if at > parent + 1:
                    node = _raise(node, last, at, parent + 1)
                inner = _start_inner()
                inner.update(lefts.pop())
                inner.update(node)
                node, at = inner.digest(), parent
            if at > parting + 1:
                node = _raise(node, last, at, parting + 1)
            lefts.append(node)
            parents.append(parting)
        node, at = entry[HASH_BYTES:], 0  # a leaf stands at any depth: it rises
    while parents:
        parent = parents.pop()
        if at > parent + 1:
            node = _raise(node, number, at, parent + 1)
        inner = _start_inner()
        inner.update(lefts.pop())
        inner.update(node)
        node, at = inner.digest(), parent
    return _raise(node, number, at, depth) if at > depth else node


def _raise(node: bytes, number: int, at: int, depth: int) -> bytes:
    """Hash an inner node from one depth up to a lesser one, with nothing beside it."""
    for level in range(at - 1, depth - 1, -1):
        inner = _start_inner()
        if number >> (_ENTRY_BITS - 1 - level) & 1:
            inner.update(EMPTY)
            inner.update(node)
        else:
            inner.update(node)
            inner.update(EMPTY)
        node = inner.digest()
    return node


def _split(entries: list[bytes], place: bytes, *, depth: int, records: Records) -> Node:
    children = [
        write_page(place + bytes([nibble]), row, depth=depth + SPLIT_BITS, records=records)
        if row
        else b""
        for nibble, row in enumerate(divide(entries, depth=depth))
    ]
    node, records[place] = encode_split(children, count=len(entries))
    return node


def _update_split(
    before: bytes,
    place: bytes,
    changes: Iterable[Change],
    *,
    depth: int,
    read: ReadPage,
    records: Records,
) -> Node:
    rows: dict[int, list[Change]] = {}
    for change in changes:
        rows.setdefault(get_nibble(change, depth), []).append(change)
    children, count = decode_children(before), count_leaves(before)
    for nibble, row in rows.items():
        child = place + bytes([nibble])
        record = read(child)
        count -= count_leaves(record)
        children[nibble] = update_page(
            record, child, row, depth=depth + SPLIT_BITS, read=read, records=records
        )
        count += count_leaves(records[child])
    if count > STATE_PAGE_LEAVES_MERGED:
        node, records[place] = encode_split(children, count=count)
        return node
    # So few that the pages below are whole: together they are one again.
    entries: list[bytes] = []
    for nibble in range(1 << SPLIT_BITS):
        child = place + bytes([nibble])
        record = records[child] if child in records else read(child)
        if record is not None:
            entries += decode_entries(record)
            records[child] = None
    return write_page(place, entries, depth=depth, records=records)
