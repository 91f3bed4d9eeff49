"""Facts that follow from applied transactions and met deadlines.

Readers of the chain build their projections from these alone. The federation's are in
`governance.federal_events`, the wire's form in `governance.event_codec`. A choice is never in
an event.
"""

from typing import TypeAlias

import msgspec

from governance.proposal_records import Outcome, ProposalKind
from governance.refusals import RefusalCode


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all events share: whose they are."""

    cooperative: bytes


class MembersAdmitted(Event, frozen=True, kw_only=True, gc=False):
    """A batch of members is on the roll."""

    accounts: tuple[bytes, ...]
    epoch: int
    active_count: int
    roll_root: bytes


class MembersLeft(Event, frozen=True, kw_only=True, gc=False):
    """A batch of members is off the roll."""

    accounts: tuple[bytes, ...]
    epoch: int
    active_count: int


class ProposalSubmitted(Event, frozen=True, kw_only=True, gc=False):
    """A motion is before the cooperative."""

    proposal: bytes
    kind: ProposalKind
    proposer: bytes
    text_hash: bytes
    subject: bytes
    bylaws_hash: bytes


class DiscussionOpened(Event, frozen=True, kw_only=True, gc=False):
    """The discussion began with this block's time."""

    proposal: bytes
    ends_ms: int


class VotingOpened(Event, frozen=True, kw_only=True, gc=False):
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


class ProposalAmended(Event, frozen=True, kw_only=True, gc=False):
    """A proposal has another text; its discussion begins anew with the next block."""

    proposal: bytes
    text_hash: bytes


class ProposalWithdrawn(Event, frozen=True, kw_only=True, gc=False):
    """Its proposer took a proposal back."""

    proposal: bytes


class WindowExtended(Event, frozen=True, kw_only=True, gc=False):
    """A proposal's window lasts longer: the chain had stood still within it."""

    proposal: bytes
    ends_ms: int


class SecondCallAnnounced(Event, frozen=True, kw_only=True, gc=False):
    """Too few voted; voting opens once more, and ballots that were cast stay."""

    proposal: bytes
    opens_ms: int
    ballots_count: int


class BallotCast(Event, frozen=True, kw_only=True, gc=False):
    """A ballot was taken."""

    proposal: bytes
    ballot: bytes
    replaced: bool
    """An earlier ballot of the same identity no longer counts."""


class ProposalClosed(Event, frozen=True, kw_only=True, gc=False):
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


class ProposalVoided(Event, frozen=True, kw_only=True, gc=False):
    """A rule failed at a deadline: the proposal ends without an outcome."""

    proposal: bytes
    refusal: RefusalCode


class ProposalEnacted(Event, frozen=True, kw_only=True, gc=False):
    """The rules did what an accepted proposal asks for."""

    proposal: bytes
    act: int
    """Its number (`governance.member_acts`)."""


class EnactmentFailed(Event, frozen=True, kw_only=True, gc=False):
    """A rule forbids now what an accepted proposal asks for."""

    proposal: bytes
    refusal: RefusalCode


class SecondVoteAnnounced(Event, frozen=True, kw_only=True, gc=False):
    """An accepted ending is voted on once more, as a proposal of its own."""

    proposal: bytes
    begins_ms: int


class BylawsChanged(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative follows other bylaws from its next proposals on."""

    bylaws_hash: bytes


class LicenceGranted(Event, frozen=True, kw_only=True, gc=False):
    """Somebody may use an insight."""

    licence: bytes
    insight: bytes
    ends_ms: int


class LicenceRevoked(Event, frozen=True, kw_only=True, gc=False):
    """A licence does not hold any more."""

    licence: bytes


class InsightReleased(Event, frozen=True, kw_only=True, gc=False):
    """Members publish an insight of their own."""

    insight: bytes
    proposal: bytes


class InsightValidated(Event, frozen=True, kw_only=True, gc=False):
    """Members find a partner's insight valid."""

    insight: bytes
    proposal: bytes


class InsightWithdrawn(Event, frozen=True, kw_only=True, gc=False):
    """Members take back what they had said of an insight: their release, or that it is valid."""

    insight: bytes
    proposal: bytes


class ConsentsAnchored(Event, frozen=True, kw_only=True, gc=False):
    """A period's histories of consent have a root on the ledger."""

    period: int
    root: bytes


class OutageEnded(Event, frozen=True, kw_only=True, gc=False):
    """The chain goes on after a time without blocks; `cooperative` is the federation."""

    start_ms: int
    end_ms: int


class UpgradeScheduled(Event, frozen=True, kw_only=True, gc=False):
    """A change of the rules is decided; nodes need other software before its first block."""

    height: int
    rules_version: int
    software_version_min: str


class UpgradeWithdrawn(Event, frozen=True, kw_only=True, gc=False):
    """A scheduled change of the rules will not come."""

    rules_version: int


class RulesChanged(Event, frozen=True, kw_only=True, gc=False):
    """This block is the first under another version of the rules."""

    rules_version: int


Events: TypeAlias = tuple[Event, ...]
