"""The application's side of joining by a snapshot (ABCI OfferSnapshot, ApplySnapshotChunk).

The engine finds snapshots and chunks at its peers; here is decided whether they are taken. A
chunk with another hash than the metadata names is its sender's lie: it is fetched from
somebody else and the sender is not asked again. Chunks that are as named and do not lead to
the trusted app hash are the metadata's lie: the snapshot goes, and all who sent it. Until that
is known, a lie takes no more than time: the disk has room before the first chunk and at each,
and memory holds one chunk and the tree's upper levels. The engine remembers whom it rejected as
long as it runs.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from config.snapshot_limits import (
    SNAPSHOT_AHEAD_MS_MAX,
    SNAPSHOT_FREE_BYTES_MIN,
    SNAPSHOT_PEERS_BANNED_MAX,
    SNAPSHOT_ROOM_FACTOR,
)
from ledger.restoring import Restoration, WrongChunkError, discard_unfinished, is_untouched
from ledger.snapshots import SNAPSHOT_FORMAT, SnapshotError, SnapshotInfo, parse_info
from ledger.store import Store

log = structlog.get_logger()

_Offer, _Apply = abci.ResponseOfferSnapshot, abci.ResponseApplySnapshotChunk


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a node is with joining by a snapshot."""

    height: int = 0
    """Of the snapshot; 0 before one was accepted."""
    chunks_count: int = 0
    chunks_total: int = 0
    is_done: bool = False
    refused_count: int = 0
    """Snapshots and chunks that were not what they should be."""
    refused_last: str = ""
    """Why the last of them was refused."""


class NoRoomError(SnapshotError):
    """The disk has no room for a snapshot, and it is not said that anybody lied."""


class StateSync:
    """Takes over one snapshot."""

    def __init__(
        self,
        path: Path,
        *,
        chain_id: str,
        now_ms: Callable[[], int],
        report: Callable[[SyncProgress], None],
    ) -> None:
        """Prepare; nothing is taken before the engine offers it.

        Args:
            path: The node's store.
            chain_id: Of the node's own genesis: a snapshot's word for it is not enough.
            now_ms: This machine's clock.
            report: Told of every step.
        """
        discard_unfinished(path)
        self._path = path
        self._chain_id = chain_id
        self._now_ms = now_ms
        self._report = report
        self._restoration: Restoration | None = None
        self._senders: dict[str, None] = {}
        self._progress = SyncProgress()

    def offer(self, request: abci.RequestOfferSnapshot, store: Store) -> abci.ResponseOfferSnapshot:
        """Say whether a snapshot is worth its chunks."""
        self._drop()
        if not is_untouched(store):
            log.warning("snapshot_not_needed", height=store.record.height)
            return _Offer(result=_Offer.ABORT)
        if request.snapshot.format != SNAPSHOT_FORMAT:
            return _Offer(result=_Offer.REJECT_FORMAT)
        try:
            info = self._read_offer(request)
            self._check_room(SNAPSHOT_ROOM_FACTOR * info.bytes_max)
        except NoRoomError as error:
            self._refuse(error)
            return _Offer(result=_Offer.REJECT)
        except SnapshotError as error:
            self._refuse(error)
            return _Offer(result=_Offer.REJECT_SENDER)
        self._restoration = Restoration(self._path, info)
        self._tell(height=info.height, chunks_count=0, chunks_total=len(info.chunks))
        return _Offer(result=_Offer.ACCEPT)

    def apply(
        self, request: abci.RequestApplySnapshotChunk, *, close_store: Callable[[], None]
    ) -> abci.ResponseApplySnapshotChunk:
        """Take a chunk; after the last one `is_done` tells that the store is another.

        Args:
            request: The engine's.
            close_store: Closes the node's own store, which is replaced then.
        """
        if self._restoration is None or request.index != self._restoration.chunks_count:
            raise InvariantError("the engine hands over a chunk that was not asked for")
        if request.sender and len(self._senders) < SNAPSHOT_PEERS_BANNED_MAX:
            self._senders[request.sender] = None
        try:
            self._check_room(0)
            self._restoration.add(request.chunk)
            if self._restoration.is_complete:
                self._check_room(self._restoration.tree_bytes_max)
                self._restoration.finish(close_store=close_store)
        except WrongChunkError as error:
            self._refuse(error)
            return _Apply(
                result=_Apply.RETRY,
                refetch_chunks=[request.index],
                reject_senders=[request.sender],
            )
        except NoRoomError as error:
            self._refuse(error)
            self._drop()
            return _Apply(result=_Apply.REJECT_SNAPSHOT)
        except SnapshotError as error:
            self._refuse(error)
            senders = list(self._senders)
            self._drop()
            return _Apply(result=_Apply.REJECT_SNAPSHOT, reject_senders=senders)
        count = self._restoration.chunks_count
        self._tell(chunks_count=count, is_done=self._restoration.is_complete)
        return _Apply(result=_Apply.ACCEPT)

    def open_store(self) -> Store:
        """Open what was taken over."""
        return Store.open(self._path)

    @property
    def is_done(self) -> bool:
        """Whether a snapshot has been taken over as a whole."""
        return self._progress.is_done

    def _read_offer(self, request: abci.RequestOfferSnapshot) -> SnapshotInfo:
        offered = request.snapshot
        info = parse_info(offered.metadata)
        if info.chain_id != self._chain_id:
            raise SnapshotError(f"the snapshot is of chain {info.chain_id}")
        said = (offered.height, offered.chunks, offered.hash)
        if said != (info.height, len(info.chunks), info.hash):
            raise SnapshotError("the snapshot's metadata says otherwise than its offer")
        if info.app_hash != request.app_hash:
            raise SnapshotError(f"the snapshot of height {info.height} has another app hash")
        if info.time_ms > self._now_ms() + SNAPSHOT_AHEAD_MS_MAX:
            raise SnapshotError("the snapshot is of a time yet to come: set this machine's clock")
        return info

    def _check_room(self, needed_bytes: int) -> None:
        free_bytes = shutil.disk_usage(self._path.parent).free
        if free_bytes < needed_bytes + SNAPSHOT_FREE_BYTES_MIN:
            raise NoRoomError(
                f"the disk of {self._path} has {free_bytes >> 20} MiB left, and to take the "
                f"snapshot over needs {needed_bytes + SNAPSHOT_FREE_BYTES_MIN >> 20} MiB: free "
                "space there"
            )

    def _refuse(self, error: SnapshotError) -> None:
        log.warning("snapshot_refused", reason=error.reason)
        self._tell(refused_count=self._progress.refused_count + 1, refused_last=error.reason)

    def _drop(self) -> None:
        if self._restoration is not None:
            self._restoration.close()
            self._restoration = None
        discard_unfinished(self._path)
        self._senders.clear()

    def _tell(self, **changes: object) -> None:
        self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]
        self._report(self._progress)
