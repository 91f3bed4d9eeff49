"""At a real node: a body is elected, acts, and loses an officer who resigns; by commands alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from node import exit_codes
from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import fetch, get_height, get_url, running, wait_until
from tests.node.terminal import Terminal, free_ports

TIME_SCALE = "100800"
"""A week takes six seconds; nominations and votes take as long."""
WEEK_S = 604_800


def find(home: Path, proposal: str) -> dict[str, Any]:
    rows = json.loads(fetch(home, "/api/proposals")[1])["proposals"]
    return next(row for row in rows if row["id"] == proposal)


def await_stage(home: Path, proposal: str, stage: str) -> None:
    wait_until(lambda: find(home, proposal)["stage"] == stage)


@pytest.mark.timeout(240)
def test_members_elect_mediators_and_one_resigns(
    member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wallets for offices, nomination, ranked ballots with receipts, salts, seats, a motion."""
    terminal, home = member_terminal, member_terminal.root / "home"
    start(terminal, home)
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        url = get_url(home)
        monkeypatch.setenv("ROCHDALE_NODE", url)
        members = [join(terminal, home, url, name) for name in ("ada", "ben", "cyd")]
        officers = [open_office(terminal, home, url, name) for name in ("one", "two")]
        election = propose_election(terminal, members[0])
        await_stage(home, election, "nomination")
        for wallet in officers:
            terminal.do("office", "nominate", election, "-w", wallet, "--statement", "I listen.")
        await_stage(home, election, "voting")
        vote(terminal, home, members, election)
        await_stage(home, election, "reveal")
        for wallet in officers:
            terminal.do("office", "reveal", election, "-w", wallet)
        await_stage(home, election, "closed")

        assert len(seats(terminal, home, "mediators")) == 2
        assert find(home, election)["outcome"] == "accepted"
        check_counted(terminal, home, members[0], election)
        check_pages(home, election)
        assert "mediators: 2" in terminal.do("governance", "bodies", "--home", home)
        terminal.type("office", "resign", "-w", officers[0])
        assert "--yes" in terminal.error
        terminal.do("office", "resign", "--yes", "-w", officers[0])
        assert len(seats(terminal, home, "mediators")) == 1
        check_refusals(terminal, members[0], officers, election)
        open_books(terminal, home)
    assert "open Assets:1000" in terminal.do("value", "books", "--home", home)


def start(terminal: Terminal, home: Path) -> None:
    bylaws = terminal.root / "bylaws.toml"
    windows = {"voting_s": 2 * WEEK_S, "nomination_s": WEEK_S, "reveal_s": WEEK_S}
    bylaws.write_text(render_toml(make_bylaws(stages=windows)))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, "--time-scale", TIME_SCALE, *free_ports()),
        "--engine.timeout_commit_ms=300",
    )


def join(terminal: Terminal, home: Path, url: str, name: str) -> Path:
    wallet = terminal.root / f"{name}.wallet"
    terminal.do("wallet", "new", wallet, "--test-chain")
    terminal.do("wallet", "apply", wallet, "--node", url, "--name", name)
    terminal.do("member", "admit", "--all", "--home", home)
    return wallet


def open_office(terminal: Terminal, home: Path, url: str, name: str) -> Path:
    """A wallet of its own; nothing of its request goes into the register."""
    wallet, request = terminal.root / f"office-{name}.wallet", terminal.root / f"{name}.jws"
    terminal.do("wallet", "new", wallet, "--test-chain")
    terminal.do("office", "request", "-w", wallet, "--node", url, "-o", request)
    terminal.do("member", "open-office", request, "--home", home)
    assert terminal.ask("member", "list", "--home", home) == []
    return wallet


def propose_election(terminal: Terminal, wallet: Path) -> str:
    act = terminal.root / "act.toml"
    act.write_text('name = "ElectBody"\nbody = "mediators"\n')
    election = ("--kind", "election", "--act", act)
    return str(
        terminal.ask("wallet", "propose", "Elect two mediators", "-w", wallet, *election)[
            "proposal"
        ]
    )


