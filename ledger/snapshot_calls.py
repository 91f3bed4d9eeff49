"""The engine's four calls about snapshots, apart from those that run blocks."""

from abc import ABC, abstractmethod

from tendermint.abci import types_pb2 as abci

from ledger.answers import render_snapshot
from ledger.snapshot_writer import SnapshotWriter
from ledger.snapshots import SNAPSHOT_FORMAT
from ledger.state_sync import StateSync
from ledger.store import Store


class SnapshotCalls(ABC):
    """Half of the application: what others take over from this node, and it from them."""

    _store: Store

    def __init__(self, snapshots: SnapshotWriter | None, sync: StateSync | None) -> None:
        self._snapshots = snapshots
        self._sync = sync

    @abstractmethod
    def _take_up(self, store: Store) -> None:
        """Go on from a store, in the place of the one before."""

    def close(self) -> None:
        """Close the store, after whatever still reads it."""
        if self._snapshots is not None:
            self._snapshots.close()
        self._store.close()

    def list_snapshots(self, request: abci.RequestListSnapshots) -> abci.ResponseListSnapshots:  # noqa: ARG002
        """What others may take over from this node."""
        infos = self._snapshots.shelf.list_infos() if self._snapshots is not None else []
        return abci.ResponseListSnapshots(snapshots=[render_snapshot(info) for info in infos])

    def load_snapshot_chunk(
        self, request: abci.RequestLoadSnapshotChunk
    ) -> abci.ResponseLoadSnapshotChunk:
        """One chunk; an empty answer says that it is not there."""
        if self._snapshots is None or request.format != SNAPSHOT_FORMAT:
            return abci.ResponseLoadSnapshotChunk()
        chunk = self._snapshots.shelf.load_chunk(height=request.height, index=request.chunk)
        return abci.ResponseLoadSnapshotChunk(chunk=chunk)

    def offer_snapshot(self, request: abci.RequestOfferSnapshot) -> abci.ResponseOfferSnapshot:
        """Say whether a snapshot of others is worth its chunks (`ledger.state_sync`)."""
        if self._sync is None:
            return abci.ResponseOfferSnapshot(result=abci.ResponseOfferSnapshot.ABORT)
        return self._sync.offer(request, self._store)

    def apply_snapshot_chunk(
        self, request: abci.RequestApplySnapshotChunk
    ) -> abci.ResponseApplySnapshotChunk:
        """Take a chunk; after the last the store is the one that the snapshot led to.

        Raises:
            OutdatedError: Its next block needs other software.
        """
        if self._sync is None:
            return abci.ResponseApplySnapshotChunk(result=abci.ResponseApplySnapshotChunk.ABORT)
        answer = self._sync.apply(request, close_store=self.close)
        if self._sync.is_done:
            self._take_up(self._sync.open_store())
        return answer

    def _note_commit(self) -> None:
        if self._snapshots is not None:
            self._snapshots.note_commit(self._store)
