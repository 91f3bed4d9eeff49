"""Newcomers to a chain that runs: by a trust bundle and a snapshot, and by every block."""

import asyncio
import json
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.limits import ADMISSIONS_PER_TX_MAX
from did.accounts import Inception
from did.keys import KeyPair
from governance.records import Role, compute_office_account_id
from governance.transactions import AdmitMembers
from ledger.rpc import EngineClient
from ledger.store import Store
from node.home import open_home
from node.keystore import load_key
from node.own_cooperative import load_own_cooperative
from node.sending import Sender
from node.settings import load_settings
from tests.node.full_nodes import (
    fetch,
    get_height,
    get_status,
    make_recovery_alone,
    running,
    wait_until,
)
from tests.node.terminal import Terminal, free_ports

NAMES = ("ash", "birch", "cedar")
INTERVAL_BLOCKS = 10
"""Twenty heartbeats of a second: so long a snapshot is kept."""


@dataclass
class Place:
    """A terminal, and flags for three nodes that find each other."""

    terminal: Terminal
    flags: dict[str, list[str]]

    def home(self, name: str) -> Path:
        return self.terminal.root / name

    def init(self, name: str, *arguments: str | Path) -> str:
        return self.terminal.do("init", "--home", self.home(name), *arguments, *self.flags[name])


@pytest.fixture
def place(member_terminal: Terminal) -> Place:
    ports = {name: free_ports() for name in NAMES}
    hosts = ",".join(f"{name}.test={flags[0].partition('=')[2]}" for name, flags in ports.items())
    return Place(
        member_terminal,
        {
            name: [
                *flags,
                f"--node.name={name.title()}",
                f"--node.origin=https://{name}.test",
                f"--network.hosts={hosts}",
                f"--engine.snapshot_interval_blocks={INTERVAL_BLOCKS}",
                "--engine.timeout_commit_ms=200",
            ]
            for name, flags in ports.items()
        },
    )


@pytest.mark.timeout(400)
def test_newcomers_by_snapshot_and_by_every_block_have_the_founders_state(place: Place) -> None:
    """Admitted while the chain goes on; what they have is compared to the last byte."""
    terminal, ash = place.terminal, place.home("ash")
    place.init("ash")
    with ExitStack() as nodes:
        nodes.enter_context(running(terminal, ash))
        wait_until(lambda: get_height(terminal, ash) > 0)
        admit_members(ash, count=3 * ADMISSIONS_PER_TX_MAX, first=0)
        wait_until(lambda: any(open_home(ash).snapshots.glob("[0-9]*[0-9]")))

        join_by_bundle(place, nodes, "birch", approvers=["ash"])
        admit_members(ash, count=ADMISSIONS_PER_TX_MAX, first=1_000)
        join_by_genesis(place, nodes, "cedar", approvers=["ash", "birch"])
        check_same_hashes(place)
        check_same_members(place)
    check_same_bytes(place)


@pytest.mark.timeout(300)
def test_a_newcomer_joins_a_chain_that_goes_on(place: Place) -> None:
    """By a trust bundle and a snapshot, as on any chain: nothing of the former one is needed."""
    terminal, ash, old = place.terminal, place.home("ash"), place.terminal.root / "old"
    place.init("ash")
    with running(terminal, ash):
        wait_until(lambda: get_height(terminal, ash) > 0)
        admit_members(ash, count=ADMISSIONS_PER_TX_MAX, first=0)
    ash.rename(old)
    genesis = terminal.root / "after.json"
    genesis.write_bytes(make_recovery_alone(open_home(old)))
    terminal.do("genesis", "recover", "adopt", genesis, "--from", old, "--home", ash)

    with ExitStack() as nodes:
        nodes.enter_context(running(terminal, ash))
        wait_until(lambda: any(open_home(ash).snapshots.glob("[0-9]*[0-9]")))
        join_by_bundle(place, nodes, "birch", approvers=["ash"])

        birch = place.home("birch")
        height = get_height(terminal, birch)
        for home in (ash, birch):
            wait_until(lambda home=home: get_height(terminal, home) >= height)
        headers = [ask_engine(home, "commit", height=str(height)) for home in (ash, birch)]
        assert headers[0]["signed_header"]["header"] == headers[1]["signed_header"]["header"]


def admit_members(home: Path, *, count: int, first: int) -> None:
    """Transactions of the registrar."""
    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ={})
    cooperative = load_own_cooperative(opened, settings).id

    async def send() -> None:
        async with EngineClient(opened.rpc_socket) as engine:
            sender = Sender(
                engine,
                chain_id=settings.network.chain_id,
                account=compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR),
                keys=[load_key(opened.keys, "registrar")],
                now_ms=lambda: time.time_ns() // 1_000_000,
            )
            for start in range(first, first + count, ADMISSIONS_PER_TX_MAX):
                inceptions = map(make_inception, range(start, start + ADMISSIONS_PER_TX_MAX))
                await sender.send(
                    AdmitMembers(cooperative=cooperative, inceptions=tuple(inceptions))
                )

    asyncio.run(send())


def make_inception(number: int) -> Inception:
    key = KeyPair(number.to_bytes(32, "big"))
    return Inception(
        public_key=key.public_key, next_key_commitment=bytes(32), guardians_commitment=bytes(32)
    )


