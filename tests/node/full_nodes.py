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

from governance.federal_view import FederalView
from governance.recovery import Recovery, compute_next_chain_id, describe_validator
from ledger.genesis import check_genesis
from ledger.recovery import assemble_recovery_genesis, read_approvals, sign_recovery
from ledger.store import Store
from node.home import Home, open_home
from node.keystore import load_key
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


def get_url(home: Path) -> str:
    """Where the web process of a running node is reached."""
    told = json.loads((open_home(home).run / "supervisor.json").read_bytes())
    return str(told["address"]).rstrip("/")


def fetch(home: Path, path: str) -> tuple[str, str]:
    """Content type and text of something that the node's web process serves."""
    with closing(HTTPConnection(get_url(home).removeprefix("http://"), timeout=10)) as connection:
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


def make_recovery_alone(home: Home) -> bytes:
    """The signed recovery of a cooperative that is alone on its chain, from its stopped home."""
    genesis = check_genesis(home.genesis_path.read_bytes())
    with closing(Store.open(home.ledger)) as store:
        view = FederalView(store)
        [validator] = map(describe_validator, view.scan_cooperatives())
        assert validator is not None
        recovery = Recovery(
            chain_id=compute_next_chain_id(genesis.chain_id),
            former_chain_id=genesis.chain_id,
            network=genesis.network,
            former_genesis_hash=genesis.genesis_hash,
            height=store.record.height,
            header_hash=bytes(32),
            app_hash=store.record.app_hash,
            begins_ms=time.time_ns() // 1_000_000,
            rules_version=view.get_parameters().rules_version,
            validators=(validator,),
            lost=(),
        )
    root = load_key(home.keys, "cooperative")
    signed = sign_recovery(recovery, cooperative=validator.cooperative, keys=[root])
    return assemble_recovery_genesis(recovery, read_approvals(signed))
