"""The ledger's state on disk: LevelDB, one synced batch per block, the tree in memory.

Flat values serve the rules; the tree over them gives root and proofs and is rebuilt at start,
when its root must equal the one recorded with the last commit. A storage error is never
repaired by guess: it ends the process. Never `fork()` while a store is open: LevelDB hangs in
the child.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import plyvel

from config.errors import InvariantError, MisconfiguredError
from did.codec import CodecError, decode, encode
from governance.view import is_derived
from ledger.tree import Tree

_FORMAT = 1
_META = b"m"
_FLAT = b"f"
_META_BYTES_MAX = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRecord:
    """What the last commit left."""

    chain_id: str
    """Empty before the chain has begun."""
    height: int
    """Of the last committed block; 0 before the first."""
    time_ms: int
    """Header time of that block."""
    app_hash: bytes
    state_root: bytes
    since_height: int
    """First height since which the app hash has been this one."""


_FIRST = CommitRecord(
    chain_id="", height=0, time_ms=0, app_hash=b"", state_root=Tree().root, since_height=0
)


class Store:
    """An open store: a view of the committed state (`governance.view.KeyValue`)."""

    def __init__(self, database: Any, record: CommitRecord, tree: Tree) -> None:
        self._database = database
        self._flat = database.prefixed_db(_FLAT)
        self.record = record
        self.tree = tree

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing store and rebuild its tree.

        Raises:
            MisconfiguredError: There is none, another process has it, or LevelDB finds damage.
            InvariantError: What lies on disk is not what the last commit recorded.
        """
        with ExitStack() as stack:
            database = _open(path, is_new=False)
            stack.callback(database.close)
            try:
                store = cls(database, _read_record(database), Tree())
                # Reads every byte with its checksum: a flipped one ends the start here.
                store.tree = Tree().update(
                    item for item in store.scan(b"") if not is_derived(item[0])
                )
            except plyvel.Error as error:
                raise InvariantError(
                    f"the state in {path} is damaged ({_describe(error)}): restore it from "
                    "your backup"
                ) from error
            if store.tree.root != store.record.state_root:
                raise InvariantError(
                    f"the state in {path} is not the one last committed (height "
                    f"{store.record.height}): restore it from your backup"
                )
            stack.pop_all()
            return store

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def get(self, key: bytes) -> bytes | None:
        """The committed value, or None."""
        value: bytes | None = self._flat.get(key, verify_checksums=True)
        return value

    def put(self, key: bytes, value: bytes) -> None:  # noqa: ARG002
        """Refuse: state changes only by `commit`."""
        raise InvariantError("committed state is changed by a commit only")

    def delete(self, key: bytes) -> None:  # noqa: ARG002
        """Refuse: state changes only by `commit`."""
        raise InvariantError("committed state is changed by a commit only")

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Keys with a prefix and their values, ascending, after a given key."""
        start = max(prefix, after)
        with self._flat.iterator(start=start, verify_checksums=True) as items:
            for key, value in items:
                if not key.startswith(prefix):
                    return
                if key != after:
                    yield key, value

    def commit(
        self,
        changes: Sequence[tuple[bytes, bytes | None]],
        *,
        tree: Tree,
        record: CommitRecord,
    ) -> None:
        """Write a block's changes and its record, synced, all or nothing.

        Args:
            changes: Keys and values, None to delete.
            tree: The tree with these changes.
            record: Of the block; its state root is the tree's.
        """
        with self._database.write_batch(transaction=True, sync=True) as batch:
            for key, value in changes:
                if value is None:
                    batch.delete(_FLAT + key)
                else:
                    batch.put(_FLAT + key, value)
            batch.put(_META, _encode_record(record))
        self.tree, self.record = tree, record


def create_store(path: Path) -> None:
    """Make an empty store; part of making a node, never of starting one.

    Raises:
        MisconfiguredError: It exists, or cannot be written.
    """
    database = _open(path, is_new=True)
    database.put(_META, _encode_record(_FIRST), sync=True)
    database.close()


def _open(path: Path, *, is_new: bool) -> Any:
    try:
        return plyvel.DB(
            str(path),
            create_if_missing=is_new,
            error_if_exists=is_new,
            paranoid_checks=True,
            max_open_files=64,
        )
    except (plyvel.Error, OSError) as error:
        doing, mending = (
            ("made", "make the node in a new directory")
            if is_new
            else ("opened", "stop the process that has it open, or restore it from your backup")
        )
        raise MisconfiguredError(
            f"the ledger's state at {path} cannot be {doing} ({_describe(error)}): {mending}"
        ) from error


def _describe(error: Exception) -> str:
    # plyvel passes on LevelDB's message as bytes.
    return b" ".join(part for part in error.args if isinstance(part, bytes)).decode() or str(error)


def _encode_record(record: CommitRecord) -> bytes:
    return encode(
        [
            _FORMAT,
            record.chain_id,
            record.height,
            record.time_ms,
            record.app_hash,
            record.state_root,
            record.since_height,
        ]
    )


def _read_record(database: Any) -> CommitRecord:
    try:
        value = decode(database.get(_META, verify_checksums=True) or b"", bytes_max=_META_BYTES_MAX)
    except CodecError as error:
        raise InvariantError("the ledger's commit record is damaged: restore the state") from error
    match value:
        case [int(form), str(chain_id), int(height), int(time_ms), bytes(app), bytes(root), int(s)]:
            if form == _FORMAT:
                return CommitRecord(
                    chain_id=chain_id,
                    height=height,
                    time_ms=time_ms,
                    app_hash=app,
                    state_root=root,
                    since_height=s,
                )
    raise InvariantError("the ledger's commit record is of another version: run that version")
