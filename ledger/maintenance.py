"""Work on a store that no node has open: going back, checking every record, building anew.

Apart from `ledger.store`, which serves a running node. Nothing here guesses: what does not
come out as recorded is refused, and the store stays as it was.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, zip_longest
from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import InvariantError, MisconfiguredError
from governance.state_keys import is_derived
from ledger.disk import (
    FLAT,
    KEY,
    META,
    PAGE,
    UNDO,
    CommitRecord,
    encode_record,
    explained,
    open_database,
)
from ledger.ics23 import HASH_BYTES
from ledger.pages import (
    SPLIT,
    SPLIT_BITS,
    Records,
    compute_node,
    divide,
    encode_leaf,
    encode_split,
    write_page,
)
from ledger.store import Store, write_changes
from ledger.tree import PLACE_BYTES, TOP_BITS, Tree, find_page
from ledger.undo import decode_undo, undo_key

_LEAVES = "leaves"
"""A database in a store's directory while it is built: key hash, then leaf hash."""
_BATCH_RECORDS = 4_096
"""How many records a build writes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbed:
    """What a scrub has read and found sound."""

    record: CommitRecord
    keys_count: int
    """In the tree."""
    derived_count: int
    """Beside it."""
    undo_from_height: int
    """Least height that `rollback` can go back to."""


def scrub(path: Path) -> Scrubbed:
    """Read every record of a closed store with its checksum and make its tree anew from the values.

    What LevelDB can do without is not looked at: its tables' filters, its own log of events,
    bytes that no record holds.

    Raises:
        MisconfiguredError: There is none.
        InvariantError: A value, key, page or record is not what the last commit left.
        UnavailableError: Another process has it, or the disk cannot be read.
    """
    with closing(Store.open(path)) as store, explained(path):
        return _scrub(store)


def rollback(path: Path, height: int) -> CommitRecord:
    """Take a closed store back to the state that an earlier block left, for good.

    Args:
        path: The store's.
        height: Of that block; at most `STATE_UNDO_HEIGHTS` before the last one.

    Returns:
        The record of that commit.

    Raises:
        MisconfiguredError: There is no such store, or the height is not at hand.
        UnavailableError: It is in use, or the disk cannot be read.
        InvariantError: The undo records do not lead to what that block's commit recorded.
    """
    with closing(Store.open(path)) as store, explained(path):
        last = store.record.height
        if not 0 <= height <= last:
            raise MisconfiguredError(f"the state is at height {last}: name an earlier one")
        target = store.record
        before: dict[bytes, bytes | None] = {}
        for undone in range(last, height, -1):
            data = store.database.get(undo_key(undone), verify_checksums=True)
            if data is None:
                raise MisconfiguredError(
                    f"what block {undone} replaced is no longer kept: the earliest height to go "
                    f"back to is {undone}"
                )
            target, formers = decode_undo(data)
            for former in formers:
                after = before[former.key] if former.key in before else store.get(former.key)
                before[former.key] = former.restore(after)
        staged = store.stage(sorted(before.items()))
        if staged.root != target.state_root or target.height != height:
            raise InvariantError(
                f"the undo records of {path} do not lead back to height {height}: restore an older "
                "backup, or let the node synchronise anew"
            )
        with store.database.write_batch(transaction=True, sync=True) as batch:
            write_changes(batch, staged)
            for undone in range(height + 1, last + 1):
                batch.delete(undo_key(undone))
            batch.put(META, encode_record(target))
        return target


class StoreBuilder:
    """Builds a store from all flat values of a state, in the order of their keys.

    Until `finish` the store has no commit record, so that nothing opens a half-built one.
    Leaving the context closes the database.
    """

    def __init__(self, path: Path) -> None:
        """Begin in a directory that does not exist yet.

        Raises:
            MisconfiguredError: It exists, or cannot be written.
        """
        self._path = path
        self._database = open_database(path, is_new=True)
        # In the order of the hashes, which is the tree's; there may be more than memory holds.
        self._leaves = open_database(path / _LEAVES, is_new=True)
        self._last_key = b""
        self.leaves_count = 0
        """Keys of the tree that were taken."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leaves.close()
        self._database.close()

    def add(self, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Take further keys and values.

        Args:
            items: Ascending by key, over all calls together.

        Raises:
            InvariantError: They are not.
        """
        for _ in self._write(self._encode_items(items)):
            pass

    def finish(self, record: CommitRecord) -> None:
        """Write tree and commit record.

        Args:
            record: Of the commit that left this state.

        Raises:
            InvariantError: The state has another root than the record says.
        """
        tree = Tree(lambda _: None)
        pages = self._write((PAGE + place, record) for place, record in self._encode_pages())
        tree.load((key[len(PAGE) :], record) for key, record in pages)
        if tree.root != record.state_root:
            raise InvariantError(
                f"what was given to build {self._path} is not the state of height {record.height}"
            )
        self._leaves.close()
        shutil.rmtree(self._path / _LEAVES)
        # All of it into synced tables first: the record must never outlive what it vouches for.
        self._database.compact_range()
        self._database.put(META, encode_record(record), sync=True)

    def _encode_items(self, items: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        for key, value in items:
            if key <= self._last_key:
                raise InvariantError("a store is built from ascending keys")
            self._last_key = key
            yield FLAT + key, value
            if not is_derived(key):
                entry = encode_leaf(key, value)
                yield KEY + entry[:HASH_BYTES], key
                self.leaves_count += 1
                self._leaves.put(entry[:HASH_BYTES], entry[HASH_BYTES:])

    def _encode_pages(self) -> Iterator[tuple[bytes, bytes]]:
        entries_all = (key_hash + leaf for key_hash, leaf in self._leaves)
        for page, entries in groupby(entries_all, key=find_page):
            records: Records = {}
            place = page.to_bytes(PLACE_BYTES, "big")
            write_page(place, list(entries), depth=TOP_BITS, records=records)
            for below, record in records.items():
                if record is not None:
                    yield below, record

    def _write(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Write records in batches, and pass them on."""
        batch = self._database.write_batch()
        for count, (key, value) in enumerate(pairs, 1):
            batch.put(key, value)
            if count % _BATCH_RECORDS == 0:
                batch.write()
                batch.clear()
            yield key, value
        batch.write()


def _scrub(store: Store) -> Scrubbed:
    counts = dict.fromkeys((META, FLAT, KEY, PAGE, UNDO), 0)
    for key, _ in store.database.iterator(verify_checksums=True):
        if key[:1] not in counts:
            raise InvariantError(f"the state has a record of an unknown kind: {key[:8].hex()}")
        counts[key[:1]] += 1
    entries = sorted(
        encode_leaf(key, value) for key, value in store.scan(b"") if not is_derived(key)
    )
    keys = store.database.iterator(prefix=KEY, include_value=False)
    hashes = (key[len(KEY) :] for key in keys)
    for entry, key_hash in zip_longest(entries, hashes, fillvalue=b""):
        if entry[:HASH_BYTES] != key_hash or store.find_key(key_hash) is None:
            raise InvariantError("the index of keys is not that of the values")
    pages_count = 0
    for page, row in groupby(entries, key=find_page):
        place = page.to_bytes(PLACE_BYTES, "big")
        pages_count += _check_pages(store.tree, list(row), place, depth=TOP_BITS)
    if pages_count != counts[PAGE]:
        raise InvariantError("the tree has pages of keys that are not there")
    if _check_undo(store) != counts[UNDO] or counts[META] != 1:
        raise InvariantError("the undo records are not those of the last blocks")
    return Scrubbed(
        record=store.record,
        keys_count=len(entries),
        derived_count=counts[FLAT] - len(entries),
        undo_from_height=store.record.height - counts[UNDO],
    )


def _check_pages(tree: Tree, entries: list[bytes], place: bytes, *, depth: int) -> int:
    """Check a page and those below it against its leaves; how many records they are."""
    record = tree.get_page(place)
    if record is None or record[0] != SPLIT:
        expected: Records = {}
        write_page(place, entries, depth=depth, records=expected)
        if record != expected[place]:
            raise InvariantError(f"page {place.hex()} of the tree is not that of the values")
        return 1
    rows = divide(entries, depth=depth)
    below = depth + SPLIT_BITS
    children = [compute_node(row, depth=below) for row in rows]
    if record != encode_split(children, count=len(entries))[1]:
        raise InvariantError(f"page {place.hex()} of the tree is not that of the values")
    return 1 + sum(
        _check_pages(tree, row, place + bytes([nibble]), depth=below)
        for nibble, row in enumerate(rows)
        if row
    )


def _check_undo(store: Store) -> int:
    """Check that undo records lead back block by block; how many they are."""
    height = store.record.height
    while (data := store.database.get(undo_key(height), verify_checksums=True)) is not None:
        height -= 1
        if decode_undo(data)[0].height != height:
            raise InvariantError(f"the undo record of block {height + 1} is another block's")
    return store.record.height - height
