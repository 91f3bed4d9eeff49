"""Counting a file of ballots by any method, and the outcome with names instead of numbers.

Between the pure counting of `governance.count`, which knows no names, and those who show it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from config.errors import MisconfiguredError
from governance.count.approval import add_approvals, begin_approval, elect_approved
from governance.count.blt import BltElection
from governance.count.schulze import add_rankings, begin_schulze, elect_schulze
from governance.count.stv import count_stv
from governance.count.stv_records import SCALE, render_votes
from governance.count.ties import LotNeededError


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedStage:
    """One line of what happened."""

    action: str
    """`begin`, `elect`, `defeat` or `transfer` (STV); `rank` (Schulze); `count` (approval)."""
    candidate: str | None
    totals: dict[str, int]
    """By name, in 10^-5 vote. Schulze: the strongest chains from the candidate to the others."""
    non_transferable: int
    """In 10^-5 vote."""
    lost: int = 0
    """In 10^-5 vote, to cutting off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Who is elected and how that came."""

    title: str
    method: str
    seats_count: int
    valid: int
    """In 10^-5 vote."""
    blank_count: int
    quota: int | None
    """In votes; None for methods without one."""
    winners: list[str]
    """In the order of their election."""
    stages: list[CountedStage]


_Method: TypeAlias = Callable[[BltElection, int, bytes], Counted]


def count_election(
    election: BltElection, *, method: str, seats_count: int | None, lot: bytes
) -> Counted:
    """Count a file's ballots.

    Args:
        election: The file.
        method: One of `METHODS`.
        seats_count: None for as many as the file says.
        lot: Who wins ties, in this order; empty for no lot.

    Raises:
        MisconfiguredError: The method is unknown or cannot fill so many seats, nobody stands,
            or a tie needs a lot that was not given.
        RefusedError: There are no seats, or too many.
    """
    count = METHODS.get(method)
    if count is None:
        raise MisconfiguredError(f"--method is one of {', '.join(METHODS)}, not {method!r}")
    if len(election.withdrawn) == len(election.names):
        raise MisconfiguredError("all candidates of this file are withdrawn: nobody can be elected")
    seats = election.seats_count if seats_count is None else seats_count
    if method == "schulze":
        if seats_count not in {None, 1}:
            raise MisconfiguredError("Schulze's method elects one: leave out --seats, or say 1")
        seats = 1
    try:
        return count(election, seats, lot)
    except LotNeededError as error:
        raise MisconfiguredError(_explain_tie(election, error)) from error


def describe(counted: Counted) -> dict[str, Any]:
    """The outcome for programs."""
    return {
        "quota": counted.quota,
        "winners": counted.winners,
        "stages": [
            {
                "action": stage.action,
                "candidate": stage.candidate,
                "totals": {name: render_votes(total) for name, total in stage.totals.items()},
                "non_transferable": render_votes(stage.non_transferable),
            }
            for stage in counted.stages
        ],
    }


def _count_stv(election: BltElection, seats_count: int, lot: bytes) -> Counted:
    names = election.names
    result = count_stv(
        election.papers,
        candidates_count=len(names),
        seats_count=seats_count,
        withdrawn=election.withdrawn,
        lot=lot,
    )
    stages = [
        CountedStage(
            action=row.action.name.lower(),
            candidate=None if row.candidate is None else names[row.candidate],
            totals=_name_totals(election, row.totals),
            non_transferable=row.non_transferable,
            lost=row.lost,
        )
        for row in result.rows
    ]
    return Counted(
        title=election.title,
        method="scottish-stv",
        seats_count=seats_count,
        valid=result.valid,
        blank_count=result.blank_count,
        quota=result.quota,
        winners=[names[winner] for winner in result.winners],
        stages=stages,
    )


def _count_approval(election: BltElection, seats_count: int, lot: bytes) -> Counted:
    names = election.names
    tally = add_approvals(begin_approval(candidates_count=len(names)), election.papers)
    result = elect_approved(tally, seats_count=seats_count, withdrawn=election.withdrawn, lot=lot)
    totals = _name_totals(election, [SCALE * count for count in result.approvals])
    return Counted(
        title=election.title,
        method="approval",
        seats_count=seats_count,
        valid=SCALE * (result.papers_count - result.blank_count),
        blank_count=result.blank_count,
        quota=None,
        winners=[names[winner] for winner in result.winners],
        stages=[CountedStage(action="count", candidate=None, totals=totals, non_transferable=0)],
    )


def _count_schulze(election: BltElection, seats_count: int, lot: bytes) -> Counted:
    names = election.names
    tally = add_rankings(begin_schulze(candidates_count=len(names)), election.papers)
    result = elect_schulze(tally, withdrawn=election.withdrawn, lot=lot)
    stages = [
        CountedStage(
            action="rank",
            candidate=names[one],
            totals={
                names[other]: SCALE * strength
                for other, strength in enumerate(result.paths[one])
                if other != one and other not in election.withdrawn
            },
            non_transferable=0,
        )
        for group in result.ranking
        for one in group
    ]
    blank_count = election.papers.get(b"", 0)
    return Counted(
        title=election.title,
        method="schulze",
        seats_count=seats_count,
        valid=SCALE * (result.papers_count - blank_count),
        blank_count=blank_count,
        quota=None,
        winners=[names[result.winner]],
        stages=stages,
    )


METHODS: dict[str, _Method] = {
    "scottish-stv": _count_stv,
    "schulze": _count_schulze,
    "approval": _count_approval,
}
"""By the word that the command line takes."""


def _name_totals(election: BltElection, totals: "tuple[int, ...] | list[int]") -> dict[str, int]:
    return {
        election.names[place]: total
        for place, total in enumerate(totals)
        if place not in election.withdrawn
    }


def _explain_tie(election: BltElection, error: LotNeededError) -> str:
    names = [election.names[one].strip() for one in error.tied]
    example = ",".join(names)
    return (
        f"{' and '.join(names)} are tied, and nothing that was counted before tells them apart: "
        f'draw lots and give the order, who wins first, with --lot "{example}" or with a file '
        "of one name a line"
    )
