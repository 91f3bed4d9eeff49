"""Talking to a real engine, and to one that misbehaves."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from config.errors import UnavailableError
from config.limits import ENGINE_ANSWER_BYTES_MAX, TX_BYTES_MAX
from ledger.engine import EngineHome, compute_node_id
from ledger.rpc import EngineClient, EngineError
from ledger.rpc_answers import find_absent


async def test_a_transaction_goes_in_and_comes_out_in_a_block(kvstore_engine: EngineHome) -> None:
    """Taken, then found under its hash with its events."""
    async with EngineClient(kvstore_engine.rpc_socket) as client, asyncio.timeout(20):
        taken = await client.broadcast_tx_sync(b"colour=red")
        result = await client.wait_for_tx(taken.hash)
        results = await client.block_results(result.height)

    assert (taken.code, taken.hash) == (0, hashlib.sha256(b"colour=red").digest())
    assert result.code == 0
    assert ("key", "colour") in result.events[0].attributes
    assert results.transactions[result.index] == result


async def test_sending_a_transaction_twice_is_harmless(kvstore_engine: EngineHome) -> None:
    """Any node relays any member's, and wallets try again."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        first = await client.broadcast_tx_sync(b"twice=1")
        second = await client.broadcast_tx_sync(b"twice=1")

    assert (first.code, second.code) == (0, 0)
    assert first.hash == second.hash


async def test_a_refused_transaction_comes_back_with_its_code(kvstore_engine: EngineHome) -> None:
    """CheckTx refuses before anything is stored; asking again refuses again."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        first = await client.broadcast_tx_sync(b"not a pair")
        second = await client.broadcast_tx_sync(b"not a pair")

    assert first.code == second.code == 2


async def test_a_transaction_that_is_too_large_is_refused(kvstore_engine: EngineHome) -> None:
    """The engine holds the same limit as the ledger."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        with pytest.raises(EngineError, match="large"):
            await client.broadcast_tx_sync(b"k=" + bytes(TX_BYTES_MAX))


async def test_an_unknown_transaction_is_not_found(kvstore_engine: EngineHome) -> None:
    """Not yet in a block, or never."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        assert await client.find_tx(bytes(32)) is None


async def test_asks_the_application(kvstore_engine: EngineHome) -> None:
    """Bytes go in and out unchanged."""
    async with EngineClient(kvstore_engine.rpc_socket) as client, asyncio.timeout(20):
        await client.wait_for_tx((await client.broadcast_tx_sync(b"shape=round")).hash)
        answer = await client.abci_query("/key", b"shape")

    assert (answer.code, answer.value) == (0, b"round")


async def test_yields_the_height_at_once_and_whenever_it_grows(kvstore_engine: EngineHome) -> None:
    """Two subscribers share one address on a unix socket: both see the chain grow."""
    async with EngineClient(kvstore_engine.rpc_socket) as client, asyncio.timeout(20):
        first, second = await asyncio.gather(_take(client, 4), _take(client, 4))

    for heights in (first, second):
        assert heights == sorted(set(heights))


async def test_a_subscriber_that_leaves_does_not_silence_the_other(
    kvstore_engine: EngineHome,
) -> None:
    """The engine drops both subscriptions; the one that stays asks and subscribes again."""
    async with EngineClient(kvstore_engine.rpc_socket) as client, asyncio.timeout(20):
        staying = asyncio.create_task(_take(client, 12))
        await _take(client, 2)

        assert len(await staying) == 12


async def test_reads_where_the_engine_stands(kvstore_engine: EngineHome) -> None:
    """Status, genesis, validators, peers and the round under way."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        status = await client.status()
        genesis = await client.call("genesis")
        validators = await client.validators()
        connected = await client.connected_node_ids()
        consensus = await client.consensus_round()
        block = await client.call("block", {"height": "1"})

    assert (status.chain_id, genesis["genesis"]["chain_id"]) == ("test-one-1", "test-one-1")
    node_key = json.loads((kvstore_engine.path / "config" / "node_key.json").read_text())
    assert len(node_key["priv_key"]["value"]) == 88
    assert status.node_id == compute_node_id(_public_key(kvstore_engine))
    assert len(validators["validators"]) == 1
    assert connected == frozenset()
    assert consensus.height > status.height - 1
    assert block["block"]["header"]["height"] == "1"


