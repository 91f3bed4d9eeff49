"""Talking to the running engine: JSON-RPC over its unix socket.

Apart from `ledger.engine`, which only prepares the program. Answers come from the node's own
engine and are read as such; whoever must not trust the node checks them with
`ledger.light`. Never called from inside an ABCI method: the engine would wait for itself.
"""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from config.errors import RefusedError, UnavailableError
from config.limits import ENGINE_ANSWER_BYTES_MAX, ENGINE_TIMEOUT_S
from did.jcs import JsonObject
from ledger.rpc_answers import (
    BlockResults,
    CheckResult,
    ConsensusRound,
    EngineStatus,
    QueryResult,
    TxResult,
    read_block_results,
    read_consensus_round,
    read_query_result,
    read_status,
    read_tx_result,
)

_URL = "http://engine"
# The engine closes a connection that is idle for 10 s; a POST on it would be lost.
_KEEPALIVE_S = 5
_POLL_S = 0.1
_QUIET_S = 1.0
_BLOCKS = "tm.event='NewBlockHeader'"


class EngineError(RefusedError):
    """The engine answered with an error; its words are in the reason."""


class EngineSilentError(UnavailableError):
    """The engine cannot be reached, or is late.

    Attributes:
        socket_path: Where it was asked.
    """

    def __init__(self, socket_path: Path) -> None:
        super().__init__("the engine does not answer; is the node running?")
        self.socket_path = socket_path


