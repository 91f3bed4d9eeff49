"""Taking over a state from a snapshot that strangers sent.

Chunks are written into a store of their own beside the node's. Only when all of it leads to
the app hash that a light client vouches for, derived records included, the two change places
in one step. Whatever happens before that, the node still has the state it had, which is none.
"""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from config.errors import InvariantError
from config.snapshot_limits import STATE_LEAF_BYTES_MAX
from governance.logs import Log, LogName, check_derived, count_derived
from governance.merkle_log import Frontier
from governance.state_keys import COLLECTION_AT, Collection, is_derived
from governance.view import StateView
from ledger.app_hash import compute_parts
from ledger.disk import CommitRecord
from ledger.files import exchange
from ledger.maintenance import StoreBuilder
from ledger.snapshot_shelf import read_snapshot
from ledger.snapshots import SnapshotError, SnapshotInfo, decode_chunk
from ledger.store import Store, create_store
from ledger.undo import undo_key

_LOG_ID_AT = COLLECTION_AT + 1


class WrongChunkError(SnapshotError):
    """A chunk is not the one that the metadata names: its sender, not the snapshot, is wrong."""


class Restoration:
    """A snapshot on its way into a store."""

    def __init__(self, path: Path, info: SnapshotInfo) -> None:
        """Begin, and forget an attempt that was not finished.

        Args:
            path: The node's store, which is untouched until `finish`.
            info: What was offered.
        """
        discard_unfinished(path)
        self.info = info
        self.chunks_count = 0
        """Taken so far."""
        self._path = path
        self._builder = StoreBuilder(restoring_path(path))
        self._stack = ExitStack()
        self._stack.enter_context(self._builder)
        self._last_key = b""

    @property
    def is_complete(self) -> bool:
        """Whether all chunks are there."""
        return self.chunks_count == len(self.info.chunks)

    @property
    def tree_bytes_max(self) -> int:
        """What `finish` writes for the tree of what was taken so far, at most."""
        return STATE_LEAF_BYTES_MAX * self._builder.leaves_count

    def add(self, chunk: bytes) -> None:
        """Take the next chunk.

        Raises:
            WrongChunkError: It is another than the metadata names.
            SnapshotError: It is the one, and no snapshot has it.
        """
        if hashlib.sha256(chunk).digest() != self.info.chunks[self.chunks_count]:
            raise WrongChunkError(f"chunk {self.chunks_count} has another hash than it should")
        items = decode_chunk(chunk, after=self._last_key)
        self._builder.add(items)
        self._last_key = items[-1][0]
        self.chunks_count += 1

    def finish(self, *, close_store: Callable[[], None]) -> None:
        """Check the whole, and put it in the place of the node's store.

        Args:
            close_store: Closes the node's own; called when nothing can be wrong any more.

        Raises:
            SnapshotError: It does not lead to the app hash; the node's store is as it was.
        """
        record = CommitRecord(
            chain_id=self.info.chain_id,
            height=self.info.height,
            time_ms=self.info.time_ms,
            app_hash=self.info.app_hash,
            state_root=self.info.state_root,
            # Perhaps for longer, but nobody vouches for that.
            since_height=self.info.height,
        )
        try:
            self._builder.finish(record)
            self.close()
            check_whole(restoring_path(self._path))
        except InvariantError as error:
            raise SnapshotError(f"the snapshot is not the chain's state: {error}") from error
        close_store()
        exchange(restoring_path(self._path), self._path)
        discard_unfinished(self._path)

    def close(self) -> None:
        """Let go of the unfinished store."""
        self._stack.close()


def build_store(snapshot: Path, path: Path) -> SnapshotInfo:
    """Make a new store of a finished snapshot's directory.

    Raises:
        RefusedError: It is none, or is not what it says; nothing is left then.
        MisconfiguredError: The store exists, or cannot be written.
    """
    info, chunks = read_snapshot(snapshot)
    create_store(path)
    restoration = Restoration(path, info)
    try:
        for chunk in chunks:
            restoration.add(chunk)
        restoration.finish(close_store=lambda: None)
    except BaseException:
        restoration.close()
        discard_unfinished(path)
        shutil.rmtree(path)
        raise
    return info


def check_snapshot(snapshot: Path) -> SnapshotInfo:
    """Check that a finished snapshot's chunks are the state that its app hash names.

    Whether the chain has that app hash is another question (`ledger.light_source`). Needs as much
    room for temporary files as the state takes.

    Raises:
        RefusedError: It is none, or is not what it says.
        MisconfiguredError: There is no room for it.
    """
    with TemporaryDirectory(prefix="rochdale-snapshot-") as directory:
        return build_store(snapshot, Path(directory) / "ledger")


def check_whole(path: Path) -> None:
    """Check that a store's app hash and derived records follow from its state.

    Raises:
        InvariantError: They do not.
    """
    store = Store.open(path)
    try:
        parts = compute_parts(store, state_root=store.tree.root)
        if store.record.height and parts.compute() != store.record.app_hash:
            raise InvariantError("its state has another app hash")
        logs: list[Log] = []
        derived_count = 0
        expected_count = 0
        for key, value in store.scan(b""):
            if is_derived(key):
                derived_count += 1
            elif key[COLLECTION_AT] == Collection.LOG:
                logs.append(_read_log(key))
                expected_count += count_derived(Frontier.decode(value).size)
        if derived_count != expected_count:
            raise InvariantError("it has more or fewer derived records than its logs")
        for log in logs:
            check_derived(StateView(store), log)
    finally:
        store.close()


def restoring_path(path: Path) -> Path:
    """Where a snapshot becomes a store, beside the node's own."""
    return path.with_name(path.name + ".restoring")


def discard_unfinished(path: Path) -> None:
    """Remove what an attempt left beside a node's store."""
    shutil.rmtree(restoring_path(path), ignore_errors=True)


def is_untouched(store: Store) -> bool:
    """Whether a store is as a snapshot left it: no block was committed on it.

    An engine that ended before it took over the snapshot itself offers another one.
    """
    height = store.record.height
    return not height or store.database.get(undo_key(height), verify_checksums=True) is None


def _read_log(key: bytes) -> Log:
    log_id = key[_LOG_ID_AT:]
    try:
        return Log(LogName(log_id[0]), namespace=key[:COLLECTION_AT], subject=log_id[1:])
    except ValueError as error:
        raise InvariantError("it has a log of an unknown kind") from error
