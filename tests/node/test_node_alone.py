"""A whole node with the real engine: the first thing that an operator tries."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from node.lock import is_locked
from tests.node.terminal import free_ports

ROCHDALE = [sys.executable, "-P", "-c", "from node.cli import main; main()"]
PROCESSES = {"engine", "ledger", "web", "discovery"}


class Node:
    """One home, driven by the command line alone."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.running: subprocess.Popen[str] | None = None

    def type(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*ROCHDALE, *arguments, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        self.running = subprocess.Popen(
            [*ROCHDALE, "start", "--home", str(self.home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.type("status", "--json").stdout)
        return found

    def pids(self) -> dict[str, int]:
        rows = self.status()["processes"]
        return {row["name"]: row["pid"] for row in rows if row["state"] == "running"}

    def height(self) -> int:
        ledger = self.status()["ledger"]
        return 0 if ledger is None else int(ledger["height"])

    def end(self) -> str:
        if self.running is None:
            return ""
        said, _ = self.running.communicate(timeout=20)
        self.running = None
        return said


def wait_until(predicate: Callable[[], object], *, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "home")
    made = node.type("init", *free_ports())
    assert made.returncode == 0, made.stderr
    yield node
    if node.running is not None:
        node.running.kill()
        node.end()
    wait_until(lambda: not is_locked(node.home / "node.lock"), timeout_s=20)


def test_a_node_runs_alone_out_of_the_box(node: Node) -> None:
    """Init, start, status, a second start, a killed ledger, stop: each as promised."""
    node.start()
    wait_until(lambda: set(node.pids()) == PROCESSES)
    wait_until(lambda: node.height() >= 2)
    before = node.pids()

    second = node.type("start")
    assert second.returncode == 3
    assert "is running already" in second.stderr

    os.kill(before["ledger"], signal.SIGKILL)
    wait_until(lambda: node.pids().get("ledger", before["ledger"]) != before["ledger"])
    wait_until(lambda: set(node.pids()) == PROCESSES)
    after, height = node.pids(), node.height()
    assert after["engine"] != before["engine"]
    assert (after["web"], after["discovery"]) == (before["web"], before["discovery"])
    wait_until(lambda: node.height() > height)

    started = time.monotonic()
    stopped = node.type("stop")
    assert stopped.returncode == 0
    assert time.monotonic() - started < 10
    assert node.running is not None
    assert "The node is running" in node.end()
    assert node.type("status").returncode == 3
    assert list((node.home / "run").iterdir()) == []


def test_a_node_whose_supervisor_was_killed_starts_again_at_once(node: Node) -> None:
    """Nobody is left behind, no lock is stale, and the chain goes on where it was."""
    node.start()
    wait_until(lambda: node.height() >= 2)
    assert node.running is not None
    height, pids = node.height(), node.pids()

    node.running.kill()
    node.end()
    node.start()

    wait_until(lambda: set(node.pids()) == PROCESSES and node.height() > height)
    assert not set(pids.values()) & set(node.pids().values())
    assert node.running is not None
    node.running.send_signal(signal.SIGINT)
    assert node.running.wait(10) == 0
    assert "Stopped." in node.end()
