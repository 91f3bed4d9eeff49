"""A quarter in the life of a cooperative: four real nodes agree on all of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from testnet.run import QUARTER_STEPS

ROCHDALE = Path(sys.executable).with_name("rochdale")


@pytest.mark.timeout(600)
def test_four_nodes_live_through_a_quarter(tmp_path: Path) -> None:
    """G1 to G8, V3, V4: elections, a veto, an emergency, a distribution, a dispute."""
    told = tmp_path / "quarter.json"

    ended = subprocess.run(
        [ROCHDALE, "testnet", "quarter", "--dir", tmp_path / "nodes", "--json", told],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout
    steps = json.loads(told.read_text())["steps"]
    assert [(step["name"], step["ok"]) for step in steps] == [
        (name, True) for name, _ in QUARTER_STEPS
    ]
    assert sum(step["seconds"] for step in steps) < 600
