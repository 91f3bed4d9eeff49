"""A cooperative alone becomes a federation of two, by commands at real nodes."""

import json
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from node import exit_codes
from node.home import open_home
from node.keystore import load_key
from tests.node.full_nodes import fetch, get_height, running, wait_until
from tests.node.terminal import Terminal, free_ports

TIME_SCALE = "259200"
"""A notice of thirty days takes ten seconds."""


@pytest.mark.timeout(240)
def test_a_cooperative_joins_validates_rotates_and_leaves(member_terminal: Terminal) -> None:
    """Each step is one command; refusals and waiting say what to do."""
    terminal = member_terminal
    ash, birch = terminal.root / "ash", terminal.root / "birch"
    request = terminal.root / "birch.jws"
    terminal.do(
        *("init", "--home", ash, "--time-scale", TIME_SCALE, "--node.name=Ash", *free_ports()),
        *("--node.origin=https://ash.test", "--engine.timeout_commit_ms=300"),
    )
    terminal.do(
        *("init", "--home", birch, "--join", ash / "genesis.json", "--node.name=Birch"),
        *(*free_ports(), "--node.origin=https://birch.test", "--engine.timeout_commit_ms=300"),
    )
    with ExitStack() as nodes:
        nodes.enter_context(running(terminal, ash))
        wait_until(lambda: get_height(terminal, ash) > 0)
        # Too early: its engine is refused, and dialled again once it is a member's.
        nodes.enter_context(running(terminal, birch))
        time.sleep(5)
        join(terminal, ash, birch, request)
        validate(terminal, ash, birch)
        change_keys(terminal, ash, birch)
        check_what_is_shown(terminal, ash)
        leave(terminal, ash, birch)


def join(terminal: Terminal, ash: Path, birch: Path, request: Path) -> None:
    """A request is signed beside no running node; alone, Ash's word is enough."""
    said = terminal.do("federation", "request", "-o", request, "--home", birch)
    assert "rochdale federation propose admit" in said
    before = terminal.ask("federation", "list", "--home", ash)
    assert [item["name"] for item in before["cooperatives"]] == ["Ash"]

    said = terminal.do("federation", "propose", "admit", request, "--home", ash)

    assert "Birch (did:web:birch.test) asks to join" in said
    assert "It is enacted" in said
    again = terminal.type("federation", "propose", "admit", request, "--home", ash)
    assert terminal.code == exit_codes.FAILED
    assert "it can enter only once" in again


def validate(terminal: Terminal, ash: Path, birch: Path) -> None:
    """Below four validators everybody must approve."""
    wait_until(lambda: "Birch " in terminal.type("federation", "list", "--home", birch))
    said = terminal.do("federation", "propose", "validator", "--home", birch)
    assert "1 of 2 needed approvals" in said
    wait_until(lambda: newest_motion(terminal, ash)["asks_to"] == "appoint validator Birch")
    motion = newest_motion(terminal, ash)
    assert "1 of 2, until" in terminal.do("federation", "list", "--home", ash)

    assert "enacted" in terminal.do("federation", "approve", motion["id"][:16], "--home", ash)

    assert standings(terminal, ash) == {"Ash": "active", "Birch": "active"}
    wait_until(lambda: "Birch" in voting(ash))
    terminal.type("federation", "approve", "00000000", "--home", ash)
    assert "names no motion" in terminal.error


def change_keys(terminal: Terminal, ash: Path, birch: Path) -> None:
    """The validator's, the registrar's and the cooperative's own; old ones count no more."""
    keys = {name: public_key(birch, name) for name in ("consensus", "registrar", "cooperative")}
    following = public_key(birch, "cooperative-next")

    said = terminal.do("federation", "rotate-validator", "--home", birch)

    assert "The new key signs from block" in said
    terminal.do("federation", "replace-registrar", "--home", birch)
    terminal.do("federation", "rotate-root", "--home", birch)
    assert all(public_key(birch, name) != key for name, key in keys.items())
    assert public_key(birch, "cooperative") == following
    assert "In block" in terminal.do(
        "federation", "update", "--home", birch, "--node.name=Birch Grove"
    )
    wait_until(lambda: "Birch Grove" in voting(ash))


def check_what_is_shown(terminal: Terminal, ash: Path) -> None:
    """Numbers for monitoring; nobody is missing."""
    kind, text = fetch(ash, "/metrics")
    assert kind.startswith("text/plain; version=0.0.4")
    assert 'rochdale_validator_missing{cooperative="Birch Grove"} 0' in text
    assert "rochdale_stands_still 0" in text
    status = terminal.ask("status", "--home", ash)
    assert (status["ledger"]["stands_still"], status["ledger"]["missing"]) == (False, [])


def leave(terminal: Terminal, ash: Path, birch: Path) -> None:
    """Notice, then power 0; the chain goes on with who remains."""
    terminal.type("federation", "leave", "--home", birch)
    assert "--yes" in terminal.error
    assert "The notice ends on" in terminal.do("federation", "leave", "--yes", "--home", birch)
    assert status_of(terminal, birch, "Birch Grove") == "leaving"
    listed = terminal.ask("federation", "list", "--home", birch)["cooperatives"]
    assert [item["name"] for item in listed if item["leaves_at_ms"]] == ["Birch Grove"]

    wait_until(lambda: status_of(terminal, ash, "Birch Grove") == "left")

    height = get_height(terminal, ash)
    wait_until(lambda: get_height(terminal, ash) > height + 3)
    assert standings(terminal, ash) == {"Ash": "active", "Birch Grove": "member"}


def public_key(home: Path, name: str) -> bytes:
    return load_key(open_home(home).keys, name).public_key


def status_of(terminal: Terminal, home: Path, name: str) -> str:
    found = terminal.ask("federation", "list", "--home", home)
    return str(next(item["status"] for item in found["cooperatives"] if item["name"] == name))


def standings(terminal: Terminal, home: Path) -> dict[str, str]:
    found = terminal.ask("federation", "list", "--home", home)
    return {item["name"]: item["standing"] for item in found["cooperatives"]}


def newest_motion(terminal: Terminal, home: Path) -> dict[str, str]:
    """As this node has it: the block of another's transaction may be on its way."""
    found = terminal.ask("federation", "list", "--home", home)
    return dict(found["motions"][0])


def voting(home: Path) -> list[str]:
    """Whose validator takes part, as the page has it."""
    try:
        _, text = fetch(home, "/api/status")
    except OSError:
        return []
    return [row["name"] for row in json.loads(text)["validators"] if row["voting"]]
