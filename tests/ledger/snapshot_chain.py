"""A chain whose node makes snapshots, and newcomers that take them over without an engine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tendermint.abci import types_pb2 as abci

from governance.state_keys import COLLECTION_AT, Collection
from ledger.application import Application
from ledger.snapshot_writer import SnapshotWriter
from ledger.state_sync import StateSync, SyncProgress
from ledger.store import Store, create_store
from tests.ledger.scenario import CHAIN_ID, GENESIS_MS, Chain, cast, render_init_chain

ACCEPT = abci.ResponseApplySnapshotChunk.ACCEPT
OFFER_ACCEPT = abci.ResponseOfferSnapshot.ACCEPT


def start_chain(directory: Path, *, interval_blocks: int, wanted: Path | None = None) -> Chain:
    """A node that makes snapshots, with some members and a counted vote."""
    directory.mkdir()
    create_store(directory / "ledger")
    store = Store.open(directory / "ledger")
    writer = SnapshotWriter(directory / "snapshots", interval_blocks=interval_blocks, wanted=wanted)
    application = Application(store, software_version="0", snapshots=writer)
    application.init_chain(render_init_chain())
    return Chain(directory / "ledger", application, store)


def hold_vote(chain: Chain, members_count: int = 70) -> None:
    """Members, ballots and a decision: every kind of record, derived ones too."""
    proposal = chain.open_voting(members_count)
    chain.run(*(cast(number, proposal) for number in range(members_count - 3)))
    chain.run(after_ms=10_000)
    chain.run()


@contextmanager
def run_to_snapshot(directory: Path, height: int) -> Iterator[Chain]:
    """A chain with a vote behind it, at a height, with its snapshot made."""
    chain = start_chain(directory, interval_blocks=height)
    hold_vote(chain)
    while chain.height < height:
        chain.run()
    wait_for_snapshot(chain, height)
    yield chain
    chain.application.close()


def wait_for_snapshot(chain: Chain, height: int) -> abci.Snapshot:
    """The one that was begun at a height, once it is finished."""
    deadline_s = time.monotonic() + 10
    while True:
        listed = chain.application.list_snapshots(abci.RequestListSnapshots()).snapshots
        for snapshot in listed:
            if snapshot.height == height:
                return snapshot
        assert time.monotonic() < deadline_s, "no snapshot was made"
        time.sleep(0.01)


def load_chunk(chain: Chain, snapshot: abci.Snapshot, index: int) -> bytes:
    """As a peer of the engine asks for it."""
    request = abci.RequestLoadSnapshotChunk(
        height=snapshot.height, format=snapshot.format, chunk=index
    )
    return chain.application.load_snapshot_chunk(request).chunk


class Newcomer:
    """A node without a state, and what its engine would do."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "ledger"
        self.told: list[SyncProgress] = []
        self.now_ms = GENESIS_MS + 60_000
        create_store(self.path)
        self.start()

    def start(self) -> None:
        """Start its application, as after a crash."""
        sync = StateSync(
            self.path, chain_id=CHAIN_ID, now_ms=lambda: self.now_ms, report=self.told.append
        )
        self.application = Application(Store.open(self.path), software_version="0", sync=sync)

    def offer(self, snapshot: abci.Snapshot, app_hash: bytes) -> int:
        """The answer to an offer."""
        request = abci.RequestOfferSnapshot(snapshot=snapshot, app_hash=app_hash)
        return self.application.offer_snapshot(request).result

    def apply(
        self, index: int, chunk: bytes, sender: str = "peer"
    ) -> abci.ResponseApplySnapshotChunk:
        """The answer to a chunk."""
        request = abci.RequestApplySnapshotChunk(index=index, chunk=chunk, sender=sender)
        return self.application.apply_snapshot_chunk(request)

    def take_over(
        self, snapshot: abci.Snapshot, app_hash: bytes, load: Callable[[int], bytes]
    ) -> None:
        """All of it, without a lie."""
        assert self.offer(snapshot, app_hash) == OFFER_ACCEPT
        for index in range(snapshot.chunks):
            assert self.apply(index, load(index)).result == ACCEPT

    def as_chain(self, *, height: int, time_ms: int) -> Chain:
        """To run further blocks on what was taken over."""
        store = self.application._store
        return Chain(self.path, self.application, store, height=height, time_ms=time_ms)


def is_log_record(key: bytes) -> bool:
    """Whether a key is derived from a log."""
    return key[COLLECTION_AT] in {Collection.LOG_ENTRY, Collection.LOG_NODE}
