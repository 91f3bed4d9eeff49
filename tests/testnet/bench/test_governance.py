"""`rochdale bench governance`: small, but all of it."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from config.errors import MisconfiguredError
from governance.count.blt import parse_blt
from testnet.bench import election, governance, rules
from testnet.bench.governance import run_governance_benchmark
from testnet.bench.governance_figures import GOVERNANCE_FIGURES

KEYS = ["stv_100k_s", "apply_per_s", "end_block_growth"]


@pytest.fixture
def _is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value in (
        (election, "BALLOTS", 600),
        (governance, "BALLOTS", 600),
        (governance, "_PEER_BALLOTS", 600),
        (governance, "_QUICK_PEER_BALLOTS", 300),
        (rules, "DEADLINES_MANY", 50),
        (rules, "_MEMBERS", 70),
        (rules, "_MOTIONS", 2),
        (rules, "_BLOCKS", 5),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.mark.usefixtures("_is_small")
@pytest.mark.parametrize("is_quick", [True, False])
def test_measures_and_tells_everything(tmp_path: Path, is_quick: bool) -> None:
    """Each figure with its limit, in the table and in the file; nothing that was not measured."""
    path, console = tmp_path / "figures.json", Console(record=True, width=100)

    run_governance_benchmark(is_quick=is_quick, json_path=path, console=console)

    told, shown = json.loads(path.read_text()), console.export_text()
    assert [figure.key for figure in GOVERNANCE_FIGURES] == KEYS
    assert [told["figures"][key]["limit"] for key in KEYS] == [2, 25_000, 1.5]
    for key in KEYS:
        assert told[key] > 0
        assert key in shown
    assert {peer["name"] for peer in told["peers"]} == {"votelib", "pyrankvote"}
    assert {peer["is_scaled"] for peer in told["peers"]} == {is_quick}
    assert ("scaled up" in shown) is is_quick
    assert "sim_10y_2500_s" not in shown


@pytest.mark.usefixtures("_is_small")
def test_a_counter_that_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never filled in."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    path, console = tmp_path / "figures.json", Console(record=True, width=100)

    run_governance_benchmark(is_quick=True, json_path=path, console=console)

    told = json.loads(path.read_text())
    assert told["peers"] == []
    assert told["missing_peers"] == ["votelib", "pyrankvote"]
    assert "votelib is not installed here: not measured." in console.export_text()


def test_the_election_is_the_same_on_every_machine() -> None:
    """Seeded: all candidates on each ballot."""
    text = election.render_election(50)

    assert text == election.render_election(50)
    made = parse_blt(text)
    assert sum(made.papers.values()) == 50
    assert all(len(choice) == election.CANDIDATES for choice in made.papers)


def test_a_file_that_cannot_be_written_ends_it_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="--json"):
        run_governance_benchmark(
            is_quick=True, json_path=tmp_path / "missing" / "file", console=Console()
        )
