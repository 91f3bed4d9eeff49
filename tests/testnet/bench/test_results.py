"""From measurements to figures."""

import pytest

from testnet.bench.results import Results
from tests.testnet.bench.samples import MACHINE, make_results


def test_a_ratio_is_of_medians_and_its_spread_of_rounds() -> None:
    """4,000 of ours for 8,000 of theirs, while single rounds lie between 0.375 and 1."""
    judged = make_results().judge()["ratio_socket_1"]

    assert judged.value == 0.5
    assert judged.spread is not None
    assert (judged.spread.least, judged.spread.greatest) == (0.375, 1.0)
    assert "4,000/s ÷ 8,000/s" in judged.note


def test_each_figure_comes_from_its_own_measurement() -> None:
    """Milliseconds, ratios and bytes are where they belong."""
    values = {key: item.value for key, item in make_results().judge().items()}

    assert values["ratio_socket_4"] == 1.0
    assert values["latency_ratio_4"] == pytest.approx(1.1)
    assert values["finalize_1000_p95_ms"] == pytest.approx(100)
    assert values["recheck_5000_ms"] == pytest.approx(300)
    assert values["tree_1m_sha_ratio"] == 90
    assert values["start_1m_s"] == pytest.approx(1.0)
    assert values["proof_query_p95_ms"] == pytest.approx(1.0)
    assert (values["proof_bytes"], values["absence_bytes"]) == (1_400, 2_500)
    assert values["app_1m_mib"] == 200


def test_a_quick_run_leaves_a_million_keys_open() -> None:
    """What it did not look at is not filled in from a smaller state."""
    judged = make_results(is_quick=True).judge()

    for key in ("tree_1m_sha_ratio", "start_1m_s", "proof_bytes", "absence_bytes", "app_1m_mib"):
        assert judged[key].value is None
        assert judged[key].note == "not measured: not in a quick run"
    assert judged["proof_query_p95_ms"].value is not None
    assert "100,000 keys" in judged["proof_query_p95_ms"].note


def test_an_empty_run_has_every_figure_and_no_value() -> None:
    """Each says that it was not measured."""
    judged = Results(is_quick=False, machine=MACHINE, headline_keys=100_000).judge()

    assert {item.value for item in judged.values()} == {None}
    assert all(item.note.startswith("not measured: ") for item in judged.values())
