"""Real engines: a newcomer among peers that lie about the state, and an honest one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from ledger.engine import StateSource
from ledger.headers import parse_header
from ledger.restoring import restoring_path
from ledger.store import Store
from node.web import routes_ledger
from node.web.context import CONTEXT
from node.web.middlewares import MIDDLEWARES
from node.web.routes_ledger import LEDGER_LIMIT, create_ledger_limit
from tests.ledger.engine_nodes import EngineNode, address_of, make_node, node_id_of
from tests.ledger.lying_ledger import INTERVAL_BLOCKS, LIES
from tests.ledger.scenario import (
    BYLAWS,
    CHAIN_ID,
    TIME_SCALE,
    admit,
    make_member,
    render_genesis,
)
from tests.ports import find_ports

pytestmark = pytest.mark.timeout(400)
PROGRAM = Path(__file__).with_name("lying_ledger.py")
MEMBERS = 64
Line = dict[str, Any]


@dataclass
class Chain:
    """A validator that is honest, and what others need to begin."""

    directory: Path
    genesis: bytes
    ports: dict[str, int]
    validator: EngineNode
    url: str
    """Where the validator's headers are served."""
    nodes: list[EngineNode]

    def make(self, name: str, *, peers: Sequence[str], source: StateSource | None) -> EngineNode:
        node = make_node(
            self.directory / name,
            genesis=self.genesis,
            program=PROGRAM,
            p2p_port=self.ports[name],
            is_validator=name == "honest",
            peers=[address_of(self.ports[peer]) for peer in peers],
            state_source=source,
        )
        self.nodes.append(node)
        return node

    async def start(self, node: EngineNode, *, lie: str = "none") -> None:
        await node.start(lie, ",".join(self.id_of(name) for name in self.ports))

    def id_of(self, name: str) -> str:
        return node_id_of(self.ports[name])

    async def start_liar(self, lie: str) -> EngineNode:
        liar = self.make(lie, peers=["honest"], source=None)
        await self.start(liar, lie=lie)
        return liar

    async def start_newcomer(self, *, peers: Sequence[str]) -> EngineNode:
        async with self.validator.client() as client:
            header = parse_header((await client.commit(1))["header"])
        source = StateSource(
            rpc_servers=(self.url, self.url),
            trust_height=header.height,
            trust_hash=header.compute_hash(),
            trusting_days=1,
        )
        newcomer = self.make("newcomer", peers=peers, source=source)
        config = newcomer.home.path / "config" / "config.toml"
        # Every liar is heard before the choice, on a slow machine too.
        text = config.read_text().replace('discovery_time = "5s"', 'discovery_time = "15s"')
        assert "15s" in text
        config.write_text(text.replace("statesync:info", "statesync:debug"))
        await self.start(newcomer)
        return newcomer


@asynccontextmanager
async def serve_headers(node: EngineNode) -> AsyncIterator[str]:
    """As the node's web process does."""
    app = web.Application(middlewares=MIDDLEWARES)
    app[LEDGER_LIMIT] = create_ledger_limit()
    app.add_routes(routes_ledger.routes)
    runner = web.AppRunner(app, access_log=None)
    async with node.client() as engine:
        app[CONTEXT] = SimpleNamespace(engine=engine)  # type: ignore[assignment]
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ledger"
        await runner.cleanup()


@pytest.fixture
async def chain(short_directory: Path) -> AsyncIterator[Chain]:
    """With members enough for dozens of chunks, and the first snapshot made."""
    names = ["honest", "newcomer", *LIES]
    ports = dict(zip(names, find_ports(len(names)), strict=True))
    genesis = render_genesis(
        chain_id=CHAIN_ID,
        network="test-scenario",
        bylaws=BYLAWS,
        time_scale=TIME_SCALE,
        genesis_time_ms=time.time_ns() // 1_000_000,
        followers=[node_id_of(port) for port in ports.values()],
    )
    made = Chain(short_directory, genesis, ports, None, "", [])  # type: ignore[arg-type]
    made.validator = made.make("honest", peers=[], source=None)
    try:
        await made.start(made.validator)
        await made.validator.wait_for_height(1)
        async with serve_headers(made.validator) as url:
            made.url = url
            await admit_members(made.validator)
            await made.validator.wait_for_height(INTERVAL_BLOCKS + 3)
            await wait_until(lambda: "snapshot_made" in made.validator.log)
            yield made
    finally:
        await asyncio.gather(*(node.stop() for node in made.nodes))


