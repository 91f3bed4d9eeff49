"""Facts about elected bodies, officers and what they do.

As `governance.events`; apart because there are many.
"""

from dataclasses import dataclass

from governance.body_acts import Stance
from governance.body_records import BodyKind
from governance.election_records import Method
from governance.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficesOpened(Event):
    """Some members have office accounts."""

    offices: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeClosed(Event):
    """An office account acts no more; its seats in these bodies are free."""

    office: bytes
    bodies: tuple[BodyKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOpened(Event):
    """Working groups look at a proposal until then at most."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationOpened(Event):
    """The committee may recommend until then at most."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyActProposed(Event):
    """An officer asks a body to do something, and supports it."""

    motion: bytes
    body: BodyKind
    office: bytes
    act: int
    """Its number (`governance.body_acts`)."""
    subject: bytes
    lapses_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyActSupported(Event):
    """An officer supports a motion of their body."""

    motion: bytes
    office: bytes
    supporters_count: int
    needed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyActDone(Event):
    """Enough officers supported it."""

    motion: bytes
    body: BodyKind
    act: int
    subject: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionGiven(Event):
    """A body has said what it thinks of a proposal."""

    proposal: bytes
    body: BodyKind
    stance: Stance
    text_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VetoWindowOpened(Event):
    """A data use is accepted and begins then, unless the privacy group stops it."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUseBegan(Event):
    """Data may be used as an accepted proposal says."""

    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUseVetoed(Event):
    """The privacy group has stopped a data use; members may override it."""

    proposal: bytes
    reasons_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NominationOpened(Event):
    """Candidates may come forward until then."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateNominated(Event):
    """Somebody stands for a body."""

    proposal: bytes
    office: bytes
    statement_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateWithdrew(Event):
    """Somebody stands no more."""

    proposal: bytes
    office: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotPaperFixed(Event):
    """Voting is on these options, by their places from 0."""

    proposal: bytes
    method: Method
    options: tuple[bytes, ...]
    seats_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealOpened(Event):
    """Enough have voted; candidates reveal the salts for lots until then."""

    proposal: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltRevealed(Event):
    """A candidate takes part in the drawing of lots."""

    proposal: bytes
    office: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsCounted(Event):
    """What a count of ballots with marks found."""

    proposal: bytes
    method: Method
    winners: tuple[bytes, ...]
    """Offices or items, in the order of election."""
    amounts: tuple[int, ...]
    """What each item gets, in the order of the ballot paper; none where nothing is shared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficersSeated(Event):
    """They sit in a body now, in place of those whose terms ended."""

    proposal: bytes
    body: BodyKind
    offices: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsEnded(Event):
    """Seats of a body are free whose terms have ended."""

    body: BodyKind
    offices: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionFailed(Event):
    """An election that the rules submitted found too few candidates, or too few voters."""

    proposal: bytes
    body: BodyKind
    failed_calls_count: int
    """In a row, this one included."""
    calls_again_ms: int
    """When the rules submit the next one; 0 where they do not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerRecalled(Event):
    """Members have taken a seat from an officer."""

    body: BodyKind
    office: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CountbackOpened(Event):
    """A seat is vacant, and the ballots that elected its holder fill it."""

    countback: bytes
    body: BodyKind
    office: bytes
    """Whose it was."""
    election: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CountbackEnded(Event):
    """Who follows in a vacant seat; nobody if it is for an election to fill."""

    countback: bytes
    body: BodyKind
    office: bytes
    """Empty where nobody follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionStarted(Event):
    """Members ask for an officer's recall."""

    petition: bytes
    body: BodyKind
    office: bytes
    text_hash: bytes
    needed_count: int
    lapses_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionSigned(Event):
    """One more signature; whose it is, is in the transaction alone."""

    petition: bytes
    signatures_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionSucceeded(Event):
    """Enough have signed: the assembly decides."""

    petition: bytes
    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerCharged(Event):
    """The committee has charged an officer with something; an empty office: nobody."""

    charge: int
    office: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyBegan(Event):
    """An emergency act holds until its ratification is decided."""

    ratification: bytes
    act: int
    subject: bytes
    reasons_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRatified(Event):
    """Members agree with an emergency act: it stands."""

    ratification: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyReverted(Event):
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
