"""The node's ledger process, with a look at what its threads are doing every two milliseconds.

`python -m testnet.bench.sampler ledger HOME` runs `node.processes` unchanged. From SIGUSR1 to
SIGUSR2 one more thread notes which function each Python thread is in and how much CPU that
thread has used since the last look: shares are of CPU, not of waiting, and nothing is
wrapped. Then it writes what it saw to `HOME/profile.json`. LevelDB's own thread is no Python
thread: its CPU is what remains of the process's. Without the signals it does nothing.
"""

import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from node import processes

PROFILE_FILE = "profile.json"
BEGIN, END = signal.SIGUSR1, signal.SIGUSR2
_INTERVAL_S = 0.002
_SWITCH_S = 0.000_01
"""The looking thread gets its turn this soon. With the interpreter's usual 5 ms it would nearly
always come when the other gives way by itself, which is in the same few calls."""
_ROOT = f"{Path(__file__).parents[2]}/"
_OURS = ("config/", "did/", "governance/", "ledger/", "node/", "testnet/")
"""Below the root; libraries may lie below it too."""

STEPS = {
    "ledger.envelope": "decode the transaction",
    "governance.transactions": "decode the transaction",
    "did.keys": "signatures",
    "ledger.signatures": "signatures",
    "ledger.signature_process": "signatures",
    "ledger.authentication": "rules, nonces, quotas",
    "ledger.quotas": "rules, nonces, quotas",
    "ledger.mempool": "rules, nonces, quotas",
    "ledger.transition": "rules, nonces, quotas",
    "governance.view": "read and write records of state",
    "governance.records": "read and write records of state",
    "governance.events": "events and their encoding",
    "ledger.tree": "tree and app hash",
    "ledger.app_hash": "tree and app hash",
    "ledger.pages": "tree and app hash",
    "ledger.paths": "tree and app hash",
    "ledger.ics23": "tree and app hash",
    "ledger.store": "LevelDB",
    "ledger.state": "LevelDB",
    "ledger.disk": "LevelDB",
    "ledger.abci": "socket, frames, protobuf",
    "ledger.abci_worker": "socket, frames, protobuf",
    "ledger.frames": "socket, frames, protobuf",
    "node.processes": "socket, frames, protobuf",
}
"""What a module's work is called. Helpers (`did.codec`, `governance.fields`) are not here:
their time belongs to whoever called them."""
_RULES = STEPS["ledger.transition"]
_EVENTS = STEPS["governance.events"]
_HELPERS = ("did.codec", "governance.fields")
_APPLICATION = "ledger.application"
REST = "the rest"


class Sampler:
    """CPU of every Python thread in ns, counted in three ways."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counters = {name: Counter[str]() for name in ("functions", "steps", "calls")}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def install(self) -> None:
        """Wait for the signals; on the main thread."""
        signal.signal(BEGIN, lambda *_: self._thread.start())
        signal.signal(END, lambda *_: self._ended.set())
        for number in (BEGIN, END):
            # LevelDB's calls go on where a signal interrupts them.
            signal.siginterrupt(number, False)

    def _run(self) -> None:
        usual_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        process_ns, own_ns = time.process_time_ns(), time.thread_time_ns()
        seen_ns = _measure_threads_ns(except_thread=threading.get_ident())
        while not self._ended.wait(_INTERVAL_S):
            now_ns = _measure_threads_ns(except_thread=threading.get_ident())
            frames = sys._current_frames()  # noqa: SLF001 - the only way to another's stack
            for thread, used_ns in now_ns.items():
                self._count(frames.get(thread), used_ns - seen_ns.get(thread, used_ns))
            seen_ns = now_ns
        sys.setswitchinterval(usual_s)
        own_ns = time.thread_time_ns() - own_ns
        self._write(process_ns=time.process_time_ns() - process_ns - own_ns, sampler_ns=own_ns)

    def _count(self, frame: FrameType | None, used_ns: int) -> None:
        stack = list(_list_ours(frame))
        self._counters["functions"][":".join(stack[0]) if stack else "library"] += used_ns
        self._counters["steps"][find_step(stack)] += used_ns
        self._counters["calls"][_find_call(stack)] += used_ns

    def _write(self, **totals: int) -> None:
        seen = {name: dict(counter.most_common()) for name, counter in self._counters.items()}
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(seen | totals), encoding="utf-8")
        written.replace(self._path)


def find_step(stack: Sequence[tuple[str, str]]) -> str:
    """What is being done.

    Args:
        stack: Modules and functions of ours, innermost first.
    """
    for module, function in stack:
        if module in STEPS:
            return STEPS[module]
        if module == _APPLICATION and function.startswith("_render"):
            return _EVENTS
        if module.startswith("governance.") and module not in _HELPERS:
            return _RULES
    return REST


def _find_call(stack: Sequence[tuple[str, str]]) -> str:
    """The application's method at the bottom of a stack."""
    found = [function for module, function in stack if module == _APPLICATION]
    return found[-1] if found else "beside the application"


def _list_ours(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        file = frame.f_code.co_filename
        name = file.removeprefix(_ROOT)
        if name.startswith(_OURS) and file != __file__:
            yield name.removesuffix(".py").replace("/", "."), frame.f_code.co_name
        frame = frame.f_back


def _measure_threads_ns(*, except_thread: int) -> Mapping[int, int]:
    """CPU that each Python thread has used, by its identity."""
    return {
        thread.ident: time.clock_gettime_ns(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None and thread.ident != except_thread
    }


def main(arguments: Sequence[str]) -> int:
    """Run a node's process with the sampler in waiting."""
    Sampler(Path(arguments[1]) / PROFILE_FILE).install()
    return processes.main(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
