"""Everything that members, registrar and operator do, at one real node with commands alone."""

import asyncio
import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.errors import UnavailableError
from did.codec import decode, encode
from did.jcs import JsonObject
from governance.logs import LogName
from ledger.rpc import EngineClient
from node import exit_codes
from node.home import open_home
from node.lock import is_locked
from node.member_client import NodeClient
from node.web.projection import Projection
from node.web.projection_start import begin_from_state
from tests.bylaws import make_bylaws, render_toml
from tests.node.own_ballots import check_own_ballots
from tests.node.small_federation import wait_until
from tests.node.terminal import Terminal, free_ports
from tests.node.web.javascript import check_meaning

BYLAWS = render_toml(make_bylaws(stages={"voting_s": 2_419_200, "insight_voting_s": 2_419_200}))
TIME_SCALE = "201600"
"""Discussion takes 3 s, voting 12 s."""
RECORDS_PEOPLE = 240


@pytest.fixture
def node(member_terminal: Terminal) -> Iterator[Terminal]:
    """One node alone, running; ended even if the test fails."""
    home = member_terminal.root / "home"
    bylaws = member_terminal.root / "bylaws.toml"
    bylaws.write_text(BYLAWS)
    ports = free_ports()
    member_terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, "--time-scale", TIME_SCALE, *ports),
        "--engine.timeout_commit_ms=300",
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "node.supervisor", str(home)], stdout=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _get_status(home).get("height", 0) > 0)
        yield member_terminal
    finally:
        member_terminal.type("stop", "--home", home)
        process.terminate()
        process.wait(20)
    assert not is_locked(home / "node.lock")


@pytest.mark.timeout(180)
def test_members_join_decide_and_prove_it(node: Terminal) -> None:
    """From an empty chain to a counted ballot, a published insight, and receipts that hold."""
    home, wallets = node.root / "home", [node.root / f"{name}.wallet" for name in "abc"]
    url = _get_url(home)
    _join(node, home, wallets, url)
    motion, release = _propose(node, home, wallets, url)
    wait_until(lambda: {row["stage"] for row in _list_proposals(url)} == {"voting"})

    receipt = _vote(node, wallets, url, motion=motion, release=release)
    _check_receipts(node, home, wallets, receipt)
    check_own_ballots(node, home, wallets, url, motion=motion, release=release)
    wait_until(lambda: {row["stage"] for row in _list_proposals(url)} == {"closed"})

    rows = {row["id"]: row for row in _list_proposals(url)}
    assert rows[motion]["outcome"] == rows[release]["outcome"] == "accepted"
    assert rows[motion]["tally"]["yes"] == 2
    counted = node.root / "counted.json"
    node.do("receipt", "fetch", "counted", motion, "-w", wallets[0], "--node", url, "-o", counted)
    told = node.ask("ledger", "verify", counted, "--wallet", wallets[0])
    key = told["key"]
    node.do("receipt", "fetch", "state", key, "--node", url, "-o", node.root / "state.json")
    assert (
        node.ask("ledger", "verify", node.root / "state.json", "--trust", home / "genesis.json")[
            "value"
        ]
        == told["value"]
    )
    assert told["decision"]["outcome"] == "accepted"
    assert told["ballot"]["choice"] == "yes"
    check_own_ballots(node, home, wallets, url, motion=motion, release=release, outcome="accepted")
    _check_lists(node, home, wallets[0], url, proposals=(motion, release))
    wait_until(lambda: node.ask("insight", "drafts", "--home", home)[0]["published"])
    assert [item["own"] for item in _get_status(home)["insights"]] == [True]
    _check_explorer(home, url, motion=motion)
    node.do("receipt", "fetch", "block", "2", "--node", url, "-o", node.root / "block.json")
    said = node.do("ledger", "verify", node.root / "block.json", "--trust", home / "genesis.json")
    assert "and the ledger before it has the app hash" in said
    _withdraw(node, home, wallets[0], url)
    _check_rebuilding(home)