@pytest.mark.parametrize(
    ("votes", "absent"),
    [
        ([("..", "..")], ["aa", "bb"]),
        ([("v.", "..")], ["bb"]),
        ([("vv", "v.")], ["bb"]),
        ([("vv", "vv"), ("v.", "..")], ["bb"]),
        ([("vv", "vv")], []),
    ],
)
def test_who_falls_silent_between_two_steps_is_absent(
    votes: list[tuple[str, str]], absent: list[str]
) -> None:
    """A vote in an earlier step is no sign of life: the chain waits for the next one."""
    rounds = [
        {
            "prevotes": ["nil-Vote" if mark == "." else "Vote{0:AA}" for mark in prevotes],
            "precommits": ["nil-Vote" if mark == "." else "Vote{0:AA}" for mark in precommits],
        }
        for prevotes, precommits in votes
    ]
    validators = [{"address": "AA"}, {"address": "BB"}]

    found = find_absent({"votes": rounds, "validators": {"validators": validators}})

    assert [address.hex() for address in found] == absent


async def test_a_height_that_is_not_there_yet_may_come(kvstore_engine: EngineHome) -> None:
    """Later the same call succeeds, so it is not refused but unavailable."""
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        with pytest.raises(UnavailableError):
            await client.commit(1_000_000)
        with pytest.raises(EngineError):
            await client.call("commit", {"height": "-1"})


async def test_says_so_when_no_engine_listens(short_directory: Path) -> None:
    """The node may be starting, or stopped."""
    async with EngineClient(short_directory / "none.sock") as client:
        with pytest.raises(UnavailableError, match="is the node running"):
            await client.status()
        with pytest.raises(UnavailableError):
            await anext(client.subscribe_new_blocks())
    with pytest.raises(UnavailableError):
        await client.status()


async def test_an_engine_that_does_not_answer_is_unavailable(short_directory: Path) -> None:
    """No call waits for ever."""
    async with (
        _serve(short_directory, b"", delay_s=1) as socket,
        EngineClient(socket, timeout_s=0.2) as client,
    ):
        with pytest.raises(UnavailableError):
            await client.status()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"not json", UnavailableError),
        (b" " * (ENGINE_ANSWER_BYTES_MAX + 1), EngineError),
        (b'{"error": {"code": -32603, "message": "Internal error", "data": "no"}}', EngineError),
        (b'{"error": {"message": "Internal error", "data": "leveldb: closed"}}', UnavailableError),
    ],
)
async def test_an_answer_that_is_none_is_an_error(
    short_directory: Path, body: bytes, error: type[Exception]
) -> None:
    """Malformed, endless or an error: never a result."""
    async with _serve(short_directory, body) as socket, EngineClient(socket) as client:
        with pytest.raises(error):
            await client.status()


async def test_a_full_mempool_means_later(short_directory: Path) -> None:
    """The transaction is not at fault."""
    body = b'{"error": {"message": "Internal error", "data": "mempool is full: number of txs 5"}}'
    async with _serve(short_directory, body) as socket, EngineClient(socket) as client:
        with pytest.raises(UnavailableError, match="busy"):
            await client.broadcast_tx_sync(b"a=b")


def _public_key(home: EngineHome) -> bytes:
    import base64

    node_key = json.loads((home.path / "config" / "node_key.json").read_text())
    return base64.b64decode(node_key["priv_key"]["value"])[32:]


async def _take(client: EngineClient, count: int) -> list[int]:
    heights: list[int] = []
    blocks = client.subscribe_new_blocks()
    async for height in blocks:
        heights.append(height)
        if len(heights) == count:
            break
    await blocks.aclose()  # type: ignore[attr-defined]
    return heights


async def test_other_errors_of_the_engine_are_passed_on(short_directory: Path) -> None:
    """Only what is known to mean something else is turned into it."""
    body = b'{"error": {"message": "Internal error", "data": "indexing is disabled"}}'
    async with _serve(short_directory, body) as socket, EngineClient(socket) as client:
        with pytest.raises(EngineError, match="disabled"):
            await client.find_tx(bytes(32))


@asynccontextmanager
async def _serve(directory: Path, body: bytes, *, delay_s: float = 0) -> AsyncIterator[Path]:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(delay_s)
        return web.Response(body=body)

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    await web.UnixSite(runner, str(directory / "fake.sock")).start()
    yield directory / "fake.sock"
    await runner.cleanup()
