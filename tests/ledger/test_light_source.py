"""Light blocks out of engines: found in few questions, checked, and found once.

Two real engines hand a chain from one to the other. Chains of many validators and long
stretches of pruned blocks are served by a stand-in that answers as the engine does.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from config.errors import RochdaleError, UnavailableError
from config.limits import BRIDGE_BLOCKS_MAX
from config.settings import EngineSection
from did.keys import KeyPair
from ledger.engine import (
    EngineHome,
    compute_node_id,
    engine_argv,
    get_default_engine_path,
    get_engine_environment,
    write_engine_home,
)
from ledger.headers import FLAG_ABSENT
from ledger.light import LightError, find_on_chain
from ledger.light_blocks import LightBlock, render_light_block
from ledger.light_source import LightSource
from ledger.rpc import EngineClient
from ledger.trust import compute_trust_bundle
from tests.ledger.signed_chain import BEGINS_NS, SignedChain
from tests.ports import find_ports

NOW_MS = BEGINS_NS // 1_000_000 + 20 * 86_400_000


class StandIn:
    """Answers about a made-up chain; counts the blocks that it was asked for."""

    def __init__(self, chain: SignedChain, *, height: int, earliest_height: int = 1) -> None:
        self.chain = chain
        self.height = height
        self.earliest_height = earliest_height
        self.blocks_asked = 0
        self.changed: dict[int, LightBlock] = {}

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        height = int(asked["params"].get("height", self.height))
        return web.json_response({"result": getattr(self, asked["method"])(height)})

    def status(self, _: int) -> dict[str, Any]:
        return {
            "sync_info": {
                "latest_block_height": str(self.height),
                "earliest_block_height": str(self.earliest_height),
                "latest_block_time": "2026-11-24T00:00:00Z",
                "latest_app_hash": "",
                "catching_up": False,
            },
            "node_info": {"network": self.chain.chain_id, "id": "00" * 20},
        }

    def commit(self, height: int) -> dict[str, Any]:
        assert self.earliest_height <= height <= self.height
        self.blocks_asked += 1
        block = self.changed.get(height, self.chain.get_block(height))
        rendered = render_light_block(block)
        return {"signed_header": {"header": rendered["header"], "commit": rendered["commit"]}}

    def validators(self, height: int) -> dict[str, Any]:
        block = self.changed.get(height, self.chain.get_block(height))
        return {
            "validators": [
                {
                    "address": item.address.hex().upper(),
                    "pub_key": {
                        "type": "tendermint/PubKeyEd25519",
                        "value": base64.b64encode(item.public_key).decode(),
                    },
                    "voting_power": str(item.power),
                    "proposer_priority": "-7",
                }
                for item in block.validators
            ]
        }


@asynccontextmanager
async def serve(stand_in: StandIn, directory: Path) -> AsyncIterator[LightSource]:
    """The stand-in at a socket, and a source that asks it."""
    app = web.Application()
    app.router.add_post("/", stand_in.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(directory / "rpc.sock")).start()
    try:
        async with EngineClient(directory / "rpc.sock") as client:
            yield LightSource(client, stand_in.chain.genesis_trust)
    finally:
        await runner.cleanup()


def turn_over(changes_count: int, *, blocks_count: int) -> SignedChain:
    """One of four validators is exchanged every so many blocks."""
    sets = [[each, each + 1, each + 2, each + 3] for each in range(changes_count + 1)]
    return SignedChain([numbers for numbers in sets for _ in range(blocks_count)])


async def test_needs_no_bridge_while_the_first_validators_vouch(short_directory: Path) -> None:
    """A chain whose set never changed, or not by much: one question, whatever its length."""
    stand_in = StandIn(turn_over(2, blocks_count=100), height=300)

    async with serve(stand_in, short_directory) as source:
        for height in (1, 150, 300):
            assert await source.find_bridge(await source.fetch_block(height)) == ()

    assert stand_in.blocks_asked == 3


async def test_finds_a_bridge_once_and_as_short_as_can_be(short_directory: Path) -> None:
    """Twenty changes, each pier carries over two of them; later receipts ask no more."""
    stand_in = StandIn(turn_over(20, blocks_count=1_000), height=20_500)
    chain = stand_in.chain

    async with serve(stand_in, short_directory) as source:
        target = await source.fetch_block(20_500)
        bridge = await source.find_bridge(target)
        searched = stand_in.blocks_asked
        newer = await source.fetch_block(20_400)
        assert await source.find_bridge(newer) == bridge
        older = await source.find_bridge(await source.fetch_block(9_500))

    moved = find_on_chain(target, trust=chain.genesis_trust, now_ms=NOW_MS, bridge=bridge)
    assert moved.height == 20_500
    assert [block.height for block in bridge] == list(range(3_000, 20_000, 2_000))
    assert searched < 150  # of 20,500
    assert stand_in.blocks_asked == searched + 2
    assert older == bridge[:4]


async def test_a_bridge_keeps_its_newest_blocks(short_directory: Path) -> None:
    """Whose trust is older than all of them needs a fresher one."""
    stand_in = StandIn(turn_over(120, blocks_count=10), height=1_205)
    chain = stand_in.chain

    async with serve(stand_in, short_directory) as source:
        target = await source.fetch_block(1_205)
        bridge = await source.find_bridge(target)

    assert len(bridge) == BRIDGE_BLOCKS_MAX
    assert find_on_chain(target, trust=chain.get_trust(560), now_ms=NOW_MS, bridge=bridge)
    with pytest.raises(LightError, match="fresh trust bundle"):
        find_on_chain(target, trust=chain.genesis_trust, now_ms=NOW_MS, bridge=bridge)


async def test_begins_with_the_oldest_block_where_older_ones_are_pruned(
    short_directory: Path,
) -> None:
    """A node that came by state sync has not the chain's beginning."""
    stand_in = StandIn(turn_over(6, blocks_count=100), height=690, earliest_height=450)
    chain = stand_in.chain

    async with serve(stand_in, short_directory) as source:
        assert await source.find_bridge(await source.fetch_block(450)) == ()
        target = await source.fetch_block(690)
        bridge = await source.find_bridge(target)

    assert [block.height for block in bridge] == [450]
    assert find_on_chain(target, trust=chain.get_trust(300), now_ms=NOW_MS, bridge=bridge)