def _check_explorer(home: Path, url: str, *, motion: str) -> None:
    """Every block and transaction has a page; lists are complete, page by page."""
    cooperative = _get_status(home)["cooperative"]
    about = json.loads(_download(f"{url}/api/transactions?proposal={motion}"))["transactions"]
    assert about[-1]["kind"] == "SubmitProposal"
    assert {item["kind"] for item in about[:-1]} == {"CastBallot"}
    found: list[JsonObject] = []
    following = f"/api/transactions?cooperative={cooperative}&limit=2"
    while following is not None:
        page = json.loads(_download(url + following))
        found, following = found + page["transactions"], page["next"]
    assert [item for item in found if item["proposal"] == motion] == about
    assert found == sorted(found, key=lambda item: (item["height"], item["place"]), reverse=True)
    mine = json.loads(_download(f"{url}/api/transactions?account={about[0]['account']}"))
    assert about[0] in mine["transactions"]
    accounts = json.loads(_download(f"{url}/api/cooperatives/{cooperative}/accounts"))["accounts"]
    assert about[0]["account"] in {item["account"] for item in accounts}

    for item in found:
        page = _download(f"{url}/explorer/transactions/{item['hash']}").decode()
        assert f"/explorer/blocks/{item['height']}" in page
        block = _download(f"{url}/explorer/blocks/{item['height']}").decode()
        assert f"/explorer/transactions/{item['hash']}" in block
        assert "in the block&#39;s commit" in block or "in the block's commit" in block
        assert f'href="/api/receipts/block/{item["height"]}" download' in block
    newest = _download(f"{url}/explorer").decode()
    assert f"/explorer/transactions/{found[0]['hash']}" in newest
    assert "/explorer?up_to=" in newest
    assert "signs blocks" in _download(f"{url}/explorer/validators").decode()
    ballot = _download(f"{url}/explorer/transactions/{about[0]['hash']}").decode()
    assert "Receipt that it was counted" in ballot
    assert "<dt>choice</dt>" in ballot
    for path in ("blocks/999999", "blocks/x", f"transactions/{'00' * 32}", "transactions/x"):
        with pytest.raises(urllib.error.HTTPError) as missing:
            _download(f"{url}/explorer/{path}")
        assert missing.value.code == 404
        missing.value.close()


def _join(node: Terminal, home: Path, wallets: list[Path], url: str) -> None:
    """Two are admitted, the third is not."""
    for wallet in wallets:
        node.do("wallet", "new", wallet, "--test-chain")
        applied = node.ask("wallet", "apply", wallet, "--node", url, "--name", f"[b]{wallet.stem}")
    assert "waits for the registrar" in node.type(
        *("wallet", "status", wallets[2], "--node", url, "--application", applied["application"])
    )
    assert node.code == exit_codes.FAILED
    listed = node.ask("member", "list", "--home", home)
    assert [item["name"] for item in listed] == ["[b]a", "[b]b", "[b]c"]

    node.do("member", "admit", listed[0]["application"][:12], "--home", home)
    again = node.ask(
        "member", "admit", *(item["application"] for item in listed[:2]), "--home", home
    )
    node.do("member", "refuse", listed[2]["application"], "--home", home)

    assert again[0]["height"] is None
    assert again[1]["height"] > 0
    assert "Nobody waits" in node.do("member", "admit", "--all", "--home", home)
    trust = ["--trust", home / "genesis.json"]
    assert "checked" in node.do("wallet", "status", wallets[0], "--node", url, *trust)
    assert "checked" in node.do("wallet", "status", wallets[0], "--node", url)
    assert "has refused" in node.type(
        *("wallet", "status", wallets[2], "--node", url, "--application", applied["application"])
    )


def _propose(node: Terminal, home: Path, wallets: list[Path], url: str) -> tuple[str, str]:
    """An ordinary motion, and the release of an insight."""
    rows = [f"{number},55,Male,Site,{number % 2}" for number in range(RECORDS_PEOPLE)]
    records = home / "records" / "people.csv"
    records.write_text("\n".join(["id,age,sex,dataset,num", *rows, ""]), encoding="utf-8")
    draft = node.ask(
        *("insight", "compute", "--site", "Site", "--records", "people.csv", "--home", home),
        *("--basis", "public-dataset"),
    )
    assert node.ask("insight", "budget", "--home", home)["spent"] == "0.5"
    assert draft["digest"] in node.do("insight", "drafts", "--home", home)

    at = ["--node", url]
    motion = node.ask("wallet", "propose", "Open on Sundays\n\nPeople ask.", "-w", wallets[0], *at)
    release = node.ask(
        "wallet", "propose", "Publish", "--insight", draft["digest"], "-w", wallets[1], *at
    )
    assert "none is open for voting now, the next opens" in node.type(
        "wallet", "vote", "yes", "-w", wallets[0], *at
    )
    node.do("wallet", "propose", "Publish", "--text-only", "-w", wallets[1], *at)
    return motion["proposal"], release["proposal"]


