"""A whole node that lets its old blocks go: what was decided in them is proven all the same.

Days are as short as the test chain's windows: 91 of them take 39 seconds.
"""

import asyncio
import json
import os
import shutil
import signal
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from config.limits import KEEP_DAYS_MIN
from ledger.rpc import EngineClient
from ledger.store import Store
from node import exit_codes
from node.home import open_home
from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import fetch, get_height, get_status, running, wait_until
from tests.node.terminal import Terminal, free_ports

BYLAWS = render_toml(make_bylaws(stages={"voting_s": 2_419_200}))
TIME_SCALE = "201600"
"""Discussion takes 3 s, voting 12 s."""
INTERVAL_BLOCKS = 10


@pytest.fixture
def ash(member_terminal: Terminal) -> Path:
    """A node alone that keeps blocks as shortly as may be."""
    home, bylaws = member_terminal.root / "ash", member_terminal.root / "bylaws.toml"
    bylaws.write_text(BYLAWS)
    init(
        *(member_terminal, home, "--bylaws", bylaws, "--time-scale", TIME_SCALE),
        f"--engine.keep_days={KEEP_DAYS_MIN}",
    )
    return home


def init(
    terminal: Terminal, home: Path, *arguments: str | Path, known: tuple[Path, ...] = ()
) -> None:
    """Make a home of a chain that is quick."""
    flags = free_ports()
    own = f"{home.name}.test={flags[0].partition('=')[2]}"
    hosts = [own, *(f"ash.test={get_url(ash).removeprefix('http://')}" for ash in known)]
    terminal.do(
        *("init", "--home", home, *arguments, *flags, f"--network.hosts={','.join(hosts)}"),
        f"--node.name={home.name.title()}",
        f"--node.origin=https://{home.name}.test",
        f"--engine.snapshot_interval_blocks={INTERVAL_BLOCKS}",
        "--engine.timeout_commit_ms=300",
    )


@pytest.mark.timeout(400)
def test_what_was_decided_in_blocks_that_are_gone_is_proven_audited_and_handed_on(
    member_terminal: Terminal, ash: Path
) -> None:
    """Receipts of before and new ones, pages, an audit, a rebuilt read model, and a newcomer."""
    terminal, birch = member_terminal, member_terminal.root / "birch"
    with ExitStack() as nodes:
        nodes.enter_context(running(terminal, ash))
        wait_until(lambda: get_height(terminal, ash) > 0)
        vote = decide(terminal, ash)
        before = terminal.ask("governance", "audit", "--from-chain", "--home", ash)
        wait_until(lambda: get_earliest(ash) > vote["height"] + 1, timeout_s=120)

        check_receipts(terminal, ash, vote, served_by=ash)
        check_pages(ash, vote)
        after = terminal.ask("governance", "audit", "--from-chain", "--home", ash)
        assert (after["outcomes"], after["ballots"], after["difference"]) == (1, 1, None)
        assert {**after, "height": 0, "took_s": 0} == {**before, "height": 0, "took_s": 0}
        check_rebuilding(ash)
        join(terminal, nodes, birch, founder=ash)
        check_receipts(terminal, ash, vote, served_by=birch)
        assert terminal.ask("governance", "audit", "--home", birch)["ballots"] == 1
    check_commands(terminal, ash)


def decide(terminal: Terminal, ash: Path) -> dict[str, Any]:
    """One member's motion, ballot and result, with the receipts that they got at once."""
    wallet, at = terminal.root / "a.wallet", ["--node", get_url(ash)]
    terminal.do("wallet", "new", wallet, "--test-chain")
    applied = terminal.ask("wallet", "apply", wallet, *at, "--name", "A")
    terminal.do("member", "admit", applied["application"], "--home", ash)
    asked = terminal.ask("wallet", "propose", "Open on Sundays", "-w", wallet, *at)
    motion = str(asked["proposal"])
    wait_until(lambda: find_proposal(ash, motion)["stage"] == "voting")
    trust = ["--trust", ash / "genesis.json"]
    terminal.do(
        *("wallet", "vote", motion, "yes", "-w", wallet, *at, *trust),
        *("--receipt", terminal.root / "ballot-before.json"),
    )
    wait_until(lambda: find_proposal(ash, motion)["outcome"] == "accepted")
    fetch_counted = ("receipt", "fetch", "counted", motion, "-w", wallet, *at)
    terminal.do(*fetch_counted, "-o", terminal.root / "counted-before.json")
    told = json.loads(fetch(ash, f"/api/transactions?proposal={motion}")[1])["transactions"]
    return {
        "wallet": wallet,
        "proposal": motion,
        "transaction": told[0],
        "height": get_height(terminal, ash),
    }


def check_receipts(terminal: Terminal, ash: Path, vote: dict[str, Any], *, served_by: Path) -> None:
    """Those of before hold, new ones are made, by the genesis file and by today's header."""
    bundle, fetched = terminal.root / "trust-now.json", terminal.root / "fetched.json"
    terminal.do("trust", "export", "--home", served_by, "-o", bundle)
    at = ("--node", get_url(served_by))
    for kind in ("ballot", "counted"):
        terminal.do(
            *("receipt", "fetch", kind, vote["proposal"], "-w", vote["wallet"], *at),
            *("-o", fetched),
        )
        for receipt in (terminal.root / f"{kind}-before.json", fetched):
            for trust in (ash / "genesis.json", bundle):
                told = terminal.ask("ledger", "verify", receipt, "--trust", trust)
                assert (told["kind"], told["ballot"]["choice"]) == (kind, "yes")
    gone = terminal.type("receipt", "fetch", "block", "2", *at)
    assert "blocks begin with" in gone
    assert "ask a node that has kept more" in gone
    assert terminal.code == exit_codes.FAILED


