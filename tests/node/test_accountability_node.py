"""At a real node: a petition, complaints, duties and motions of bodies, by commands alone."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import fetch, get_height, get_url, running, wait_until
from tests.node.terminal import Terminal, free_ports
from tests.node.test_elections_node import (
    TIME_SCALE,
    WEEK_S,
    await_stage,
    join,
    open_office,
    seats,
)

REASONS = "She has not answered anybody for a year."


@pytest.mark.timeout(300)
def test_members_hold_their_bodies_to_account(
    member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What members and officers do about each other needs no file of a transaction."""
    terminal, home = member_terminal, member_terminal.root / "home"
    start(terminal, home)
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        url = get_url(home)
        monkeypatch.setenv("ROCHDALE_NODE", url)
        members = [join(terminal, home, url, name) for name in ("ada", "ben", "cyd")]
        officers = [open_office(terminal, home, url, name) for name in ("one", "two")]
        assert {item["state"] for item in terminal.ask("duty", "list")} == {"paused"}
        assert "There has been no complaint" in terminal.do("complaint", "show")
        elect(terminal, home, members, officers)
        check_duties(terminal, home, officers)
        check_complaint(terminal, home, members, officers)
        check_petition(terminal, home, members)
        check_audit(terminal, home)


def start(terminal: Terminal, home: Path) -> None:
    bylaws = terminal.root / "bylaws.toml"
    windows = {"voting_s": 2 * WEEK_S, "nomination_s": 2 * WEEK_S, "reveal_s": WEEK_S}
    bylaws.write_text(render_toml(make_bylaws(stages=windows, recall={"grace_s": 0})))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, "--time-scale", TIME_SCALE, *free_ports()),
        "--engine.timeout_commit_ms=300",
    )


def elect(terminal: Terminal, home: Path, members: list[Path], officers: list[Path]) -> None:
    """Two officers become mediators, and the technical group; one thinks better of it first."""
    elections = [
        propose_election(terminal, members[0], body) for body in ("mediators", "technical")
    ]
    for election in elections:
        await_stage(home, election, "nomination")
        for wallet in officers:
            stand = ("office", "nominate", election, "--statement", "I listen.")
            terminal.do(*stand, "-w", wallet)
    terminal.do("office", "withdraw", elections[1], "-w", officers[1])
    terminal.type("office", "withdraw", elections[1], "-w", officers[1])
    assert "does not stand" in terminal.error
    terminal.do("office", "nominate", elections[1], "-w", officers[1], "--statement", "I do.")
    for election in elections:
        await_stage(home, election, "voting")
        for wallet in members:
            receipt = terminal.root / f"{wallet.stem}.json"
            terminal.do("wallet", "vote", election, "0,1", "-w", wallet, "--receipt", receipt)
    for election in elections:
        await_stage(home, election, "reveal")
        for wallet in officers:
            terminal.do("office", "reveal", election, "-w", wallet)
    for election in elections:
        await_stage(home, election, "closed")


def propose_election(terminal: Terminal, wallet: Path, body: str) -> str:
    act = terminal.root / f"{body}.toml"
    act.write_text(f'name = "ElectBody"\nbody = "{body}"\n')
    asked = ("--kind", "election", "--act", act)
    return str(
        terminal.ask("wallet", "propose", f"Elect the {body}", "-w", wallet, *asked)["proposal"]
    )


def check_duties(terminal: Terminal, home: Path, officers: list[Path]) -> None:
    """Most of a body say that it is done; nobody says it for another body."""
    assert find_duty(terminal)["state"] != "paused"
    report = terminal.root / "audit.txt"
    report.write_text("The programs do what they say.")
    said = terminal.ask("duty", "report", "algorithm-audit", "--file", report, "-w", officers[0])
    assert "supported by 1" in terminal.do("office", "motions")
    terminal.do("office", "support", said["id"], "-w", officers[1])

    found = find_duty(terminal)
    assert found["text_hash"] == hashlib.sha256(report.read_bytes()).hexdigest()
    assert "algorithm-audit" in terminal.do("duty", "list")
    terminal.type("duty", "report", "notice", "All is well.", "-w", officers[0])
    assert "no seat in this body" in terminal.error
    terminal.type("duty", "report", "picnic", "All is well.", "-w", officers[0])
    assert "algorithm-audit" in terminal.error
    page = fetch(home, "/duties")[1]
    assert found["text_hash"] in page
    assert page.count("nobody sits who owes it") == 6


