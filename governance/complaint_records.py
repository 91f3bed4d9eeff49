"""What the rules keep of complaints: what each is about, who hears it, what came of it.

Each has one canonical encoding. Texts are known by their hashes alone; who complains is known by
the account that they vote with, which nothing here connects with a person.
"""

from enum import IntEnum

from did.codec import Record
from governance.fields import Hash, HashOrEmpty, Height, TimeMs


class About(IntEnum):
    """What a complaint is about; a number is never used for anything else."""

    OFFICER = 1
    """Its subject is an office account."""
    BODY = 2
    """Its subject is a kind of body, as 32 bytes."""
    DATA_USE = 3
    """Its subject is the proposal by which data are used."""
    OTHER = 4
    """Its subject is empty."""


class ComplaintStep(IntEnum):
    """Who hears a complaint now (specification §4.4.2), in this order."""

    OMBUDSPERSON = 1
    MEDIATION = 2
    ETHICS_PANEL = 3
    """Serious violations, and what the panel takes over."""
    ASSEMBLY = 4
    """Members vote on it."""
    ARBITRATION = 5
    """Somebody from outside decides; the ledger gets the hash of the award."""
    CLOSED = 6


class Verdict(IntEnum):
    """What was said at a complaint's step; of a closed one, what came of it."""

    NONE = 0
    """Nobody has decided."""
    SETTLED = 1
    """A body has answered, and the complainant let it stand."""
    UPHELD = 2
    """Members agree with the complaint."""
    REJECTED = 3
    """They do not."""
    AWARDED = 4
    """An arbitrator has decided."""
    WITHDRAWN = 5


class Complaint(Record, frozen=True, kw_only=True):
    """A member's complaint."""

    id: Hash
    complainant: Hash
    """Account of the member."""
    about: About
    subject: HashOrEmpty
    text_hash: Hash
    """SHA-256 of what is complained of."""
    is_serious: bool
    """Says the complainant: the ethics panel hears it before members do."""
    step: ComplaintStep
    opened_height: Height
    opened_ms: TimeMs
    escalates_from_ms: TimeMs = 0
    """From when the complainant may go on to the next step; 0 while they may not."""
    ends_ms: TimeMs = 0
    """When the rules go on, or close what was decided; 0 where no time runs."""
    verdict: Verdict = Verdict.NONE
    answer_hash: HashOrEmpty = b""
    """SHA-256 of the last answer or of the award; the proposal, where members decided."""
    advice_hash: HashOrEmpty = b""
    """SHA-256 of what the ethics panel thinks of it."""