def vote(terminal: Terminal, home: Path, members: list[Path], election: str) -> None:
    """Marks are checked before they count, and stand in the receipt."""
    terminal.type("wallet", "vote", election, "0,0", "-w", members[0])
    assert "does not answer the question" in terminal.error
    receipt = terminal.root / "ballot.json"
    trust = ("--trust", home / "genesis.json")
    terminal.do("wallet", "vote", election, "1,0", "-w", members[0], "--receipt", receipt, *trust)
    terminal.do(
        "wallet", "vote", election, "1", "-w", members[1], "--receipt", terminal.root / "b.json"
    )
    terminal.do(
        "wallet", "vote", election, "0,1", "-w", members[2], "--receipt", terminal.root / "c.json"
    )
    told = terminal.ask("ledger", "verify", receipt, "--wallet", members[0])
    assert told["ballot"]["choice"] == "marks 1 0"


def check_counted(terminal: Terminal, home: Path, wallet: Path, election: str) -> None:
    counted = terminal.root / "counted.json"
    terminal.do("receipt", "fetch", "counted", election, "-w", wallet, "-o", counted)
    told = terminal.ask("ledger", "verify", counted, "--trust", home / "genesis.json")
    assert (told["ballot"]["choice"], told["decision"]["yes"]) == ("marks 1 0", 3)


def check_refusals(terminal: Terminal, member: Path, officers: list[Path], election: str) -> None:
    """Whoever may not is told why, and what a file lacks is named."""
    terminal.type("office", "support", "00" * 32, "-w", member)
    assert terminal.code == exit_codes.FAILED
    assert "office account" in terminal.error
    terminal.type("office", "nominate", election, "-w", officers[1], "--statement", "Again.")
    assert "not where this can be done" in terminal.error
    file = terminal.root / "motion.toml"
    file.write_text('transaction = "ProposeBodyAct"\nbody = "mediators"\n')
    terminal.type("act", file, "-w", officers[1])
    assert "act is missing" in terminal.error
    file.write_text('transaction = "WithdrawProposal"\nproposal_id = "' + election + '"\n')
    terminal.type("act", file, "-w", member)
    assert "Voting has opened or the proposal has ended" in terminal.error


def open_books(terminal: Terminal, home: Path) -> None:
    """The cooperative acts with its root key; who acts has to be said."""
    file = terminal.root / "books.toml"
    file.write_text(
        'transaction = "OpenAccounts"\ncurrency = "EUR"\n'
        'accounts = []\nopening = []\nreference = ""\n'
    )
    terminal.type("act", file, "--home", home)
    assert "who acts?" in terminal.error
    terminal.type("act", file, "--as", "treasurer", "--home", home)
    assert "root or registrar" in terminal.error
    terminal.type("act", file, "--as", "registrar", "--home", home)
    assert terminal.code == exit_codes.FAILED
    assert "OpenAccounts is applied" in terminal.do("act", file, "--as", "root", "--home", home)


def seats(terminal: Terminal, home: Path, body: str) -> list[dict[str, Any]]:
    found = terminal.ask("governance", "bodies", "--home", home)
    return list(next(item for item in found if item["body"] == body)["seats"])


def check_pages(home: Path, election: str) -> None:
    """People see by which numbers they vote, who was elected, and who sits."""
    options = json.loads(fetch(home, f"/api/proposals/{election}/options")[1])
    assert (options["method"], options["seats"]) == ("approval", 3)
    assert [item["number"] for item in options["options"]] == [0, 1]
    assert all(item["is_elected"] for item in options["options"])
    page = fetch(home, f"/proposals/{election}")[1]
    assert "What members choose from" in page
    assert page.count("<td>elected</td>") == 2
    assert "It asks to elect who sits in a body." in page
    bodies = fetch(home, "/bodies")[1]
    assert options["options"][0]["id"] in bodies
    assert bodies.count("Nobody sits in it.") == 10
