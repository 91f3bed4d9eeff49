"""The supervisor, with tiny real child processes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from node.home import Home, create_home
from node.lock import find_supervisor, is_locked

LAUNCHER = """
import json, sys
from functools import partial
from pathlib import Path
from node.home import Home
from node.process_group import Ailment, ProcessSpec
from node.supervisor import supervise

def diagnose(line):
    return Ailment(sentence=line, halts="for good" in line) if "failed" in line else None

def read(path):
    return path.read_text() if path.exists() else ""

home = Home(Path(sys.argv[1]))
groups = [
    [
        ProcessSpec(
            name=spec["name"],
            argv=tuple(spec["argv"]),
            log_path=home.logs / (spec["name"] + ".log"),
            ready_path=Path(spec["ready"]) if "ready" in spec else None,
            dies_with_supervisor=spec.get("dies", False),
            halts_on=frozenset(spec.get("halts_on", ())),
            diagnose=diagnose if spec["name"] == "engine" else None,
            find_obstacle=partial(read, Path(spec["obstacle"])) if "obstacle" in spec else None,
        )
        for spec in group
    ]
    for group in json.loads(sys.argv[2])
]
raise SystemExit(supervise(home, groups, address="nowhere"))
"""

ON_TERM = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); "
UNTIL_PIPE_CLOSES = "import os; os.read(0, 1)"
ENGINE_LIKE = "import time; time.sleep(600)"


def child(code: str, **keys: object) -> dict[str, object]:
    return {"argv": [sys.executable, "-c", code], **keys}


class Node:
    """A supervisor under test."""

    def __init__(self, root: Path) -> None:
        self.home: Home = create_home(root)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *groups: list[dict[str, object]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(self.home.root), json.dumps(groups)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_stopped(self) -> int:
        assert self.process is not None
        return self.process.wait(15)

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def status(self) -> dict[str, dict[str, object]]:
        try:
            found = json.loads(self.home.status_path.read_bytes())
        except FileNotFoundError:
            return {}
        return {process["name"]: process for process in found["processes"]}

    def pid(self, name: str) -> int:
        pid = self.status()[name]["pid"]
        assert isinstance(pid, int)
        return pid

    def is_running(self, *names: str) -> bool:
        status = self.status()
        return all(status.get(name, {}).get("state") == "running" for name in names)


def wait_until(predicate: Callable[[], object], *, timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "home")
    yield node
    if node.process is not None:
        if node.process.poll() is None:
            node.process.kill()
        node.process.communicate(timeout=15)
        wait_until(lambda: not is_locked(node.home.lock_path))


def test_starts_what_is_needed_first_and_stops_it_last(node: Node, tmp_path: Path) -> None:
    """A process starts when the one before it is ready, and ends before that one."""
    order, ready = tmp_path / "order", str(node.home.run / "first.sock")
    order.touch()
    log = str(order)
    note = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: ("
    note += "open({log!r}, 'a').write({word!r}), sys.exit(0))); "
    first = (
        note.format(log=log, word="1 ended ")
        + f"import time; time.sleep(0.3); open({ready!r}, 'w'); "
    )
    second = note.format(log=log, word="2 ended ")
    second += f"open({log!r}, 'a').write('2 started ' if __import__('os').path.exists({ready!r})"
    second += " else 'too early '); "

    node.start(
        [
            child(first + UNTIL_PIPE_CLOSES, name="first", ready=ready),
            child(second + UNTIL_PIPE_CLOSES, name="second"),
        ]
    )
    wait_until(lambda: node.is_running("first", "second"))
    wait_until(order.read_text)
    node.send(signal.SIGTERM)

    assert node.wait_stopped() == 0
    assert order.read_text() == "2 started 2 ended 1 ended "


def test_makes_the_directory_of_logs_that_a_backup_lacks(node: Node) -> None:
    """Logs need not be backed up."""
    node.home.logs.rmdir()

    node.start([child(UNTIL_PIPE_CLOSES, name="first")])

    wait_until(lambda: node.is_running("first"))
    assert node.home.logs.stat().st_mode & 0o777 == 0o700


def test_restarts_a_group_together_after_an_exit_with_code_0(node: Node, tmp_path: Path) -> None:
    """The engine ends with code 0 when its application dies: any unasked exit is a failure."""
    order = tmp_path / "end"
    ends_when_told = f"import os, time\nwhile not os.path.exists({str(order)!r}): time.sleep(0.02)"
    ends_when_told += f"\nos.remove({str(order)!r})"
    node.start(
        [
            child(ON_TERM + UNTIL_PIPE_CLOSES, name="ledger"),
            child(ends_when_told, name="engine", dies=True),
        ],
        [child(ON_TERM + UNTIL_PIPE_CLOSES, name="web")],
    )
    wait_until(lambda: node.is_running("ledger", "engine", "web"))
    before = {name: node.pid(name) for name in ("ledger", "engine", "web")}

    order.touch()
    wait_until(lambda: node.status()["ledger"]["restarts"] == 1)
    wait_until(lambda: node.is_running("ledger", "engine", "web"))

    assert node.pid("ledger") != before["ledger"]
    assert node.pid("engine") != before["engine"]
    assert node.pid("web") == before["web"]
    assert node.status()["engine"]["last_exit"] == 0


def test_backs_off_and_says_what_the_process_said_last(node: Node) -> None:
    """A process that keeps failing is started ever less often, and its reason is shown."""
    node.start([child("print('the disk is full'); raise SystemExit(3)", name="web")])
    wait_until(lambda: node.status().get("web", {}).get("restarts", 0) == 3)
    node.send(signal.SIGINT)
    node.wait_stopped()

    lines = [json.loads(line) for line in read(node.home.logs / "supervisor.log").splitlines()]
    ended = [line for line in lines if line["event"] == "process_ended"]
    assert [line["restart_in_s"] for line in ended[:3]] == [0.2, 0.4, 0.8]
    assert {line["said"] for line in ended} == {"the disk is full"}
    assert {line["code"] for line in ended} == {3}


def test_the_last_words_of_a_process_that_was_told_to_end_are_no_reason(node: Node) -> None:
    """A command ends the engine so that it begins with another key: nothing has failed."""
    says_so = "print('Closing evidencestore', flush=True), sys.exit(0)"
    ends = f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: ({says_so})); "
    node.start([child(ends + UNTIL_PIPE_CLOSES, name="engine")])
    wait_until(lambda: node.is_running("engine"))
    time.sleep(0.3)

    psutil.Process(node.pid("engine")).terminate()

    wait_until(lambda: node.status()["engine"]["restarts"] == 1)
    assert (node.status()["engine"]["last_exit"], node.status()["engine"]["said"]) == (0, "")
    assert "Closing" not in read(node.home.logs / "supervisor.log")


@pytest.mark.parametrize("engine_ends_first", [False, True])
def test_a_group_that_only_a_person_can_mend_is_not_started_again(
    node: Node, engine_ends_first: bool
) -> None:
    """The others go on, the sentence stands in the status, and a stop still works."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(2); "
    slowly = deaf if engine_ends_first else ""
    ledger = f"{slowly}print('install version 2'); raise SystemExit(4)"
    engine = "import time; time.sleep(1)" if engine_ends_first else ON_TERM + UNTIL_PIPE_CLOSES
    node.start(
        [
            child(ledger, name="ledger", halts_on=[4]),
            child(engine, name="engine", dies=True),
        ],
        [child(ON_TERM + UNTIL_PIPE_CLOSES, name="web")],
    )
    wait_until(lambda: node.status().get("ledger", {}).get("state") == "halted")
    time.sleep(1)

    assert json.loads(node.home.status_path.read_bytes())["halted"] == ["install version 2"]
    assert node.status()["ledger"]["restarts"] == 0
    assert node.status()["ledger"]["last_exit"] == 4
    assert node.is_running("web")
    node.send(signal.SIGTERM)
    assert node.wait_stopped() == 0
    assert node.process is not None
    assert node.process.stdout is not None
    assert b"Halted, not started again: install version 2" in node.process.stdout.read()


