"""Networks under test: engines on this machine, each with its application.

Every contestant gets the same engine binary, genesis file and engine configuration; only
what answers the engine's ABCI calls differs. Ours is the node's own ledger process on its
own LevelDB; the peer is the engine's example application, `kvstore`, which checks no
signature and keeps no tree.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from config.errors import MisconfiguredError, UnavailableError
from config.settings import EngineSection
from ledger.engine import (
    EngineHome,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.rpc import EngineClient
from node.founding import complete_settings, join_chain
from node.home import Home, prepare_run
from testnet.bench.children import Child
from testnet.bench.electorate import Electorate, Validator, get_now_ms, render_genesis
from testnet.ports import choose_ports

KVSTORE_NAME = "abci-cli"
TIMEOUT_COMMIT_MS = 1_000
_HEARTBEAT_MS = 60_000
"""As a node's default: an idle chain makes no blocks while others are measured."""
_START_TIMEOUT_S = 60.0
_CALL_TIMEOUT_S = 120.0
"""The engine answers nothing about consensus while a block is being executed."""
_POLL_S = 0.05


class Contestant(Enum):
    """What answers the engine."""

    KVSTORE_INPROC = "Go kvstore, in-process"
    KVSTORE_SOCKET = "Go kvstore, socket"
    ROCHDALE = "Rochdale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One engine and its application."""

    home: Home
    engine: Child
    application: Child | None
    """None in the engine's own process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Everything that runs for one measurement."""

    contestant: Contestant
    members: tuple[Member, ...]
    client: EngineClient
    """Of the first engine, which takes all load."""
    p2p_addresses: tuple[str, ...]
    """Where the engines reach each other."""

    @property
    def rpc_socket(self) -> Path:
        """The first engine's."""
        return self.members[0].home.rpc_socket

    def measure_cpu_s(self) -> tuple[float, float]:
        """CPU used so far by all engines, and by all applications."""
        applications = [item.application for item in self.members if item.application]
        return (
            sum(item.engine.measure_cpu_s() for item in self.members),
            sum(item.measure_cpu_s() for item in applications),
        )

    def check_alive(self) -> None:
        """Check that every process still runs.

        Raises:
            UnavailableError: One ended, with its last words.
        """
        for member in self.members:
            if member.application is not None:
                member.application.check_alive()
            member.engine.check_alive()


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """What a network is made of."""

    contestant: Contestant
    directory: Path
    """Made here; must not exist."""
    electorate: Electorate
    """Each of its cooperatives runs a validator."""
    timeout_commit_ms: int = TIMEOUT_COMMIT_MS
    heartbeat_ms: int = _HEARTBEAT_MS
    snapshot_interval_blocks: int = 0
    followers_count: int = 0
    """Members without a validator, which may join later."""
    is_sampled: bool = False
    """Whether our ledger process can be told to note what it does."""


def get_default_kvstore_path() -> Path:
    """The peer that `make bench` builds, beside this Python."""
    return Path(sys.executable).parent / KVSTORE_NAME


def check_kvstore() -> Path:
    """Find the peer's program.

    Raises:
        MisconfiguredError: It is not built.
    """
    path = get_default_kvstore_path()
    if not path.is_file():
        raise MisconfiguredError(
            f"the key-value application is missing at {path}: `make bench` builds it"
        )
    return path


@asynccontextmanager
async def run_network(plan: NetworkPlan) -> AsyncIterator[Network]:
    """Start a network, wait until it makes blocks together, and end it afterwards.

    Raises:
        RochdaleError: A process did not start, or no port is free.
    """
    plan.directory.mkdir(mode=0o700)
    ports = [item.engine for item in choose_ports(plan.electorate.cooperatives_count, base=None)]
    genesis = render_genesis(
        plan.electorate,
        engine_ports=ports,
        genesis_time_ms=get_now_ms(),
        followers_count=plan.followers_count,
    )
    async with AsyncExitStack() as stack:
        members = [
            await _start_member(plan, stack, index=index, ports=ports, genesis=genesis)
            for index in range(len(ports))
        ]
        clients = [
            await stack.enter_async_context(
                EngineClient(member.home.rpc_socket, timeout_s=_CALL_TIMEOUT_S)
            )
            for member in members
        ]
        network = Network(
            contestant=plan.contestant,
            members=tuple(members),
            client=clients[0],
            p2p_addresses=tuple(f"127.0.0.1:{port}" for port in ports),
        )
        await _wait_together(network, clients)
        yield network


