"""A process that does nothing but check signatures: `python -m ledger.signature_process`.

Threads would wait for each other: each signature is one short call of libsodium, and two
threads that leave and take the interpreter that often cost twice the CPU of one. So another
process is asked, for as many signatures at a time as have come in meanwhile, and the thread
that runs the rules is not disturbed. It ends with its standard input.

A message is its length (4 bytes, big-endian) and a msgpack list of public key, message and
signature; the answer is one byte for each of them, 1 if it holds.
"""

import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TypeAlias

import msgspec

from config.errors import UnavailableError
from did.keys import is_signature_valid

Signed: TypeAlias = tuple[bytes, bytes, bytes]
"""Public key, message, signature."""

_LENGTH_BYTES = 4
_TOGETHER = 256
"""Signatures that are asked for in one message, about; what comes in meanwhile waits."""
_GONE = (OSError, ValueError)
"""What writing raises to a process that has ended, and to a pipe that was closed for that."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Signed])


@dataclass(frozen=True, slots=True)
class _Question:
    signed: Sequence[Signed]
    answer: "Future[bytes]" = field(default_factory=Future)


class SignatureProcess:
    """The process, to be asked from any thread; it is started at once."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._lock = threading.Lock()
        self._waiting: deque[_Question] = deque()
        self._asked: list[_Question] = []
        """What the process is working on."""
        self._has_ended = False
        self._thread = threading.Thread(target=self._hand_out_all, name="signatures", daemon=True)
        self._thread.start()

    def ask(self, signed: Sequence[Signed]) -> "Future[bytes]":
        """Have signatures checked; one byte for each, 1 if it holds.

        The future raises UnavailableError if the process has ended.
        """
        question = _Question(signed)
        if not signed:
            question.answer.set_result(b"")
            return question.answer
        with self._lock:
            self._waiting.append(question)
            if not self._asked:
                self._ask_next()
        return question.answer

    def close(self) -> None:
        """End the process; what it was asked and has not answered fails."""
        self._child.kill()
        self._thread.join()

    def _ask_next(self) -> None:
        """Send what waits, as far as it goes into one message."""
        count = 0
        while self._waiting and count < _TOGETHER:
            question = self._waiting.popleft()
            self._asked.append(question)
            count += len(question.signed)
        if not self._asked:
            return
        message = _ENCODER.encode([item for asked in self._asked for item in asked.signed])
        try:
            _write(self._child.stdin, message)
        except _GONE:  # `_hand_out_all` tells everybody, or has done so already
            if self._has_ended:
                self._fail_all()

    def _hand_out_all(self) -> None:
        """Hand out answers; the thread's whole life."""
        assert self._child.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
        with self._child.stdout as pipe:
            while (held := _read(pipe)) is not None and self._hand_out(held):
                pass
        self._child.kill()
        self._child.wait()
        with self._lock, suppress(BrokenPipeError):
            self._has_ended = True
            self._fail_all()
            assert self._child.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
            self._child.stdin.close()

    def _hand_out(self, held: bytes) -> bool:
        """Answer what was asked, and ask on; false if the answer is not one of ours."""
        with self._lock:
            if len(held) != sum(len(question.signed) for question in self._asked):
                return False
            answered, self._asked = self._asked, []
            self._ask_next()
        at = 0
        for question in answered:
            question.answer.set_result(held[at : at + len(question.signed)])
            at += len(question.signed)
        return True

    def _fail_all(self) -> None:
        error = UnavailableError(
            "the process that checks signatures has ended: the node starts it again with its ledger"
        )
        for question in (*self._asked, *self._waiting):
            question.answer.set_exception(error)
        self._asked.clear()
        self._waiting.clear()


def _write(pipe: IO[bytes] | None, message: bytes) -> None:
    assert pipe is not None  # noqa: S101 - narrows the type: it is a pipe
    pipe.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """The next message; None where they end."""
    length = pipe.read(_LENGTH_BYTES)
    message = pipe.read(int.from_bytes(length, "big"))
    return message if length else None


def main() -> int:
    """Answer until there is nothing more to read."""
    # Whoever asks decides when this ends, not the terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while (message := _read(sys.stdin.buffer)) is not None:
        held = bytes(
            is_signature_valid(public_key=key, message=message, signature=signature)
            for key, message, signature in _DECODER.decode(message)
        )
        _write(sys.stdout.buffer, held)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
