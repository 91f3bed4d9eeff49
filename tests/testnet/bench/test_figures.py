"""What the figures are held against."""

import pytest

from testnet.bench.figures import (
    FIGURES,
    RATIO_INPROC_1,
    RECHECK_MS,
    START_S,
    Figure,
    not_measured,
)


def test_each_figure_has_a_key_of_its_own() -> None:
    """The JSON file's keys; scripts rely on them."""
    assert [figure.key for figure in FIGURES] == [
        "ratio_inproc_1",
        "ratio_socket_1",
        "ratio_socket_4",
        "latency_ratio_4",
        "finalize_1000_p95_ms",
        "recheck_5000_ms",
        "tree_1m_sha_ratio",
        "start_1m_s",
        "state_sync_100k_s",
        "proof_query_p95_ms",
        "proof_bytes",
        "absence_bytes",
        "app_1m_mib",
    ]


@pytest.mark.parametrize(
    ("figure", "value", "verdict"),
    [
        (RATIO_INPROC_1, 0.5, "aim reached"),
        (RATIO_INPROC_1, 0.33, "holds"),
        (RATIO_INPROC_1, 0.329, "falls short"),
        (START_S, 1.0, "aim reached"),
        (START_S, 3.0, "holds"),
        (START_S, 3.01, "falls short"),
        (RECHECK_MS, 1.0, "holds"),
        (RECHECK_MS, None, "not measured"),
    ],
)
def test_a_value_is_held_against_limit_and_aim(
    figure: Figure, value: float | None, verdict: str
) -> None:
    """More is better for ratios, less for times; without an aim there is none to reach."""
    assert figure.judge(value) == verdict
    assert figure.is_held(value) is (None if value is None else verdict != "falls short")


def test_what_was_not_measured_says_why() -> None:
    """No value, and a reason."""
    measured = not_measured("there was no time")

    assert measured.value is None
    assert measured.note == "not measured: there was no time"
