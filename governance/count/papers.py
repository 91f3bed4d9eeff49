"""Ballots as counting sees them: a choice, and how many members made the same.

Apart from the methods because all of them take the same papers. Candidates are numbers,
their places on the ballot paper from 0; names and accounts are never seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.errors import InvariantError, RefusedError
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


@dataclass(frozen=True, slots=True)
class Ballot:
    """One ballot: what it says, and an identity that says nothing of who cast it."""

    ballot_id: bytes
    """Opaque; 32 bytes."""
    choice: bytes
    """Candidates, one byte each."""


def group_ballots(ballots: Iterable[Ballot], *, candidates_count: int) -> dict[bytes, int]:
    """Lay equal choices together; their identities end here.

    Raises:
        InvariantError: A choice names a candidate twice or one that there is not: whoever
            took the ballot should have refused it (`is_choice`).
    """
    papers: dict[bytes, int] = {}
    for ballot in ballots:
        choice = ballot.choice
        if choice not in papers and not is_choice(choice, candidates_count=candidates_count):
            raise InvariantError("a ballot in the count names no such candidates")
        papers[choice] = papers.get(choice, 0) + 1
    return papers


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
