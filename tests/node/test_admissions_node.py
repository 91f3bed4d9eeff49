"""At a real node that is past its founding: admitted is not yet on the roll, and is said so."""

import json
from pathlib import Path

import pytest

from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import fetch, get_height, running, wait_until
from tests.node.terminal import Terminal, free_ports
from tests.node.test_elections_node import get_url

TIME_SCALE = "2000000"
"""The founding's year takes sixteen seconds, objections three."""
FOUNDING_S = 16
OBJECTIONS_S = 60 * 86_400


@pytest.mark.timeout(180)
def test_who_is_admitted_after_the_founding_comes_with_a_batch(member_terminal: Terminal) -> None:
    """The command says when, and until then the account is on no roll."""
    terminal, home = member_terminal, member_terminal.root / "home"
    bylaws = terminal.root / "bylaws.toml"
    bylaws.write_text(render_toml(make_bylaws(roll={"challenge_s": OBJECTIONS_S})))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, "--time-scale", TIME_SCALE, *free_ports()),
        "--engine.timeout_commit_ms=300",
    )
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        url = get_url(home)
        apply(terminal, url, "ada")
        assert "1 on the roll." in terminal.do("member", "admit", "--all", "--home", home)
        wait_until(lambda: is_founded(terminal, home, url), timeout_s=FOUNDING_S + 60)

        [last] = terminal.ask("member", "list", "--status", "admitted", "--home", home)[-1:]
        roll = f"/api/cooperatives/{cooperative_of(home)}/accounts"
        wait_until(lambda: str(last["account"]) in fetch(home, roll)[1])


def apply(terminal: Terminal, url: str, name: str) -> None:
    wallet = terminal.root / f"{name}.wallet"
    terminal.do("wallet", "new", wallet, "--test-chain")
    terminal.do("wallet", "apply", wallet, "--node", url, "--name", name)


def is_founded(terminal: Terminal, home: Path, url: str) -> bool:
    """Admit one more; whether the answer is that they come with a batch."""
    apply(terminal, url, f"m{len(list(terminal.root.glob('*.wallet')))}")
    said = terminal.do("member", "admit", "--all", "--home", home)
    is_later = "will be on the roll with the batch at" in said
    assert is_later == ("if nobody objects" in said)
    assert is_later != ("1 on the roll." in said)
    return is_later


def cooperative_of(home: Path) -> str:
    return str(json.loads(fetch(home, "/api/status")[1])["cooperative"])
