"""A real engine whose ledger process is killed again and again while transactions come in."""

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.errors import UnavailableError
from config.settings import EngineSection
from governance.logs import get_entry, get_frontier
from governance.records import RollEntry
from governance.refusals import RefusalCode
from governance.roll import roll_log
from governance.view import StateView
from ledger.engine import (
    EngineHome,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.rpc import EngineClient, EngineError
from ledger.store import Store, create_store
from tests.ledger.scenario import (
    BYLAWS,
    CHAIN_ID,
    CONSENSUS,
    COOPERATIVE,
    NODE,
    admit,
    make_inception,
    make_member,
    render_genesis,
)

LEDGER = Path(__file__).with_name("crashing_ledger.py")
CRASHES = (
    ("begun", 0),
    ("finalized", 0),
    ("committing", 0),
    ("checked", 2),
    ("finalized", 3),
    ("committing", 4),
    ("committed", 3),
)
"""Where the ledger dies, and after how many blocks; at none it dies in the engine's replay."""
KILLED_AFTER_S = (0.35, 0.6)
SENDERS = 8
ENGINE_ENDS_S = 3
RESENT_AFTER_S = 2
"""A client's patience: then it sends the same bytes again."""


@dataclass
class Load:
    """The registrar's transactions, one new member each: sent until their outcome is known."""

    valid_until_ms: int
    sent: int = 0
    committed: dict[int, int] = field(default_factory=dict)
    """Member and the height that the engine told."""
    known: set[int] = field(default_factory=set)
    """Members whose outcome was told, or whose nonce is spent."""
    waiting: list[int] = field(default_factory=list)

    async def send_next(self, client: EngineClient) -> None:
        """Admit one member, of those with unknown outcome first."""
        if not self.waiting:
            self.sent += 1
            self.waiting.append(self.sent)
        number = self.waiting.pop(0)
        try:
            await self._send(client, number)
        except (UnavailableError, EngineError, TimeoutError):
            self.waiting.append(number)
        else:
            self.known.add(number)

    async def _send(self, client: EngineClient, number: int) -> None:
        data = admit(make_member(number), nonce=number, valid_until_ms=self.valid_until_ms)
        taken = await client.broadcast_tx_sync(data)
        if taken.code == 0:
            async with asyncio.timeout(RESENT_AFTER_S):
                result = await client.wait_for_tx(taken.hash)
            assert result.code == 0, result.log
            self.committed[number] = result.height
        else:
            # In a block whose answer was lost with the engine.
            assert taken.code == RefusalCode.NONCE_USED, taken.log


@dataclass
class Node:
    """A validator's directory; its two processes are started and lost together."""

    directory: Path
    home: EngineHome

    @property
    def ledger(self) -> Path:
        return self.directory / "ledger"

    @asynccontextmanager
    async def run(
        self, crash_at: str = "", after_blocks: int = 0
    ) -> AsyncIterator[tuple[EngineClient, asyncio.subprocess.Process]]:
        """Start both; when the block ends, kill the ledger and see the engine end."""
        with (self.directory / "log").open("ab") as log:
            ledger = await asyncio.create_subprocess_exec(
                *(sys.executable, str(LEDGER), str(self.ledger)),
                *(str(self.home.abci_socket), crash_at, str(after_blocks)),
                stdout=log,
                stderr=log,
            )
            await self._wait_for_ledger(ledger)
            # An engine that was killed leaves its socket behind; the supervisor removes it too.
            self.home.rpc_socket.unlink(missing_ok=True)
            engine = await asyncio.create_subprocess_exec(
                *engine_argv(get_default_engine_path(), self.home.path),
                env=get_engine_environment(),
                stdout=log,
                stderr=log,
            )
        try:
            async with EngineClient(self.home.rpc_socket) as client:
                yield client, ledger
        finally:
            with suppress(ProcessLookupError):
                ledger.kill()
            await ledger.wait()
            try:
                await asyncio.wait_for(engine.wait(), ENGINE_ENDS_S)
            except TimeoutError:
                # Sometimes it hangs while it stops; a supervisor kills it too.
                engine.kill()
                await engine.wait()

    async def _wait_for_ledger(self, ledger: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(20):
            while ledger.returncode is None:
                with suppress(OSError):
                    _, writer = await asyncio.open_unix_connection(self.home.abci_socket)
                    writer.close()
                    return
                await asyncio.sleep(0.05)
        pytest.fail((self.directory / "log").read_text(errors="replace")[-2_000:])


async def test_a_killed_ledger_loses_and_repeats_nothing(short_directory: Path) -> None:
    """SIGKILL at each point of a block and at odd moments, then a replay of the whole chain."""
    node, load = make_node(short_directory), Load(valid_until_ms=now_ms() + 3_600_000)
    heights = [0]
    async with asyncio.timeout(120):
        for point, after_blocks in CRASHES:
            async with node.run(point, after_blocks) as (client, ledger):
                await load_until_dead(client, ledger, load)
            heights.append(read_height(node))
        for after_s in KILLED_AFTER_S:
            async with node.run() as (client, ledger):
                await wait_for_start(client, height=heights[-1])
                killing = asyncio.create_task(kill_later(ledger, after_s))
                await load_until_dead(client, ledger, load)
                await killing
            heights.append(read_height(node))
        async with node.run() as (client, _):
            height = await wait_for_start(client, height=heights[-1])
            while load.waiting:
                await load.send_next(client)
            await client.wait_for_height(height + 3)
        await check_replay(node, load)

    assert heights == sorted(heights)
    assert heights[-1] >= sum(after_blocks for _, after_blocks in CRASHES)
    assert len(load.committed) >= SENDERS


async def check_replay(node: Node, load: Load) -> None:
    """State holds each member once; the engine's replay into an empty store gives the same."""
    store = Store.open(node.ledger)
    state, record = list(store.scan(b"")), store.record
    check_members(store, load)
    store.close()
    shutil.rmtree(node.ledger)
    create_store(node.ledger)

    async with node.run() as (client, _):
        await wait_for_start(client, height=record.height)

    replayed = Store.open(node.ledger)
    assert replayed.record.height >= record.height
    assert replayed.record.app_hash == record.app_hash
    assert replayed.record.since_height == record.since_height
    assert list(replayed.scan(b"")) == state
    replayed.close()


def check_members(store: Store, load: Load) -> None:
    """Every admission that anybody was told of is on the roll, once, at the height told."""
    view, log = StateView(store), roll_log(COOPERATIVE)
    size = get_frontier(view, log).size
    entries = [RollEntry.decode(get_entry(view, log, index)) for index in range(size)]
    joined = {entry.account: entry.height for entry in entries}
    numbers = {
        make_inception(make_member(number)).compute_id(): number
        for number in range(1, load.sent + 1)
    }

    assert len(joined) == len(entries)
    assert {numbers[account] for account in joined} == load.known
    assert StateView(store).get_roll(COOPERATIVE).active_count == len(entries)
    for account, height in joined.items():
        assert load.committed.get(numbers[account], height) == height


async def load_until_dead(
    client: EngineClient, ledger: asyncio.subprocess.Process, load: Load
) -> None:
    """Send from several clients at once until the ledger process is gone."""

    async def send() -> None:
        while ledger.returncode is None:
            await load.send_next(client)
            await asyncio.sleep(0.02)

    senders = [asyncio.create_task(send()) for _ in range(SENDERS)]
    async with asyncio.timeout(30):
        await ledger.wait()
        await asyncio.gather(*senders)


async def kill_later(ledger: asyncio.subprocess.Process, after_s: float) -> None:
    await asyncio.sleep(after_s)
    ledger.kill()


async def wait_for_start(client: EngineClient, *, height: int) -> int:
    """The height once the engine serves and has passed a height."""
    while True:
        with suppress(UnavailableError):
            return (await client.wait_for_height(height + 1)).height
        await asyncio.sleep(0.05)


def read_height(node: Node) -> int:
    """What the process that died had committed."""
    store = Store.open(node.ledger)
    height = store.record.height
    store.close()
    return height


def make_node(directory: Path) -> Node:
    """One founder that is the only validator."""
    genesis = render_genesis(
        chain_id=CHAIN_ID,
        network="test-scenario",
        bylaws=BYLAWS,
        time_scale=1,
        genesis_time_ms=now_ms(),
    )
    home = EngineHome(
        path=directory / "engine",
        chain_id=CHAIN_ID,
        moniker="one",
        abci_socket=directory / "abci.sock",
        rpc_socket=directory / "rpc.sock",
        settings=EngineSection(p2p_listen="127.0.0.1:0", heartbeat_ms=200, timeout_commit_ms=100),
    )
    write_engine_home(home, node_key=NODE, consensus_key=CONSENSUS, genesis=genesis)
    create_store(directory / "ledger")
    return Node(directory, home)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
