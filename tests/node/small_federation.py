"""Four founders on this machine: real homes, supervisors, engines and ledgers, nothing else.

Web and discovery are left out: what is tested lies below them.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from config.errors import RochdaleError
from config.limits import RESTART_BACKOFF_S_MAX
from did.jcs import JsonObject
from ledger.genesis import assemble_genesis
from ledger.headers import compute_address
from ledger.rpc import EngineClient
from ledger.signing_state import SignedPoint, load_signed_point
from node.chain import adopt_genesis, make_offer
from node.commands.status import read_status
from node.founding import complete_settings, create_node
from node.home import Home, open_home
from node.keystore import load_key
from node.lock import is_locked
from node.settings import Setting
from testnet.ports import choose_ports
from tests.bylaws import make_bylaws

CHAIN_ID = "test-four-1"
_SUPERVISING = Path(__file__).with_name("supervising.py")


@dataclass
class Member:
    """One cooperative's home and, while it runs, its supervisor."""

    home: Home
    process: "subprocess.Popen[bytes] | None" = None
    prefix: tuple[str, ...] = ()
    """What its supervisor is started with, such as `ip netns exec …`."""
    ledger_argv: tuple[str, ...] = ()
    """Another ledger program and its arguments, before the home; the real one if empty."""
    environment: dict[str, str] = field(default_factory=dict)
    """Settings that differ from its file."""

    @property
    def address(self) -> bytes:
        """Its validator's, as commits name it."""
        return compute_address(load_key(self.home.keys, "consensus").public_key)

    @property
    def signed(self) -> SignedPoint | None:
        """What its engine keeps of its own signatures."""
        return load_signed_point(self.home.engine_data / "priv_validator_state.json")

    @property
    def said(self) -> str:
        """What its supervisor wrote."""
        return (self.home.logs / "supervisor.log").read_text()

    def start(
        self, *, backoff_s_max: float = RESTART_BACKOFF_S_MAX, fail_at: Sequence[int] = ()
    ) -> None:
        """Start its supervisor.

        Args:
            backoff_s_max: The longest wait between two starts of a process.
            fail_at: Fail points of the engine, one for each of its starts (`supervising.py`).
        """
        self.process = subprocess.Popen(
            [
                *(*self.prefix, sys.executable, str(_SUPERVISING), str(self.home.root)),
                *(str(backoff_s_max), ",".join(map(str, fail_at)), *self.ledger_argv),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | self.environment,
        )

    def pids(self) -> dict[str, int]:
        """Its processes that run, by name."""
        rows = self.status()["processes"]
        return {row["name"]: row["pid"] for row in rows if row["pid"] is not None}

    def count_processes(self) -> int:
        """How many processes its supervisor has, whatever it could write down of them."""
        assert self.process is not None
        return len(psutil.Process(self.process.pid).children(recursive=True))

    def restarts(self, name: str) -> int:
        """How often its supervisor has started a process again."""
        rows = self.status()["processes"]
        return next((int(row["restarts"]) for row in rows if row["name"] == name), 0)

    def kill(self, *names: str) -> None:
        """SIGKILL some of its processes, at once; those that run."""
        pids = self.pids()
        for name in names:
            with suppress(ProcessLookupError, KeyError):
                os.kill(pids[name], signal.SIGKILL)

    def kill_all(self) -> None:
        """SIGKILL its supervisor and all that it started, as a power cut would."""
        assert self.process is not None
        processes = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        psutil.wait_procs(processes, timeout=20)
        self.process = None

    def __enter__(self) -> "Member":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it in order."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None
        wait_until(lambda: not is_locked(self.home.lock_path))

    def height(self) -> int:
        """Of its last block; 0 while it does not answer."""
        with suppress(RochdaleError):
            return int(self.call("status")["sync_info"]["latest_block_height"])
        return 0

    def status(self) -> dict[str, Any]:
        """What `rochdale status` says of its processes."""
        return read_status(self.home)

    def call(self, method: str, **params: object) -> JsonObject:
        """An answer of its engine."""
        return asyncio.run(self._call(method, **params))

    def signers(self, height: int) -> set[bytes]:
        """Whose signatures a block's commit holds."""
        commit = self.call("commit", height=str(height))["signed_header"]["commit"]
        return {
            bytes.fromhex(entry["validator_address"])
            for entry in commit["signatures"]
            if entry["signature"]
        }

    async def _call(self, method: str, **params: object) -> JsonObject:
        async with EngineClient(self.home.rpc_socket, timeout_s=3) as engine:
            return await engine.call(method, params)


def found_members(
    directory: Path, count: int = 4, *, hosts: Sequence[str] = (), **changes: Setting
) -> list[Member]:
    """Homes of a new chain whose validators they all are.

    Args:
        directory: Where they are made.
        count: How many.
        hosts: An address of each engine's own; loopback if there are none.
        changes: Further settings of all, `.` written as `__`.
    """
    ports = choose_ports(count, base=None)
    made = []
    for number, port in enumerate(ports):
        values: dict[str, Setting] = {
            "node.name": f"Cooperative {number}",
            "node.origin": f"https://c{number}.test",
            "network.chain_id": CHAIN_ID,
            "web.listen": f"127.0.0.1:{port.web}",
            "engine.p2p_listen": f"{hosts[number] if hosts else '127.0.0.1'}:{port.engine}",
            "engine.heartbeat_ms": 200,
            "engine.timeout_commit_ms": 200,
            "discovery.listen": f"/ip4/127.0.0.1/tcp/{port.discovery}",
        }
        values |= {name.replace("__", "."): value for name, value in changes.items()}
        settings = complete_settings(values)
        made.append((create_node(directory / f"c{number}", settings), settings))
    genesis = assemble_genesis(
        [make_offer(home, settings) for home, settings in made],
        chain_id=CHAIN_ID,
        network="test-four",
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=int(time.time() * 1_000),
    )
    for home, settings in made:
        adopt_genesis(home, settings, genesis)
    return [Member(home) for home, _ in made]


@contextmanager
def run_members(directory: Path) -> Iterator[list[Member]]:
    """Four founders that run; whoever is in the list is ended, also if the test fails."""
    members = found_members(directory)
    try:
        for member in members:
            member.start()
        yield members
    finally:
        for member in members:
            member.stop()


def grow(member: Member, blocks: int = 3) -> int:
    """Wait for blocks; the height then."""
    height = member.height() + blocks
    wait_until(lambda: member.height() >= height)
    return height


def copy_home(member: Member, path: Path) -> Member:
    """What a backup of the whole directory holds."""
    shutil.copytree(
        member.home.root, path, ignore=shutil.ignore_patterns("run", "node.lock", "*.sock")
    )
    return Member(open_home(path))


def check_agreement(members: Sequence[Member]) -> int:
    """Check that nodes hold the same blocks, each of them; the last height that all have."""
    common = min(member.height() for member in members)
    for height in range(1, common + 1):
        headers = [
            member.call("commit", height=str(height))["signed_header"]["header"]
            for member in members
        ]
        assert all(header == headers[0] for header in headers), headers
    return common


def wait_until(predicate: Callable[[], object], *, timeout_s: float = 60.0) -> None:
    """Wait for something that must happen."""
    deadline_s = time.monotonic() + timeout_s
    while not predicate():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.1)


def run_command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Type a command."""
    return subprocess.run(
        [sys.executable, "-P", "-c", "from node.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | environment,
    )
