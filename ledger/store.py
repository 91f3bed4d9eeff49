"""The ledger's state on disk: LevelDB, one synced batch per block.

Flat values serve the rules; the tree over them gives root and proofs (`ledger.tree`). A block
is staged in memory and written by its commit, all of it or nothing. What is found at start
must be what the last commit recorded. A storage error is never caught nor repaired by guess:
it ends the process. Never `fork()` while a store is open: LevelDB hangs in the child.
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import plyvel

from config.errors import InvariantError, RefusedError
from config.limits import (
    STATE_CACHE_BYTES_MAX,
    STATE_KEY_BYTES_MAX,
    STATE_UNDO_HEIGHTS,
    STATE_VIEW_HEIGHTS,
    STATE_VIEW_KEYS_MAX,
)
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.state_keys import is_derived
from ledger.disk import (
    FIRST,
    FLAT,
    KEY,
    MENDING,
    META,
    PAGE,
    CommitRecord,
    decode_record,
    encode_record,
    explain_unread,
    open_database,
)
from ledger.pages import Change
from ledger.state import ReadOnly, Replaced, State
from ledger.tree import StagedTree, Tree
from ledger.undo import encode_undo, undo_key

_UNREAD = b"\x00unread"
"""Told apart by identity: no value in state is this object."""
_CACHE_ENTRY_BYTES = 200
"""What Python needs for one cached value beside its bytes, about."""

Changes = Iterable[tuple[bytes, bytes | None]]
"""Keys and values, None to delete; each key once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A block's changes, computed and not yet committed."""

    base: CommitRecord
    """Of the state that they change."""
    after: dict[bytes, bytes | None]
    """Values that become others, by key; None for those that are deleted."""
    before: dict[bytes, bytes | None]
    """The same keys' values until then; None for those that are new."""
    created: dict[bytes, bytes]
    """Keys that come into the tree, by their hashes."""
    deleted: dict[bytes, bytes]
    """Keys that leave it, by their hashes."""
    tree: StagedTree

    @property
    def root(self) -> bytes:
        """The state's root with these changes; 32 bytes."""
        return self.tree.root


