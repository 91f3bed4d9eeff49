"""Ballots as counting sees them: a choice, and how many members made the same.

Apart from the methods because all of them take the same papers. Candidates are numbers,
their places on the ballot paper from 0; names and accounts are never seen.
"""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.errors import RefusedError
from config.limits import COUNT_CANDIDATES_MAX, COUNT_PAPERS_MAX
from governance.fields import Count

Candidate = Annotated[int, Meta(ge=0, lt=COUNT_CANDIDATES_MAX)]
"""A candidate's, or an item's, place on the ballot paper, from 0."""
Candidates = Annotated[bytes, Meta(max_length=COUNT_CANDIDATES_MAX)]
"""Several of them, one byte each."""
PerCandidate = Annotated[tuple[Count, ...], Meta(max_length=COUNT_CANDIDATES_MAX)]
"""A number for each, in the order of the ballot paper."""

Papers: TypeAlias = Mapping[bytes, int]
"""How many papers say the same: candidates, one byte each, the most preferred first (or, for
approval, in any order); none of them twice."""


def is_choice(choice: bytes, *, candidates_count: int) -> bool:
    """Check if bytes name candidates that there are, none of them twice."""
    return not choice or (
        max(choice) < candidates_count and len(dict.fromkeys(choice)) == len(choice)
    )


def check_size(*, candidates_count: int, seats_count: int) -> None:
    """Check that a vote is one that can be counted.

    Raises:
        RefusedError: No candidates or seats, or more than `COUNT_CANDIDATES_MAX`.
    """
    for what, number in (("candidates", candidates_count), ("seats", seats_count)):
        if not 1 <= number <= COUNT_CANDIDATES_MAX:
            raise RefusedError(f"{number} {what}: there must be 1 to {COUNT_CANDIDATES_MAX}")


def check_papers_count(papers_count: int) -> None:
    """Check that there are not more papers than the arithmetic allows for.

    Raises:
        RefusedError: More than `COUNT_PAPERS_MAX`.
    """
    if papers_count > COUNT_PAPERS_MAX:
        raise RefusedError(f"{papers_count} papers are more than the {COUNT_PAPERS_MAX} allowed")
