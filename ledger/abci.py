"""The ABCI 2.0 socket: the engine asks, the application answers, strictly in order.

Four connections from one engine over a unix socket; each message is a varint length and a
protobuf message (CometBFT v0.38 `abci/client/socket_client.go`). Everything runs on one
thread, so methods never overlap. Answers are written when the engine flushes. A message that
cannot be read ends the connection, and with it the engine; whatever the application did not
expect of itself ends the process: nothing goes on after a state that nobody understands.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from tendermint.abci import types_pb2 as abci

from config.limits import FRAME_BYTES_MAX
from ledger.application import Application

log = structlog.get_logger()

_VARINT_BYTES_MAX = 4
"""28 bits: more than a frame may have."""
_FLUSH = "flush"


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


class _Connection(asyncio.Protocol):
    def __init__(self, application: Application, fail: Callable[[BaseException], None]) -> None:
        self._application = application
        self._fail = fail
        self._reader = FrameReader()
        self._answers = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._answer(frame)
        except (FrameError, DecodeError) as error:
            log.warning("abci_message_malformed", error=str(error))
            if self._transport is not None:
                self._transport.abort()
        except BaseException as error:  # noqa: BLE001 - handed to the server, which ends
            self._fail(error)

    def _answer(self, frame: bytes) -> None:
        request = abci.Request.FromString(frame)
        response = answer_request(self._application, request)
        self._answers += encode_frame(response.SerializeToString())
        if request.WhichOneof("value") == _FLUSH and self._transport is not None:
            self._transport.write(bytes(self._answers))
            self._answers.clear()


async def serve_abci(application: Application, socket_path: Path) -> None:
    """Serve the engine until cancelled; an unfinished answer is dropped with its connection.

    Args:
        application: What answers.
        socket_path: Unix socket in a directory that is this user's alone; made anew.

    Raises:
        Exception: Whatever a method raised: the caller ends the process.
    """
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()

    def fail(error: BaseException) -> None:
        if not failed.done():
            failed.set_exception(error)

    server = await loop.create_unix_server(
        lambda: _Connection(application, fail), path=str(socket_path)
    )
    try:
        await failed
    finally:
        server.close()
