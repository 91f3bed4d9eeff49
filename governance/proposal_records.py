"""What the rules keep in state of proposals: stages, ballots, counts, decisions, licences.

Each has one canonical encoding (`governance.fields`). Nothing here reads or writes state or
knows when a record may change. Free text is never kept: only hashes of it.
"""

import hashlib
from enum import IntEnum
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.limits import COUNT_CANDIDATES_MAX
from did.codec import Record
from governance.fields import BasisPoints, Count, Hash, HashOrEmpty, Height, TimeMs

_BALLOT_DOMAIN = b"rochdale/ballot/v1"


class ProposalKind(IntEnum):
    """Which path a proposal takes and what its subject is (`governance.kinds`)."""

    ORDINARY = 1
    INSIGHT = 2
    DATA_USE = 3
    """Somebody may use members' data for a purpose."""
    CONSTITUTIONAL = 4
    """Other bylaws, or another change of what the cooperative rests on."""
    LICENCE = 5
    """A licence to an insight is granted or revoked."""
    BUDGET = 6
    """How a pool is shared among items, or in which order they come."""
    ELECTION = 7
    """Who sits in a body."""
    DISTRIBUTION = 8
    """How a period's surplus is split."""
    RECALL = 9
    """An officer loses their seat; a petition brings it about."""
    VETO_OVERRIDE = 10
    """A data use begins although the privacy group has stopped it."""
    RATIFICATION = 11
    """An emergency act stands; the act itself brings it about."""
    FEDERAL = 12
    """What the cooperative says to a motion of the federation."""
    EXIT = 13
    """The cooperative leaves the federation."""
    ENDING = 14
    """The cooperative dissolves, merges or changes its form."""
    VALIDATION = 15
    """A partner's insight is found valid by the members of this cooperative."""
    APPEAL = 20
    """Whether the exclusion of a member stands; the member asks."""
    WITHDRAWAL = 16
    """An insight that was released is taken back."""
    CONFIDENCE = 17
    """A body that does not do what it owes loses its seats; the rules submit it."""
    COMPLAINT = 18
    """What members say to a complaint that nobody before them has settled."""


class Stage(IntEnum):
    """Where a proposal stands."""

    SUBMITTED = 1
    """Its discussion starts with the next block."""
    DISCUSSION = 2
    VOTING = 3
    CLOSED = 4
    """Its outcome is in state."""
    VOID = 5
    """A rule failed at a deadline: there is no outcome."""
    WITHDRAWN = 6
    """Its proposer took it back before voting opened."""
    SECOND_CALL = 7
    """Too few voted: voting opens once more, and fewer are enough then."""
    REVIEW = 8
    """Working groups look at it; their silence holds nothing up."""
    RECOMMENDATION = 9
    """The committee may recommend; its silence holds nothing up."""
    NOMINATION = 10
    """Candidates come forward."""
    REVEAL = 11
    """Candidates reveal the salts from which lots are drawn."""
    COUNTING = 12
    """Ballots are counted, over several blocks if there are many."""


class Choice(IntEnum):
    """What a ballot says."""

    NO = 0
    YES = 1
    ABSTAIN = 2


class Outcome(IntEnum):
    """What a vote decided."""

    ACCEPTED = 1
    REJECTED = 2
    NO_QUORUM = 3
    TOO_FEW_YES = 4
    """More said yes than no, but a smaller part of the roll than the bylaws ask for."""


Marks = Annotated[bytes, Meta(min_length=1, max_length=COUNT_CANDIDATES_MAX)]
"""What a ballot says of options, by their places on the ballot paper: those it ranks or
approves of, one byte each; or a number of votes for each item."""
BallotChoice: TypeAlias = Choice | Marks
"""Yes, no or nothing; or marks, where there are options to choose from."""


class Enactment(IntEnum):
    """What became of an accepted proposal."""

    NONE = 0
    """It is not accepted, or it is for people to carry out."""
    DONE = 1
    """The rules did what it asks for."""
    SECOND_VOTE = 2
    """It is voted on once more, later, and done only then."""
    FAILED = 3
    """A rule forbade it when its time had come."""
    VETO_WINDOW = 4
    """A data use begins when the privacy group's time to stop it is over."""
    VETOED = 5
    """The privacy group has stopped it; members may override that."""
    PAUSED = 6
    """An emergency act has stopped it for now."""


