"""Making snapshots beside the ledger's own work.

At a commit LevelDB notes the state as it is then; a thread of its own reads it in small
slices with long pauses, so that blocks hardly notice, and writes it as chunks. A snapshot is a
convenience for others: when its disk is full it is dropped and made another time. What
LevelDB says of the state itself is no convenience, and ends the process at the next block.
"""

import threading
import time
from pathlib import Path

import plyvel
import structlog

from ledger.disk import CommitRecord
from ledger.snapshot_shelf import SnapshotShelf, UnfinishedSnapshot
from ledger.snapshots import SnapshotInfo, encode_chunks
from ledger.store import Snapshot, Store

log = structlog.get_logger()

_SLICE_S = 0.002
_PAUSE_S = 0.02
_LOOK_EVERY = 64
"""Records between two looks at the clock."""


class SnapshotWriter:
    """Makes a snapshot every so many blocks, and when one is wanted; one at a time."""

    def __init__(
        self, directory: Path, *, interval_blocks: int, wanted: Path | None = None
    ) -> None:
        """Prepare.

        Args:
            directory: For finished snapshots.
            interval_blocks: At each height that this divides; 0 for never.
            wanted: A file: where it is there, a snapshot is made at the next commit, and the file
                goes. So commands beside the node get a copy of its state.
        """
        self.shelf = SnapshotShelf(directory)
        self._interval_blocks = interval_blocks
        self._wanted = wanted
        self._writing: _Writing | None = None

    def note_commit(self, store: Store) -> None:
        """Begin a snapshot if one is due and none is in work.

        Raises:
            Exception: What reading the state for an earlier one has met.
        """
        if self._writing is not None and not self._writing.is_alive():
            failure, self._writing = self._writing.failure, None
            if failure is not None:
                raise failure
        is_wanted = self._wanted is not None and self._wanted.exists()
        is_due = self._interval_blocks and store.record.height % self._interval_blocks == 0
        if self._writing is None and (is_wanted or is_due):
            if self._wanted is not None:
                self._wanted.unlink(missing_ok=True)
            self._writing = _Writing(self.shelf, store.snapshot())
            self._writing.start()

    def close(self) -> None:
        """Drop a snapshot in work; before the store is closed."""
        if self._writing is not None:
            self._writing.stop()
            self._writing = None


class _Writing(threading.Thread):
    def __init__(self, shelf: SnapshotShelf, state: Snapshot) -> None:
        super().__init__(name="snapshot", daemon=True)
        self._shelf = shelf
        self._state = state
        self._is_stopping = threading.Event()
        self.failure: Exception | None = None

    def run(self) -> None:
        record = self._state.record
        began_s = time.monotonic()
        try:
            if self._write(record):
                took_s = round(time.monotonic() - began_s, 1)
                log.info("snapshot_made", height=record.height, took_s=took_s)
        except Exception as error:  # noqa: BLE001 - raised again on the application's thread
            if isinstance(error, OSError) and not isinstance(error, plyvel.Error):
                log.warning("snapshot_dropped", height=record.height, error=str(error))
            else:
                self.failure = error
        finally:
            self._state.close()

    def stop(self) -> None:
        """End it; returns when LevelDB is no longer read."""
        self._is_stopping.set()
        self.join()

    def _write(self, record: CommitRecord) -> bool:
        unfinished = self._shelf.begin(record.height)
        try:
            if not self._write_chunks(unfinished):
                return False
            self._shelf.finish(
                unfinished,
                SnapshotInfo(
                    chain_id=record.chain_id,
                    height=record.height,
                    time_ms=record.time_ms,
                    app_hash=record.app_hash,
                    state_root=record.state_root,
                    chunks=tuple(unfinished.hashes),
                ),
            )
        finally:
            unfinished.discard()
        return True

    def _write_chunks(self, unfinished: UnfinishedSnapshot) -> bool:
        """Write all of them, with pauses; False if told to stop before."""
        slice_ends_s = time.monotonic() + _SLICE_S
        for count, chunk in enumerate(encode_chunks(self._state.scan())):
            if chunk is not None:
                unfinished.add(chunk)
            elif count % _LOOK_EVERY or time.monotonic() < slice_ends_s:
                continue
            if self._is_stopping.wait(_PAUSE_S):
                return False
            slice_ends_s = time.monotonic() + _SLICE_S
        return True
