"""Asking a ledger process what the engine would ask, without an engine.

The engine's own framing over the unix socket, one connection. For what is measured inside a
block, where an engine's rounds and timeouts would only blur it.
"""

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tendermint.abci import types_pb2 as abci

from config.errors import UnavailableError
from ledger.frames import FrameReader, encode_frame

_TOGETHER = 500
"""Requests that are sent before their answers are read."""
_TIMEOUT_S = 300.0
_READ_BYTES = 1_048_576
_CONNECT_S = 5.0
_POLL_S = 0.01


class AbciClient:
    """One connection to a ledger process; a context manager."""

    def __init__(self, path: Path) -> None:
        self._socket = _connect(path)
        self._reader = FrameReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, request: abci.Request) -> abci.Response:
        """Ask one thing.

        Raises:
            UnavailableError: The process is gone, or late.
        """
        return self.ask_all([request])[0]

    def ask_all(self, requests: Sequence[abci.Request]) -> list[abci.Response]:
        """Ask many things, as the engine does: many at a time, answered in order."""
        answers: list[abci.Response] = []
        for start in range(0, len(requests), _TOGETHER):
            answers += self._ask(requests[start : start + _TOGETHER])
        return answers

    def _ask(self, requests: Sequence[abci.Request]) -> list[abci.Response]:
        flush = abci.Request(flush=abci.RequestFlush())
        data = b"".join(encode_frame(item.SerializeToString()) for item in (*requests, flush))
        answers: list[abci.Response] = []
        try:
            self._socket.sendall(data)
            while len(answers) <= len(requests):
                received = self._socket.recv(_READ_BYTES)
                if not received:
                    raise UnavailableError("the ledger process closed its connection")
                answers += [abci.Response.FromString(item) for item in self._reader.feed(received)]
        except OSError as error:
            raise UnavailableError(f"the ledger process does not answer ({error})") from error
        return answers[:-1]


def _connect(path: Path) -> socket.socket:
    """Connect; the socket's file is there a moment before anybody listens."""
    deadline_s = time.monotonic() + _CONNECT_S
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_TIMEOUT_S)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            connection.close()
            if time.monotonic() > deadline_s:
                raise
            time.sleep(_POLL_S)
        else:
            return connection