def ask_to_join(place: Place, name: str, *, approvers: list[str]) -> None:
    """Its request, a member's motion, the other members' approvals."""
    terminal, request = place.terminal, place.terminal.root / f"{name}.jws"
    terminal.do("federation", "request", "-o", request, "--home", place.home(name))
    proposer, *others = (place.home(each) for each in approvers)
    terminal.do("federation", "propose", "admit", request, "--home", proposer)
    for other in others:
        motion: list[str] = []

        def has_motion(home: Path = other, found: list[str] = motion) -> bool:
            motions = terminal.ask("federation", "list", "--home", home)["motions"]
            found[:] = [item["id"] for item in motions if name.title() in item["asks_to"]]
            return bool(found)

        wait_until(has_motion)
        terminal.do("federation", "approve", motion[0][:16], "--home", other)


def join_by_bundle(place: Place, nodes: ExitStack, name: str, *, approvers: list[str]) -> None:
    """The bundle is all that it is given; the genesis file comes from a node that it names."""
    terminal, ash, home = place.terminal, place.home("ash"), place.home(name)
    bundle = terminal.root / "trust.json"
    exported = terminal.do("trust", "export", "-o", bundle, "--home", ash)

    said = place.init(name, "--join", bundle)

    fingerprint = exported.partition("fingerprint")[2].strip()
    assert fingerprint
    assert fingerprint in said
    assert (home / "genesis.json").read_bytes() == (ash / "genesis.json").read_bytes()
    ask_to_join(place, name, approvers=approvers)
    nodes.enter_context(running(terminal, home))

    def has_joined() -> bool:
        told = get_status(terminal, home)
        joining, ledger = told.get("joining"), told.get("ledger")
        return bool(joining and joining["is_done"] and ledger and not ledger["catching_up"])

    wait_until(has_joined, timeout_s=120)
    joining = get_status(terminal, home)["joining"]
    assert joining["chunks_count"] == joining["chunks_total"] >= 1
    assert joining["refused_count"] == 0
    assert joining["height"] % INTERVAL_BLOCKS == 0
    shown = terminal.do("status", "--home", home)
    assert "joining:" not in shown
    assert ask_engine(home, "status")["sync_info"]["earliest_block_height"] != "1"


def join_by_genesis(place: Place, nodes: ExitStack, name: str, *, approvers: list[str]) -> None:
    """It executes every block."""
    terminal, home = place.terminal, place.home(name)
    said = place.init(name, "--join", place.home("ash") / "genesis.json")
    assert "execute every block" in said
    ask_to_join(place, name, approvers=approvers)
    height = get_height(terminal, place.home("ash"))
    nodes.enter_context(running(terminal, home))
    wait_until(lambda: get_height(terminal, home) > height, timeout_s=120)
    assert get_status(terminal, home)["joining"] is None
    assert ask_engine(home, "status")["sync_info"]["earliest_block_height"] == "1"


def check_same_hashes(place: Place) -> None:
    """At one height, while all go on."""
    homes = [place.home(name) for name in NAMES]
    height = get_height(place.terminal, homes[0])
    wait_until(lambda: all(get_height(place.terminal, home) >= height for home in homes))
    headers = [ask_engine(home, "commit", height=str(height)) for home in homes]
    hashes = {header["signed_header"]["header"]["app_hash"] for header in headers}
    assert len(hashes) == 1
    for home in homes:
        wait_until(lambda home=home: json.loads(fetch(home, "/api/status")[1])["height"] >= height)


def check_same_members(place: Place) -> None:
    """On the page of a newcomer without the first blocks, too; it says where it began."""
    told = {name: json.loads(fetch(place.home(name), "/api/status")[1]) for name in NAMES}
    counts = [
        {row["cooperative"]: row["members"] for row in status["validators"]}
        for status in told.values()
    ]

    assert counts[0] == counts[1] == counts[2]
    assert sum(counts[0].values()) == 4 * ADMISSIONS_PER_TX_MAX
    begins = [told[name]["begins_height"] for name in NAMES]
    assert begins[0] == begins[2] == 1 < begins[1]
    page = fetch(place.home("birch"), "/")[1]
    assert f"from block {begins[1]} on" in page


def ask_engine(home: Path, method: str, **params: str) -> Any:
    async def ask() -> Any:
        async with EngineClient(open_home(home).rpc_socket) as engine:
            return await engine.call(method, params)

    return asyncio.run(ask())


def check_same_bytes(place: Place) -> None:
    """Each state, taken back to the lowest height of all; and a founder's from a snapshot on."""
    terminal = place.terminal
    copies = [
        shutil.copytree(place.home(name) / "ledger", terminal.root / f"{name}-copy")
        for name in NAMES
    ]
    lowest = min(read_height(copy) for copy in copies)
    for copy in copies:
        terminal.do("ledger", "rollback", str(lowest), copy)
    for copy in copies[1:]:
        assert "All values are the same" in terminal.do("ledger", "diff", copies[0], copy)
    for name in ("ash", "birch"):
        home, out = place.home(name), terminal.root / f"{name}-replayed"
        snapshot = max((home / "snapshots").glob("*[0-9]"), key=lambda path: int(path.name))
        terminal.do(*("ledger", "replay", "--home", home, "--from", snapshot, "--output", out))
        assert "All values are the same" in terminal.do("ledger", "diff", out / "ledger", home)


def read_height(path: Path) -> int:
    store = Store.open(path)
    height = store.record.height
    store.close()
    return height
