"""The ABCI 2.0 socket: the engine asks, the application answers, strictly in order.

Four connections from one engine over a unix socket (CometBFT v0.38
`abci/client/socket_client.go`). This side only reads and writes, always, while the worker
thread calls the application. A message that cannot be read ends the connection, and with it
the engine; whatever the application did not expect of itself ends the process: nothing goes
on after a state that nobody understands.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from google.protobuf.message import DecodeError
from tendermint.abci import types_pb2 as abci

from config.limits import HALT_S
from ledger.abci_worker import Channel, Checking, Item, Worker
from ledger.application import Application
from ledger.frames import FrameError, FrameReader

log = structlog.get_logger()

_CHECKED_TOGETHER = 64
"""Transactions that are checked in one go."""


class _Server:
    """What the connections share: the application, and whether it still may be asked."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = self.loop.create_future()
        self.connections: dict[_Connection, None] = {}
        self.worker = Worker(
            application,
            on_failure=lambda error: self.call(self.fail, error),
            on_outdated=lambda error: self.call(self.loop.call_later, HALT_S, self.fail, error),
        )

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call something on the loop's thread, from another."""
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody is left to answer
            self.loop.call_soon_threadsafe(function, *arguments)

    def fail(self, error: BaseException) -> None:
        """Ask the application nothing more: its state is not understood."""
        if not self.failed.done():
            log.error("abci_failed", kind=type(error).__name__, error=str(error))
            self.failed.set_exception(error)

    def close_connections(self) -> None:
        """Drop every connection with whatever it has not written."""
        for connection in tuple(self.connections):
            connection.abort()


class _Connection(asyncio.Protocol):
    def __init__(self, server: _Server) -> None:
        self._server = server
        self._reader = FrameReader()
        self._channel = Channel(
            write=lambda answers: server.call(self._write, answers),
            make_room=lambda: server.call(self._read_or_wait),
        )
        self._is_writing_paused = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        self._server.connections[self] = None
        self._server.worker.add(self._channel)

    def connection_lost(self, exc: Exception | None) -> None:
        del self._server.connections[self]
        self._server.worker.remove(self._channel)
        log.info("abci_connection_lost", error=None if exc is None else str(exc))

    def pause_writing(self) -> None:
        self._is_writing_paused = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        self._read_or_wait()

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._reader.feed(data)
            requests = [(abci.Request.FromString(frame), len(frame)) for frame in frames]
        except (FrameError, DecodeError) as error:
            log.warning("abci_message_malformed", error=str(error))
            self._transport.abort()
            return
        try:
            self._server.worker.ask(self._channel, self._group(requests))
        except Exception as error:  # noqa: BLE001 - ends the process, through `serve_abci`
            self._server.fail(error)
        self._read_or_wait()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def _write(self, answers: bytes) -> None:
        self._transport.write(answers)

    def _read_or_wait(self) -> None:
        """Leave a peer's bytes unread only where what waits would grow without bound."""
        if self._is_writing_paused or self._channel.is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _group(self, requests: list[tuple[abci.Request, int]]) -> list[tuple[Item, int]]:
        """Put transactions in a row together, and start to check the signatures of new ones."""
        items: list[tuple[Item, int]] = []
        row, flushes_after, is_new = list[bytes](), list[int](), True
        for request, size in requests:
            kind = request.WhichOneof("value")
            if kind == "flush" and row:
                flushes_after.append(len(row))
                continue
            is_check = kind == "check_tx"
            is_other = not is_check or (request.check_tx.type == abci.NEW) is not is_new
            if row and (is_other or len(row) == _CHECKED_TOGETHER):
                items.append(self._close_row(row, flushes_after, is_new=is_new))
                row, flushes_after = [], []
            if is_check:
                is_new = request.check_tx.type == abci.NEW
                row.append(request.check_tx.tx)
            else:
                items.append((request, size))
        if row:
            items.append(self._close_row(row, flushes_after, is_new=is_new))
        return items

    def _close_row(
        self, transactions: list[bytes], flushes_after: list[int], *, is_new: bool
    ) -> tuple[Item, int]:
        started = self._server.application.checker.start(transactions) if is_new else None
        return Checking(transactions, flushes_after, started), sum(map(len, transactions))


async def serve_abci(application: Application, socket_path: Path) -> None:
    """Serve the engine until cancelled; an unfinished answer is dropped with its connection.

    Args:
        application: What answers, in a thread of its own.
        socket_path: Unix socket in a directory that is this user's alone; made anew.

    Raises:
        Exception: Whatever a method raised, storage and memory errors included: the caller
            ends the process. Nothing was asked of the application after it.
    """
    server = _Server(application)
    listener = await server.loop.create_unix_server(
        lambda: _Connection(server), path=str(socket_path)
    )
    log.info("abci_listening", socket=str(socket_path))
    server.worker.start()
    try:
        await server.failed
    except asyncio.CancelledError:
        if server.failed.done() and not server.failed.cancelled():
            await server.failed  # it failed first: that is why it ends
        raise
    finally:
        listener.close()
        server.close_connections()
        server.worker.stop()
