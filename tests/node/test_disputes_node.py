"""At two real nodes: cooperatives dispute and settle, by commands alone."""

import hashlib
from pathlib import Path

import pytest

from node import exit_codes
from tests.node.small_federation import found_members, wait_until
from tests.node.terminal import Terminal

SETTLEMENT = "Each pays half."


@pytest.mark.timeout(180)
def test_two_cooperatives_settle_a_dispute(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Both record the same settlement, and only its hash."""
    terminal = Terminal(capsys, tmp_path)
    ash, birch = found_members(tmp_path, 2)
    homes = ash.home.root, birch.home.root
    with ash, birch:
        ash.start()
        birch.start()
        wait_until(lambda: ash.height() > 0 and birch.height() > 0)
        assert "There has been no dispute" in terminal.do("dispute", "show", "--home", homes[0])
        opened = ("dispute", "open", "Cooperative 1", "You owe us an insight.")
        dispute = terminal.ask(*opened, "--home", homes[0])["id"]
        said = terminal.do("dispute", "show", dispute, "--home", homes[0])
        assert "Cooperative 0 against Cooperative 1" in said
        terminal.type("dispute", "step", dispute, "--home", homes[0])
        assert terminal.code == exit_codes.FAILED
        terminal.do("dispute", "answer", dispute, SETTLEMENT, "--home", homes[0])
        terminal.do("dispute", "answer", dispute, SETTLEMENT, "--home", homes[1])

        [settled] = terminal.ask("dispute", "show", "--home", homes[1])
        assert (settled["step"], settled["verdict"]) == ("closed", "settled")
        assert settled["answer_hash"] == hashlib.sha256(SETTLEMENT.encode()).hexdigest()
        terminal.type("dispute", "withdraw", dispute, "--home", homes[0])
        assert terminal.code == exit_codes.FAILED
        terminal.type("dispute", "show", "00" * 32, "--home", homes[0])
        assert "no such dispute" in terminal.error
        check_withdrawn(terminal, homes)


def check_withdrawn(terminal: Terminal, homes: tuple[Path, Path]) -> None:
    """The claimant alone takes it back."""
    opened = ("dispute", "open", "Cooperative 0", "No, you owe us one.")
    dispute = terminal.ask(*opened, "--home", homes[1])["id"]
    terminal.type("dispute", "withdraw", dispute, "--home", homes[0])
    assert terminal.code == exit_codes.FAILED
    terminal.do("dispute", "withdraw", dispute, "--home", homes[1])

    newest, _ = terminal.ask("dispute", "show", "--home", homes[1])
    assert (newest["id"], newest["verdict"]) == (dispute, "withdrawn")
