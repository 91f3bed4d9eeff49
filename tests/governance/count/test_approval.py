"""Approval voting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from votelib.convert import ApprovalToSimpleVotes
from votelib.evaluate.core import Plurality

from config.errors import RefusedError
from governance.count.approval import (
    ApprovalResult,
    ApprovalTally,
    add_approvals,
    begin_approval,
    elect_approved,
)
from governance.count.papers import Papers
from governance.count.ties import LotNeededError
from tests.governance.count.elections import Election, elections


def count_approval(
    papers: Papers,
    candidates_count: int,
    seats_count: int,
    *,
    lot: bytes = b"",
    withdrawn: bytes = b"",
) -> ApprovalResult:
    tally = add_approvals(begin_approval(candidates_count=candidates_count), papers)
    return elect_approved(tally, seats_count=seats_count, withdrawn=withdrawn, lot=lot)


def test_seats_those_with_most_approvals() -> None:
    """The order on a paper does not matter; blank papers are counted apart."""
    result = count_approval({bytes([2, 0]): 3, bytes([1]): 1, bytes([0, 1]): 1, b"": 4}, 3, 2)

    assert result == ApprovalResult(
        winners=bytes([0, 2]), approvals=(4, 2, 3), papers_count=9, blank_count=4
    )


def test_the_last_seat_among_equals_needs_a_lot() -> None:
    papers = {bytes([0]): 2, bytes([1]): 1, bytes([2]): 1}

    with pytest.raises(LotNeededError) as caught:
        count_approval(papers, 3, 2)

    assert caught.value.tied == bytes([1, 2])
    assert count_approval(papers, 3, 2, lot=bytes([2, 1])).winners == bytes([0, 2])
    assert count_approval(papers, 3, 3).winners == bytes([0, 1, 2])


def test_who_withdrew_is_not_seated() -> None:
    papers = {bytes([0]): 2, bytes([1]): 1}

    assert count_approval(papers, 2, 2, withdrawn=bytes([0])).winners == bytes([1])


@given(elections())
def test_agrees_with_another_implementation(election: Election) -> None:
    """Votelib's counts of approvals, and its winners where no tie is to be broken."""
    ranked = {frozenset(choice): 0 for choice in election.papers if choice}
    for choice, count in election.papers.items():
        if choice:
            ranked[frozenset(choice)] += count
    result = count_approval(
        election.papers, election.candidates_count, election.seats_count, lot=election.lot
    )

    theirs = ApprovalToSimpleVotes().convert(ranked)

    assert {place: n for place, n in enumerate(result.approvals) if n} == dict(theirs)
    if theirs:
        best = Plurality().evaluate(theirs, 1)[0]
        if best in theirs:
            assert result.winners[0] == best


@given(elections(), st.integers(1, 5))
def test_counting_in_pieces_changes_nothing(election: Election, size: int) -> None:
    """The tally goes through state between pieces."""
    papers = list(election.papers.items())
    tally = begin_approval(candidates_count=election.candidates_count)
    for start in range(0, len(papers), size):
        tally = ApprovalTally.parse(
            add_approvals(tally, dict(papers[start : start + size])).encode()
        )

    assert tally == add_approvals(
        begin_approval(candidates_count=election.candidates_count), election.papers
    )


@given(elections())
def test_nobody_with_fewer_approvals_is_preferred(election: Election) -> None:
    result = count_approval(
        election.papers,
        election.candidates_count,
        election.seats_count,
        lot=election.lot,
        withdrawn=election.withdrawn,
    )

    standing = [c for c in range(election.candidates_count) if c not in election.withdrawn]
    left = [result.approvals[one] for one in standing if one not in result.winners]
    won = [result.approvals[one] for one in result.winners]
    assert len(won) == min(election.seats_count, len(standing))
    assert won == sorted(won, reverse=True)
    assert not left or not won or max(left) <= min(won)


def test_refuses_what_cannot_be_counted() -> None:
    with pytest.raises(RefusedError, match="0 candidates"):
        begin_approval(candidates_count=0)
    with pytest.raises(RefusedError, match="0 seats"):
        elect_approved(begin_approval(candidates_count=1), seats_count=0, withdrawn=b"", lot=b"")
