"""Schulze's method: one winner, and a full ranking, from preferences.

Who would beat every other candidate one against one wins; where majorities go in a circle,
the strongest chains of majorities decide. A majority is as strong as the votes that make it
(winning votes), and whom a paper leaves out it ranks below all it names.

The tally keeps a row for each candidate: how many papers prefer it to each other candidate,
in lanes of 32 bits of one long number, so that a paper costs as many additions as it has
preferences.

Source: M. Schulze, A new monotonic, clone-independent, reversal symmetric, and
Condorcet-consistent single-winner election method, Social Choice and Welfare 36, 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.limits import COUNT_CANDIDATES_MAX
from did.codec import Record
from governance.count.papers import Papers, check_papers_count, check_size
from governance.count.ties import take_first
from governance.fields import Count

_LANE_BITS = 32
_LANE_BYTES = _LANE_BITS // 8

Matrix: TypeAlias = tuple[tuple[int, ...], ...]
"""A number for each pair: row the one, column the other."""


class SchulzeTally(Record, frozen=True, kw_only=True):
    """What was counted so far."""

    lanes: Annotated[
        tuple[Annotated[bytes, Meta(max_length=_LANE_BYTES * COUNT_CANDIDATES_MAX)], ...],
        Meta(max_length=COUNT_CANDIDATES_MAX),
    ]
    """A row for each candidate: papers that prefer it to each other, 4 bytes little-endian."""
    papers_count: Count = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchulzeResult:
    """The winner and how all rank."""

    winner: int
    ranking: tuple[bytes, ...]
    """Groups of candidates of whom none beats another, the best first."""
    preferred: Matrix
    """How many papers prefer the one to the other."""
    paths: Matrix
    """Strength of the strongest chain of majorities from the one to the other."""
    papers_count: int


def begin_schulze(*, candidates_count: int) -> SchulzeTally:
    """A tally of nothing yet.

    Raises:
        RefusedError: As `check_size`.
    """
    check_size(candidates_count=candidates_count, seats_count=1)
    return SchulzeTally(
        lanes=tuple(repeat(bytes(_LANE_BYTES * candidates_count), candidates_count))
    )


def add_rankings(tally: SchulzeTally, papers: Papers) -> SchulzeTally:
    """Count on; the order of papers makes no difference.

    Args:
        tally: So far.
        papers: Choices of candidates that there are (`papers.is_choice`), most preferred first.

    Raises:
        RefusedError: More papers than can be counted.
    """
    total = tally.papers_count + sum(papers.values())
    check_papers_count(total)  # no lane overflows into the next
    rows = [int.from_bytes(row, "little") for row in tally.lanes]
    lane_of = [1 << (_LANE_BITS * candidate) for candidate in range(len(rows))]
    everyone = sum(lane_of)
    for choice, papers_count in papers.items():
        below = everyone * papers_count
        for candidate in choice:
            below -= lane_of[candidate] * papers_count
            rows[candidate] += below
    length = _LANE_BYTES * len(rows)
    return SchulzeTally(
        lanes=tuple(row.to_bytes(length, "little") for row in rows), papers_count=total
    )


def elect_schulze(tally: SchulzeTally, *, withdrawn: bytes, lot: bytes) -> SchulzeResult:
    """Find the winner and the ranking.

    Candidates whom no other beats by a stronger chain come first, then those whom no other of
    the rest beats, and so on. Equals for the first place are settled by lot.

    Args:
        tally: Of all papers.
        withdrawn: Candidates who no longer stand; at least one does.
        lot: Who wins ties, in this order; empty for no lot.

    Raises:
        LotNeededError: Several are unbeaten, and no lot tells them apart.
    """
    preferred = compute_preferred(tally)
    standing = bytes(one for one in range(len(preferred)) if one not in withdrawn)
    paths = compute_paths(preferred, standing)
    ranking = []
    left = standing
    while left:
        unbeaten = bytes(
            one for one in left if all(paths[other][one] <= paths[one][other] for other in left)
        )
        ranking.append(unbeaten)
        left = bytes(one for one in left if one not in unbeaten)
    return SchulzeResult(
        winner=take_first(ranking, 1, lot=lot)[0],
        ranking=tuple(ranking),
        preferred=preferred,
        paths=paths,
        papers_count=tally.papers_count,
    )


def compute_preferred(tally: SchulzeTally) -> Matrix:
    """How many papers prefer each candidate to each other."""
    return tuple(
        tuple(
            int.from_bytes(row[start : start + _LANE_BYTES], "little")
            for start in range(0, len(row), _LANE_BYTES)
        )
        for row in tally.lanes
    )


def compute_paths(preferred: Sequence[Sequence[int]], standing: bytes) -> Matrix:
    """The strongest chains of majorities between all pairs who stand (Floyd and Warshall).

    A chain is as strong as its weakest majority; 0 means that there is none.
    """
    everyone = range(len(preferred))
    paths = [
        [
            preferred[one][other]
            if one in standing
            and other in standing
            and preferred[one][other] > preferred[other][one]
            else 0
            for other in everyone
        ]
        for one in everyone
    ]
    for middle in standing:
        onward = paths[middle]
        for one in standing:
            row, reach = paths[one], paths[one][middle]
            if one == middle or reach == 0:
                continue
            for other in standing:
                if other != one and row[other] < reach and row[other] < onward[other]:
                    row[other] = min(reach, onward[other])
    return tuple(tuple(row) for row in paths)
