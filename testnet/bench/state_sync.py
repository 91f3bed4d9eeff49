"""How long a newcomer takes to get a large state from another node's snapshot.

A real validator takes ballots until its state has that many records and has made a snapshot
since. Then a node with an empty home is started, whose engine asks for headers over the
routes that every node serves, and the clock runs until it has the state, has caught up, and
has the validator's app hash. The engine itself looks for snapshots for five seconds first.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from aiohttp import web

from config.errors import InvariantError, UnavailableError
from config.settings import EngineSection
from did.keys import KeyPair
from ledger.engine import (
    EngineHome,
    StateSource,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.headers import parse_header
from ledger.rpc import EngineClient
from node.home import Home
from node.web import routes_ledger
from node.web.context import CONTEXT, WebContext
from node.web.middlewares import answer_errors
from node.web.routes_ledger import LEDGER_LIMIT, create_ledger_limit
from testnet.bench.burst import run_burst
from testnet.bench.children import Child
from testnet.bench.electorate import Electorate, Validator
from testnet.bench.load import write_bodies
from testnet.bench.network import (
    Contestant,
    Network,
    NetworkPlan,
    create_ledger_home,
    get_ledger_argv,
    run_network,
)
from testnet.bench.plan import Bench
from testnet.bench.voting import open_voting

_INTERVAL_BLOCKS = 10
_HEARTBEAT_MS = 500
_TIMEOUT_COMMIT_MS = 200
_BURST_TXS = 5_000
"""Less than one of two cooperatives may let wait."""
_BALLOTS = "sync-ballots"
_TIMEOUT_S = 300.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSync:
    """One newcomer."""

    keys: int
    """Ballots in state, each a record of its own; a few hundred more are members and motions."""
    seconds: float
    """From starting its processes until it is up to date."""
    snapshot_mib: float


async def measure_state_sync(bench: Bench) -> StateSync:
    """Fill a chain, then let a newcomer join it.

    Raises:
        RochdaleError: The network does not run, a ballot was refused, or the newcomer is late.
    """
    directory = bench.directory / "sync"
    plan = NetworkPlan(
        contestant=Contestant.ROCHDALE,
        directory=directory,
        electorate=bench.electorates[1],
        timeout_commit_ms=_TIMEOUT_COMMIT_MS,
        heartbeat_ms=_HEARTBEAT_MS,
        snapshot_interval_blocks=_INTERVAL_BLOCKS,
        followers_count=1,
    )
    bursts = _prepare_bursts(bench, plan.electorate)
    async with run_network(plan) as network:
        await open_voting(network.client, plan.electorate)
        for bodies, count in bursts:
            await run_burst(network, bodies, transactions=count)
        snapshot = await _wait_for_snapshot(network)
        size_bytes = sum(file.stat().st_size for file in snapshot.iterdir())
        seconds = await _join(network, plan)
    shutil.rmtree(directory)
    shutil.rmtree(bench.directory / _BALLOTS)
    bench.tell(f"state sync of {bench.plan.sync_keys:,} ballots in {seconds:.1f} s")
    return StateSync(
        keys=bench.plan.sync_keys, seconds=seconds, snapshot_mib=size_bytes / 1_048_576
    )


def _prepare_bursts(bench: Bench, electorate: Electorate) -> list[tuple[Path, int]]:
    """Ballots signed beforehand: voting does not last as long as it takes to sign them."""
    directory = bench.directory / _BALLOTS
    directory.mkdir()
    prepared = []
    for first in range(0, bench.plan.sync_keys, _BURST_TXS):
        count = min(_BURST_TXS, bench.plan.sync_keys - first)
        bodies = directory / str(first)
        ballots = electorate.sign_ballots(count, first=first)
        write_bodies(bodies, ballots, method="broadcast_tx_async")
        prepared.append((bodies, count))
    return prepared


async def _wait_for_snapshot(network: Network) -> Path:
    """The newest one, which has all ballots."""
    height = (await network.client.status()).height
    directory = network.members[0].home.snapshots
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            for path in directory.iterdir():
                if path.name.isdecimal() and int(path.name) >= height:
                    return path
            await asyncio.sleep(_POLL_S)


async def _join(network: Network, plan: NetworkPlan) -> float:
    genesis = (network.members[0].home.engine / "config" / "genesis.json").read_bytes()
    home = create_ledger_home(
        plan.directory / "newcomer", genesis, chain_id=plan.electorate.chain_id, index=1
    )
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_serve_headers(network.client))
        await _write_newcomer(home, network, plan, genesis=genesis, url=url)
        began_s = time.monotonic()
        ledger = stack.enter_context(
            Child(get_ledger_argv(home), name="newcomer", log_path=home.logs / "ledger.log")
        )
        await ledger.wait_for_socket(home.abci_socket, timeout_s=_TIMEOUT_S)
        engine = stack.enter_context(
            Child(
                engine_argv(get_default_engine_path(), home.engine),
                name="newcomer's engine",
                log_path=home.logs / "engine.log",
                environment=get_engine_environment(),
            )
        )
        await engine.wait_for_socket(home.rpc_socket, timeout_s=_TIMEOUT_S)
        client = await stack.enter_async_context(EngineClient(home.rpc_socket))
        height = await _wait_until_current(client, (ledger, engine))
        seconds = time.monotonic() - began_s
        await _check_same(client, network.client, height)
    return seconds


async def _write_newcomer(
    home: Home, network: Network, plan: NetworkPlan, *, genesis: bytes, url: str
) -> None:
    """Its engine's home: whom it dials, and whose headers it believes."""
    header = parse_header((await network.client.commit(1))["header"])
    source = StateSource(
        rpc_servers=(url, url),
        trust_height=header.height,
        trust_hash=header.compute_hash(),
        trusting_days=1,
    )
    validator = f"{Validator(index=0).node_id}@{network.p2p_addresses[0]}"
    write_engine_home(
        EngineHome(
            path=home.engine,
            chain_id=plan.electorate.chain_id,
            moniker="bench newcomer",
            abci_socket=home.abci_socket,
            rpc_socket=home.rpc_socket,
            settings=EngineSection(p2p_listen="127.0.0.1:0", persistent_peers=(validator,)),
            state_source=source,
        ),
        node_key=Validator(index=1).node_key,
        consensus_key=KeyPair(os.urandom(32)),
        genesis=genesis,
    )


async def _wait_until_current(client: EngineClient, children: tuple[Child, ...]) -> int:
    """Its height, as soon as it follows the chain."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                for child in children:
                    child.check_alive()
                with suppress(UnavailableError):
                    status = await client.status()
                    if status.height and not status.is_catching_up:
                        return status.height
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise UnavailableError(f"no state within {_TIMEOUT_S:g} s") from error


async def _check_same(first: EngineClient, second: EngineClient, height: int) -> None:
    hashes = {
        parse_header((await client.commit(height))["header"]).app_hash for client in (first, second)
    }
    status = await first.status()
    if len(hashes) != 1 or status.earliest_height == 1:
        raise InvariantError("the newcomer did not come to the chain's state by a snapshot")


@asynccontextmanager
async def _serve_headers(engine: EngineClient) -> AsyncIterator[str]:
    """The routes of a node's web process that newcomers ask, alone."""
    app = web.Application(middlewares=[answer_errors])
    app[LEDGER_LIMIT] = create_ledger_limit()
    app[CONTEXT] = cast("WebContext", SimpleNamespace(engine=engine))
    app.add_routes(routes_ledger.routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ledger"
    finally:
        await runner.cleanup()
