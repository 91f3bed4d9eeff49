"""Processes that a benchmark starts: each is ended by its id, whatever happens.

A child dies with this process (the kernel is told so), is asked to stop when its context
ends, and is killed when it does not. Ctrl-C reaches the benchmark alone. CPU and memory are
read from the kernel's account of the process, its threads and its own children included.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from config.errors import UnavailableError
from node.spawn import die_with_parent
from testnet.processes import list_family, read_pss_kib

_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.01
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LOG_TAIL_CHARACTERS = 600


class Child:
    """A running process; a context manager that ends it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        name: str,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it.

        Args:
            argv: The command.
            name: For messages.
            log_path: Where its output goes.
            environment: Ours if not given.
        """
        self.name = name
        self.began_s = time.monotonic()
        self._log_path = log_path
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                argv,
                # Our ledger process ends when this pipe closes.
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=environment,
                process_group=0,
                # No thread runs yet that could hold a lock between fork and exec.
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it ended by itself."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """SIGTERM, then SIGKILL to what does not end; harmless to repeat."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    def tell(self, line: str) -> None:
        """Write to its standard input."""
        assert self._process.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def check_alive(self) -> None:
        """Check that it still runs.

        Raises:
            UnavailableError: It ended, with its last words.
        """
        if self.has_ended:
            raise UnavailableError(
                f"{self.name} ended with code {self._process.returncode}: {self.read_last_words()}"
            )

    def read_output(self) -> str:
        """All that its log holds."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def read_last_words(self) -> str:
        """The end of its log."""
        return self.read_output()[-_LOG_TAIL_CHARACTERS:].strip() or "it wrote nothing"

    def measure_cpu_s(self) -> float:
        """CPU that it and what it started have used so far, user and system; ticks of 10 ms."""
        return sum(map(_read_cpu_s, list_family(self.pid)))

    def measure_memory_mib(self) -> float:
        """Proportional set size of it and of what it started, MiB."""
        return sum(map(read_pss_kib, list_family(self.pid))) / 1_024

    async def wait_for_end(self, *, timeout_s: float) -> str:
        """Wait until it has done its work; the last line that it wrote.

        Raises:
            UnavailableError: It failed, or is late.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self.has_ended:
            if time.monotonic() > deadline_s:
                raise UnavailableError(f"{self.name} is not done after {timeout_s:g} s")
            await asyncio.sleep(_POLL_S)
        if self._process.returncode:
            self.check_alive()
        return self.read_output().strip().rpartition("\n")[2]

    async def wait_for_socket(self, path: Path, *, timeout_s: float) -> None:
        """Wait until it has made a unix socket.

        Raises:
            UnavailableError: It ended, or is late.
        """
        deadline_s = time.monotonic() + timeout_s
        while not path.is_socket():  # noqa: ASYNC240 - a look at a directory entry
            self.check_alive()
            if time.monotonic() > deadline_s:
                raise UnavailableError(f"{self.name} does not listen: {self.read_last_words()}")
            await asyncio.sleep(_POLL_S)


def _read_cpu_s(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:  # it ended meanwhile
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
