"""Starting one child process so that it never outlives its supervisor.

Every child's standard input is the reading end of a pipe that only the supervisor holds open:
our own processes end when it closes. The engine is not ours and does not look, so the kernel
is told to kill it (PR_SET_PDEATHSIG).
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence

from node.process_group import ProcessSpec

_PR_SET_PDEATHSIG = 1


class Spawner:
    """Starts processes that share one pipe to this one."""

    def __init__(self, *, pass_on: Sequence[int] = ()) -> None:
        self._pass_on = tuple(pass_on)
        self._reading, self._writing = os.pipe2(os.O_CLOEXEC)

    def spawn(self, spec: ProcessSpec) -> "subprocess.Popen[bytes]":
        """Start a process.

        Raises:
            OSError: The program cannot be started.
        """
        spec.log_path.parent.mkdir(mode=0o700, exist_ok=True)  # no backup has it
        log = os.open(spec.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                spec.argv,
                stdin=self._reading,
                stdout=log,
                stderr=log,
                pass_fds=self._pass_on,
                process_group=0,  # Ctrl-C reaches the supervisor alone, which stops in order
                # Only one thread exists, so code between fork and exec is safe here.
                preexec_fn=die_with_parent(signal.SIGKILL)  # noqa: PLW1509
                if spec.dies_with_supervisor
                else None,
            )
        finally:
            os.close(log)

    def close(self) -> None:
        """Let go of the pipe: every child that watches it ends."""
        os.close(self._writing)
        os.close(self._reading)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program, so that the kernel signals it when we die."""
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def tell_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it died before the kernel was told
            os.kill(os.getpid(), number)

    return tell_kernel
