"""The authenticated map: a compressed binary Merkle tree over hashed keys.

Hashed as ICS 23's SmtSpec says: leaf = H(00 ‖ H(key) ‖ H(value)), inner = H(01 ‖ left ‖ right),
empty = 32 zero bytes, and a leaf that is alone below a node rises to its place. So the root
depends on the contents alone, never on the order of changes or on how they are laid out: the
upper levels in memory, the lower ones in pages (`ledger.pages`) that the store keeps. Pure: no
disk.

The layout is the one measured best: the bytes that a change writes decide what it costs, so
nothing of the upper levels is written; they are made anew from the pages at start.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from config.limits import STATE_PAGES_BYTES_MAX
from ledger.ics23 import EMPTY, HASH_BYTES
from ledger.pages import (
    SPLIT,
    Change,
    Node,
    ReadPage,
    Records,
    get_node,
    join,
    update_page,
)

TOP_BITS = 19
"""Levels in memory."""
PAGES = 1 << TOP_BITS
"""One page lies below each node of the lowest of them."""
PLACE_BYTES = 3
"""A page's place: its number, big-endian."""
_NUMBER_SHIFT = 8 * PLACE_BYTES - TOP_BITS
_NODE_BYTES_MAX = HASH_BYTES + 1
"""What is longer is a page's record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedTree:
    """What some changes would make of a tree; the tree itself is as before."""

    root: bytes
    """32 bytes."""
    pages: Records
    """Records to write."""
    pages_before: Records
    """The records that were read for it."""
    rows: list[dict[int, Node]]
    """Changed nodes of the upper levels by their indexes, from the pages up; once the changes
    are applied, the nodes that were there before."""


class Tree:
    """The upper levels of a map's tree, over pages that somebody else keeps.

    A binary heap: the root is node 1, below node n are 2n and 2n + 1, and page p is node
    `PAGES` + p. In the place of a page's node its record stands, while there is room: any page is
    as likely read as another.
    """

    def __init__(self, read: ReadPage) -> None:
        self._read = read
        self._nodes: list[bytes] = [b""] * (2 * PAGES)
        self._kept_bytes = 0
        """Of the records among them."""

    @property
    def root(self) -> bytes:
        """Commits to every key and value; 32 bytes."""
        return self._nodes[1][:HASH_BYTES] or EMPTY

    def get_node(self, index: int) -> Node:
        """A node of the upper levels or of a page, by its index in the heap."""
        return _strip(self._nodes[index])

    def get_page(self, place: bytes) -> bytes | None:
        """The record of a page, or None."""
        if len(place) > PLACE_BYTES:
            return self._read(place)
        known = self._nodes[PAGES + int.from_bytes(place, "big")]
        if not known:
            return None
        return known if len(known) > _NODE_BYTES_MAX else self._read(place)

    def may_have(self, key_hash: bytes) -> bool:
        """Whether a key may be there; surely not if False, and without reading a page."""
        known = self._nodes[PAGES + find_page(key_hash)]
        is_whole = len(known) > _NODE_BYTES_MAX and known[0] != SPLIT
        return key_hash in known if is_whole else bool(known)

    def load(self, pages: Iterable[tuple[bytes, bytes]]) -> None:
        """Make the upper levels anew from all pages, in any order."""
        nodes, from_bytes, room = self._nodes, int.from_bytes, STATE_PAGES_BYTES_MAX
        for place, record in pages:
            if len(place) != PLACE_BYTES:
                continue  # below a split page
            index = PAGES + from_bytes(place, "big")
            if len(record) <= room:
                room -= len(record)
                nodes[index] = record
            else:
                nodes[index] = get_node(record)
        self._kept_bytes = STATE_PAGES_BYTES_MAX - room
        # A node's start waits for half a million of these: what `join` does, without calling it.
        start_inner = hashlib.sha256(b"\x01").copy
        for parent in range(PAGES - 1, 0, -1):
            left, right = nodes[2 * parent], nodes[2 * parent + 1]
            if len(left) == HASH_BYTES == len(right):
                inner = start_inner()
                inner.update(left)
                inner.update(right)
                nodes[parent] = inner.digest()
            elif left or right:
                nodes[parent] = join(_strip(left), _strip(right))

    def stage(self, changes: Iterable[Change]) -> StagedTree:
        """Compute what changes would make of the tree, without making it so.

        Args:
            changes: Each key at most once, in any order.
        """
        by_page: dict[int, list[Change]] = {}
        for change in sorted(changes):
            page = int.from_bytes(change[:PLACE_BYTES], "big") >> _NUMBER_SHIFT
            if page in by_page:
                by_page[page].append(change)
            else:
                by_page[page] = [change]
        before: Records = {}
        records: Records = {}

        def read(place: bytes) -> bytes | None:
            before[place] = record = self.get_page(place)
            return record

        row: dict[int, Node] = {}
        for page, below in by_page.items():
            place = page.to_bytes(PLACE_BYTES, "big")
            record = read(place)
            row[PAGES + page] = update_page(
                record, place, below, depth=TOP_BITS, read=read, records=records
            )
        rows = self._stage_rows(row) if row else []
        root = rows[-1][1] if rows else self._nodes[1]
        return StagedTree(
            root=root[:HASH_BYTES] or EMPTY, pages=records, pages_before=before, rows=rows
        )

    def apply(self, staged: StagedTree) -> None:
        """Make staged changes so; from now on their pages must be readable."""
        if not staged.rows:
            return
        nodes, row, *rows = self._nodes, *staged.rows
        kept_bytes = self._kept_bytes
        for place, record in staged.pages.items():
            if len(place) != PLACE_BYTES:
                continue  # below a split page
            index = PAGES + int.from_bytes(place, "big")
            before, after = nodes[index], row[index]
            if len(before) > _NODE_BYTES_MAX:
                kept_bytes -= len(before)
                before = get_node(before)
            if record is not None and kept_bytes + len(record) <= STATE_PAGES_BYTES_MAX:
                kept_bytes += len(record)
                after = record
            row[index], nodes[index] = before, after
        self._kept_bytes = kept_bytes
        for row in rows:
            for index, node in row.items():
                row[index], nodes[index] = nodes[index], node

    def _stage_rows(self, row: dict[int, Node]) -> list[dict[int, Node]]:
        """Changed nodes level by level, given those of the pages, ascending."""
        # The hottest loop of the ledger: ten nodes for each key that a block changes.
        nodes, start_inner = self._nodes, hashlib.sha256(b"\x01").copy
        rows = [row]
        for _ in range(TOP_BITS):
            above: dict[int, Node] = {}
            waiting: Node | None = None
            for index, node in row.items():
                if index & 1:
                    left, right = nodes[index - 1] if waiting is None else waiting, node
                    waiting = None
                elif index + 1 in row:
                    waiting = node  # for its right sibling, which comes next
                    continue
                else:
                    left, right = node, nodes[index + 1]
                if len(left) == HASH_BYTES == len(right):
                    inner = start_inner()
                    inner.update(left)
                    inner.update(right)
                    above[index >> 1] = inner.digest()
                else:
                    above[index >> 1] = join(_strip(left), _strip(right))
            row = above
            rows.append(row)
        return rows


def find_page(key_hash: bytes) -> int:
    """The number of the page that a key is below."""
    return int.from_bytes(key_hash[:PLACE_BYTES], "big") >> _NUMBER_SHIFT


def _strip(known: bytes) -> Node:
    """The node of a place, where perhaps a page's record stands."""
    return get_node(known) if len(known) > _NODE_BYTES_MAX else known
