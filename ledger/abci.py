"""The ABCI 2.0 socket: the engine asks, the application answers, strictly in order.

Four connections from one engine over a unix socket; each message is a varint length and a
protobuf message (CometBFT v0.38 `abci/client/socket_client.go`). Methods run on one thread
and never overlap; only the signatures of new transactions are checked beside it, and what
was asked after them on the same connection waits its turn. Answers are written when the
engine flushes. A message that cannot be read ends the connection, and with it the engine;
whatever the application did not expect of itself ends the process: nothing goes on after a
state that nobody understands.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from tendermint.abci import types_pb2 as abci

from config.limits import FRAME_BYTES_MAX
from ledger.application import Application
from ledger.signatures import Checked

log = structlog.get_logger()

_VARINT_BYTES_MAX = 4
"""28 bits: more than a frame may have."""
_FLUSH = "flush"
_UNFLUSHED_BYTES_MAX = 65_536
"""Answers beyond this are written before the engine flushes."""
_CHECKED_TOGETHER = 64
"""New transactions whose signatures one thread checks in one go."""


class FrameError(Exception):
    """The peer sent what is not an ABCI message."""


class FrameReader:
    """Cuts a stream of bytes into length-prefixed messages."""

    def __init__(self, *, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._buffer = bytearray()
        self._frame_bytes_max = frame_bytes_max

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; the messages that are now whole.

        Raises:
            FrameError: A length is malformed or beyond the limit.
        """
        self._buffer += data
        frames: list[bytes] = []
        position = 0
        while (header := self._read_length(position)) is not None:
            length, start = header
            if len(self._buffer) < start + length:
                break
            frames.append(bytes(self._buffer[start : start + length]))
            position = start + length
        del self._buffer[:position]
        return frames

    def _read_length(self, position: int) -> tuple[int, int] | None:
        length = 0
        for count in range(_VARINT_BYTES_MAX + 1):
            if position + count >= len(self._buffer):
                return None
            if count == _VARINT_BYTES_MAX:
                break
            byte = self._buffer[position + count]
            length |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                if length > self._frame_bytes_max:
                    break
                return length, position + count + 1
        raise FrameError(f"a message is longer than {self._frame_bytes_max} bytes")


def encode_frame(message: bytes) -> bytes:
    """Put the unsigned varint length before a message."""
    length, prefix = len(message), bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + message


def answer_request(application: Application, request: abci.Request) -> abci.Response:
    """Call the method that a request names; an unknown one gets an exception as answer."""
    name = request.WhichOneof("value")
    if name is None:
        return abci.Response(exception=abci.ResponseException(error="unknown ABCI method"))
    answer = getattr(application, name)(getattr(request, name))
    return abci.Response(**{name: answer})


class _Server:
    """What the connections share: the application, and whether it still may be asked."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transports: set[asyncio.Transport] = set()

    def fail(self, error: BaseException) -> None:
        """Ask the application nothing more: its state is not understood."""
        if not self.failed.done():
            log.error("abci_failed", kind=type(error).__name__, error=str(error))
            self.failed.set_exception(error)

    def call_soon(self, callback: Callable[[], None]) -> Callable[[object], None]:
        """What a worker thread calls when it is done, so that `callback` runs on the loop."""
        loop = asyncio.get_running_loop()

        def wake(_: object) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile: nobody is left to answer
                loop.call_soon_threadsafe(callback)

        return wake

    def close_connections(self) -> None:
        """Drop every connection with whatever it has not written."""
        for transport in tuple(self.transports):
            transport.abort()


@dataclass(slots=True)
class _Checking:
    """New transactions in a row, and the thread that checks their signatures."""

    transactions: list[bytes]
    result: "Future[list[Checked]] | None" = None


class _Connection(asyncio.Protocol):
    def __init__(self, server: _Server) -> None:
        self._server = server
        self._reader = FrameReader()
        self._queue: deque[abci.Request | _Checking] = deque()
        """What is not answered yet, in the order it was asked."""
        self._answers = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        self._server.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.transports.discard(self._transport)
        self._queue.clear()
        log.info("abci_connection_lost", error=None if exc is None else str(exc))

    def pause_writing(self) -> None:
        # A peer that does not read is not read from: what waits for it stays bounded.
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._enqueue(abci.Request.FromString(frame))
            self._start_checking()
        except (FrameError, DecodeError) as error:
            log.warning("abci_message_malformed", error=str(error))
            self._transport.abort()
        self._answer_queue()

    def _enqueue(self, request: abci.Request) -> None:
        if not _is_new_transaction(request):
            self._start_checking()
            self._queue.append(request)
            return
        last = self._queue[-1] if self._queue else None
        if not isinstance(last, _Checking) or last.result is not None:
            last = _Checking([])
            self._queue.append(last)
        last.transactions.append(request.check_tx.tx)
        if len(last.transactions) == _CHECKED_TOGETHER:
            self._start_checking()

    def _start_checking(self) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(last, _Checking) and last.result is None:
            last.result = self._server.application.checker.start(last.transactions)
            last.result.add_done_callback(self._server.call_soon(self._answer_queue))

    def _answer_queue(self) -> None:
        try:
            while self._queue and not self._server.failed.done():
                first = self._queue[0]
                if isinstance(first, _Checking):
                    if first.result is None or not first.result.done():
                        return
                    self._queue.popleft()
                    self._answer_checks(first.transactions, first.result.result())
                    # The other connections come first: a block does not wait for a flood.
                    asyncio.get_running_loop().call_soon(self._answer_queue)
                    return
                self._queue.popleft()
                self._answer(first)
        except Exception as error:  # noqa: BLE001 - ends the process, through `serve_abci`
            self._server.fail(error)

    def _answer_checks(self, transactions: list[bytes], results: "list[Checked]") -> None:
        application = self._server.application
        application.checker.remember(transactions, results)
        for checked in results:
            self._write(abci.Response(check_tx=application.finish_check(checked)))

    def _answer(self, request: abci.Request) -> None:
        self._write(answer_request(self._server.application, request))
        if request.WhichOneof("value") == _FLUSH:
            self._flush()

    def _write(self, response: abci.Response) -> None:
        self._answers += encode_frame(response.SerializeToString())
        if len(self._answers) > _UNFLUSHED_BYTES_MAX:
            self._flush()

    def _flush(self) -> None:
        self._transport.write(bytes(self._answers))
        self._answers.clear()


def _is_new_transaction(request: abci.Request) -> bool:
    return request.WhichOneof("value") == "check_tx" and request.check_tx.type == abci.NEW


async def serve_abci(application: Application, socket_path: Path) -> None:
    """Serve the engine until cancelled; an unfinished answer is dropped with its connection.

    Args:
        application: What answers.
        socket_path: Unix socket in a directory that is this user's alone; made anew.

    Raises:
        Exception: Whatever a method raised, storage and memory errors included: the caller
            ends the process. Nothing was asked of the application after it.
    """
    server = _Server(application)
    listener = await asyncio.get_running_loop().create_unix_server(
        lambda: _Connection(server), path=str(socket_path)
    )
    log.info("abci_listening", socket=str(socket_path))
    try:
        await server.failed
    finally:
        listener.close()
        server.close_connections()
