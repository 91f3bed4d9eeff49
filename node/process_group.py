"""Processes that live and die together: starting, watching, restarting, stopping.

A state machine over real child processes; the clock is passed in, and `step` never blocks.
Generic: it knows no process of ours by name.

    state     what happened                          next
    --------  -------------------------------------  --------
    waiting   the back-off is over                   starting
    starting  all are started and ready              running
    starting  one ended                              ending
    running   one ended                              ending
    …         a log says that one has failed         ending
    starting  something forbids to run               ending
    running   something forbids to run               ending
    ending    all have ended                         waiting
    ending    … one with a code of `halts_on`        halted
    any       `stop` was called                      stopping
    stopping  all have ended                         stopped

A process of a group starts when the one before it is ready, and they are stopped in reverse.
Any exit that was not asked for counts as a failure, whatever its code: the engine ends with
code 0 when its application dies. It also lives on after its consensus has failed, and only its
log says so: such a process is ended. A halted group waits for a person: what its process said
cannot be mended by starting it again.
"""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.limits import (
    RESTART_BACKOFF_S_MAX,
    RESTART_BACKOFF_S_MIN,
    RESTART_HEALTHY_AFTER_S,
    STOP_TIMEOUT_S,
)

WAITING, STARTING, RUNNING = "waiting", "starting", "running"
ENDING, STOPPING, STOPPED, HALTED = "ending", "stopping", "stopped", "halted"
_STOP_STEP_S = 3.0
"""How long a process may take to end before the one it depends on is told to end too."""
_ORDERLY = frozenset({0, -signal.SIGTERM})
_LAST_WORDS_BYTES = 16_384
_PANIC = "panic: "
_UNREADABLE = (
    "its disk could not be read (SIGBUS): the kernel's messages (`dmesg`) name the disk; mend it; "
    "nothing that was acknowledged is lost, and the node goes on by itself then"
)
_DIAGNOSE_S = 2.0
"""How often a log is read that may say that its process has failed, or an obstacle looked for."""
_LOG_READ_BYTES = 1_048_576
"""What is read of it at once; the rest next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ailment:
    """Why a process that lives on has to be ended."""

    sentence: str
    halts: bool
    """Whether starting it again cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How one process is started and known to be ready."""

    name: str
    argv: tuple[str, ...]
    """The program first; never holds a secret."""
    log_path: Path
    """Takes its standard output and error."""
    ready_path: Path | None = None
    """A socket that it makes when it is ready; removed before each start."""
    ready_address: tuple[str, int] | None = None
    """A TCP address that answers when it is ready."""
    dies_with_supervisor: bool = False
    """Whether the kernel kills it as soon as the supervisor dies; the others watch a pipe."""
    halts_on: frozenset[int] = frozenset()
    """Exit codes that say that starting it again cannot help."""
    diagnose: Callable[[str], Ailment | None] | None = None
    """Reads each line of its log; for a process that can fail without ending."""
    explain: Callable[[str], str] | None = None
    """Adds to its last words what mends it."""
    find_obstacle: Callable[[], str] | None = None
    """Says what forbids that it runs now, or nothing; its whole group waits."""


@dataclass(slots=True)
class Child:
    """One process of a group and its history."""

    spec: ProcessSpec
    process: "subprocess.Popen[bytes] | None" = None
    is_ready: bool = False
    asked: signal.Signals | None = None
    """The last signal that it was sent."""
    starts: int = 0
    last_exit: int | None = None
    """Exit code, negative for a signal; none while it never ended."""
    said: str = ""
    """Why it ended or was ended; nothing once its group has run for long enough."""
    read_bytes: int = 0
    """How far its log was read."""

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not been seen to end."""
        return self.process is not None


Spawn = Callable[[ProcessSpec], "subprocess.Popen[bytes]"]
Report = Callable[..., None]
"""Takes an event's name and its keys."""


