"""How members and officers take part (rule K1; specification §8.2.1), in whole numbers.

Pure: what is computed here follows from state and its logs alone, so anybody can check it. Facts
are collected by `governance.participation_facts`. Nothing here says what a member did: only how
many did something.
"""

from dataclasses import dataclass

_PERMILLE = 1_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedVote:
    """A vote that closed in the period."""

    closed_ms: int
    ballots_count: int
    """Abstentions included."""
    electorate_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An office that sits in a body at the end of the period."""

    office: bytes
    since_ms: int
    """When it was first elected into that body, as far as the decisions tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFacts:
    """What a period was like, in numbers and times."""

    start_ms: int
    end_ms: int
    """Not of the period any more."""
    time_scale: int
    """By how much faster than people's the chain's time is; 1 but on test chains."""
    members_count: int
    votes: tuple[ClosedVote, ...]
    proposals_count: int
    """By members, not by the rules."""
    group_seats_count: int
    """Of all working groups now."""
    group_supporting_count: int
    """Of these, who supported anything that their group was asked to do in the period."""
    assemblies_ms: tuple[int, ...]
    """When assemblies were recorded, ascending; those of the period, and the one before."""
    stays: tuple[Stay, ...]
    elected: tuple[bytes, ...]
    """Offices that won a seat in the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """Rule K1's numbers for a period."""

    votes_count: int
    voting_rate_permille: int
    """Ballots of all who were entitled, over all votes that closed."""
    proposals_count: int
    proposals_per_member_permille: int
    """Proposals of a thousand members."""
    group_participation_permille: int
    """Working groups' seats that supported anything."""
    assemblies_count: int
    attendance_permille: int
    """Mean over the assemblies of the greatest turnout of their votes."""
    officers_count: int
    """Different offices that held a seat."""
    longest_stay_days: int
    """Of an office in one body, from its first election."""


def compute_participation(facts: PeriodFacts) -> Participation:
    """Compute the numbers of a period; where there was nothing to take part in they are 0."""
    start_ms, end_ms = facts.start_ms, facts.end_ms
    assemblies_count = sum(1 for time_ms in facts.assemblies_ms if start_ms <= time_ms < end_ms)
    officers = dict.fromkeys((*(stay.office for stay in facts.stays), *facts.elected))
    longest_ms = max((end_ms - stay.since_ms for stay in facts.stays), default=0)
    return Participation(
        votes_count=len(facts.votes),
        voting_rate_permille=compute_permille(
            sum(vote.ballots_count for vote in facts.votes),
            sum(vote.electorate_count for vote in facts.votes),
        ),
        proposals_count=facts.proposals_count,
        proposals_per_member_permille=compute_permille(facts.proposals_count, facts.members_count),
        group_participation_permille=compute_permille(
            facts.group_supporting_count, facts.group_seats_count
        ),
        assemblies_count=assemblies_count,
        attendance_permille=compute_attendance(facts),
        officers_count=len(officers),
        longest_stay_days=max(0, longest_ms) * facts.time_scale // _DAY_MS,
    )


def compute_attendance(facts: PeriodFacts) -> int:
    """Mean turnout of the period's assemblies, per mille.

    An assembly is recorded by its minutes; members attended it where they voted. Its votes are
    those that closed since the one before, and its turnout is the greatest of theirs.
    """
    turnouts = []
    before_ms = facts.start_ms
    for time_ms in facts.assemblies_ms:
        if facts.start_ms <= time_ms < facts.end_ms:
            turnouts.append(
                max(
                    (
                        compute_permille(vote.ballots_count, vote.electorate_count)
                        for vote in facts.votes
                        if before_ms <= vote.closed_ms < time_ms
                    ),
                    default=0,
                )
            )
        before_ms = time_ms
    return sum(turnouts) // len(turnouts) if turnouts else 0


def compute_permille(part: int, whole: int) -> int:
    """A share in thousandths, cut off; 0 of nothing."""
    return part * _PERMILLE // whole if whole else 0
