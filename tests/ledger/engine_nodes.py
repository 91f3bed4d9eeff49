"""Several nodes of one chain, each a real engine with a ledger process of the test's own."""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import UnavailableError
from config.settings import EngineSection
from did.keys import KeyPair
from ledger.engine import (
    EngineHome,
    StateSource,
    compute_node_id,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.rpc import EngineClient
from ledger.store import Store, create_store
from tests.ledger.scenario import CHAIN_ID, CONSENSUS

_ENGINE_ENDS_S = 5


@dataclass
class EngineNode:
    """One node's directory and its two processes."""

    directory: Path
    home: EngineHome
    program: Path
    """The ledger's; takes the store's path, the socket's, and what `start` is given."""
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    """Ledger and engine, while they run."""

    @property
    def ledger(self) -> Path:
        """Its store."""
        return self.directory / "ledger"

    @property
    def log(self) -> str:
        """What both processes wrote."""
        return (self.directory / "log").read_text(errors="replace")

    async def start(self, *arguments: str) -> None:
        """Start both; the ledger's program is given the arguments."""
        with (self.directory / "log").open("ab") as log:
            ledger = await asyncio.create_subprocess_exec(
                *(sys.executable, str(self.program), str(self.ledger)),
                *(str(self.home.abci_socket), *arguments),
                stdout=log,
                stderr=log,
            )
            self.processes = [ledger]
            await self._wait_for_ledger(ledger)
            self.home.rpc_socket.unlink(missing_ok=True)
            engine = await asyncio.create_subprocess_exec(
                *engine_argv(get_default_engine_path(), self.home.path),
                env=get_engine_environment(),
                stdout=log,
                stderr=log,
            )
        self.processes.append(engine)

    async def run_ledger(self, *arguments: str) -> int | None:
        """Start the ledger alone and wait for its end."""
        with (self.directory / "log").open("ab") as log:
            ledger = await asyncio.create_subprocess_exec(
                *(sys.executable, str(self.program), str(self.ledger)),
                *(str(self.home.abci_socket), *arguments),
                stdout=log,
                stderr=log,
            )
        return await asyncio.wait_for(ledger.wait(), 20)

    async def wait_ended(self) -> list[int | None]:
        """Wait until both have ended by themselves; their exit codes."""
        for process in self.processes:
            await asyncio.wait_for(process.wait(), 60)
        return [process.returncode for process in self.processes]

    async def stop(self) -> None:
        """End both; the engine by itself, since its application is gone."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self.processes:
            try:
                await asyncio.wait_for(process.wait(), _ENGINE_ENDS_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        self.processes = []

    def client(self) -> EngineClient:
        """A client of its engine, to be entered."""
        return EngineClient(self.home.rpc_socket)

    async def wait_for_height(self, height: int, *, timeout_s: float = 60) -> int:
        """Wait until its engine has committed a height; the height it has."""
        deadline_s = time.monotonic() + timeout_s
        async with self.client() as client:
            while True:
                with suppress(UnavailableError):
                    async with asyncio.timeout(max(0.1, deadline_s - time.monotonic())):
                        return (await client.wait_for_height(height)).height
                assert time.monotonic() < deadline_s, self.log[-3_000:]
                await asyncio.sleep(0.05)

    def read_height(self) -> int:
        """What its ledger has committed; only while it does not run."""
        store = Store.open(self.ledger)
        height = store.record.height
        store.close()
        return height

    async def _wait_for_ledger(self, ledger: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(20):
            while ledger.returncode is None:
                with suppress(OSError):
                    _, writer = await asyncio.open_unix_connection(self.home.abci_socket)
                    writer.close()
                    return
                await asyncio.sleep(0.05)
        raise AssertionError(self.log[-2_000:])


def make_node(
    directory: Path,
    *,
    genesis: bytes,
    program: Path,
    p2p_port: int,
    is_validator: bool = False,
    peers: Sequence[str] = (),
    state_source: StateSource | None = None,
) -> EngineNode:
    """A node that has not begun.

    Args:
        directory: Its own; made here.
        genesis: The chain's, of `scenario.render_genesis`.
        program: Of its ledger process.
        p2p_port: Free, on this machine.
        is_validator: Whether it holds the one validator's key.
        peers: Other nodes' `address_of`.
        state_source: Where it takes over a state; None to execute every block.
    """
    directory.mkdir()
    home = EngineHome(
        path=directory / "engine",
        chain_id=CHAIN_ID,
        moniker=directory.name,
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(
            p2p_listen=f"127.0.0.1:{p2p_port}",
            heartbeat_ms=200,
            timeout_commit_ms=100,
            persistent_peers=tuple(peers),
        ),
        state_source=state_source,
    )
    write_engine_home(
        home,
        node_key=_node_key(p2p_port),
        consensus_key=CONSENSUS if is_validator else _node_key(p2p_port + 1),
        genesis=genesis,
    )
    create_store(directory / "ledger")
    return EngineNode(directory, home, program)


def address_of(p2p_port: int) -> str:
    """How other engines dial the node with this port."""
    return f"{node_id_of(p2p_port)}@127.0.0.1:{p2p_port}"


def node_id_of(p2p_port: int) -> str:
    """The id of the engine with this port; it must be registered in the genesis."""
    return compute_node_id(_node_key(p2p_port).public_key)


def _node_key(number: int) -> KeyPair:
    return KeyPair(b"engine".ljust(28, b".") + number.to_bytes(4, "big"))
