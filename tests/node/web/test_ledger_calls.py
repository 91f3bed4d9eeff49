"""Read-only JSON-RPC, in front of a real engine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from config.limits import LEDGER_CALL_BYTES_MAX
from ledger.engine import EngineHome
from ledger.rpc import EngineClient
from node.web import routes_ledger
from node.web.context import CONTEXT
from node.web.middlewares import MIDDLEWARES
from node.web.routes_ledger import LEDGER_LIMIT, create_ledger_limit
from tests.ledger.conftest import kvstore_engine

__all__ = ["kvstore_engine"]


@dataclass
class Served:
    """The routes alone, and a client of theirs."""

    url: str
    http: aiohttp.ClientSession
    limit: asyncio.Semaphore

    async def post(self, call: object) -> Any:
        """One JSON-RPC answer."""
        async with self.http.post(self.url, json=call) as answer:
            assert answer.status == 200
            return await answer.json()


@pytest.fixture
async def served(kvstore_engine: EngineHome) -> AsyncIterator[Served]:
    app = web.Application(middlewares=MIDDLEWARES)
    app[LEDGER_LIMIT] = create_ledger_limit()
    app.add_routes(routes_ledger.routes)
    runner = web.AppRunner(app)
    async with EngineClient(kvstore_engine.rpc_socket) as engine, aiohttp.ClientSession() as http:
        app[CONTEXT] = SimpleNamespace(engine=engine)  # type: ignore[assignment]
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield Served(f"http://127.0.0.1:{port}/ledger", http, app[LEDGER_LIMIT])
        await runner.cleanup()


def call(method: object, call_id: object = 7, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}


@pytest.mark.parametrize("height", ["1", 1])
async def test_a_call_is_answered_as_the_engine_answers(served: Served, height: object) -> None:
    """With the caller's id; numbers may be written in either way."""
    answer = await served.post(call("commit", height=height))

    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    assert answer["result"]["signed_header"]["header"]["height"] == "1"
    validators = await served.post(call("validators", height="1", page="1", per_page="100"))
    assert validators["result"]["total"] == "1"


async def test_the_engines_own_words_reach_a_light_client(served: Served) -> None:
    """It tells a height that is too high from one that is gone by them."""
    answer = await served.post(call("commit", height="999999"))

    assert "height 999999 must be less than or equal to" in answer["error"]["data"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([call("status")], -32602),
        (call("broadcast_tx_sync", tx="00"), -32601),
        (call("unsafe_flush_mempool"), -32601),
        (call(None), -32601),
        (call("commit", height="-1"), -32602),
        (call("commit", height=None), -32602),
        (call("commit", height="1", unsafe=True), -32602),
        (call("abci_query", path="../x"), -32602),
        (call("status", call_id=None), -32600),
        (call("status", call_id="x"), -32600),
        (call("status", call_id=1 << 60), -32602),
        ({"id": 1, "method": "status", "params": ["1"]}, -32600),
        ({"id": 1, "method": "status", "params": {"x": "y" * LEDGER_CALL_BYTES_MAX}}, -32602),
    ],
)
async def test_only_named_calls_with_plain_parameters_pass(
    served: Served, body: object, code: int
) -> None:
    """No batch, nothing that writes, nothing that is not understood."""
    answer = await served.post(body)

    assert answer["error"]["code"] == code
    assert "result" not in answer


async def test_a_query_with_proof_passes(served: Served) -> None:
    """What a wallet asks any node for."""
    answer = await served.post(call("abci_query", path="/store", data="6161", prove=True))

    assert "response" in answer["result"]


async def test_further_callers_are_asked_to_come_back(served: Served) -> None:
    """A crowd of light clients must not keep the engine from its own work."""
    while not served.limit.locked():
        await served.limit.acquire()

    answer = await served.post(call("status"))
    plain = await served.http.get(f"{served.url}/status")

    assert "ask again" in answer["error"]["message"]
    assert plain.status == 503
