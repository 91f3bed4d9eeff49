"""A chain that several founded: who takes it over says whom to believe of it, at every command."""

from pathlib import Path
from typing import Any

import pytest

from ledger.joining import render_request
from ledger.sealed import SealedFile
from node import exit_codes, sealing
from node.commands import federation_node
from node.home import open_home
from tests.ledger.scenario import ROOT
from tests.ledger.test_joining import NEWCOMER
from tests.ledger.test_sealed import NOW_MS, make_file, make_genesis
from tests.node.terminal import Terminal, free_ports

FILE = make_file(founders=(0, 1))


@pytest.fixture
def terminal(member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """With a sealed chain, whom to believe of it, and a node's home; long after it ended."""
    root = member_terminal.root
    monkeypatch.setattr(federation_node, "now_ms", lambda: NOW_MS)
    member_terminal.do("init", "--home", root / "home", *free_ports())
    (root / "sealed.json").write_bytes(FILE.to_bytes())
    (root / "genesis.json").write_bytes(FILE.genesis)
    (root / "other.json").write_bytes(make_genesis(0, 1, time_scale=2))
    asks = render_request(NEWCOMER, root_key=ROOT, sealed=FILE.chain)
    (root / "us.jws").write_text(asks)
    return member_terminal


def list_commands(root: Path) -> dict[str, tuple[list[str | Path], str]]:
    """Each command that reads a sealed chain, and what a stopped node says once that holds."""
    sealed, home = root / "sealed.json", ["--home", root / "home"]
    federation = "federation"
    return {
        "check-roll": ([federation, "check-roll", sealed, "--offline"], "The seal of test-signed"),
        "bring-roll": ([federation, "bring-roll", sealed, *home], "is the node running"),
        "request": (
            [federation, "request", "--sealed", sealed, "-o", root / "new.jws", *home],
            "is not the key that the sealed chain ended with",
        ),
        "admit": (
            [federation, "propose", "admit", root / "us.jws", "--sealed", sealed, *home],
            "is the node running",
        ),
        "approve": (
            [federation, "approve", "00", "--sealed", sealed, *home],
            "is the node running",
        ),
    }


@pytest.mark.parametrize("name", ["check-roll", "bring-roll", "request", "admit", "approve"])
def test_a_chain_that_several_founded_is_taken_over_by_whom_its_reader_believes(
    terminal: Terminal, name: str
) -> None:
    """Not by its own genesis file; and old trust only by who says so."""
    command, then = list_commands(terminal.root)[name]
    trust = ["--trust", terminal.root / "genesis.json"]

    alone = terminal.type(*command)
    old = terminal.type(*command, *trust)
    held = terminal.type(*command, *trust, "--old-trust")

    assert "sealed.json does not hold: others than this cooperative founded its chain" in alone
    assert "accept that risk with `--old-trust`" in old
    assert "does not hold" not in held
    assert then in held


def test_a_genesis_file_that_the_reader_does_not_believe_is_refused(terminal: Terminal) -> None:
    """The same validators alone do not make it the chain that its reader was told of."""
    said = terminal.type(
        *("federation", "check-roll", terminal.root / "sealed.json", "--offline"),
        *("--trust", terminal.root / "other.json", "--old-trust"),
    )

    assert "not the one that your trust file is of" in said
    assert terminal.code == exit_codes.FAILED


def test_whom_to_believe_is_named_with_the_sealed_chain(terminal: Terminal) -> None:
    """Else it would be believed of nothing, silently."""
    said = terminal.type(
        *("federation", "approve", "00", "--trust", terminal.root / "genesis.json"),
        *("--home", terminal.root / "home"),
    )

    assert "name its file with `--sealed` too" in said
    assert terminal.code == exit_codes.MISCONFIGURED


def test_a_chain_that_several_founded_is_sealed_by_its_own_nodes_word(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That node has followed it from its genesis file: nobody else need be named."""

    async def seal_chain(*_: Any, **__: Any) -> SealedFile:
        return FILE

    monkeypatch.setattr(sealing, "seal_chain", seal_chain)
    home, output = open_home(terminal.root / "home"), terminal.root / "written.json"
    home.genesis_path.write_bytes(FILE.genesis)
    command = ("federation", "seal", "test-heart-1", "-o", output, "--home", home.root)

    assert "is sealed for test-heart-1" in terminal.do(*command, "--yes")
    assert output.read_bytes() == FILE.to_bytes()
