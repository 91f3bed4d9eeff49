"""Facts that follow from applied transactions and met deadlines.

Readers of the chain build their projections from these alone. The federation's are in
`governance.federal_events`, the wire's form in `governance.event_codec`. A choice is never in
an event.
"""

from dataclasses import dataclass
from typing import TypeAlias

from governance.proposal_records import Outcome, ProposalKind
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
class MembersLeft(Event):
    """A batch of members is off the roll."""

    accounts: tuple[bytes, ...]
    epoch: int
    active_count: int


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
    yes_of_roll_bps: int
    call: int
    """1, or 2 if too few had voted before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalAmended(Event):
    """A proposal has another text; its discussion begins anew with the next block."""

    proposal: bytes
    text_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalWithdrawn(Event):
    """Its proposer took a proposal back."""

    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowExtended(Event):
    """A proposal's window lasts longer: the chain had stood still within it."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondCallAnnounced(Event):
    """Too few voted; voting opens once more, and ballots that were cast stay."""

    proposal: bytes
    opens_ms: int
    ballots_count: int


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
    yes_of_roll_bps: int
    call: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalVoided(Event):
    """A rule failed at a deadline: the proposal ends without an outcome."""

    proposal: bytes
    refusal: RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalEnacted(Event):
    """The rules did what an accepted proposal asks for."""

    proposal: bytes
    act: int
    """Its number (`governance.member_acts`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnactmentFailed(Event):
    """A rule forbids now what an accepted proposal asks for."""

    proposal: bytes
    refusal: RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondVoteAnnounced(Event):
    """An accepted ending is voted on once more, as a proposal of its own."""

    proposal: bytes
    begins_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BylawsChanged(Event):
    """A cooperative follows other bylaws from its next proposals on."""

    bylaws_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceGranted(Event):
    """Somebody may use an insight."""

    licence: bytes
    insight: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRevoked(Event):
    """A licence does not hold any more."""

    licence: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightReleased(Event):
    """Members publish an insight of their own."""

    insight: bytes
    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightValidated(Event):
    """Members find a partner's insight valid."""

    insight: bytes
    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightWithdrawn(Event):
    """Members take back what they had said of an insight: their release, or that it is valid."""

    insight: bytes
    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsAnchored(Event):
    """A period's histories of consent have a root on the ledger."""

    period: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEnded(Event):
    """The chain goes on after a time without blocks; `cooperative` is the federation."""

    start_ms: int
    end_ms: int


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