class EngineClient:
    """Calls on one engine; an asynchronous context manager.

    Every call ends within `timeout_s` or raises. Cancelling a call leaves nothing behind; a
    transaction being sent may still have been taken, and sending it again is harmless.
    """

    def __init__(self, socket_path: Path, *, timeout_s: float = ENGINE_TIMEOUT_S) -> None:
        self._socket_path = socket_path
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(
            path=str(self._socket_path), keepalive_timeout=_KEEPALIVE_S
        )
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=self._timeout_s)
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> JsonObject:
        """Call any method; the `result` as the engine spells it.

        Raises:
            UnavailableError: The engine cannot be reached, is late, or has not got there yet.
            EngineError: It refused.
        """
        return _read_result(await self._ask(method, params))

    async def forward(self, method: str, params: Mapping[str, Any]) -> JsonObject:
        """Call any method for somebody else; `{"result": …}` or the engine's `{"error": …}`.

        Raises:
            UnavailableError: The engine cannot be reached or is late.
        """
        answer = await self._ask(method, params)
        name = "error" if "error" in answer else "result"
        return {name: answer.get(name)}

    async def status(self) -> EngineStatus:
        """Where the engine stands."""
        return read_status(await self.call("status"))

    async def connected_node_ids(self) -> frozenset[str]:
        """Node ids of the engines that this one is connected with."""
        peers = (await self.call("net_info"))["peers"]
        return frozenset(peer["node_info"]["id"] for peer in peers)

    async def validators(self, height: int = 0) -> JsonObject:
        """The validator set at a height; 0 for the latest."""
        return await self.call("validators", _at(height) | {"per_page": "100"})

    async def commit(self, height: int = 0) -> JsonObject:
        """A header with its commit, for `ledger.headers` to read.

        Raises:
            UnavailableError: That height is not committed yet.
        """
        signed_header: JsonObject = (await self.call("commit", _at(height)))["signed_header"]
        return signed_header

    async def block_results(self, height: int) -> BlockResults:
        """What a block changed."""
        answer = await self.call("block_results", _at(height))
        return read_block_results(answer, height=height)

    async def abci_query(
        self, path: str, data: bytes, *, height: int = 0, prove: bool = False
    ) -> QueryResult:
        """Ask the ledger about its state; a refusal is in `code`."""
        params = {"path": path, "data": data.hex(), "height": str(height), "prove": prove}
        return read_query_result((await self.call("abci_query", params))["response"])

    async def broadcast_tx_sync(self, tx: bytes) -> CheckResult:
        """Hand over a transaction; returns when it was checked, before any block holds it.

        One that the engine has already is not an error.
        """
        tx_hash = hashlib.sha256(tx).digest()
        try:
            answer = await self.call("broadcast_tx_sync", {"tx": base64.b64encode(tx).decode()})
        except EngineError as error:
            if "already exists in cache" in error.reason:
                return CheckResult(code=0, log="already known", hash=tx_hash)
            if "mempool" in error.reason:
                raise UnavailableError("the ledger is busy: send it again in a while") from error
            raise
        return CheckResult(code=int(answer["code"]), log=answer["log"], hash=tx_hash)

    async def find_tx(self, tx_hash: bytes) -> TxResult | None:
        """What became of a transaction; None while no block that the engine indexed holds it."""
        try:
            answer = await self.call("tx", {"hash": base64.b64encode(tx_hash).decode()})
        except EngineError as error:
            if "not found" in error.reason:
                return None
            raise
        return read_tx_result(
            answer["tx_result"], height=int(answer["height"]), index=int(answer["index"])
        )

    async def wait_for_tx(self, tx_hash: bytes) -> TxResult:
        """Wait until a block holds a transaction; the caller sets the deadline."""
        while True:
            result = await self.find_tx(tx_hash)
            if result is not None:
                return result
            await asyncio.sleep(_POLL_S)

    async def wait_for_height(self, height: int) -> EngineStatus:
        """Wait until a height is committed; the caller sets the deadline."""
        while True:
            status = await self.status()
            if status.height >= height:
                return status
            await asyncio.sleep(_POLL_S)

    async def consensus_round(self) -> ConsensusRound:
        """Who has not voted for the next block: whose validator is missing if it is late."""
        return read_consensus_round(await self.call("dump_consensus_state"))

    async def subscribe_new_blocks(self) -> AsyncIterator[int]:
        """Yield the latest height, first at once, then whenever it has grown.

        Heights may be skipped; the caller reads what lies between. The engine tells its
        websocket's clients apart by address, and on a unix socket all have the same one, so
        a client that leaves can silence the others: whenever it is quiet for a second, the
        height is asked for. Closing the iterator closes the websocket.

        Raises:
            UnavailableError: The engine is gone; connect again.
        """
        height = 0
        try:
            async with self._open().ws_connect(f"{_URL}/websocket") as socket:
                while True:
                    latest = (await self.status()).height
                    if latest > height:
                        height = latest
                        yield height
                    await _subscribe(socket)
                    while (notified := await _wait_for_block(socket)) is not None:
                        if notified > height:
                            height = notified
                            yield height
        except (aiohttp.ClientError, OSError) as error:
            raise UnavailableError("the engine went away") from error

    async def _ask(self, method: str, params: Mapping[str, Any] | None) -> JsonObject:
        request = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params or {}}
        try:
            async with self._open().post(_URL, json=request) as response:
                body = await _read(response)
        except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
            raise EngineSilentError(self._socket_path) from error
        try:
            answer: JsonObject = json.loads(body)
        except ValueError as error:
            raise UnavailableError("the engine's answer is not JSON") from error
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise UnavailableError("the engine's client is not open")
        return self._session


async def _subscribe(socket: aiohttp.ClientWebSocketResponse) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"query": _BLOCKS}}
    await socket.send_json(request)


async def _wait_for_block(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """The next block's height; None after a second without one."""
    try:
        async with asyncio.timeout(_QUIET_S):
            while True:
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise UnavailableError("the engine closed its websocket")
                data = json.loads(message.data).get("result", {}).get("data")
                if data:
                    return int(data["value"]["header"]["height"])
    except TimeoutError:
        return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ENGINE_ANSWER_BYTES_MAX:
            raise EngineError(f"the engine's answer is over {ENGINE_ANSWER_BYTES_MAX} bytes")
    return bytes(body)


def _read_result(answer: JsonObject) -> JsonObject:
    if "error" in answer:
        reason = f"{answer['error'].get('message', '')}: {answer['error'].get('data', '')}"
        if "must be less than or equal to the current" in reason:
            raise UnavailableError("the chain has not got to that height yet")
        if "leveldb: closed" in reason:  # open connections outlive the engine's databases
            raise UnavailableError("the engine is stopping; is the node being restarted?")
        raise EngineError(reason)
    result: JsonObject = answer["result"]
    return result


def _at(height: int) -> dict[str, str]:
    return {"height": str(height)} if height else {}