class Proposal(Record, frozen=True, kw_only=True):
    """A members' motion. Fields of a later stage are zero or empty until it comes."""

    id: Hash
    cooperative: Hash
    kind: ProposalKind
    proposer: Hash
    """Account that submitted it."""
    text_hash: Hash
    """SHA-256 of the text, which the cooperative serves."""
    subject: HashOrEmpty
    """Digest of what it is about: an insight, a data use, a split; or SHA-256 of the act that
    it asks for; empty where there is neither."""
    bylaws_hash: Hash
    """Bylaws in force at submission: these apply until it closes."""
    voting_s: Count
    """How long voting lasts, in seconds before any test chain's scale."""
    stage: Stage
    submitted_height: Height
    submitted_ms: TimeMs
    review_ends_ms: TimeMs = 0
    """When working groups' time to review ends or ended; 0 where none sits."""
    discussion_ends_ms: TimeMs = 0
    recommendation_ends_ms: TimeMs = 0
    """When the committee's time to recommend ends or ended; 0 where none sits."""
    nomination_ends_ms: TimeMs = 0
    """Until when candidates come forward; 0 where there are none."""
    closes_at_ms: TimeMs = 0
    """Ballots in blocks before this time count."""
    roll_height: Height = 0
    """Members who had joined by this block are the electorate."""
    roll_epoch: Count = 0
    roll_root: HashOrEmpty = b""
    electorate_count: Count = 0
    quorum_bps: BasisPoints = 0
    yes_of_roll_bps: BasisPoints = 0
    """Share of the electorate that must say yes."""
    reveal_ends_ms: TimeMs = 0
    """Until when candidates reveal their salts; 0 where there are none."""
    call: Annotated[int, Meta(ge=1, le=2)] = 1
    """Which call to vote: the second comes when too few answered the first."""
    reopens_ms: TimeMs = 0
    """When the second call comes or came; 0 without one."""
    opened_ms: TimeMs = 0
    """When the window that is open began."""
    extended_ms: Count = 0
    """By how much that window was extended because the chain had stood still."""
    amendments_count: Count = 0
    enactment: Enactment = Enactment.NONE


class Licence(Record, frozen=True, kw_only=True):
    """Leave to use an insight; its holder can pass it on to nobody."""

    insight: Hash
    licensee: Hash
    purpose: Hash
    price_minor: Count
    granted_ms: TimeMs
    ends_ms: TimeMs
    """Block time from which it does not hold any more."""
    is_revoked: bool = False
    is_suspended: bool = False
    """By an emergency act."""


class DecidedInsight(Record, frozen=True, kw_only=True):
    """What a cooperative's members decided on an insight; each by a proposal, or not yet."""

    released_by: HashOrEmpty = b""
    """Proposal by which members released it as their own."""
    validated_by: HashOrEmpty = b""
    """Proposal by which members found it valid, a partner's."""
    withdrawn_by: HashOrEmpty = b""
    """Proposal by which members took back what they had said of it; for good."""

    @property
    def is_published(self) -> bool:
        """Whether the cooperative stands by it as its own."""
        return bool(self.released_by) and not self.withdrawn_by


class Ballot(Record, frozen=True, kw_only=True):
    """A choice under an opaque identity."""

    choice: BallotChoice


class Tally(Record, frozen=True, kw_only=True):
    """A count so far; long ones are resumed in the next block."""

    yes_count: Count = 0
    """Ballots with marks, where there are options."""
    no_count: Count = 0
    abstain_count: Count = 0
    last_ballot_id: HashOrEmpty = b""
    """Where to go on; empty before the first."""

    @property
    def ballots_count(self) -> int:
        """Ballots read so far."""
        return self.yes_count + self.no_count + self.abstain_count


class Decision(Record, frozen=True, kw_only=True):
    """The result of a vote, final."""

    yes_count: Count
    no_count: Count
    abstain_count: Count
    electorate_count: Count
    quorum_bps: BasisPoints
    outcome: Outcome
    ballots_root: Hash
    """Root of the log of ballots counted (`governance.counted_ballots.compute_ballot_leaf`)."""
    decision_index: Count
    """Place in the federation's decision log."""
    closed_height: Height
    closed_ms: TimeMs
    yes_of_roll_bps: BasisPoints = 0
    """Share of the electorate that had to say yes."""
    call: Annotated[int, Meta(ge=1, le=2)] = 1

    @property
    def ballots_count(self) -> int:
        """Distinct voters, abstentions included."""
        return self.yes_count + self.no_count + self.abstain_count


class DecisionLeaf(Record, frozen=True, kw_only=True):
    """What the federation's decision log says of a closed vote."""

    cooperative: Hash
    proposal: Hash
    kind: ProposalKind
    outcome: Outcome
    subject: HashOrEmpty
    yes_count: Count
    no_count: Count
    abstain_count: Count
    electorate_count: Count


def compute_ballot_id(*, proposal_id: bytes, account: bytes) -> bytes:
    """The one ballot identity that an account has on a proposal; 32 bytes.

    Tallying sees only this and a choice, so that a later, anonymous identity changes nothing
    there.
    """
    return hashlib.sha256(_BALLOT_DOMAIN + proposal_id + account).digest()


def render_choice(choice: BallotChoice) -> str:
    """A choice as people read it: `yes`, or `marks 2 0 1`."""
    if isinstance(choice, bytes):
        return "marks " + " ".join(map(str, choice))
    return choice.name.lower()