def _vote(node: Terminal, wallets: list[Path], url: str, *, motion: str, release: str) -> Path:
    """Everybody for; one changes their mind, and a stranger is refused."""
    at, receipt = ["--node", url], node.root / "receipt.json"
    assert "name one of these proposals" in node.type(
        "wallet", "vote", "yes", "-w", wallets[0], *at
    )
    assert node.code == exit_codes.MISCONFIGURED
    said = node.do("wallet", "vote", motion, "yes", "-w", wallets[0], *at, "--receipt", receipt)
    assert "“Open on Sundays”" in said
    other = ["--receipt", node.root / "other.json"]
    node.do("wallet", "vote", motion[:10], "no", "-w", wallets[1], *at, *other)
    node.do("wallet", "vote", motion[:10], "yes", "-w", wallets[1], *at, *other)
    node.do("wallet", "vote", release, "yes", "-w", wallets[1], *at, *other)
    assert "No such account is on the ledger" in node.type(
        "wallet", "vote", motion, "yes", "-w", wallets[2], *at, *other
    )
    assert node.code == exit_codes.FAILED
    return receipt


def _withdraw(node: Terminal, home: Path, wallet: Path, url: str) -> None:
    """Members take their insight back; nobody gets it any more."""
    (row,) = _get_status(home)["insights"]
    about = ["--kind", "withdrawal", "--subject", row["digest"], "-w", wallet, "--node", url]
    proposal = node.ask("wallet", "propose", "Take it back", *about)["proposal"]
    wait_until(lambda: "voting" in {item["stage"] for item in _list_proposals(url)})
    node.do(
        "wallet", "vote", "yes", "-w", wallet, "--node", url, "--receipt", node.root / "last.json"
    )
    wait_until(lambda: node.ask("insight", "drafts", "--home", home)[0]["withdrawn"])
    with pytest.raises(urllib.error.HTTPError, match="410") as gone:
        _download(f"{url}/insights/{row['digest']}")
    assert f"/proposals/{proposal}" in gone.value.read().decode()


def _check_receipts(node: Terminal, home: Path, wallets: list[Path], receipt: Path) -> None:
    """A receipt holds against the genesis file or a bundle, for its owner, and unchanged."""
    genesis, bundle = home / "genesis.json", node.root / "trust.json"
    assert receipt.stat().st_mode & 0o077 == 0
    said = node.do("ledger", "verify", receipt, "--trust", genesis, "--wallet", wallets[0])
    assert "says yes" in said
    assert "fingerprint" in node.do("trust", "export", "--home", home, "-o", bundle)
    assert node.do("trust", "export", "--home", home).startswith("{")
    node.do("trust", "export", "--home", home, "-o", bundle)
    assert "something else" in node.type("trust", "export", "--home", home, "-o", wallets[0])
    assert "cannot be written" in node.type(
        "trust", "export", "--home", home, "-o", Path("/nowhere/trust.json")
    )
    told = node.ask("ledger", "verify", receipt, "--trust", bundle)
    assert told["kind"] == "ballot"
    served = _download(f"{_get_url(home)}/api/trust")
    trusts = [genesis.read_bytes(), bundle.read_bytes(), served]
    check_meaning(receipt.read_bytes(), trusts, meaning=told["meaning"])

    assert "not this wallet's" in node.type(
        "ledger", "verify", receipt, "--trust", genesis, "--wallet", wallets[1]
    )
    changed = json.loads(receipt.read_bytes())
    changed["header"]["app_hash"] = "00" * 32
    receipt.write_text(json.dumps(changed))
    assert "does not hold" in node.type("ledger", "verify", receipt, "--trust", genesis)
    assert node.code == exit_codes.FAILED


