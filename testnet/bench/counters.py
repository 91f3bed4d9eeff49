"""Other counters of the single transferable vote, to compare ours with in the same run.

They come with what tests need, not with a node; where one is missing, the benchmark says so.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

Rankings: TypeAlias = Sequence[Sequence[int]]


class CounterMissingError(Exception):
    """A counter is not installed."""


def count_with_votelib(rankings: Rankings, seats_count: int) -> None:
    """Count with `votelib`: exact fractions, all surpluses at once.

    Raises:
        CounterMissingError: It is not installed.
    """
    try:
        from votelib.evaluate.sequential import TransferableVoteSelector  # noqa: PLC0415
    except ImportError as error:
        raise CounterMissingError("votelib: not installed (`make check` installs it)") from error
    votes = Counter(tuple(ranking) for ranking in rankings)
    TransferableVoteSelector(quota_function="droop").evaluate(dict(votes), seats_count)


def count_with_pyrankvote(rankings: Rankings, seats_count: int) -> None:
    """Count with `pyrankvote`: floats, and rules of its own.

    Raises:
        CounterMissingError: It is not installed.
    """
    try:
        import pyrankvote  # noqa: PLC0415
    except ImportError as error:
        raise CounterMissingError("pyrankvote: not installed (`make check` installs it)") from error
    candidates = [pyrankvote.Candidate(str(place)) for place in range(len(rankings[0]))]
    ballots = [
        pyrankvote.Ballot(ranked_candidates=[candidates[one] for one in ranking])
        for ranking in rankings
    ]
    pyrankvote.single_transferable_vote(candidates, ballots, number_of_seats=seats_count)


OTHER_COUNTERS: dict[str, Callable[[Rankings, int], None]] = {
    "votelib": count_with_votelib,
    "pyrankvote": count_with_pyrankvote,
}