def find_duty(terminal: Terminal) -> dict[str, Any]:
    rows = terminal.ask("duty", "list")
    return dict(next(item for item in rows if item["duty"] == "algorithm_audit"))


def check_complaint(
    terminal: Terminal, home: Path, members: list[Path], officers: list[Path]
) -> None:
    """The mediators hear it, for there is no ombudsperson; who complains stays unsaid."""
    opened = ("complaint", "open", "My question was lost.", "--body", "committee")
    complaint = terminal.ask(*opened, "-w", members[0])["id"]
    assert find_complaint(terminal, complaint)["step"] == "mediation"
    answer = ("complaint", "answer", complaint, "It was found.", "--body", "mediators")
    motion = terminal.ask(*answer, "-w", officers[0])["id"]
    terminal.do("office", "support", motion, "-w", officers[1])
    assert find_complaint(terminal, complaint)["verdict"] == "settled"
    terminal.type("complaint", "step", complaint, "-w", members[1])
    assert "complain" in terminal.error
    terminal.do("complaint", "step", complaint, "-w", members[0])
    assert find_complaint(terminal, complaint)["step"] == "assembly"
    terminal.do("complaint", "withdraw", complaint, "-w", members[0])

    found = find_complaint(terminal, complaint)
    assert (found["step"], found["verdict"]) == ("closed", "withdrawn")
    assert not {"complainant", "subject"} & set(found)
    page = fetch(home, "/complaints")[1]
    assert complaint in page
    assert "closed: taken back" in page
    assert "My question was lost." not in page
    assert complaint in terminal.do("complaint", "show")
    terminal.type("complaint", "show", "00" * 32)
    assert "nothing under this id" in terminal.error
    terminal.type("complaint", "open", "--body", "committee", "-w", members[0])
    assert "--file" in terminal.error


def find_complaint(terminal: Terminal, complaint: str) -> dict[str, Any]:
    return dict(terminal.ask("complaint", "show", complaint))


def check_petition(terminal: Terminal, home: Path, members: list[Path]) -> None:
    """A tenth of three members is one: the first signature brings it to a vote."""
    office = seats(terminal, home, "mediators")[0]["office"]
    asked = ("petition", "open", "mediators", office, REASONS)
    petition = terminal.ask(*asked, "-w", members[0])["id"]

    [found] = terminal.ask("petition", "show")["petitions"]
    assert (found["id"], found["office"], found["has_succeeded"]) == (petition, office, True)
    said = terminal.do("petition", "show", petition)
    assert "1 of 1" in said
    proposals = json.loads(fetch(home, "/api/proposals")[1])["proposals"]
    [recall] = [item["id"] for item in proposals if item["kind"] == "recall"]
    assert recall in said
    terminal.type("petition", "sign", petition, "-w", members[1])
    assert "petition" in terminal.error
    terminal.type("petition", "open", "choir", office, REASONS, "-w", members[0])
    assert "BODY is one of committee" in terminal.error


def check_audit(terminal: Terminal, home: Path) -> None:
    """The running node makes a copy of its state for it, which goes afterwards."""
    height = get_height(terminal, home)
    told = terminal.ask("governance", "audit", "--home", home)

    assert told["height"] >= height
    assert (told["outcomes"], told["ballots"], told["difference"]) == (2, 6, None)
    assert get_height(terminal, home) >= told["height"]
    assert not list(home.glob("copy-*"))
    assert (home / "snapshots" / str(told["height"])).is_dir()
    terminal.type("value", "books", "--home", home)
    assert "keeps books" in terminal.error
