"""Quadratic voting: credits, ranks and funding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from config.limits import QUADRATIC_CREDITS_MAX, QUADRATIC_POOL_MAX
from governance.count.quadratic import (
    CREDITS,
    QuadraticTally,
    add_votes,
    begin_quadratic,
    check_votes,
    compute_cost,
    fund_items,
    rank_items,
)

ITEMS = 4
choices = st.lists(st.integers(0, 5), min_size=ITEMS, max_size=ITEMS).map(bytes)
papers = st.dictionaries(choices, st.integers(1, 100), max_size=10)


def test_votes_cost_their_square() -> None:
    """100 credits are ten votes for one item, or five for each of four."""
    assert CREDITS == 100
    assert compute_cost(bytes([10, 0, 0])) == 100
    assert compute_cost(bytes([5, 5, 5, 5])) == 100
    check_votes(bytes([10, 0, 0]), items_count=3, credits=CREDITS)


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (bytes([10, 1, 0]), "these votes cost 101 credits, and a ballot has 100"),
        (bytes([255, 255, 255]), "cost 195075 credits"),
        (bytes([1, 1]), "votes for each of the 3 items"),
        (bytes([1, 1, 1, 1]), "votes for each of the 3 items"),
    ],
)
def test_refuses_a_ballot_over_its_credits(choice: bytes, wanted: str) -> None:
    tally = begin_quadratic(items_count=3)

    with pytest.raises(RefusedError, match=wanted):
        add_votes(tally, {choice: 1})


def test_ranks_items_by_their_votes() -> None:
    """Equals stay equals until a lot is needed."""
    tally = add_votes(begin_quadratic(items_count=3), {bytes([3, 4, 0]): 1, bytes([1, 0, 1]): 1})

    assert tally == QuadraticTally(votes=(4, 4, 1), credits=100, papers_count=2)
    assert rank_items(tally) == (bytes([0, 1]), bytes([2]))


def test_funds_in_proportion_and_carries_the_rest() -> None:
    tally = add_votes(begin_quadratic(items_count=3), {bytes([3, 3, 1]): 1})

    assert fund_items(tally, pool=100).amounts == (42, 42, 14)
    assert fund_items(tally, pool=100).carried == 2
    capped = fund_items(tally, pool=100, cap=30)
    assert (capped.amounts, capped.carried) == ((30, 30, 14), 26)


def test_a_vote_without_votes_funds_nothing() -> None:
    assert fund_items(begin_quadratic(items_count=3), pool=7).carried == 7


@given(papers, st.integers(0, 10**9), st.none() | st.integers(0, 10**9))
def test_nothing_is_paid_that_is_not_there(
    given_papers: dict[bytes, int], pool: int, cap: int | None
) -> None:
    """Shares and what is carried are the pool; no share is beyond the cap."""
    tally = add_votes(begin_quadratic(items_count=ITEMS), given_papers)
    funding = fund_items(tally, pool=pool, cap=cap)

    assert sum(funding.amounts) + funding.carried == pool
    assert all(0 <= amount <= (pool if cap is None else cap) for amount in funding.amounts)
    assert funding.carried >= 0


@given(papers, st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_larger_pool_takes_from_nobody(
    given_papers: dict[bytes, int], pool: int, more: int
) -> None:
    """Which rounding by largest remainders cannot promise."""
    tally = add_votes(begin_quadratic(items_count=ITEMS), given_papers)
    smaller, larger = fund_items(tally, pool=pool), fund_items(tally, pool=pool + more)

    assert all(a <= b for a, b in zip(smaller.amounts, larger.amounts, strict=True))


@given(papers, st.integers(1, 3))
def test_counting_in_pieces_changes_nothing(given_papers: dict[bytes, int], size: int) -> None:
    """Nor does the order of papers."""
    pieces = list(given_papers.items())[::-1]
    tally = begin_quadratic(items_count=ITEMS)
    for start in range(0, len(pieces), size):
        tally = QuadraticTally.parse(add_votes(tally, dict(pieces[start : start + size])).encode())

    assert tally == add_votes(begin_quadratic(items_count=ITEMS), given_papers)


@pytest.mark.parametrize("credit", [0, QUADRATIC_CREDITS_MAX + 1])
def test_refuses_votes_that_cannot_be_counted(credit: int) -> None:
    with pytest.raises(RefusedError, match="credits are a whole number"):
        begin_quadratic(items_count=3, credits=credit)
    with pytest.raises(RefusedError, match="3 items or more"):
        begin_quadratic(items_count=2)
    for pool in (-1, QUADRATIC_POOL_MAX + 1):
        with pytest.raises(RefusedError, match="a pool is a whole number"):
            fund_items(begin_quadratic(items_count=3), pool=pool)