def test_ends_a_process_whose_log_says_that_it_has_failed(node: Node, tmp_path: Path) -> None:
    """It lives on and would never be started again; an older line of its log does not count."""
    first = tmp_path / "first"
    first.touch()
    fails_once = f"import os; os.path.exists({str(first)!r}) and (os.remove({str(first)!r}), "
    fails_once += "print('consensus failed', flush=True)); "
    node.start(
        [
            child(ON_TERM + UNTIL_PIPE_CLOSES, name="ledger"),
            child(fails_once + ENGINE_LIKE, name="engine", dies=True),
        ]
    )
    wait_until(lambda: node.status().get("engine", {}).get("restarts") == 1)
    wait_until(lambda: node.is_running("ledger", "engine"))
    time.sleep(3)

    assert node.is_running("ledger", "engine")
    assert node.status()["engine"]["restarts"] == 1
    node.send(signal.SIGTERM)
    assert node.wait_stopped() == 0
    assert node.process is not None
    assert node.process.stdout is not None
    assert b"engine has failed: consensus failed; again in 0.2 s" in node.process.stdout.read()


def test_halts_a_process_whose_log_says_that_it_has_failed_for_good(node: Node) -> None:
    """As one that says so by its exit code."""
    says_so = "print('it failed for good', flush=True); "
    node.start([child(says_so + ENGINE_LIKE, name="engine", dies=True)])
    wait_until(lambda: node.status().get("engine", {}).get("state") == "halted")

    assert json.loads(node.home.status_path.read_bytes())["halted"] == ["it failed for good"]
    assert node.status()["engine"]["restarts"] == 0
    assert node.status()["engine"]["pid"] is None


