"""The one thread that calls the application: a request at a time, the connections in turn.

Apart from the sockets (`ledger.abci`), which go on being read while it computes: the engine
wastes a core on a write that we leave waiting. A connection's requests are answered strictly
in the order they came. Signatures of new transactions are checked elsewhere before their
turn comes.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from tendermint.abci import types_pb2 as abci

from config.errors import OutdatedError
from config.limits import ABCI_WAITING_BYTES_MAX
from ledger.answers import render_check
from ledger.application import Application
from ledger.frames import encode_frame
from ledger.signatures import Started
from ledger.transition import TxOutcome

_FLUSH = "flush"
_FLUSHED = encode_frame(abci.Response(flush=abci.ResponseFlush()).SerializeToString())
_COMMIT = "commit"
_UNFLUSHED_BYTES_MAX = 65_536
"""Answers beyond this are written before the engine flushes."""


@dataclass(frozen=True, slots=True)
class Checking:
    """Transactions in a row: new ones, or such as wait already.

    The engine asks for a flush after almost each: flushes are part of the row, and their
    answers are written with the others.
    """

    transactions: Sequence[bytes]
    flushes_after: Sequence[int]
    """How many of the transactions come before each flush, ascending."""
    started: Started | None
    """New ones, whose signatures are being checked; None for others."""


Item: TypeAlias = abci.Request | Checking


@dataclass(slots=True, eq=False)
class Channel:
    """What one connection asked and was not answered yet."""

    write: Callable[[bytes], None]
    """Takes answers; called by the worker."""
    make_room: Callable[[], None]
    """Told by the worker when a full channel has room again."""
    queue: deque[tuple[Item, int]] = field(default_factory=deque)
    """With the bytes that each came in."""
    waiting_bytes: int = 0
    answers: bytearray = field(default_factory=bytearray)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be read until the worker has caught up."""
        return self.waiting_bytes > ABCI_WAITING_BYTES_MAX


class Worker(threading.Thread):
    """Calls the application until stopped or until it fails."""

    def __init__(
        self,
        application: Application,
        *,
        on_failure: Callable[[BaseException], None],
        on_outdated: Callable[[OutdatedError], None],
    ) -> None:
        super().__init__(name="abci", daemon=True)
        self._application = application
        self._on_failure = on_failure
        self._on_outdated = on_outdated
        self._changed = threading.Condition()
        self._channels: list[Channel] = []
        self._is_stopping = False

    def add(self, channel: Channel) -> None:
        """Take turns with a new connection too."""
        with self._changed:
            self._channels.append(channel)

    def remove(self, channel: Channel) -> None:
        """Forget a connection and what it asked."""
        with self._changed:
            self._channels.remove(channel)
            channel.queue.clear()

    def ask(self, channel: Channel, items: Sequence[tuple[Item, int]]) -> None:
        """Let requests wait for their turn."""
        for item, _ in items:
            if isinstance(item, Checking) and item.started is not None:
                item.started.call_when_done(self._wake)
        with self._changed:
            channel.queue.extend(items)
            channel.waiting_bytes += sum(size for _, size in items)
            self._changed.notify()

    def stop(self) -> None:
        """Ask nothing more; returns when the request in work is done."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self.join()

    def run(self) -> None:
        """Answer until stopped; whatever the application did not expect of itself ends it."""
        try:
            while (turn := self._wait_for_turn()) is not None:
                self._answer(*turn)
        except Exception as error:  # noqa: BLE001 - ends the process, through `serve_abci`
            self._on_failure(error)

    def _wait_for_turn(self) -> tuple[Channel, Item] | None:
        with self._changed:
            while not self._is_stopping:
                for channel in self._channels:
                    if channel.queue and _is_ready(channel.queue[0][0]):
                        return channel, self._take(channel)
                self._changed.wait()
        return None

    def _take(self, channel: Channel) -> Item:
        # To the end of the line: a block does not wait for a flood.
        self._channels.remove(channel)
        self._channels.append(channel)
        was_full = channel.is_full
        item, size = channel.queue.popleft()
        channel.waiting_bytes -= size
        if was_full and not channel.is_full:
            channel.make_room()
        return item

    def _answer(self, channel: Channel, item: Item) -> None:
        if isinstance(item, Checking):
            self._answer_checks(channel, item)
            return
        _append(channel, answer_request(self._application, item))
        kind = item.WhichOneof("value")
        if kind == _FLUSH:
            _flush(channel)
        elif kind == _COMMIT and self._application.outdated is not None:
            self._on_outdated(self._application.outdated)

    def _answer_checks(self, channel: Channel, row: Checking) -> None:
        application = self._application
        if row.started is None:
            outcomes = map(application.recheck, row.transactions)
        else:
            results = row.started.finish()
            application.checker.remember(row.transactions, results)
            outcomes = map(application.check, results)
        answers = [_encode_check(outcome) for outcome in outcomes]
        for place in reversed(row.flushes_after):
            answers.insert(place, _FLUSHED)
        channel.answers += b"".join(answers)
        # At once: the engine's flush waits in line behind all that it has sent, and the next
        # block waits for the first transaction that it knows to be good.
        _flush(channel)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()


def answer_request(application: Application, request: abci.Request) -> abci.Response:
    """Call the method that a request names; an unknown one gets an exception as answer."""
    name = request.WhichOneof("value")
    if name is None:
        return abci.Response(exception=abci.ResponseException(error="unknown ABCI method"))
    answer = getattr(application, name)(getattr(request, name))
    return abci.Response(**{name: answer})


@lru_cache(maxsize=64)
def _encode_check(outcome: TxOutcome) -> bytes:
    """Nearly all are alike: taken, for one of a few prices."""
    return encode_frame(abci.Response(check_tx=render_check(outcome)).SerializeToString())


def _append(channel: Channel, response: abci.Response) -> None:
    channel.answers += encode_frame(response.SerializeToString())
    if len(channel.answers) > _UNFLUSHED_BYTES_MAX:
        _flush(channel)


def _flush(channel: Channel) -> None:
    channel.write(bytes(channel.answers))
    channel.answers.clear()


def _is_ready(item: Item) -> bool:
    return not isinstance(item, Checking) or item.started is None or item.started.is_done