class ProcessGroup:
    """Runs its processes until it is told to stop."""

    def __init__(self, specs: Sequence[ProcessSpec], *, spawn: Spawn, report: Report) -> None:
        self.children = [Child(spec) for spec in specs]
        self.state = WAITING
        self.halted_by = ""
        """The sentence that a process halted the group with."""
        self._held_by = ""
        self._spawn = spawn
        self._report = report
        self._due_s = 0.0
        self._failures = 0
        self._started_s = 0.0
        self._ending_s = 0.0

    def step(self, now_s: float) -> None:
        """Notice what happened and do what is due; call it often while something is."""
        ended = [child for child in self.children if self._has_ended(child)]
        if self.state == WAITING and now_s >= self._due_s and not self._is_held(now_s):
            self.state, self._started_s = STARTING, now_s
        if self.state in {STARTING, RUNNING}:
            if ended:
                self._fail(ended.pop(0), now_s)
            elif self._is_held(now_s):
                self.state, self._ending_s = ENDING, now_s
            elif not self._end_failed(now_s):
                self._advance(now_s)
        if self.state == RUNNING and now_s - self._started_s >= RESTART_HEALTHY_AFTER_S:
            for child in self.children:
                child.said = ""
        if self.state == ENDING:
            # The one that was seen first need not be the one that began it.
            for child in ended:
                self._report_end(child)
        if self.state in {ENDING, STOPPING}:
            self._end(now_s)

    def stop(self, now_s: float) -> None:
        """Ask every process to end; `step` sees it through within `STOP_TIMEOUT_S`."""
        if self.state not in {STOPPING, STOPPED}:
            self._ending_s = self._ending_s if self.state == ENDING else now_s
            self.state = STOPPING
            self._end(now_s)

    def next_step_s(self, now_s: float) -> float | None:
        """Seconds until `step` has something to do that no signal announces."""
        if self.state == WAITING:
            return max(0.0, self._due_s - now_s)
        if self.state in {STARTING, ENDING, STOPPING}:
            return 0.05
        specs = [child.spec for child in self.children]
        if self.state == RUNNING and any(spec.diagnose or spec.find_obstacle for spec in specs):
            return _DIAGNOSE_S
        return None

    def _advance(self, now_s: float) -> None:
        for child in self.children:
            if not child.is_alive and not self._start(child, now_s):
                return
            if not child.is_ready:
                child.is_ready = is_ready(child.spec)
            if not child.is_ready:
                return
        if self.state != RUNNING:
            self.state = RUNNING
            self._report("group_running", names=[child.spec.name for child in self.children])

    def _start(self, child: Child, now_s: float) -> bool:
        if child.spec.ready_path is not None:
            child.spec.ready_path.unlink(missing_ok=True)
        child.is_ready, child.asked = False, None
        child.read_bytes = _measure(child.spec.log_path)
        try:
            child.process = self._spawn(child.spec)
        except OSError as error:
            child.last_exit = 127
            where = error.filename or child.spec.argv[0]
            self._fail(child, now_s, words=f"{where}: {error.strerror}")
            return False
        child.starts += 1
        self._report("process_started", name=child.spec.name, pid=child.process.pid)
        return True

    def _has_ended(self, child: Child) -> bool:
        if child.process is None or child.process.poll() is None:
            return False
        child.last_exit = child.process.returncode
        child.process, child.is_ready = None, False
        if child.last_exit in child.spec.halts_on:
            self.halted_by = read_last_words(child.spec.log_path) or child.spec.name
        return True

    def _is_held(self, now_s: float) -> bool:
        """Whether something forbids to run; it is looked for again in a while."""
        found = (child.spec.find_obstacle() for child in self.children if child.spec.find_obstacle)
        obstacle = next(filter(None, found), "")
        if obstacle and obstacle != self._held_by:
            self._report("group_held", said=obstacle)
        self._held_by = obstacle
        if obstacle:
            self._due_s = now_s + _DIAGNOSE_S
        return bool(obstacle)

    def _end_failed(self, now_s: float) -> bool:
        """Begin to end the group if the log of a living process says that it has failed."""
        for child in self.children:
            ailment = _find_ailment(child)
            if ailment is not None:
                if ailment.halts:
                    self.halted_by = ailment.sentence
                self._fail(child, now_s, words=ailment.sentence)
                return True
        return False

    def _fail(self, child: Child, now_s: float, *, words: str | None = None) -> None:
        if now_s - self._started_s >= RESTART_HEALTHY_AFTER_S:
            self._failures = 0
        backoff_s = min(RESTART_BACKOFF_S_MIN * 2**self._failures, RESTART_BACKOFF_S_MAX)
        self._failures = min(self._failures + 1, 16)
        self._due_s = now_s + backoff_s
        self.state, self._ending_s = ENDING, now_s
        said = words if words is not None else _find_reason(child)
        child.said = said
        keys: dict[str, object] = {"name": child.spec.name, "said": said}
        if not self.halted_by:
            keys["restart_in_s"] = round(backoff_s, 2)
        if child.is_alive:
            self._report("process_failed", **keys)
        else:
            self._report("process_ended", code=child.last_exit, **keys)

    def _report_end(self, child: Child) -> None:
        if child.last_exit not in _ORDERLY:
            child.said = _find_reason(child)
            keys = {"name": child.spec.name, "code": child.last_exit, "said": child.said}
            self._report("process_ended_too", **keys)

    def _end(self, now_s: float) -> None:
        alive = [child for child in self.children if child.is_alive]
        if not alive:
            if self.state == STOPPING:
                self.state = STOPPED
            elif self.halted_by:
                self.state = HALTED
                self._report("group_halted", said=self.halted_by)
            else:
                self.state = WAITING
            return
        elapsed_s = now_s - self._ending_s
        if elapsed_s >= STOP_TIMEOUT_S:
            _ask(alive, signal.SIGKILL)
        else:
            # Last first: a process ends before the one it depends on, unless it takes too long.
            _ask(alive[-1 - int(elapsed_s // _STOP_STEP_S) :], signal.SIGTERM)


def is_ready(spec: ProcessSpec) -> bool:
    """Check if a process serves what others wait for."""
    if spec.ready_path is not None and not spec.ready_path.exists():
        return False
    if spec.ready_address is not None:
        try:
            socket.create_connection(spec.ready_address, timeout=0.2).close()
        except OSError:
            return False
    return True


def read_last_words(path: Path) -> str:
    """The last line of a log: usually the sentence that says why a process ended.

    A panic in Go says it first, and writes its stack after it, in lines that begin with a tab.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_WORDS_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    if lines and lines[-1].startswith("\t"):
        lines = [line for line in lines if line.startswith(_PANIC)] or lines
    return _read_message(lines[-1].strip()) if lines else ""


def _find_reason(child: Child) -> str:
    """Why a process ended; what one says last that ended in order is no reason."""
    if child.last_exit in _ORDERLY:
        return ""
    if child.last_exit == -signal.SIGBUS:
        return _UNREADABLE  # the kernel ended it in the middle of a read
    said = read_last_words(child.spec.log_path)
    return said if child.spec.explain is None else child.spec.explain(said)


def _find_ailment(child: Child) -> Ailment | None:
    """What the whole lines that came to a process's log say."""
    diagnose, path = child.spec.diagnose, child.spec.log_path
    if diagnose is None or not child.is_alive:
        return None
    size = _measure(path)
    if size == child.read_bytes:
        return None
    if size < child.read_bytes:  # it was moved aside
        child.read_bytes = 0
    with path.open("rb") as file:
        file.seek(child.read_bytes)
        read = file.read(_LOG_READ_BYTES)
    whole = read[: read.rfind(b"\n") + 1] or (read if len(read) == _LOG_READ_BYTES else b"")
    child.read_bytes += len(whole)
    found = map(diagnose, whole.decode("utf-8", "replace").splitlines())
    return next((ailment for ailment in found if ailment is not None), None)


def _measure(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_message(line: str) -> str:
    """What a JSON line says, the engine's included; another line as it is."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return line
    if not isinstance(parsed, dict):
        return line
    parts = [parsed.get(key) for key in ("event", "_msg", "error", "err")]
    return ", ".join(part for part in parts if isinstance(part, str)) or line


def _ask(children: Sequence[Child], with_signal: signal.Signals) -> None:
    for child in children:
        if child.process is not None and child.asked != with_signal:
            child.process.send_signal(with_signal)
            child.asked = with_signal