async def test_newest_trust_is_followed_from_the_genesis(short_directory: Path) -> None:
    """What is handed out was checked as its reader will check it."""
    stand_in = StandIn(turn_over(6, blocks_count=100), height=690)

    async with serve(stand_in, short_directory) as source:
        trust = await source.fetch_newest_trust()
        assert trust == stand_in.chain.get_trust(690)
        stand_in.height = 0
        with pytest.raises(UnavailableError, match="no block yet"):
            await source.fetch_newest_trust()


async def test_refuses_an_engine_on_another_chain_of_that_name(short_directory: Path) -> None:
    """Its validators were never the genesis file's."""
    stand_in = StandIn(SignedChain([[7, 8, 9]]), height=50)

    async with serve(stand_in, short_directory) as source:
        stand_in.chain = SignedChain([[0, 1, 2]])
        with pytest.raises(LightError, match="does not follow from its own genesis"):
            await source.fetch_newest_trust()


async def test_leaves_out_signatures_that_only_the_engine_takes(short_directory: Path) -> None:
    """One validator's odd signatures must not make everybody's receipts worthless."""
    stand_in = StandIn(turn_over(0, blocks_count=10), height=5)
    block = stand_in.chain.get_block(5)
    *rest, last = block.commit.signatures
    odd = dataclasses.replace(last, signature=bytes(64))
    commit = dataclasses.replace(block.commit, signatures=(*rest, odd))
    stand_in.changed[5] = dataclasses.replace(block, commit=commit)
    fewer = dataclasses.replace(block.commit, signatures=tuple(rest))
    stand_in.changed[4] = dataclasses.replace(block, commit=fewer)

    async with serve(stand_in, short_directory) as source:
        fetched = await source.fetch_block(5)
        with pytest.raises(LightError):
            await source.fetch_block(4)

    assert [entry.flag for entry in fetched.commit.signatures][3] == FLAG_ABSENT
    assert find_on_chain(fetched, trust=stand_in.chain.genesis_trust, now_ms=NOW_MS).height == 5


