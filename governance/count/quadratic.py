"""Quadratic voting: equal credits for all, and v votes for one item cost v² of them.

For ranking or funding three items or more when it matters how much members care. A choice is
a number of votes for each item, one byte each. There are no negative votes: with them a
majority could sink at half price what a small group needs (a rare disease has few voices),
and what is worth opposing as such is a motion of its own, for which yes and no exist.

Whoever splits into several members gains here more than elsewhere: one member, one ballot
rests on the roll alone, so funding can be capped for each item.

Source: S. P. Lalley, E. G. Weyl, Quadratic Voting: How Mechanism Design Can Radicalize
Democracy, AEA Papers and Proceedings 108, 2018.
"""

from dataclasses import dataclass
from itertools import repeat

from config.errors import RefusedError
from config.limits import QUADRATIC_CREDITS_MAX, QUADRATIC_ITEMS_MIN, QUADRATIC_POOL_MAX
from did.codec import Record
from governance.count.papers import Papers, PerCandidate, check_papers_count, check_size
from governance.count.ties import group_by_score
from governance.fields import Count

CREDITS = 100
"""What each member may spend in one vote, unless its rules say otherwise."""


class QuadraticTally(Record, frozen=True, kw_only=True):
    """What was counted so far."""

    votes: PerCandidate
    """For each item."""
    credits: Count
    """What each member may spend."""
    papers_count: Count = 0
    """Blank ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """What each item gets of a pool."""

    amounts: tuple[int, ...]
    """In the pool's unit, for each item."""
    carried: int
    """What no item gets: less than a unit each from rounding, and what caps held back."""


def begin_quadratic(*, items_count: int, credits: int = CREDITS) -> QuadraticTally:  # noqa: A002 - the word of every text on this method
    """A tally of nothing yet.

    Raises:
        RefusedError: As `check_size`, fewer than `QUADRATIC_ITEMS_MIN` items, or too many credits.
    """
    check_size(candidates_count=items_count, seats_count=1)
    if items_count < QUADRATIC_ITEMS_MIN:
        raise RefusedError(f"quadratic voting is for {QUADRATIC_ITEMS_MIN} items or more")
    if not 1 <= credits <= QUADRATIC_CREDITS_MAX:
        raise RefusedError(f"credits are a whole number from 1 to {QUADRATIC_CREDITS_MAX}")
    return QuadraticTally(votes=tuple(repeat(0, items_count)), credits=credits)


def compute_cost(choice: bytes) -> int:
    """What a ballot costs: the sum of its squared votes."""
    return sum(votes * votes for votes in choice)


def check_votes(choice: bytes, *, items_count: int, credits: int) -> None:  # noqa: A002 - as above
    """Check that a ballot has votes for each item and does not spend more than it may.

    Raises:
        RefusedError: It does not.
    """
    if len(choice) != items_count:
        raise RefusedError(f"a ballot has a number of votes for each of the {items_count} items")
    cost = compute_cost(choice)
    if cost > credits:
        raise RefusedError(f"these votes cost {cost} credits, and a ballot has {credits}")


def add_votes(tally: QuadraticTally, papers: Papers) -> QuadraticTally:
    """Count on; the order of papers makes no difference.

    Args:
        tally: So far.
        papers: Votes for each item, one byte each, and how many ballots say the same.

    Raises:
        RefusedError: As `check_votes`, or more papers than can be counted.
    """
    votes = list(tally.votes)
    for choice, papers_count in papers.items():
        check_votes(choice, items_count=len(votes), credits=tally.credits)
        for item, given in enumerate(choice):
            votes[item] += given * papers_count
    total = tally.papers_count + sum(papers.values())
    check_papers_count(total)
    return QuadraticTally(votes=tuple(votes), credits=tally.credits, papers_count=total)


def rank_items(tally: QuadraticTally) -> tuple[bytes, ...]:
    """Items with equal votes together, the most votes first (`ties.take_first` picks)."""
    return group_by_score(bytes(range(len(tally.votes))), tally.votes)


def fund_items(tally: QuadraticTally, *, pool: int, cap: int | None = None) -> Funding:
    """Share a pool in proportion to votes; shares are cut off, and the rest is carried over.

    Cutting off keeps more votes or a larger pool from ever meaning less, which rounding by
    largest remainders does not.

    Args:
        tally: Of all papers.
        pool: In its smallest unit.
        cap: The most that one item may get; None for no cap.

    Raises:
        RefusedError: The pool is negative or beyond `QUADRATIC_POOL_MAX`.
    """
    if not 0 <= pool <= QUADRATIC_POOL_MAX:
        raise RefusedError(f"a pool is a whole number from 0 to {QUADRATIC_POOL_MAX}")
    all_votes = sum(tally.votes)
    most = pool if cap is None else max(cap, 0)
    amounts = tuple(min(pool * votes // max(all_votes, 1), most) for votes in tally.votes)
    return Funding(amounts=amounts, carried=pool - sum(amounts))