def test_a_group_waits_in_order_while_something_forbids_it_to_run(
    node: Node, tmp_path: Path
) -> None:
    """It is no failure: nothing backs off, the others go on, and it starts when it may."""
    obstacle, orderly = tmp_path / "obstacle", tmp_path / "orderly"
    obstacle.write_text("no room")
    ends_in_order = (
        "import pathlib, signal, sys; signal.signal(signal.SIGTERM, "
        f"lambda *_: (pathlib.Path({str(orderly)!r}).touch(), sys.exit(0))); "
    )
    node.start(
        [
            child(ends_in_order + UNTIL_PIPE_CLOSES, name="ledger", obstacle=str(obstacle)),
            child(ENGINE_LIKE, name="engine", dies=True),
        ],
        [child(ON_TERM + UNTIL_PIPE_CLOSES, name="web")],
    )
    wait_until(lambda: node.is_running("web"))
    assert node.status()["ledger"]["state"] == "waiting"

    obstacle.unlink()
    wait_until(lambda: node.is_running("ledger", "engine"))
    obstacle.write_text("no room again")
    wait_until(lambda: node.status()["ledger"]["state"] == "waiting")
    assert orderly.exists()
    obstacle.unlink()
    wait_until(lambda: node.is_running("ledger", "engine"))

    assert node.is_running("web")
    node.send(signal.SIGTERM)
    assert node.wait_stopped() == 0
    assert node.process is not None
    assert node.process.stdout is not None
    said = node.process.stdout.read()
    assert b"Waiting: no room\n" in said
    assert b"Waiting: no room again\n" in said
    assert b"again in" not in said


def test_a_panic_is_repeated_without_its_stack(node: Node) -> None:
    """Go writes the reason first."""
    says = "print('panic: no blocks\\n\\ngoroutine 1 [running]:\\nmain.main()\\n\\tmain.go:52'); "
    node.start([child(says + "raise SystemExit(2)", name="engine")])
    wait_until(lambda: node.status().get("engine", {}).get("restarts"))

    assert node.status()["engine"]["said"] == "panic: no blocks"
    node.send(signal.SIGTERM)
    assert node.wait_stopped() == 0


def test_says_which_program_cannot_be_started(node: Node) -> None:
    """A missing program is an exit like any other, with its reason."""
    node.start([{"name": "engine", "argv": ["/nowhere/engine"]}])
    wait_until(lambda: "process_ended" in read(node.home.logs / "supervisor.log"))
    node.send(signal.SIGTERM)

    assert node.wait_stopped() == 0
    assert "/nowhere/engine: No such file or directory" in read(node.home.logs / "supervisor.log")


def test_kills_a_process_that_does_not_end(node: Node) -> None:
    """The whole stop takes at most ten seconds, whoever ignores the signal."""
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    node.start(
        [child(deaf + UNTIL_PIPE_CLOSES, name="deaf")],
        [child(ON_TERM + UNTIL_PIPE_CLOSES, name="web")],
    )
    wait_until(lambda: node.is_running("deaf", "web"))
    time.sleep(0.3)

    started = time.monotonic()
    node.send(signal.SIGTERM)

    assert node.wait_stopped() == 0
    assert time.monotonic() - started < 10
    assert not is_locked(node.home.lock_path)


def test_children_end_when_the_supervisor_is_killed(node: Node) -> None:
    """Ours see the pipe close; the engine is killed by the kernel; the lock frees itself."""
    node.start(
        [child(UNTIL_PIPE_CLOSES, name="web")],
        [child(ENGINE_LIKE, name="engine", dies=True)],
    )
    wait_until(lambda: node.is_running("web", "engine"))
    pids = [node.pid("web"), node.pid("engine")]

    node.send(signal.SIGKILL)

    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), timeout_s=5)
    assert not is_locked(node.home.lock_path)


def test_a_home_runs_once(node: Node) -> None:
    """A second supervisor of the same home says who is there; a file left behind locks nothing."""
    node.home.lock_path.write_text("1\n")
    node.start([child(ON_TERM + UNTIL_PIPE_CLOSES, name="web")])
    wait_until(lambda: node.is_running("web"))
    assert node.process is not None
    assert find_supervisor(node.home.lock_path) == node.process.pid

    second = subprocess.run(
        [sys.executable, "-c", LAUNCHER, str(node.home.root), "[]"],
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )

    assert f"is running already (process {node.process.pid})" in second.stderr


def test_the_supervisor_is_small() -> None:
    """Its memory counts in the node's: no command line, event loop or HTTP is imported."""
    code = "import node.supervisor, node.process_table, sys; print(*sys.modules)"

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"typer", "rich", "aiohttp", "asyncio", "structlog", "plyvel", "ssl"} & set(found)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