async def _start_member(
    plan: NetworkPlan, stack: AsyncExitStack, *, index: int, ports: Sequence[int], genesis: bytes
) -> Member:
    home = create_ledger_home(
        plan.directory / f"n{index}",
        genesis,
        chain_id=plan.electorate.chain_id,
        index=index,
        snapshot_interval_blocks=plan.snapshot_interval_blocks,
    )
    arguments = None
    application = None
    if (arguments := _get_application_argv(plan, home)) is not None:
        application = Child(
            arguments, name=f"application {index}", log_path=home.logs / "application.log"
        )
        stack.enter_context(application)
        await application.wait_for_socket(home.abci_socket, timeout_s=_START_TIMEOUT_S)
    validator = Validator(index=index)
    write_engine_home(
        render_engine_home(
            home, chain_id=plan.electorate.chain_id, index=index, ports=ports, plan=plan
        ),
        node_key=validator.node_key,
        consensus_key=validator.consensus_key,
        genesis=genesis,
    )
    argv = engine_argv(get_default_engine_path(), home.engine)
    if plan.contestant is Contestant.KVSTORE_INPROC:
        argv.append("--proxy_app=kvstore")
    engine = Child(
        argv,
        name=f"engine {index}",
        log_path=home.logs / "engine.log",
        environment=get_engine_environment(),
    )
    stack.enter_context(engine)
    await engine.wait_for_socket(home.rpc_socket, timeout_s=_START_TIMEOUT_S)
    return Member(home=home, engine=engine, application=application)


def render_engine_home(
    home: Home, *, chain_id: str, index: int, ports: Sequence[int], plan: NetworkPlan
) -> EngineHome:
    """The engine's configuration, alike for every contestant."""
    peers = [
        f"{Validator(index=other).node_id}@127.0.0.1:{port}"
        for other, port in enumerate(ports)
        if other != index
    ]
    return EngineHome(
        path=home.engine,
        chain_id=chain_id,
        moniker=f"bench {index}",
        abci_socket=home.abci_socket,
        rpc_socket=home.rpc_socket,
        settings=EngineSection(
            p2p_listen=f"127.0.0.1:{ports[index]}",
            persistent_peers=tuple(peers),
            heartbeat_ms=plan.heartbeat_ms,
            timeout_commit_ms=plan.timeout_commit_ms,
        ),
    )


def create_ledger_home(
    path: Path,
    genesis: bytes,
    *,
    chain_id: str,
    index: int = 0,
    snapshot_interval_blocks: int = 0,
) -> Home:
    """The home of a node of a chain that has not begun, ready to start."""
    settings = complete_settings(
        {
            "node.name": f"Cooperative {index}",
            "node.origin": f"https://bench-{index}.test",
            "network.chain_id": chain_id,
            "engine.snapshot_interval_blocks": snapshot_interval_blocks,
        }
    )
    home, _ = join_chain(path, settings, genesis)
    prepare_run(home)
    return home


def get_ledger_argv(home: Home, *, is_sampled: bool = False) -> list[str]:
    """The command of a node's ledger process, as its supervisor starts it."""
    module = "testnet.bench.sampler" if is_sampled else "node.processes"
    return [sys.executable, "-P", "-m", module, "ledger", str(home.root)]


def _get_application_argv(plan: NetworkPlan, home: Home) -> list[str] | None:
    if plan.contestant is Contestant.KVSTORE_INPROC:
        return None
    if plan.contestant is Contestant.ROCHDALE:
        return get_ledger_argv(home, is_sampled=plan.is_sampled)
    address = f"unix://{home.abci_socket}"
    data = home.root / "kvstore"
    return [
        str(check_kvstore()),
        "kvstore",
        f"--address={address}",
        "--abci=socket",
        f"--persist={data}",
        "--log_level=error",
    ]


async def _wait_together(network: Network, clients: Sequence[EngineClient]) -> None:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            for client in clients:
                while not await _is_ready(client, peers_count=len(clients) - 1):
                    network.check_alive()
                    await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise UnavailableError(
            f"{network.contestant.value}: no common block within {_START_TIMEOUT_S:g} s"
        ) from error


async def _is_ready(client: EngineClient, *, peers_count: int) -> bool:
    with suppress(UnavailableError):
        if (await client.status()).height < 1:
            return False
        return len(await client.connected_node_ids()) == peers_count
    return False
