"""What pages say of a chain whose engine tells less than is so."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from did.jcs import JsonObject
from node.web.ledger_follower import watch_chain
from tests.node.web.conftest import DecisionEngine


@pytest.fixture
async def watched(pair: Any) -> AsyncIterator[Any]:
    """A node whose chain is watched."""
    node, _ = pair
    task = asyncio.create_task(watch_chain(node.context))
    yield node
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser."""
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_node_that_fetches_blocks_within_consensus_is_catching_up(
    watched: Any, http: aiohttp.ClientSession
) -> None:
    """Its engine says that it is not, and its last block is long ago."""
    watched.context.chain.grew_at_s -= 60
    answer_as(watched.engine, height=5, peers_height=521)

    status = await wait_for_status(watched, http, "catching_up")

    assert (status["stands_still"], status["missing"]) == (False, [])
    assert "This node is catching up" in await (await http.get(watched.url)).text()

    answer_as(watched.engine, height=520, peers_height=521)
    watched.context.chain.grow(520, now_s=watched.context.clock.steady_s() - 60)
    await wait_for_status(watched, http, "stands_still")


async def test_a_node_that_halted_says_why_and_not_that_it_is_waited_for(
    watched: Any, http: aiohttp.ClientSession
) -> None:
    """Its engine will not answer before the new version is there; nobody is missing."""
    watched.context.chain.grew_at_s -= 60
    rows = [{"name": "ledger", "last_exit": 4}]
    halted = {"pid": os.getpid(), "halted": ["block 6 needs Rochdale 2"], "processes": rows}
    watched.home.status_path.write_text(json.dumps(halted))
    watched.home.rpc_socket.unlink()

    status = await wait_for_status(watched, http, "halted")

    assert (status["stands_still"], status["missing"]) == (False, [])
    page = await (await http.get(watched.url)).text()
    assert "This node has halted" in page
    assert "block 6 needs Rochdale 2" in page
    assert "stands still" not in page
    metrics = await (await http.get(f"{watched.url}/metrics")).text()
    assert "rochdale_halted 1" in metrics
    assert 'rochdale_validator_missing{cooperative="Ash"} 0' in metrics


def answer_as(engine: DecisionEngine, *, height: int, peers_height: int) -> None:
    """Let an engine answer whose chain has not moved since 2026 began."""
    state = {
        "height": str(height + 1),
        "round": 0,
        "validators": {"validators": []},
        "votes": [{"prevotes": [], "precommits": []}],
    }
    peer = {"node_address": "ab@c", "peer_state": {"round_state": {"height": str(peers_height)}}}
    sync = {
        "latest_block_height": str(height),
        "earliest_block_height": "1",
        "latest_block_time": "2026-01-01T00:00:00Z",
        "latest_app_hash": "",
        "catching_up": False,
    }
    node = {"network": "test-web-1", "id": "00"}
    engine.methods["status"] = lambda _: {"sync_info": sync, "node_info": node}
    engine.methods["dump_consensus_state"] = lambda _: {"round_state": state, "peers": [peer]}


async def wait_for_status(node: Any, http: aiohttp.ClientSession, key: str) -> JsonObject:
    """What the node says of itself once something holds."""
    async with asyncio.timeout(20):
        while True:
            status: JsonObject = await (await http.get(f"{node.url}/api/status")).json()
            if status[key]:
                return status
            await asyncio.sleep(0.2)
