"""One node's processes as the harness sees them: start, stop, kill, measure.

Black box: what is known comes from the supervisor's status file and /proc. Only processes
that this harness started are ever signalled.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from config.errors import UnavailableError
from node.home import Home
from node.spawn import die_with_parent

_POLL_S = 0.1
PROCESS_NAMES = ("engine", "ledger", "web", "discovery")


class NodeProcesses:
    """A supervisor and its four processes."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the supervisor runs."""
        return self._supervisor is not None and self._supervisor.poll() is None

    def start(self) -> None:
        """Start the supervisor; it brings up the rest."""
        log = (self.home.logs / "supervisor.log").open("ab")
        with log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "node.supervisor", str(self.home.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                # No thread runs yet that could hold a lock between fork and exec.
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509
            )

    async def wait_running(self, *, timeout_s: float) -> dict[str, int]:
        """Wait until all four processes run; their ids by name.

        Raises:
            UnavailableError: They do not, with the supervisor's last words.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if not self.is_alive:
                break
            pids = self.find_pids()
            if set(pids) == set(PROCESS_NAMES):
                return pids
            await asyncio.sleep(_POLL_S)
        raise UnavailableError(
            f"the node at {self.home.root} did not come up: see {self.home.logs}"
        )

    def find_pids(self) -> dict[str, int]:
        """Ids of the processes that run now, by name."""
        try:
            status = json.loads(self.home.status_path.read_bytes())
        except (OSError, ValueError):
            return {}
        return {
            row["name"]: row["pid"]
            for row in status["processes"]
            if row["state"] == "running" and row["pid"] is not None
        }

    def kill_process(self, name: str) -> int:
        """SIGKILL one process; the id it had.

        Raises:
            UnavailableError: It does not run.
        """
        pid = self.find_pids().get(name)
        if pid is None:
            raise UnavailableError(f"the {name} process of {self.home.root} does not run")
        os.kill(pid, signal.SIGKILL)
        return pid

    def signal_process(self, name: str, number: signal.Signals) -> None:
        """Send one process a signal, such as SIGSTOP and SIGCONT."""
        os.kill(self.find_pids()[name], number)

    def kill_all(self) -> None:
        """SIGKILL the supervisor and all it started, as a power cut would."""
        pids = self.find_pids()
        if self._supervisor is not None:
            self._supervisor.kill()
            self._supervisor.wait()
            self._supervisor = None
        for pid in pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the supervisor, if it runs."""
        if self._supervisor is not None and self.is_alive:
            self._supervisor.terminate()

    def wait_stopped(self, *, timeout_s: float) -> int | None:
        """Wait for the end after `ask_to_stop`; kills what is left. The exit code."""
        if self._supervisor is None:
            return None
        try:
            code: int | None = self._supervisor.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill_all()
            return None
        self._supervisor = None
        return code

    def measure_memory_mib(self) -> float:
        """Proportional set size of the supervisor and its processes, MiB."""
        if self._supervisor is None:
            return 0.0
        return sum(map(read_pss_kib, list_family(self._supervisor.pid))) / 1_024


def list_family(pid: int) -> list[int]:
    """A process and all that it and they have started, by their ids."""
    family = [pid]
    for member in family:  # grows while it is read
        for children in Path(f"/proc/{member}/task").glob("*/children"):
            with suppress(OSError):  # it ended meanwhile
                family += map(int, children.read_text(encoding="ascii").split())
    return family


def read_pss_kib(pid: int) -> int:
    """Proportional set size of a process, KiB: its own memory and its share of what is shared."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
