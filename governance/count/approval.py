"""Approval voting: say yes to as many as you like; who has most yeses is elected.

For seats of which each should be broadly accepted, such as a working group's; it is not
proportional. The tally is one small record, so a long count goes on from block to block.

Source: S. J. Brams, P. C. Fishburn, Approval Voting, 1978.
"""

from dataclasses import dataclass
from itertools import repeat

from did.codec import Record
from governance.count.papers import Papers, PerCandidate, check_papers_count, check_size
from governance.count.ties import group_by_score, take_first
from governance.fields import Count


class ApprovalTally(Record, frozen=True, kw_only=True):
    """What was counted so far."""

    approvals: PerCandidate
    papers_count: Count = 0
    """Blank ones included."""
    blank_count: Count = 0
    """Papers that approve of nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalResult:
    """Who is elected."""

    winners: bytes
    """Most approvals first."""
    approvals: tuple[int, ...]
    papers_count: int
    blank_count: int


def begin_approval(*, candidates_count: int) -> ApprovalTally:
    """A tally of nothing yet.

    Raises:
        RefusedError: As `check_size`.
    """
    check_size(candidates_count=candidates_count, seats_count=1)
    return ApprovalTally(approvals=tuple(repeat(0, candidates_count)))


def add_approvals(tally: ApprovalTally, papers: Papers) -> ApprovalTally:
    """Count on; the order of papers makes no difference.

    Args:
        tally: So far.
        papers: Choices of candidates that there are (`papers.is_choice`), in any order.

    Raises:
        RefusedError: More papers than can be counted.
    """
    approvals = list(tally.approvals)
    for choice, papers_count in papers.items():
        for candidate in choice:
            approvals[candidate] += papers_count
    total = tally.papers_count + sum(papers.values())
    check_papers_count(total)
    return ApprovalTally(
        approvals=tuple(approvals),
        papers_count=total,
        blank_count=tally.blank_count + papers.get(b"", 0),
    )


def elect_approved(
    tally: ApprovalTally, *, seats_count: int, withdrawn: bytes, lot: bytes
) -> ApprovalResult:
    """Seat those with most approvals.

    Args:
        tally: Of all papers.
        seats_count: To fill; fewer are if fewer stand.
        withdrawn: Candidates who no longer stand.
        lot: Who wins ties, in this order; empty for no lot.

    Raises:
        RefusedError: As `check_size`.
        LotNeededError: The last seat falls among equals, and no lot tells them apart.
    """
    check_size(candidates_count=len(tally.approvals), seats_count=seats_count)
    standing = bytes(one for one in range(len(tally.approvals)) if one not in withdrawn)
    groups = group_by_score(standing, tally.approvals)
    return ApprovalResult(
        winners=take_first(groups, seats_count, lot=lot),
        approvals=tally.approvals,
        papers_count=tally.papers_count,
        blank_count=tally.blank_count,
    )