def check_pages(ash: Path, vote: dict[str, Any]) -> None:
    """The proposal is there as ever; what is gone is said to be, never a failure."""
    assert "Open on Sundays" in fetch(ash, f"/proposals/{vote['proposal']}")[1]
    for path in (
        f"/explorer/blocks/{vote['transaction']['height']}",
        f"/explorer/transactions/{vote['transaction']['hash']}",
    ):
        with pytest.raises(HTTPError) as caught:
            urlopen(get_url(ash) + path, timeout=10)  # noqa: S310 - our own address
        with caught.value as answer:
            assert answer.code == 404
            assert "blocks begin with" in answer.read().decode()


def check_rebuilding(ash: Path) -> None:
    """Without its file, the read model begins with what the ledger lists."""
    home = open_home(ash)
    told = json.loads(home.status_path.read_bytes())
    [web] = (item["pid"] for item in told["processes"] if item["name"] == "web")
    height = fetch_json(ash, "/api/status")["height"]
    proposals = fetch_json(ash, "/api/proposals")["proposals"]

    home.projection_path.unlink()
    os.kill(web, signal.SIGKILL)

    def is_back() -> bool:
        try:
            return int(fetch_json(ash, "/api/status")["height"]) >= height
        except OSError:
            return False

    wait_until(is_back)
    assert fetch_json(ash, "/api/status")["begins_height"] > 1
    assert fetch_json(ash, "/api/proposals")["proposals"] == proposals


def join(terminal: Terminal, nodes: ExitStack, birch: Path, *, founder: Path) -> None:
    """A newcomer takes the state over from a node that has none of the first blocks."""
    bundle, request = terminal.root / "trust.json", terminal.root / "birch.jws"
    terminal.do("trust", "export", "-o", bundle, "--home", founder)
    init(terminal, birch, "--join", bundle, known=(founder,))
    terminal.do("federation", "request", "-o", request, "--home", birch)
    terminal.do("federation", "propose", "admit", request, "--home", founder)
    nodes.enter_context(running(terminal, birch))

    def has_joined() -> bool:
        told = get_status(terminal, birch)
        joining, ledger = told.get("joining"), told.get("ledger")
        return bool(joining and joining["is_done"] and ledger and not ledger["catching_up"])

    wait_until(has_joined, timeout_s=120)
    height = get_height(terminal, birch)
    wait_until(lambda: get_height(terminal, founder) >= height)
    headers = [
        ask_engine(home, "commit", height=str(height))["signed_header"]["header"]
        for home in (founder, birch)
    ]
    assert headers[0] == headers[1]


def check_commands(terminal: Terminal, ash: Path) -> None:
    """Of the stopped node: blocks that are left are executed again from a snapshot on.

    From the beginning they are not, and the node says so; what was set aside is put back.
    """
    snapshot = max((ash / "snapshots").glob("*[0-9]"), key=lambda path: int(path.name))
    out = terminal.root / "replayed"
    terminal.do("ledger", "replay", "--home", ash, "--from", snapshot, "--output", out)
    assert "All values are the same" in terminal.do("ledger", "diff", out / "ledger", ash)
    replay = ("ledger", "replay", "--home", ash, "--output", terminal.root / "whole")
    assert "has not kept block 1 and all that follow" in terminal.type(*replay)
    terminal.do("ledger", "reset", "--keep-blocks", "--yes", "--home", ash)
    with running(terminal, ash):
        said = ("status", "--home", ash)
        wait_until(lambda: "below block store base" in " ".join(terminal.type(*said).split()))
    shutil.rmtree(ash / "ledger")
    (ash / "aside-1" / "ledger").rename(ash / "ledger")
    height = read_height(ash)
    with running(terminal, ash):
        wait_until(lambda: get_height(terminal, ash) >= height)


def read_height(home: Path) -> int:
    """Of a stopped node's state."""
    with closing(Store.open(home / "ledger")) as store:
        return store.record.height


def find_proposal(home: Path, motion: str) -> dict[str, Any]:
    """As the node's pages know it."""
    return next(
        (row for row in fetch_json(home, "/api/proposals")["proposals"] if row["id"] == motion),
        {"stage": "", "outcome": ""},
    )


def fetch_json(home: Path, path: str) -> Any:
    """What the node's API says."""
    return json.loads(fetch(home, path)[1])


def get_url(home: Path) -> str:
    """Of the node's pages."""
    status = json.loads(open_home(home).status_path.read_bytes())
    return str(status["address"]).rstrip("/")


def get_earliest(home: Path) -> int:
    """The first block that the engine still has."""
    return int(ask_engine(home, "status")["sync_info"]["earliest_block_height"])


def ask_engine(home: Path, method: str, **params: str) -> Any:
    """An answer of a node's engine."""

    async def ask() -> Any:
        async with EngineClient(open_home(home).rpc_socket) as engine:
            return await engine.call(method, params)

    return asyncio.run(ask())
