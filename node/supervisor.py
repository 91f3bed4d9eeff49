"""The supervisor: starts a node's processes, restarts what ends, stops all of them.

A program of its own, `python -m node.supervisor HOME`, because it lives as long as the node
and its memory counts: it imports neither the command line nor an event loop. One thread, one
`select`. The lock on the home is inherited by every process, so it is free only when the last
one has ended, even if the supervisor was killed: no second engine ever signs with the key.
"""

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

from config.errors import RochdaleError
from node import exit_codes
from node.home import Home, clear_run, open_home, prepare_run
from node.lock import take_lock
from node.logs import rotate_log, write_event
from node.process_group import HALTED, STOPPED, WAITING, Child, ProcessGroup, ProcessSpec
from node.spawn import Spawner

_IDLE_S = 10.0
_LOCK_WAIT_S = 5.0


def main(arguments: Sequence[str]) -> int:
    """Run the node at a home until SIGTERM or SIGINT; the exit code."""
    from node.process_table import build_groups  # noqa: PLC0415 - tests bring their own groups

    try:
        home = open_home(arguments[0])
        groups, address = build_groups(home, environ=os.environ)
        return supervise(home, groups, address=address)
    except RochdaleError as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.exit_code_of(error)
    except Exception:  # noqa: BLE001 - a defect; the children end with this process's pipe
        traceback.print_exc()
        return exit_codes.INTERNAL


def supervise(home: Home, groups: Sequence[Sequence[ProcessSpec]], *, address: str) -> int:
    """Keep groups of processes running until SIGTERM or SIGINT.

    Args:
        home: Whose lock, sockets and logs.
        groups: Each restarted as a whole; started in the order given.
        address: What to tell people once all is running.

    Raises:
        UnavailableError: The node is running already.
    """
    lock = take_lock(home.lock_path, wait_s=_LOCK_WAIT_S)
    prepare_run(home)
    wakeup = _catch_signals()
    spawner = Spawner(pass_on=(lock,))
    supervisor = _Supervisor(home, groups, spawner=spawner, address=address)
    supervisor.run(wakeup)
    clear_run(home)
    os.close(lock)
    return exit_codes.OK


class _Supervisor:
    def __init__(
        self,
        home: Home,
        groups: Sequence[Sequence[ProcessSpec]],
        *,
        spawner: Spawner,
        address: str,
    ) -> None:
        self._home = home
        self._address = address
        self._log_path = home.logs / "supervisor.log"
        self._groups = [
            ProcessGroup(specs, spawn=spawner.spawn, report=self._report) for specs in groups
        ]
        self._started_at_ms = int(time.time() * 1000)
        self._status = b""
        self._was_up = False
        self._rotated_s = 0.0

    def run(self, wakeup: int) -> None:
        self._report("supervisor_started", pid=os.getpid())
        while True:
            now_s = time.monotonic()
            for group in self._groups:
                group.step(now_s)
            self._write_status()
            if all(group.state == STOPPED for group in self._groups):
                break
            self._rotate_logs(now_s)
            delays = [group.next_step_s(now_s) for group in self._groups]
            delay_s = min([_IDLE_S, *(d for d in delays if d is not None)])
            if _wait(wakeup, delay_s) & {signal.SIGTERM, signal.SIGINT}:
                self._report("supervisor_stopping")
                for group in self._groups:
                    group.stop(time.monotonic())
        self._report("supervisor_stopped")

    def _report(self, event: str, **keys: object) -> None:
        with suppress(OSError):  # a full disk is no reason to stop: it has to see when it is not
            write_event(self._log_path, event, keys)
        sentence = _sentence(event, keys)
        if sentence:
            with suppress(OSError):  # a closed terminal is no reason to stop
                sys.stdout.write(f"{sentence}\n")
                sys.stdout.flush()

    def _write_status(self) -> None:
        is_up = all(group.state == "running" for group in self._groups)
        if is_up and not self._was_up:
            self._was_up = True
            self._report("node_running", address=self._address)
        status = {
            "version": 1,
            "pid": os.getpid(),
            "started_at_ms": self._started_at_ms,
            "address": self._address,
            "halted": [group.halted_by for group in self._groups if group.state == HALTED],
            "processes": [
                _describe(child, group) for group in self._groups for child in group.children
            ],
        }
        encoded = json.dumps(status, indent=1).encode()
        if encoded != self._status:
            written = self._home.status_path.with_suffix(".new")
            with suppress(OSError):  # tried again at the next step
                written.write_bytes(encoded)
                written.replace(self._home.status_path)
                self._status = encoded

    def _rotate_logs(self, now_s: float) -> None:
        if now_s - self._rotated_s >= _IDLE_S:
            self._rotated_s = now_s
            for path in self._home.logs.glob("*.log"):
                with suppress(OSError):
                    rotate_log(path)


def _describe(child: Child, group: ProcessGroup) -> Mapping[str, object]:
    state = group.state
    if state == "starting":
        state = "running" if child.is_ready else "starting" if child.is_alive else WAITING
    return {
        "name": child.spec.name,
        "pid": None if child.process is None else child.process.pid,
        "state": state,
        "restarts": max(0, child.starts - 1),
        "last_exit": child.last_exit,
        "said": child.said,
    }


def _sentence(event: str, keys: Mapping[str, object]) -> str:
    if event == "node_running":
        return f"The node is running: {keys['address']} (Ctrl-C stops it)"
    if event in {"process_ended", "process_ended_too"}:
        said = f": {keys['said']}" if keys["said"] else ""
        again = f"; again in {keys['restart_in_s']} s" if "restart_in_s" in keys else ""
        return f"{keys['name']} ended with {keys['code']}{said}{again}"
    if event == "process_failed":
        again = f"; again in {keys['restart_in_s']} s" if "restart_in_s" in keys else ""
        return f"{keys['name']} has failed: {keys['said']}{again}"
    if event == "group_held":
        return f"Waiting: {keys['said']}"
    if event == "group_halted":
        return f"Halted, not started again: {keys['said']}"
    return {"supervisor_stopping": "Stopping …", "supervisor_stopped": "Stopped."}.get(event, "")


def _catch_signals() -> int:
    """Turn signals into bytes on a pipe; its reading end."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, _ignore)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal does not end a node
    return reading


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the wake-up pipe carries the signal."""


def _wait(wakeup: int, delay_s: float) -> set[int]:
    select.select([wakeup], [], [], delay_s)
    with suppress(BlockingIOError):
        return set(os.read(wakeup, 64))
    return set()  # nobody called: it is time for the next step


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
