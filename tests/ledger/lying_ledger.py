"""A ledger process that takes over and hands out snapshots, honestly or not.

Run as `python lying_ledger.py STORE SOCKET LIE PEERS`: one of the lies below, or `none`; node
ids that may connect before there is a state, with commas. A node has one snapshot, in small
chunks.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import structlog
from tendermint.abci import types_pb2 as abci

from ledger import snapshots
from ledger.abci import serve_abci
from ledger.answers import render_snapshot
from ledger.application import Application
from ledger.peer_filter import KnownPeers
from ledger.snapshot_writer import SnapshotWriter
from ledger.snapshots import SNAPSHOT_FORMAT, SnapshotInfo
from ledger.state_sync import StateSync
from ledger.store import Store
from tests.ledger.scenario import CHAIN_ID

INTERVAL_BLOCKS = 30
CHUNK_BYTES = 1_024
_BEHIND = 4
"""Blocks below the newest at which a lie stands: a newcomer can check the headers above it."""

log = structlog.get_logger()


class FirstSnapshot(SnapshotWriter):
    """Makes the first that is due and no other, so that every lie is newer and tried before it."""

    def note_commit(self, store: Store) -> None:
        """As `SnapshotWriter.note_commit`."""
        if store.record.height <= INTERVAL_BLOCKS:
            super().note_commit(store)


class LyingApplication(Application):
    """Executes blocks as everybody; only what it hands out to newcomers is wrong."""

    lie = "none"

    def list_snapshots(self, request: abci.RequestListSnapshots) -> abci.ResponseListSnapshots:
        """What this node has, or says that it has."""
        lie = _OFFERS.get(self.lie)
        if lie is None:
            return super().list_snapshots(request)
        height = self._store.record.height - _BEHIND
        return abci.ResponseListSnapshots(snapshots=[lie(height)] if height > 0 else [])

    def load_snapshot_chunk(
        self, request: abci.RequestLoadSnapshotChunk
    ) -> abci.ResponseLoadSnapshotChunk:
        """A chunk with its last bit turned."""
        answer = super().load_snapshot_chunk(request)
        if self.lie == "chunk" and answer.chunk:
            answer.chunk = answer.chunk[:-1] + bytes([answer.chunk[-1] ^ 1])
        return answer


def _offer(height: int, *, chunks_count: int = 3) -> abci.Snapshot:
    info = SnapshotInfo(
        chain_id=CHAIN_ID,
        height=height,
        time_ms=1_700_000_000_000,
        app_hash=b"\xee" * 32,
        state_root=bytes(32),
        chunks=(bytes(32),) * chunks_count,
    )
    return render_snapshot(info)


def _say_more_chunks(height: int) -> abci.Snapshot:
    snapshot = _offer(height)
    snapshot.chunks = 4_000_000_000
    return snapshot


def _say_garbage(height: int) -> abci.Snapshot:
    return abci.Snapshot(
        height=height,
        format=SNAPSHOT_FORMAT,
        chunks=3,
        hash=bytes(32),
        metadata=b"\xff" * 3_000_000,
    )


_OFFERS: dict[str, Callable[[int], abci.Snapshot]] = {
    "app_hash": _offer,
    "future": lambda _height: _offer(1_000_000_000_000),
    "too_many": lambda height: _offer(height, chunks_count=70_000),
    "more_chunks": _say_more_chunks,
    "garbage": _say_garbage,
}
LIES = ("chunk", *_OFFERS)


def main() -> None:
    """Serve until killed."""
    path, socket, lie, peers = sys.argv[1:]
    snapshots.SNAPSHOT_CHUNK_BYTES = CHUNK_BYTES  # type: ignore[misc]
    store = Path(path)
    application = LyingApplication(
        Store.open(store),
        software_version="0",
        peers=KnownPeers(named=tuple(peers.split(","))),
        snapshots=FirstSnapshot(store.with_name("snapshots"), interval_blocks=INTERVAL_BLOCKS),
        sync=StateSync(
            store,
            chain_id=CHAIN_ID,
            now_ms=lambda: int(time.time() * 1_000),
            report=lambda progress: log.info("joining", **asdict(progress)),
        ),
    )
    application.lie = lie
    asyncio.run(serve_abci(application, Path(socket)))


if __name__ == "__main__":
    structlog.configure(processors=[structlog.processors.JSONRenderer()])
    main()
