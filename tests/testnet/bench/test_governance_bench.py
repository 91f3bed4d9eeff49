"""The benchmark of the rules: every figure is measured, or says why it is not."""

import json
from pathlib import Path

from rich.console import Console

from governance.count.blt import parse_blt
from testnet.bench import governance
from testnet.bench.core_chain import CoreChain
from testnet.bench.governance import FIGURES, make_rankings, render_blt, run_governance_benchmark


def test_a_quick_run_writes_what_it_measured(tmp_path: Path) -> None:
    """Keys as scripts expect them; what a quick run cannot say is null."""
    path = tmp_path / "figures.json"

    run_governance_benchmark(is_quick=True, json_path=path, console=Console(quiet=True))

    document = json.loads(path.read_text())
    assert {figure.key for figure in FIGURES} <= set(document)
    assert document["apply_per_s"] > 0
    assert document["end_block_growth"] > 0
    assert document["stv_100k_s"] is None
    assert "not measured" in document["notes"]["stv_100k_s"]
    assert set(document["others_s"]) == {"votelib", "pyrankvote"}


def test_the_ballots_are_the_same_each_time() -> None:
    """Two runs count the same election."""
    rankings = make_rankings(50)

    election = parse_blt(render_blt(rankings))

    assert rankings == make_rankings(50)
    assert sum(election.papers.values()) == 50
    assert all(len(choice) == len(election.names) for choice in election.papers)


def test_a_chain_of_rules_alone_opens_a_vote() -> None:
    """What is timed is a real vote of real members."""
    chain = CoreChain(members_count=3)

    proposal_id = chain.open_vote()

    assert len(proposal_id) == 32
    assert len(chain.members) == 3
    assert governance.DEADLINES[-1] == 100_000
