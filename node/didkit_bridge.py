"""Asking didkit, in a process of its own that may crash or hang without harm.

One worker at a time, started when it is first needed, and again after it ended. A question has
a size and a deadline; past that the worker is killed and the answer is `UnavailableError`.
What didkit says is one opinion: `node.credentials_v1` adds what it leaves out.
"""

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from config.did_limits import (
    DID_FRESH_S_MAX,
    DIDKIT_DEADLINE_S,
    DIDKIT_FRAME_BYTES_MAX,
    DIDKIT_QUESTIONS_MAX,
)
from config.errors import RefusedError, UnavailableError
from did.jcs import parse_json_object
from did.resolution.results import (
    Problem,
    Resolution,
    ResolutionError,
    Version,
    check_unversioned,
)
from did.resolution.syntax import Did
from node.didkit_worker import read_frame, write_frame
from node.exit_codes import MISCONFIGURED

log = structlog.get_logger(__name__)

_ARGUMENTS = (sys.executable, "-P", "-s", "-B", "-X", "utf8", "-m", "node.didkit_worker")
_ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1])}
"""Nothing of ours, and the worker is of the same version as its caller."""
_START_S = 10
"""A fresh worker loads its library before it answers."""


class DidkitError(RefusedError):
    """didkit does not take what it was given."""


class DidkitBridge:
    """Asks didkit; use as `with DidkitBridge() as bridge`. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(DIDKIT_QUESTIONS_MAX)
        self._worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The worker's; None while there is none."""
        return None if self._worker is None else self._worker.pid

    def close(self) -> None:
        """End the worker; the bridge may be used again."""
        with self._lock:
            self._end()

    async def ask(self, operation: str, *texts: str) -> str:
        """Ask from asyncio, as `ask_blocking`.

        Cancelling leaves the question to be answered or to meet its deadline unheard.
        """
        return await asyncio.to_thread(self.ask_blocking, operation, *texts)

    def ask_blocking(self, operation: str, *texts: str) -> str:
        """Ask a question; blocks for at most the deadlines of those before and its own.

        Args:
            operation: Of `node.didkit_worker.OPERATIONS`.
            texts: Its arguments: JSON, or a JWT.

        Raises:
            DidkitError: didkit refuses, or the question is too long.
            UnavailableError: Too many ask, the worker crashed or overran its deadline, or the
                machine cannot keep it off the network.
        """
        question = json.dumps([operation, *texts]).encode()
        if len(question) > DIDKIT_FRAME_BYTES_MAX:
            raise DidkitError(f"at most {DIDKIT_FRAME_BYTES_MAX} bytes are taken")
        if not self._places.acquire(blocking=False):
            raise UnavailableError("too many credentials are being checked: again in a moment")
        try:
            with self._lock:
                answer = self._exchange(question)
        finally:
            self._places.release()
        if "refused" in answer:
            raise DidkitError(answer["refused"])
        return answer["answer"]

    def _exchange(self, question: bytes) -> dict[str, str]:
        is_new = self._worker is None or self._worker.poll() is not None
        if is_new:
            self._end()
            self._worker = self._start()
        worker = self._worker
        assert worker is not None  # noqa: S101 - started above
        assert worker.stdin is not None  # noqa: S101 - a pipe, as asked for
        assert worker.stdout is not None  # noqa: S101 - likewise
        # Killing it is what makes a blocked read or write return.
        timer = threading.Timer(DIDKIT_DEADLINE_S + (_START_S if is_new else 0), worker.kill)
        timer.daemon = True
        timer.start()
        answer = None
        try:
            write_frame(worker.stdin, question)
            answer = read_frame(worker.stdout)
        except (OSError, EOFError):
            pass
        finally:
            timer.cancel()
        if answer is None:
            raise self._bury(worker)
        found: dict[str, str] = json.loads(answer)
        return found

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                _ARGUMENTS,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                close_fds=True,
                cwd="/",
                env=_ENVIRONMENT,
            )
        except OSError as error:
            raise UnavailableError("the didkit worker cannot be started") from error

    def _bury(self, worker: "subprocess.Popen[bytes]") -> UnavailableError:
        """Clear away a worker that ended in the midst; what is to be told."""
        worker.kill()
        code = worker.wait()
        sentence = worker.stderr.read(1_024).decode(errors="replace") if worker.stderr else ""
        self._end()
        log.warning("didkit_worker_ended", code=code)
        if code == MISCONFIGURED:
            return UnavailableError(sentence.strip())
        return UnavailableError("didkit gave no answer: it is started again with the next question")

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        for stream in (worker.stdin, worker.stdout, worker.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            worker.wait(timeout=1)  # it ends when its input does
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


class DidkitResolver:
    """did:pkh through didkit: accounts of other ledgers, whose keys are not ours to check."""

    def __init__(self, bridge: DidkitBridge) -> None:
        self._bridge = bridge

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Ask didkit for the document, which follows from the DID alone.

        Raises:
            ResolutionError: invalidDid: no such account.
            UnavailableError: As `DidkitBridge.ask_blocking`.
        """
        check_unversioned(version, method=did.method)
        try:
            answer = await self._bridge.ask("resolve_did", did.text, "{}")
            document = parse_json_object(answer.encode())
        except RefusedError as error:
            raise ResolutionError(
                Problem.INVALID_DID, f"did:{did.method} has no such identifier ({error.reason})"
            ) from error
        if document.get("id") != did.text:
            raise ResolutionError(Problem.INVALID_DID_DOCUMENT, "didkit answered for another DID")
        return Resolution(document=document, fresh_s=DID_FRESH_S_MAX)
