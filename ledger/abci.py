"""The ABCI 2.0 socket: the engine asks, the application answers, strictly in order.

Four connections from one engine over a unix socket; each message is a varint length and a
protobuf message (CometBFT v0.38 `abci/client/socket_client.go`). Everything runs on one
thread, so methods never overlap. Answers are written when the engine flushes. A message that
cannot be read ends the connection, and with it the engine; whatever the application did not
expect of itself ends the process: nothing goes on after a state that nobody understands.
"""

import asyncio
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
_UNFLUSHED_BYTES_MAX = 65_536
"""Answers beyond this are written before the engine flushes."""


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

    def close_connections(self) -> None:
        """Drop every connection with whatever it has not written."""
        for transport in tuple(self.transports):
            transport.abort()


class _Connection(asyncio.Protocol):
    def __init__(self, server: _Server) -> None:
        self._server = server
        self._reader = FrameReader()
        self._answers = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        self._server.transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.transports.discard(self._transport)
        log.info("abci_connection_lost", error=None if exc is None else str(exc))

    def pause_writing(self) -> None:
        # A peer that does not read is not read from: what waits for it stays bounded.
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                if self._server.failed.done():
                    return
                self._answer(frame)
        except (FrameError, DecodeError) as error:
            log.warning("abci_message_malformed", error=str(error))
            self._transport.abort()
        except Exception as error:  # noqa: BLE001 - ends the process, through `serve_abci`
            self._server.fail(error)

    def _answer(self, frame: bytes) -> None:
        request = abci.Request.FromString(frame)
        response = answer_request(self._server.application, request)
        self._answers += encode_frame(response.SerializeToString())
        is_flush = request.WhichOneof("value") == _FLUSH
        if is_flush or len(self._answers) > _UNFLUSHED_BYTES_MAX:
            self._transport.write(bytes(self._answers))
            self._answers.clear()


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