class Snapshot:
    """The flat values as one commit left them, whatever is committed meanwhile.

    May be read from another thread. Close it: until then LevelDB keeps what it shows.
    """

    def __init__(self, database: Any, record: CommitRecord) -> None:
        self._snapshot = database.snapshot()
        self.record = record
        """Of that commit."""

    def scan(self, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """All keys and values, ascending, derived ones too, from after a given key."""
        with self._snapshot.iterator(
            start=FLAT + after, stop=_AFTER_FLAT, include_start=not after, verify_checksums=True
        ) as items:
            for key, value in items:
                yield key[1:], value

    def close(self) -> None:
        """Let LevelDB forget it."""
        self._snapshot.close()


class Store(ReadOnly):
    """An open store: a view of the committed state (`governance.view.KeyValue`)."""

    def __init__(self, database: Any, record: CommitRecord) -> None:
        self.database = database
        """LevelDB itself, for `ledger.maintenance`."""
        self._cache: dict[bytes, bytes | None] = {}
        self._cache_bytes = 0
        self._replaced: deque[Replaced] = deque(maxlen=STATE_VIEW_HEIGHTS)
        self.record = record
        """What the last commit left."""
        self.tree = Tree(self._read_page)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing store and make its tree's upper levels.

        Raises:
            MisconfiguredError: There is none, or this user may not open it.
            UnavailableError: Another process has it, or its disk is full or fails.
            InvariantError: LevelDB finds damage, or what lies on disk is not what the last commit
                recorded.
        """
        with ExitStack() as stack:
            database = open_database(path, is_new=False)
            stack.callback(database.close)
            try:
                record = decode_record(database.get(META, verify_checksums=True))
                store = cls(database, record)
                with database.prefixed_db(PAGE).iterator(verify_checksums=True) as pages:
                    store.tree.load(pages)
            except plyvel.Error as error:
                raise explain_unread(path, error) from error
            if store.tree.root != record.state_root:
                raise InvariantError(
                    f"the state in {path} is not the one last committed (height "
                    f"{record.height}): {MENDING}"
                )
            stack.pop_all()
            return store

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def get(self, key: bytes) -> bytes | None:
        """The committed value, or None."""
        value = self._cache.get(key, _UNREAD)
        if value is not _UNREAD:
            return value
        value = None
        if is_derived(key) or self.tree.may_have(hashlib.sha256(key).digest()):
            value = self.database.get(FLAT + key, verify_checksums=True)
        self._remember(key, value)
        return value

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys with a prefix and their values, ascending, after a given key."""
        start = FLAT + max(prefix, after)
        with self.database.iterator(start=start, verify_checksums=True) as items:
            for key, value in items:
                if not key.startswith(FLAT + prefix):
                    return
                if key[1:] != after:
                    yield key[1:], value

    def find_key(self, key_hash: bytes) -> bytes | None:
        """A key of the tree by its hash."""
        key: bytes | None = self.database.get(KEY + key_hash, verify_checksums=True)
        if key is not None and hashlib.sha256(key).digest() != key_hash:
            raise InvariantError("a key lies under another key's hash: scrub the state")
        return key

    def at(self, height: int) -> State:
        """The state at a height; 0 for the last.

        Raises:
            RefusedError: There is no block of that height yet, or its state is no longer at hand.
        """
        if height > self.record.height or height < 0:
            raise RefusedError(
                f"the chain has no block {height} yet: its last is {self.record.height}"
            )
        if not height or height >= self.record.since_height:
            return State(self)
        for place in range(len(self._replaced) - 1, -1, -1):
            record = self._replaced[place].record
            if record.since_height <= height <= record.height:
                return State(self, [*self._replaced][place:])
        raise RefusedError(
            f"the state at height {height} is no longer at hand: ask for a later one, or go back "
            "to it on a copy of this node's ledger with `rochdale ledger rollback`"
        )

    def prove(self, key: bytes, height: int = 0) -> bytes:
        """Prove a key's value, or that it has none, at a height; a CommitmentProof.

        Raises:
            RefusedError: That height is not at hand, or the key cannot be in the tree.
        """
        return self.at(height).prove(key)

    def stage(self, changes: Changes) -> Staged:
        """Compute what a block's changes make of the state, and change nothing.

        Raises:
            InvariantError: A key or value that no state may hold.
        """
        get, sha256 = self.get, hashlib.sha256
        after: dict[bytes, bytes | None] = {}
        before: dict[bytes, bytes | None] = {}
        created: dict[bytes, bytes] = {}
        deleted: dict[bytes, bytes] = {}
        leaves: list[Change] = []
        for key, value in changes:
            old = get(key)
            if value == old:
                continue
            after[key], before[key] = value, old
            if value is not None and not 0 < len(value) <= STATE_VALUE_BYTES_MAX:
                raise InvariantError(f"a value in state has 1 to {STATE_VALUE_BYTES_MAX} bytes")
            if is_derived(key):
                continue
            key_hash = sha256(key).digest()
            if value is None:
                deleted[key_hash] = key
                leaves.append(key_hash)
                continue
            leaf = b"\x00" + key_hash + sha256(value).digest()
            leaves.append(key_hash + sha256(leaf).digest())
            if old is None:
                if not 0 < len(key) <= STATE_KEY_BYTES_MAX:
                    raise InvariantError(f"a key in state has 1 to {STATE_KEY_BYTES_MAX} bytes")
                created[key_hash] = key
        return Staged(
            base=self.record,
            after=after,
            before=before,
            created=created,
            deleted=deleted,
            tree=self.tree.stage(leaves),
        )

    def commit(self, staged: Staged, record: CommitRecord) -> None:
        """Write a block's changes and its record, synced, all or nothing.

        Args:
            staged: From `stage`, on the state as it still is.
            record: Of the block.

        Raises:
            InvariantError: The changes or the record are of another state.
        """
        if staged.base is not self.record or record.state_root != staged.root:
            raise InvariantError("a block is committed on another state than it was run on")
        with self.database.write_batch(transaction=True, sync=True) as batch:
            write_changes(batch, staged)
            undo = encode_undo(self.record, staged.before, staged.after)
            batch.put(undo_key(record.height), undo)
            if record.height > STATE_UNDO_HEIGHTS:
                batch.delete(undo_key(record.height - STATE_UNDO_HEIGHTS))
            batch.put(META, encode_record(record))
        self.tree.apply(staged.tree)
        self._replace(staged)
        self.record = record

    def snapshot(self) -> Snapshot:
        """Hold on to the state as it is now."""
        return Snapshot(self.database, self.record)

    def _replace(self, staged: Staged) -> None:
        """Remember what a commit replaced, within limits, and what it left of what was read."""
        if not staged.after:
            return
        pages = staged.tree.pages_before
        self._replaced.append(
            Replaced(
                record=self.record,
                values=staged.before,
                keys=staged.deleted,
                pages={place: pages.get(place) for place in staged.tree.pages},
                nodes=staged.tree.rows,
            )
        )
        while sum(len(block.values) for block in self._replaced) > STATE_VIEW_KEYS_MAX:
            self._replaced.popleft()
        for key, value in staged.after.items():
            if key in self._cache:
                old = self._cache.pop(key)
                self._cache_bytes -= _weigh(key, old)
                if old is not None:  # an account is read again, a ballot is not
                    self._remember(key, value)

    def _remember(self, key: bytes, value: bytes | None) -> None:
        self._cache_bytes += _weigh(key, value)
        if self._cache_bytes > STATE_CACHE_BYTES_MAX:
            self._cache.clear()
            self._cache_bytes = _weigh(key, value)
        self._cache[key] = value

    def _read_page(self, place: bytes) -> bytes | None:
        record: bytes | None = self.database.get(PAGE + place, verify_checksums=True)
        return record


def create_store(path: Path) -> None:
    """Make an empty store; part of making a node, never of starting one.

    Raises:
        MisconfiguredError: It exists, or cannot be written.
    """
    database = open_database(path, is_new=True)
    database.put(META, encode_record(FIRST), sync=True)
    database.close()


def write_changes(batch: Any, staged: Staged) -> None:
    """Put staged values, keys and pages into a batch."""
    put, delete = batch.put, batch.delete
    for key, value in staged.after.items():
        if value is None:
            delete(FLAT + key)
        else:
            put(FLAT + key, value)
    for key_hash, key in staged.created.items():
        put(KEY + key_hash, key)
    for key_hash in staged.deleted:
        delete(KEY + key_hash)
    for place, record in staged.tree.pages.items():
        if record is None:
            delete(PAGE + place)
        else:
            put(PAGE + place, record)


def _weigh(key: bytes, value: bytes | None) -> int:
    return len(key) + len(value or b"") + _CACHE_ENTRY_BYTES


_AFTER_FLAT = bytes([FLAT[0] + 1])
