"""One running validator with our application, for tests that ask a real engine."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from config.errors import UnavailableError
from config.settings import EngineSection
from ledger.abci import serve_abci
from ledger.application import Application
from ledger.engine import (
    EngineHome,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.rpc import EngineClient
from ledger.store import Store, create_store
from tests.bylaws import make_bylaws
from tests.ledger.scenario import CONSENSUS, NODE, render_genesis

BYLAWS = make_bylaws(stages={"voting_s": 3_024_000})


def now_ms() -> int:
    """The time as transactions and headers count it."""
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def run_engine(
    directory: Path,
    *,
    chain_id: str,
    time_scale: int = 604_800,
    followers: Sequence[str] = (),
) -> AsyncIterator[tuple[EngineClient, Application]]:
    """A chain of one, with a block every tenth of a second when something changes.

    Args:
        directory: For everything that is written; with a short path.
        chain_id: Of the chain.
        time_scale: Divides windows, and fills quotas as much faster.
        followers: Node ids of members that do not validate.
    """
    genesis = render_genesis(
        chain_id=chain_id,
        network=chain_id.rsplit("-", 1)[0],
        bylaws=BYLAWS,
        time_scale=time_scale,
        followers=followers,
        genesis_time_ms=now_ms(),
    )
    home = _write_home(directory, chain_id=chain_id, genesis=genesis)
    create_store(directory / "ledger")
    store = Store.open(directory / "ledger")
    application = Application(store, software_version="0.1.0")
    server = asyncio.create_task(serve_abci(application, home.abci_socket))
    while not home.abci_socket.exists():
        await asyncio.sleep(0.01)
    engine = await _start_engine(home)
    try:
        async with EngineClient(home.rpc_socket) as client, asyncio.timeout(60):
            while True:
                with suppress(UnavailableError):
                    await client.wait_for_height(2)
                    break
                await asyncio.sleep(0.1)
            yield client, application
    finally:
        engine.terminate()
        await engine.wait()
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server
        store.close()


def _write_home(directory: Path, *, chain_id: str, genesis: bytes) -> EngineHome:
    home = EngineHome(
        path=directory / "engine",
        chain_id=chain_id,
        moniker="one",
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(p2p_listen="127.0.0.1:0", heartbeat_ms=100, timeout_commit_ms=100),
    )
    write_engine_home(home, node_key=NODE, consensus_key=CONSENSUS, genesis=genesis)
    return home


async def _start_engine(home: EngineHome) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *engine_argv(get_default_engine_path(), home.path),
        env=get_engine_environment(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