def _check_lists(
    node: Terminal, home: Path, wallet: Path, url: str, *, proposals: tuple[str, str]
) -> None:
    """Pages of the ledger's lists hold, from one's own node and from one that is not believed."""
    genesis, file = home / "genesis.json", node.root / "page.json"
    (cooperative,) = (
        entry["id"]
        for entry in node.ask("ledger", "list", "cooperatives", "--home", home)["page"]["entries"]
    )
    listed = ("ledger", "list", "proposals", cooperative)
    page = node.ask(*listed, "--node", url, "--wallet", wallet)["page"]
    assert {entry["id"] for entry in page["entries"]} == set(proposals)
    assert [page[name] for name in ("list", "size", "first")] == ["proposals", 2, 0]
    own = ("--home", home)
    count = node.ask("ledger", "list", "ballots", cooperative, proposals[0], *own)["page"]
    assert [entry["choice"] for entry in count["entries"]] == ["yes", "yes"]

    part = ("governance", "participation", "--days", "3660", "--home", home)
    told = node.ask(*part)
    assert told["votes_count"] >= 1
    assert (told["proposals_count"], told["proposals_per_member_permille"]) == (2, 1_000)
    assert "different offices held seats" in node.do(*part)
    said = node.do(*listed, "--limit", "1", "--home", home, "--receipt", file)
    assert "has 2 entries; from 0 to 0 they are these" in said
    assert "More follow: `--from 1`" in said
    told = node.ask("ledger", "verify", file, "--trust", genesis)
    assert (told["kind"], told["page"]["entries"]) == ("page", page["entries"][:1])
    assert page["entries"][0]["id"] in node.do("ledger", "verify", file, "--trust", genesis)
    check_meaning(file.read_bytes(), [genesis.read_bytes()], meaning=told["meaning"])

    question = encode([bytes.fromhex(cooperative), bytes([LogName.PROPOSALS]), 0, 256]).hex()
    asked = json.loads(_download(f"{url}/ledger/abci_query?path=/log&data={question}&prove=true"))
    _, entries, _ = decode(base64.b64decode(asked["response"]["value"]), bytes_max=65_536)  # type: ignore[misc]
    assert [{"id": entry.hex()} for entry in entries] == page["entries"]
    assert len(asked["response"]["proofOps"]["ops"]) == 2
    for options, reason, code in (
        ((*listed, "--from", "2", *own), "the list has 2 entries", exit_codes.FAILED),
        (("ledger", "list", "roll", *own), "by a cooperative's id", exit_codes.MISCONFIGURED),
        (("ledger", "list", "roll", "x", *own), "an id is hexadecimal", exit_codes.MISCONFIGURED),
        ((*listed, "--node", url), "name whom you believe", exit_codes.MISCONFIGURED),
        ((*listed, "--node", url, *own), "ask another: name one", exit_codes.MISCONFIGURED),
    ):
        assert reason in node.type(*options)
        assert node.code == code
    changed = json.loads(file.read_bytes())
    changed["extra"]["entries"] = [page["entries"][1]["id"]]
    file.write_text(json.dumps(changed))
    assert "the entries are not the list's" in node.type(
        "ledger", "verify", file, "--trust", genesis
    )


def _check_rebuilding(home: Path) -> None:
    """Without its file, or with another chain's, the read model is the same again.

    From state alone, too, as on a node that has none of the first blocks.
    """
    path, height = open_home(home).projection_path, _get_status(home)["height"]
    before = _dump(path)
    assert {table: len(rows) for table, rows in before.items()} == {
        "members": 2,
        "proposals": 3,
        "insights": 1,
        "ballots": 4,
    }
    told = json.loads(open_home(home).status_path.read_bytes())
    (web,) = (item["pid"] for item in told["processes"] if item["name"] == "web")

    path.unlink()
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: _get_status(home).get("height", 0) >= height)
    wait_until(lambda: _get_status(home)["behind_blocks"] == 0)  # the chain goes on meanwhile

    assert _dump(path) == before
    assert _get_status(home)["begins_height"] == 1
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE chain SET app_hash = zeroblob(32)")
        database.execute("DELETE FROM ballots")
        database.commit()
    wait_until(lambda: _dump(path) == before)
    asyncio.run(_begin_from_state(home))
    assert _dump(home / "state.db") == before | {"ballots": []}


async def _begin_from_state(home: Path) -> None:
    """Begin another read model."""
    async with EngineClient(open_home(home).rpc_socket) as engine:
        height = (await engine.status()).height
        with closing(Projection.open(home / "state.db", genesis_hash=bytes(32))) as projection:
            await begin_from_state(projection, engine, height=height)
            assert (projection.begins_height, projection.height) == (height, height - 1)
            assert {item.ballots_count for item in projection.list_proposals(limit=9)} == {1, 2}


def _dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sorted(database.execute(f"SELECT * FROM {table}"))  # noqa: S608 - our names
            for table in ("members", "proposals", "insights", "ballots")
        }


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
        return bytes(answer.read())


def _get_url(home: Path) -> str:
    status = json.loads(open_home(home).status_path.read_bytes())
    return str(status["address"]).rstrip("/")


def _list_proposals(url: str) -> list[JsonObject]:
    async def ask() -> list[JsonObject]:
        async with NodeClient(url) as client:
            return list((await client.read("proposals", JsonObject))["proposals"])

    return asyncio.run(ask())


def _get_status(home: Path) -> JsonObject:
    """What the node says of itself; empty while it does not answer."""

    async def ask() -> JsonObject:
        async with NodeClient(_get_url(home)) as client:
            return await client.get_status()

    try:
        return asyncio.run(ask())
    except (OSError, UnavailableError):
        return {}