@pytest.mark.timeout(120)
async def test_two_real_engines_hand_a_chain_from_one_to_the_other(handed_over: Path) -> None:
    """The second validator alone at last: the first one's trust gets there over a bridge."""
    genesis = compute_trust_bundle((handed_over / "config" / "genesis.json").read_bytes())
    async with EngineClient(handed_over.parent / "rpc-1.sock") as client:
        source = LightSource(client, genesis)
        trust = await source.fetch_newest_trust()
        target = await source.fetch_block(trust.height)
        bridge = await source.find_bridge(target)

    assert len(bridge) == 1
    moved = find_on_chain(target, trust=genesis, now_ms=target.header.time_ms, bridge=bridge)
    assert moved.validators != genesis.validators
    with pytest.raises(LightError, match="nothing leads"):
        find_on_chain(target, trust=genesis, now_ms=target.header.time_ms)


KEYS = [KeyPair(bytes([seed]) * 32) for seed in (30, 31)]
NODES = [KeyPair(bytes([seed]) * 32) for seed in (32, 33)]


@pytest.fixture
def handed_over(short_directory: Path) -> Iterator[Path]:
    """The second engine's home, when it alone makes blocks."""
    ports = find_ports(2)
    validator = {
        "address": "",
        "pub_key": _render_key(KEYS[0]),
        "power": "100",
        "name": "",
    }
    genesis = json.dumps(
        {
            "genesis_time": "2026-11-24T00:00:00Z",
            "chain_id": "test-handed-1",
            "initial_height": "1",
            "validators": [validator],
            "app_hash": "",
        }
    ).encode()
    processes = [_start(short_directory, number, ports, genesis) for number in (0, 1)]
    try:
        asyncio.run(_hand_over(short_directory / "rpc-1.sock"))
        yield short_directory / "engine-1"
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def _start(
    directory: Path, number: int, ports: list[int], genesis: bytes
) -> "subprocess.Popen[bytes]":
    other = 1 - number
    home = EngineHome(
        path=directory / f"engine-{number}",
        chain_id="test-handed-1",
        moniker=str(number),
        abci_socket=directory / f"abci-{number}.sock",
        rpc_socket=directory / f"rpc-{number}.sock",
        settings=EngineSection(
            p2p_listen=f"127.0.0.1:{ports[number]}",
            persistent_peers=(
                f"{compute_node_id(NODES[other].public_key)}@127.0.0.1:{ports[other]}",
            ),
            heartbeat_ms=200,
            timeout_commit_ms=100,
        ),
    )
    write_engine_home(home, node_key=NODES[number], consensus_key=KEYS[number], genesis=genesis)
    return subprocess.Popen(
        [*engine_argv(get_default_engine_path(), home.path), "--proxy_app=kvstore"],
        env=get_engine_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def _hand_over(rpc_socket: Path) -> None:
    async with asyncio.timeout(60), EngineClient(rpc_socket) as client:
        while True:
            with contextlib.suppress(RochdaleError):
                await client.wait_for_height(2)
                break
            await asyncio.sleep(0.1)
        for key, power in ((KEYS[1], 100), (KEYS[0], 0)):
            value = _render_key(key)["value"]
            taken = await client.broadcast_tx_sync(f"val=ed25519!{value}!{power}".encode())
            assert taken.code == 0
            result = await client.wait_for_tx(taken.hash)
            assert result.code == 0
            await client.wait_for_height(result.height + 4)


def _render_key(key: KeyPair) -> dict[str, str]:
    return {
        "type": "tendermint/PubKeyEd25519",
        "value": base64.b64encode(key.public_key).decode(),
    }
