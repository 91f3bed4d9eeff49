"""Whole nodes, as `rochdale start` runs them, driven by commands."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from node.home import open_home
from node.lock import is_locked
from tests.node.terminal import Terminal


@contextmanager
def running(terminal: Terminal, home: Path) -> Iterator[None]:
    """A node, ended even if the test fails."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "node.supervisor", str(home)], stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        terminal.type("stop", "--home", home)
        process.terminate()
        process.wait(20)
        assert not is_locked(home / "node.lock")


def fetch(home: Path, path: str) -> tuple[str, str]:
    """Content type and text of something that the node's web process serves."""
    told = json.loads((open_home(home).run / "supervisor.json").read_bytes())
    where = told["address"].removeprefix("http://").rstrip("/")
    with closing(HTTPConnection(where, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return str(answer.headers["Content-Type"]), answer.read().decode()


def get_status(terminal: Terminal, home: Path) -> dict[str, Any]:
    """What `rochdale status` says; empty if it says nothing."""
    terminal.type("status", "--json", "--home", home)
    found: dict[str, Any] = json.loads(terminal.out or "{}")
    return found


def get_height(terminal: Terminal, home: Path) -> int:
    """Of the engine; 0 while it does not answer."""
    ledger: dict[str, Any] | None = get_status(terminal, home).get("ledger")
    return 0 if ledger is None else int(ledger["height"])


def wait_until(check: Callable[[], bool], *, timeout_s: float = 60) -> None:
    """Wait for something that must happen."""
    deadline_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline_s
        time.sleep(0.3)
