"""Mains of the node's processes."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arguments", [[], ["web"], ["wep", "/x"], ["web", "/x", "y"]])
def test_a_wrong_call_names_the_right_command(arguments: list[str]) -> None:
    """Nobody starts these by hand."""
    ended = subprocess.run(
        [sys.executable, "-m", "node.processes", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "use `rochdale start`" in ended.stderr


def test_what_an_operator_can_mend_is_one_sentence(tmp_path: Path) -> None:
    """The supervisor shows a process's last line."""
    ended = subprocess.run(
        [sys.executable, "-m", "node.processes", "ledger", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "there is no node at" in ended.stderr
