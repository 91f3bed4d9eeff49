"""A ledger that dies while it takes over, or hands out, a snapshot.

The ledger process of a node, and an engine's side that this test plays: what an engine asks
when, and of whom, makes no difference to what the ledger has written.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tendermint.abci import types_pb2 as abci

from config.errors import UnavailableError
from ledger import snapshots
from ledger.crash_points import VARIABLE
from ledger.maintenance import scrub
from ledger.restoring import check_whole, restoring_path
from node.founding import complete_settings, found_alone
from node.home import Home, prepare_run
from testnet.bench.abci_client import AbciClient
from tests.bylaws import make_bylaws
from tests.ledger.scenario import CHAIN_ID, Chain
from tests.ledger.snapshot_chain import (
    ACCEPT,
    OFFER_ACCEPT,
    load_chunk,
    run_to_snapshot,
    wait_for_snapshot,
)
from tests.node.small_federation import wait_until

HEIGHT = 10
TAKING = ("offer_snapshot", "apply_snapshot_chunk", "take_over")
HANDING_OUT = ("list_snapshots", "load_snapshot_chunk")


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    """At height 10, with its snapshot made, of several chunks."""
    monkeypatch.setattr(snapshots, "SNAPSHOT_CHUNK_BYTES", 8_192)
    with run_to_snapshot(tmp_path / "one", HEIGHT) as chain:
        yield chain


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A node of the same chain, as far as its ledger can tell."""
    home, _ = found_alone(
        tmp_path / "home",
        complete_settings({"network.chain_id": CHAIN_ID}),
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=0,
    )
    prepare_run(home)
    return home


@contextmanager
def serving(home: Home, points: tuple[str, ...]) -> Iterator[AbciClient]:
    """The ledger process that dies at each point once, and a connection to it."""
    reading, writing = os.pipe()  # the supervisor's, which stays open
    plan = [f"{name}{end}:1" for name in points for end in ("", ".end")]
    home.abci_socket.unlink(missing_ok=True)
    with ExitStack() as stack:
        stack.callback(os.close, writing)
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "node.processes", "ledger", str(home.root)],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                env=os.environ | {VARIABLE: ",".join(plan)},
            )
        )
        os.close(reading)
        stack.callback(process.terminate)
        wait_until(home.abci_socket.exists)
        yield stack.enter_context(AbciClient(home.abci_socket))


def crash_until_done(
    home: Home, points: tuple[str, ...], ask: Callable[[AbciClient], None]
) -> abci.ResponseInfo:
    """Ask a ledger again and again until it lives; what it says of itself then."""
    for _ in range(2 * len(points) + 1):
        with serving(home, points) as engine:
            try:
                ask(engine)
                return engine.ask(abci.Request(info=abci.RequestInfo())).info
            except UnavailableError:
                continue
    raise AssertionError("it dies more often than it was told to")


def test_a_ledger_that_dies_while_it_takes_over_a_snapshot_begins_again(
    chain: Chain, home: Home
) -> None:
    """Nothing of a half-taken state is ever the node's; in the end it is the chain's."""
    snapshot = wait_for_snapshot(chain, HEIGHT)

    def take_over(engine: AbciClient) -> None:
        height = engine.ask(abci.Request(info=abci.RequestInfo())).info.last_block_height
        assert height in {0, HEIGHT}
        offer = abci.RequestOfferSnapshot(snapshot=snapshot, app_hash=chain.store.record.app_hash)
        assert engine.ask(abci.Request(offer_snapshot=offer)).offer_snapshot.result == OFFER_ACCEPT
        for index in range(snapshot.chunks):
            chunk = abci.RequestApplySnapshotChunk(
                index=index, chunk=load_chunk(chain, snapshot, index), sender="peer"
            )
            answer = engine.ask(abci.Request(apply_snapshot_chunk=chunk)).apply_snapshot_chunk
            assert answer.result == ACCEPT

    info = crash_until_done(home, TAKING, take_over)

    assert len(json.loads(home.died_path.read_bytes())) == 2 * len(TAKING)
    assert info.last_block_height == HEIGHT
    assert info.last_block_app_hash == chain.store.record.app_hash
    assert not restoring_path(home.ledger).exists()
    assert scrub(home.ledger).record.app_hash == chain.store.record.app_hash
    check_whole(home.ledger)


def test_a_ledger_that_dies_while_it_hands_out_a_snapshot_still_has_it(
    chain: Chain, home: Home, tmp_path: Path
) -> None:
    """Those who fetch it get the same chunks afterwards."""
    snapshot = wait_for_snapshot(chain, HEIGHT)
    shutil.rmtree(home.ledger)
    shutil.copytree(tmp_path / "one" / "ledger", home.ledger)
    shutil.copytree(tmp_path / "one" / "snapshots", home.snapshots)

    def fetch(engine: AbciClient) -> None:
        listed = engine.ask(abci.Request(list_snapshots=abci.RequestListSnapshots())).list_snapshots
        assert list(listed.snapshots) == [snapshot]
        for index in range(snapshot.chunks):
            request = abci.RequestLoadSnapshotChunk(
                height=HEIGHT, format=snapshot.format, chunk=index
            )
            loaded = engine.ask(abci.Request(load_snapshot_chunk=request)).load_snapshot_chunk
            assert loaded.chunk == load_chunk(chain, snapshot, index)

    info = crash_until_done(home, HANDING_OUT, fetch)

    assert len(json.loads(home.died_path.read_bytes())) == 2 * len(HANDING_OUT)
    assert info.last_block_height >= HEIGHT