async def admit_members(node: EngineNode) -> None:
    valid_until_ms = time.time_ns() // 1_000_000 + 600_000
    async with node.client() as client:
        for number in (1, 2):
            first = number * MEMBERS
            transaction = admit(
                *map(make_member, range(first, first + MEMBERS)),
                nonce=number,
                valid_until_ms=valid_until_ms,
            )
            checked = await client.broadcast_tx_sync(transaction)
            assert checked.code == 0, checked.log
            async with asyncio.timeout(60):
                result = await client.wait_for_tx(checked.hash)
            assert result.code == 0, result.log


async def wait_until(check: Callable[[], object], *, timeout_s: float = 90) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        await asyncio.sleep(0.2)


def read_lines(node: EngineNode) -> list[Line]:
    """What both its processes wrote, in order."""
    lines = []
    for text in node.log.splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return [line for line in lines if isinstance(line, dict)]


def read_progress(node: EngineNode) -> Line:
    return [line for line in read_lines(node) if line.get("event") == "joining"][-1]


async def test_a_newcomer_among_liars_takes_the_honest_state(chain: Chain) -> None:
    """Each lie is refused for what it is, its sender is asked no more, the honest one serves."""
    for lie in LIES:
        await chain.start_liar(lie)
    for lie in LIES:
        await chain.nodes[1 + LIES.index(lie)].wait_for_height(INTERVAL_BLOCKS + 10)
    await wait_until(lambda: "snapshot_made" in chain.nodes[1 + LIES.index("chunk")].log)

    newcomer = await chain.start_newcomer(peers=["honest", *LIES])

    await wait_until(lambda: '"is_done": true' in newcomer.log, timeout_s=180)
    height = await chain.validator.wait_for_height(INTERVAL_BLOCKS)
    await newcomer.wait_for_height(height)
    assert await read_app_hash(newcomer, height) == await read_app_hash(chain.validator, height)
    lines = read_lines(newcomer)
    check_chunks(chain, lines)
    check_offers(chain, lines)


def check_chunks(chain: Chain, lines: list[Line]) -> None:
    """The lying chunk was refused and, but for what was under way, no other fetched there."""
    liar = chain.id_of("chunk")
    refused = [
        place
        for place, line in enumerate(lines)
        if line.get("event") == "snapshot_refused" and "has another hash" in line["reason"]
    ]
    assert refused
    asked = [
        place
        for place, line in enumerate(lines)
        if line.get("_msg") == "Requesting snapshot chunk" and line["peer"] == liar
    ]
    assert asked
    assert sum(place > refused[0] for place in asked) <= 4
    senders = {line["peer"] for line in lines if line.get("_msg") == "Requesting snapshot chunk"}
    assert senders == {liar, chain.id_of("honest")}


def check_offers(chain: Chain, lines: list[Line]) -> None:
    """By us, by the light client, or by the engine itself, before any chunk."""
    rejected = {line["peer"] for line in lines if line.get("_msg") == "Snapshot sender rejected"}
    assert {chain.id_of(lie) for lie in ("app_hash", "too_many", "garbage")} == rejected
    reasons = [line["reason"] for line in lines if line.get("event") == "snapshot_refused"]
    assert any("has another app hash" in reason for reason in reasons)
    assert sum("metadata of a snapshot is malformed" in reason for reason in reasons) == 2
    assert any(
        line.get("_msg") == "Snapshot rejected" and line["height"] == 1_000_000_000_000
        for line in lines
    )
    assert any(
        line.get("_msg") == "Invalid message" and chain.id_of("more_chunks") in str(line)
        for line in lines
    )


async def test_with_a_liar_alone_a_newcomer_has_no_state(chain: Chain) -> None:
    """It says why; and what it was sent is gone when it starts again."""
    liar = await chain.start_liar("chunk")
    await liar.wait_for_height(INTERVAL_BLOCKS + 3)
    await wait_until(lambda: "snapshot_made" in liar.log)

    newcomer = await chain.start_newcomer(peers=["chunk"])

    await wait_until(lambda: "No valid peers found for snapshot" in newcomer.log)
    progress = read_progress(newcomer)
    assert not progress["is_done"]
    assert progress["refused_count"] >= 1
    assert "has another hash than it should" in progress["refused_last"]
    await newcomer.stop()
    store = Store.open(newcomer.ledger)
    assert store.record.height == 0
    assert not list(store.scan(b""))
    store.close()

    await chain.start(newcomer)
    assert not restoring_path(newcomer.ledger).exists()


async def read_app_hash(node: EngineNode, height: int) -> str:
    async with node.client() as client:
        return str((await client.commit(height))["header"]["app_hash"])
