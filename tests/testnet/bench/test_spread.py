"""Medians and percentiles of what was measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testnet.bench.spread import Spread, compute_percentile, compute_ratio, join_spread


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 5), (95, 10), (90, 9), (100, 10), (1, 1), (10, 1), (11, 2)]
)
def test_a_percentile_is_the_nearest_rank(percent: float, expected: float) -> None:
    """Of ten values the 95th percentile is the greatest."""
    assert compute_percentile([3, 1, 2, 4, 5, 7, 6, 8, 10, 9], percent) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_a_percentile_was_measured(values: list[float], percent: float) -> None:
    """It is one of the values, and at least so many are no greater."""
    found = compute_percentile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100


def test_nothing_has_no_percentile_and_no_spread() -> None:
    """A figure without a measurement cannot be made."""
    with pytest.raises(ValueError, match="needs values"):
        compute_percentile([], 50)
    with pytest.raises(ValueError, match="at least one"):
        Spread(())
    assert join_spread([]) is None


def test_the_median_is_not_moved_by_one_bad_round() -> None:
    """Single bursts swing."""
    spread = Spread((5.0, 1.0, 4.0))

    assert (spread.median, spread.least, spread.greatest) == (4.0, 1.0, 5.0)
    assert spread.to_json()["values"] == [5.0, 1.0, 4.0]


def test_ratios_are_of_neighbouring_rounds() -> None:
    """The second round of one is held against the second of the other."""
    assert compute_ratio(Spread((2.0, 3.0)), Spread((4.0, 2.0))).values == (0.5, 1.5)
    with pytest.raises(ValueError, match="zip"):
        compute_ratio(Spread((2.0,)), Spread((4.0, 2.0)))
