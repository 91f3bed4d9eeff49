"""Results as JSON and as tables."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from config.errors import MisconfiguredError
from testnet.bench.figures import FIGURES
from testnet.bench.report import save_report
from testnet.bench.results import Results
from testnet.bench.tables import print_tables
from tests.testnet.bench.samples import make_results


def test_the_file_holds_every_key_and_where_it_comes_from(tmp_path: Path) -> None:
    """Values at the top, limits, spreads and machine beside them; only JSON's own types."""
    path = tmp_path / "figures.json"
    save_report(make_results(), path)
    document = json.loads(path.read_text())

    assert document["ratio_socket_1"] == 0.5
    assert document["state_sync_100k_s"] is None
    assert document["figures"]["ratio_socket_1"]["held"] is False
    assert document["figures"]["ratio_socket_1"]["spread"]["max"] == 1.0
    assert document["figures"]["start_1m_s"]["held"] is True
    assert document["figures"]["state_sync_100k_s"]["held"] is None
    assert [size["keys"] for size in document["sizes"]] == [10_000, 100_000, 1_000_000]
    assert document["machine"]["engine"] == "0.38.26"
    assert document["limits"]["verify_per_s"] == 18_000
    assert document["profile_us"]["steps"]["signatures"] == 60.0
    assert len(document["throughput"]) == 9 + 6


def test_a_quick_file_has_the_same_keys(tmp_path: Path) -> None:
    """What was not measured is null."""
    full, quick = tmp_path / "full.json", tmp_path / "quick.json"
    save_report(make_results(), full)
    save_report(make_results(is_quick=True), quick)
    documents = [json.loads(path.read_text()) for path in (full, quick)]

    assert documents[0].keys() == documents[1].keys()
    assert documents[1]["start_1m_s"] is None


def test_a_file_that_cannot_be_written_is_the_users_matter(tmp_path: Path) -> None:
    """The message names the flag."""
    with pytest.raises(MisconfiguredError, match="--json"):
        save_report(make_results(), tmp_path)


@pytest.mark.parametrize("is_quick", [False, True])
def test_the_tables_fit_a_terminal_and_say_what_is_missing(is_quick: bool) -> None:
    """Every figure with its verdict in 80 columns, none cut short."""
    text = render(make_results(is_quick=is_quick))

    assert max(len(line) for line in text.splitlines()) <= 80
    for figure in FIGURES:
        assert f"{figure.key}: {figure.title}" in " ".join(text.split())
    assert "falls short" in text
    assert "aim reached" in text
    missing = "not in a quick run" if is_quick else "the run did not get so far"
    assert f"state sync of 100 k keys: not measured: {missing}" in " ".join(text.split())
    assert "…" not in text
    assert ("higher than in a full run" in " ".join(text.split())) is is_quick
    assert "Cosmos SDK" in text
    assert "`abci` 0.8.3 cannot take part" in " ".join(text.split())


def render(results: Results) -> str:
    output = io.StringIO()
    print_tables(results, Console(file=output, width=80))
    return output.getvalue()
