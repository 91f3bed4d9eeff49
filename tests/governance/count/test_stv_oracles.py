"""Scottish STV beside a clerk and beside other people's counters."""

import pyrankvote
import pytest
from hypothesis import assume, given
from votelib.evaluate.core import VotingSystemError
from votelib.evaluate.sequential import TransferableVoteSelector

from governance.count.stv import count_stv
from governance.count.stv_records import Action, StvResult
from tests.governance.count.elections import WARDS, Election, elections, load_ward
from tests.governance.count.naive_stv import Clerk

VOTELIB_FAILS = {"Canal-2007"}
"""There votelib 0.4.0 ends with "infinite loop in STV"."""


def count_ward(ward: str) -> tuple[StvResult, dict[bytes, int], int, int]:
    election = load_ward(ward)
    result = count_stv(
        election.papers,
        candidates_count=len(election.names),
        seats_count=election.seats_count,
        withdrawn=b"",
        lot=b"",
    )
    return result, election.papers, len(election.names), election.seats_count


@given(elections())
def test_counts_as_a_clerk_does(election: Election) -> None:
    """Paper by paper, ties included: the same winners in the same order, the same totals."""
    small = {choice: min(count, 6) for choice, count in election.papers.items()}
    standing = [c for c in range(election.candidates_count) if c not in election.withdrawn]
    choices = [list(choice) for choice, count in small.items() for _ in range(count)]

    ours = Election(**{**vars(election), "papers": small}).count()
    clerk = Clerk(choices, standing, election.seats_count, list(election.lot))

    stages = [row for row in ours.rows if row.action in {Action.BEGIN, Action.TRANSFER}]
    assert list(ours.winners) == clerk.winners
    assert [{one: row.totals[one] for one in standing} for row in stages] == clerk.stages


@pytest.mark.parametrize("ward", [ward for ward in WARDS if ward not in VOTELIB_FAILS])
def test_votelib_elects_the_same_in_glasgow(ward: str) -> None:
    """Exact fractions and all surpluses at once: other totals, the same winners."""
    result, papers, _, seats_count = count_ward(ward)

    ranked = {tuple(choice): count for choice, count in papers.items() if choice}
    theirs = TransferableVoteSelector(quota_function="droop").evaluate(ranked, seats_count)

    assert sorted(result.winners) == sorted(theirs)


@pytest.mark.parametrize("ward", WARDS)
def test_pyrankvote_elects_the_same_in_glasgow(ward: str) -> None:
    """Floating point and rules of its own: the same winners where the outcome is clear."""
    result, papers, candidates_count, seats_count = count_ward(ward)
    candidates = [pyrankvote.Candidate(str(place)) for place in range(candidates_count)]
    ballots = [
        pyrankvote.Ballot([candidates[place] for place in choice])
        for choice, count in papers.items()
        for _ in range(count)
    ]

    theirs = pyrankvote.single_transferable_vote(candidates, ballots, seats_count)

    assert sorted(result.winners) == sorted(int(one.name) for one in theirs.get_winners())


@given(elections(withdrawn_max=0))
def test_votelib_elects_the_same_to_one_seat(election: Election) -> None:
    """Without a surplus all rules agree, as long as nobody ties for the last place."""
    single = Election(**{**vars(election), "seats_count": 1})
    ours = single.count()
    ranked = {tuple(choice): count for choice, count in election.papers.items() if choice}
    named = {place for choice in ranked for place in choice}
    assume(len(named) == election.candidates_count)
    out: set[int] = set()
    for row in ours.rows:
        if row.action is Action.DEFEAT:
            votes = [total for one, total in enumerate(row.totals) if one not in out]
            assume(votes.count(row.totals[row.candidate or 0]) == 1)
            out.add(row.candidate or 0)

    try:
        theirs = TransferableVoteSelector(quota_function="droop").evaluate(ranked, 1)
    except (VotingSystemError, NotImplementedError):
        assume(False)

    assert list(ours.winners) == theirs
