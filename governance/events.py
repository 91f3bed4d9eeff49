"""Facts that follow from applied transactions and met deadlines.

Readers of the chain build their projections from these alone. The federation's are in
`governance.federal_events`, the wire's form in `governance.event_codec`. A choice is never in
an event.
"""

from dataclasses import dataclass
from typing import TypeAlias

from governance.records import Outcome, ProposalKind
from governance.refusals import RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share: whose they are."""

    cooperative: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersAdmitted(Event):
    """A batch of members is on the roll."""

    accounts: tuple[bytes, ...]
    epoch: int
    active_count: int
    roll_root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalSubmitted(Event):
    """A motion is before the cooperative."""

    proposal: bytes
    kind: ProposalKind
    proposer: bytes
    text_hash: bytes
    subject: bytes
    bylaws_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscussionOpened(Event):
    """The discussion began with this block's time."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingOpened(Event):
    """Voting began with this block's time; the electorate is fixed."""

    proposal: bytes
    closes_at_ms: int
    roll_epoch: int
    roll_root: bytes
    electorate_count: int
    quorum_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotCast(Event):
    """A ballot was taken."""

    proposal: bytes
    ballot: bytes
    replaced: bool
    """An earlier ballot of the same identity no longer counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalClosed(Event):
    """The vote is counted and the decision is in the log."""

    proposal: bytes
    kind: ProposalKind
    outcome: Outcome
    subject: bytes
    yes_count: int
    no_count: int
    abstain_count: int
    electorate_count: int
    quorum_bps: int
    ballots_root: bytes
    decision_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalVoided(Event):
    """A rule failed at a deadline: the proposal ends without an outcome."""

    proposal: bytes
    refusal: RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeScheduled(Event):
    """A change of the rules is decided; nodes need other software before its first block."""

    height: int
    rules_version: int
    software_version_min: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeWithdrawn(Event):
    """A scheduled change of the rules will not come."""

    rules_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesChanged(Event):
    """This block is the first under another version of the rules."""

    rules_version: int


Events: TypeAlias = tuple[Event, ...]
