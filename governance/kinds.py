"""Kinds of proposals: what each needs, which path it takes, how it is decided.

A table that other modules read. What an accepted one does is `governance.implementing`'s
matter; the numbers themselves are each cooperative's bylaws.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from governance.body_records import WORKING_GROUPS, BodyKind
from governance.proposal_records import ProposalKind


class Group(StrEnum):
    """Kinds that share a quorum in the bylaws."""

    ORDINARY = "ordinary"
    CONSTITUTIONAL = "constitutional"
    INSIGHT = "insight"
    DISTRIBUTION = "distribution"
    ELECTION = "election"


class Threshold(IntEnum):
    """How many of those who say yes or no must say yes."""

    MAJORITY = 1
    """More yes than no."""
    TWO_THIRDS = 2
    """At least twice as many yes as no."""


class Subject(IntEnum):
    """What a proposal names beside its text."""

    NONE = 1
    DIGEST = 2
    """32 bytes of what it is about."""
    ACT = 3
    """What the rules do when it is accepted (`governance.member_acts`)."""
    ACT_OR_NONE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How proposals of a kind go."""

    group: Group
    threshold: Threshold = Threshold.MAJORITY
    subject: Subject = Subject.NONE
    acts: tuple[int, ...] = ()
    """Numbers of the acts that it may ask for."""
    waits_for_founding: bool = False
    """Whether it can be proposed only once the cooperative's founding is over."""
    reviewers: tuple[BodyKind, ...] = ()
    """Working groups that look at it first, where they sit (specification §4.2.1)."""
    is_recommended: bool = True
    """Whether the committee may recommend before the vote; not where it is concerned itself."""
    is_discussed: bool = True
    has_second_call: bool = True
    is_nominated: bool = False
    """Whether candidates come forward instead of a discussion."""
    has_options: bool = False
    """Whether ballots mark options instead of saying yes or no."""
    is_submitted_by_members: bool = True
    """Else the rules submit it by themselves."""


KINDS: Final[dict[ProposalKind, Kind]] = {
    ProposalKind.ORDINARY: Kind(group=Group.ORDINARY, reviewers=WORKING_GROUPS),
    ProposalKind.INSIGHT: Kind(
        group=Group.INSIGHT,
        subject=Subject.DIGEST,
        reviewers=(BodyKind.TECHNICAL, BodyKind.PRIVACY),
    ),
    ProposalKind.VALIDATION: Kind(
        group=Group.INSIGHT, subject=Subject.DIGEST, reviewers=(BodyKind.TECHNICAL,)
    ),
    ProposalKind.WITHDRAWAL: Kind(
        group=Group.INSIGHT,
        subject=Subject.DIGEST,
        reviewers=(BodyKind.TECHNICAL, BodyKind.PRIVACY),
    ),
    ProposalKind.DATA_USE: Kind(
        group=Group.ORDINARY,
        subject=Subject.DIGEST,
        reviewers=(BodyKind.PRIVACY, BodyKind.ETHICS),
    ),
    ProposalKind.CONSTITUTIONAL: Kind(
        group=Group.CONSTITUTIONAL,
        threshold=Threshold.TWO_THIRDS,
        subject=Subject.ACT_OR_NONE,
        acts=(1,),
        waits_for_founding=True,
        reviewers=(BodyKind.ETHICS,),
    ),
    ProposalKind.LICENCE: Kind(
        group=Group.ORDINARY,
        subject=Subject.ACT,
        acts=(2, 3),
        reviewers=(BodyKind.PRIVACY, BodyKind.FINANCE),
    ),
    ProposalKind.BUDGET: Kind(
        group=Group.ORDINARY,
        subject=Subject.ACT,
        acts=(9,),
        reviewers=(BodyKind.FINANCE,),
        has_options=True,
    ),
    ProposalKind.ELECTION: Kind(
        group=Group.ELECTION,
        subject=Subject.ACT,
        acts=(7,),
        is_recommended=False,
        is_discussed=False,
        is_nominated=True,
        has_options=True,
    ),
    ProposalKind.RECALL: Kind(
        group=Group.ELECTION,
        subject=Subject.ACT,
        acts=(8,),
        is_recommended=False,
        is_submitted_by_members=False,
    ),
    ProposalKind.CONFIDENCE: Kind(
        group=Group.ELECTION,
        subject=Subject.ACT,
        acts=(20,),
        is_recommended=False,
        is_submitted_by_members=False,
    ),
    ProposalKind.COMPLAINT: Kind(
        group=Group.ORDINARY,
        subject=Subject.DIGEST,
        is_recommended=False,
        is_submitted_by_members=False,
    ),
    ProposalKind.DISTRIBUTION: Kind(
        group=Group.DISTRIBUTION,
        subject=Subject.DIGEST,
        waits_for_founding=True,
        reviewers=(BodyKind.FINANCE,),
    ),
    ProposalKind.VETO_OVERRIDE: Kind(
        group=Group.CONSTITUTIONAL,
        threshold=Threshold.TWO_THIRDS,
        subject=Subject.DIGEST,
    ),
    ProposalKind.APPEAL: Kind(
        group=Group.ORDINARY,
        subject=Subject.DIGEST,
        is_recommended=False,
        is_submitted_by_members=False,
    ),
    ProposalKind.RATIFICATION: Kind(
        group=Group.ORDINARY,
        subject=Subject.DIGEST,
        is_recommended=False,
        is_discussed=False,
        has_second_call=False,
        is_submitted_by_members=False,
    ),
    ProposalKind.FEDERAL: Kind(group=Group.ORDINARY, subject=Subject.ACT, acts=(4, 21)),
    ProposalKind.EXIT: Kind(
        group=Group.CONSTITUTIONAL,
        threshold=Threshold.TWO_THIRDS,
        subject=Subject.ACT,
        acts=(5,),
    ),
    ProposalKind.ENDING: Kind(
        group=Group.CONSTITUTIONAL,
        threshold=Threshold.TWO_THIRDS,
        subject=Subject.ACT,
        acts=(6,),
    ),
}
"""Every kind that can be proposed."""
