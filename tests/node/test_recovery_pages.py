"""A whole node goes on from a former chain's state: what its members see."""

import json
from pathlib import Path

import pytest

from node import exit_codes
from node.home import open_home
from tests.node.full_nodes import (
    fetch,
    get_height,
    get_url,
    make_recovery_alone,
    running,
    wait_until,
)
from tests.node.terminal import Terminal, free_ports


@pytest.mark.timeout(300)
def test_a_whole_node_goes_on_with_its_pages(member_terminal: Terminal, tmp_path: Path) -> None:
    """Members see what was before, and go on with the wallets that they have.

    A cooperative alone; its signed recovery is made by hand, since its chain does not stand
    still.
    """
    terminal, old, new = member_terminal, tmp_path / "old", tmp_path / "new"
    wallet = tmp_path / "ann.wallet"
    terminal.do(
        *("init", "--home", old, "--node.name=Elm", "--node.origin=https://elm.test"),
        *(*free_ports(), "--engine.timeout_commit_ms=200"),
    )
    with running(terminal, old):
        wait_until(lambda: get_height(terminal, old) > 0)
        url = get_url(old)
        terminal.do("wallet", "new", wallet, "--test-chain")
        terminal.do("wallet", "apply", wallet, "--node", url, "--name", "Ann")
        terminal.do("member", "admit", "--all", "--home", old)
        made = terminal.ask("wallet", "propose", "Before", "--wallet", wallet, "--node", url)
        wait_until(lambda: list_texts(old) == [made["proposal"]])
    genesis = tmp_path / "after.json"
    genesis.write_bytes(make_recovery_alone(open_home(old)))

    refused = terminal.type("init", "--home", tmp_path / "no", "--join", genesis)
    assert "name a trust bundle" in refused
    terminal.do("genesis", "recover", "adopt", genesis, "--from", old, "--home", new)
    with running(terminal, new):
        wait_until(lambda: get_height(terminal, new) > 0)
        url = get_url(new)
        wait_until(lambda: made["proposal"] in list_texts(new))
        terminal.do("wallet", "status", wallet, "--node", url, "--trust", genesis)
        later = terminal.ask("wallet", "propose", "After", "--wallet", wallet, "--node", url)
        wait_until(lambda: sorted(list_texts(new)) == sorted([made["proposal"], later["proposal"]]))
        names = terminal.ask("register", "inspect", "--reason", "the law", "--home", new)
        assert names == ["Ann"]
        assert "earlier ones are of test-" in fetch(new, "/explorer/blocks/1")[1]
        federation = terminal.ask("federation", "list", "--home", new)
        assert [item["name"] for item in federation["cooperatives"]] == ["Elm"]

    check_needs_more_than_its_blocks(terminal, new)


def check_needs_more_than_its_blocks(terminal: Terminal, home: Path) -> None:
    """A state is not thrown away that the blocks cannot make again."""
    refused = terminal.type("ledger", "reset", "--yes", "--home", home)
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "put a trust bundle" in refused
    assert (home / "engine" / "data" / "blockstore.db").exists()
    assert "begin from a snapshot" in terminal.type("ledger", "replay", "--home", home)


def list_texts(home: Path) -> list[str]:
    """Ids of the proposals that its pages show."""
    return [item["id"] for item in json.loads(fetch(home, "/api/proposals")[1])["proposals"]]
