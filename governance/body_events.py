"""Facts about elected bodies, officers and what they do.

As `governance.events`; apart because there are many.
"""

from governance.body_acts import Stance
from governance.body_records import BodyKind
from governance.election_records import Method
from governance.events import Event


class OfficesOpened(Event, frozen=True, kw_only=True, gc=False):
    """Some members have office accounts."""

    offices: tuple[bytes, ...]


class OfficeClosed(Event, frozen=True, kw_only=True, gc=False):
    """An office account acts no more; its seats in these bodies are free."""

    office: bytes
    bodies: tuple[BodyKind, ...]


class ReviewOpened(Event, frozen=True, kw_only=True, gc=False):
    """Working groups look at a proposal until then at most."""

    proposal: bytes
    ends_ms: int


class RecommendationOpened(Event, frozen=True, kw_only=True, gc=False):
    """The committee may recommend until then at most."""

    proposal: bytes
    ends_ms: int


class BodyActProposed(Event, frozen=True, kw_only=True, gc=False):
    """An officer asks a body to do something, and supports it."""

    motion: bytes
    body: BodyKind
    office: bytes
    act: int
    """Its number (`governance.body_acts`)."""
    subject: bytes
    lapses_at_ms: int


class BodyActSupported(Event, frozen=True, kw_only=True, gc=False):
    """An officer supports a motion of their body."""

    motion: bytes
    office: bytes
    supporters_count: int
    needed_count: int


class BodyActDone(Event, frozen=True, kw_only=True, gc=False):
    """Enough officers supported it."""

    motion: bytes
    body: BodyKind
    act: int
    subject: bytes


class OpinionGiven(Event, frozen=True, kw_only=True, gc=False):
    """A body has said what it thinks of a proposal."""

    proposal: bytes
    body: BodyKind
    stance: Stance
    text_hash: bytes


class VetoWindowOpened(Event, frozen=True, kw_only=True, gc=False):
    """A data use is accepted and begins then, unless the privacy group stops it."""

    proposal: bytes
    ends_ms: int


class DataUseBegan(Event, frozen=True, kw_only=True, gc=False):
    """Data may be used as an accepted proposal says."""

    proposal: bytes


class DataUseVetoed(Event, frozen=True, kw_only=True, gc=False):
    """The privacy group has stopped a data use; members may override it."""

    proposal: bytes
    reasons_hash: bytes


class NominationOpened(Event, frozen=True, kw_only=True, gc=False):
    """Candidates may come forward until then."""

    proposal: bytes
    ends_ms: int


class CandidateNominated(Event, frozen=True, kw_only=True, gc=False):
    """Somebody stands for a body."""

    proposal: bytes
    office: bytes
    statement_hash: bytes


class CandidateWithdrew(Event, frozen=True, kw_only=True, gc=False):
    """Somebody stands no more."""

    proposal: bytes
    office: bytes


class BallotPaperFixed(Event, frozen=True, kw_only=True, gc=False):
    """Voting is on these options, by their places from 0."""

    proposal: bytes
    method: Method
    options: tuple[bytes, ...]
    seats_count: int


class RevealOpened(Event, frozen=True, kw_only=True, gc=False):
    """Enough have voted; candidates reveal the salts for lots until then."""

    proposal: bytes
    ends_ms: int


class SaltRevealed(Event, frozen=True, kw_only=True, gc=False):
    """A candidate takes part in the drawing of lots."""

    proposal: bytes
    office: bytes


class OptionsCounted(Event, frozen=True, kw_only=True, gc=False):
    """What a count of ballots with marks found."""

    proposal: bytes
    method: Method
    winners: tuple[bytes, ...]
    """Offices or items, in the order of election."""
    amounts: tuple[int, ...]
    """What each item gets, in the order of the ballot paper; none where nothing is shared."""


class OfficersSeated(Event, frozen=True, kw_only=True, gc=False):
    """They sit in a body now, in place of those whose terms ended."""

    proposal: bytes
    body: BodyKind
    offices: tuple[bytes, ...]


class TermsEnded(Event, frozen=True, kw_only=True, gc=False):
    """Seats of a body are free whose terms have ended."""

    body: BodyKind
    offices: tuple[bytes, ...]


class ElectionFailed(Event, frozen=True, kw_only=True, gc=False):
    """An election that the rules submitted found too few candidates, or too few voters."""

    proposal: bytes
    body: BodyKind
    failed_calls_count: int
    """In a row, this one included."""
    calls_again_ms: int
    """When the rules submit the next one; 0 where they do not any more."""


class OfficerRecalled(Event, frozen=True, kw_only=True, gc=False):
    """Members have taken a seat from an officer."""

    body: BodyKind
    office: bytes


class CountbackOpened(Event, frozen=True, kw_only=True, gc=False):
    """A seat is vacant, and the ballots that elected its holder fill it."""

    countback: bytes
    body: BodyKind
    office: bytes
    """Whose it was."""
    election: bytes


class CountbackEnded(Event, frozen=True, kw_only=True, gc=False):
    """Who follows in a vacant seat; nobody if it is for an election to fill."""

    countback: bytes
    body: BodyKind
    office: bytes
    """Empty where nobody follows."""


class PetitionStarted(Event, frozen=True, kw_only=True, gc=False):
    """Members ask for an officer's recall."""

    petition: bytes
    body: BodyKind
    office: bytes
    text_hash: bytes
    needed_count: int
    lapses_at_ms: int


class PetitionSigned(Event, frozen=True, kw_only=True, gc=False):
    """One more signature; whose it is, is in the transaction alone."""

    petition: bytes
    signatures_count: int


class PetitionSucceeded(Event, frozen=True, kw_only=True, gc=False):
    """Enough have signed: the assembly decides."""

    petition: bytes
    proposal: bytes


class OfficerCharged(Event, frozen=True, kw_only=True, gc=False):
    """The committee has charged an officer with something; an empty office: nobody."""

    charge: int
    office: bytes


class EmergencyBegan(Event, frozen=True, kw_only=True, gc=False):
    """An emergency act holds until its ratification is decided."""

    ratification: bytes
    act: int
    subject: bytes
    reasons_hash: bytes


class EmergencyRatified(Event, frozen=True, kw_only=True, gc=False):
    """Members agree with an emergency act: it stands."""

    ratification: bytes


class EmergencyReverted(Event, frozen=True, kw_only=True, gc=False):
    """Members did not agree with an emergency act: it is undone."""

    ratification: bytes


BODY_EVENTS: tuple[type[Event], ...] = (
    OfficesOpened,
    OfficeClosed,
    ReviewOpened,
    RecommendationOpened,
    BodyActProposed,
    BodyActSupported,
    BodyActDone,
    OpinionGiven,
    VetoWindowOpened,
    DataUseBegan,
    DataUseVetoed,
    NominationOpened,
    CandidateNominated,
    CandidateWithdrew,
    BallotPaperFixed,
    RevealOpened,
    SaltRevealed,
    OptionsCounted,
    OfficersSeated,
    TermsEnded,
    ElectionFailed,
    OfficerRecalled,
    CountbackOpened,
    CountbackEnded,
    PetitionStarted,
    PetitionSigned,
    PetitionSucceeded,
    OfficerCharged,
    EmergencyBegan,
    EmergencyRatified,
    EmergencyReverted,
)
