"""What the rules keep of elected bodies: who sits where, what they decide, what they said.

Each has one canonical encoding. Officers are known by office accounts alone, which nothing
here connects with a membership. Nothing here reads or writes state.
"""

from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from config.limits import BODY_SEATS_MAX
from did.codec import Record
from governance.body_acts import BodyAct, Stance
from governance.fields import Count, Hash, HashOrEmpty, Height, TimeMs


class BodyKind(IntEnum):
    """Bodies that members elect; a number is never used for anything else."""

    COMMITTEE = 1
    """Specification §4.1.2: leads between assemblies."""
    TECHNICAL = 2
    PRIVACY = 3
    """May veto data uses."""
    ETHICS = 4
    FINANCE = 5
    OUTREACH = 6
    OMBUDSPERSON = 7
    """Specification §4.4.2: hears complaints first."""
    MEDIATORS = 8
    ETHICS_PANEL = 9
    """Advises on serious violations."""
    AUDITORS = 10
    HARDSHIP_PANEL = 11
    """Knows who needs what; the ledger never does."""


WORKING_GROUPS: Final = (
    BodyKind.TECHNICAL,
    BodyKind.PRIVACY,
    BodyKind.ETHICS,
    BodyKind.FINANCE,
    BodyKind.OUTREACH,
)
"""Specification §4.1.3."""
OVERSIGHT: Final = (
    BodyKind.OMBUDSPERSON,
    BodyKind.MEDIATORS,
    BodyKind.ETHICS_PANEL,
    BodyKind.AUDITORS,
)
"""Nobody sits in one of these and in the committee, which they watch."""


class Seat(Record, frozen=True, kw_only=True):
    """A place in a body."""

    office: Hash
    """Office account of who holds it."""
    since_ms: TimeMs
    term_ends_ms: TimeMs
    election: Hash
    """The proposal by which it was filled."""
    place: Count = 0
    """On its ballot paper, of who was elected to it; whoever follows by countback has it too."""


class Body(Record, frozen=True, kw_only=True):
    """An elected body of one cooperative."""

    kind: BodyKind
    seats: Annotated[tuple[Seat, ...], Meta(max_length=BODY_SEATS_MAX)] = ()
    """Ascending by office."""
    election: HashOrEmpty = b""
    """The proposal by which it is being elected; empty while it is not."""
    failed_calls_count: Count = 0
    """Elections in a row that the rules submitted and that found nobody; 0 again once somebody
    is seated, or members are to meet about it."""

    @property
    def offices(self) -> tuple[bytes, ...]:
        """Who sits in it."""
        return tuple(seat.office for seat in self.seats)


class BodyMotion(Record, frozen=True, kw_only=True):
    """Something that a body is asked to do; enough of its officers supporting it do it."""

    id: Hash
    body: BodyKind
    act: BodyAct
    supporters: Annotated[tuple[Hash, ...], Meta(max_length=2 * BODY_SEATS_MAX)]
    """Offices, in the order of supporting."""
    proposed_height: Height
    lapses_at_ms: TimeMs
    """Support in blocks before this time counts."""
    is_done: bool = False


class Opinion(Record, frozen=True, kw_only=True):
    """What a body said of a proposal; advice, which binds nobody."""

    stance: Stance
    text_hash: Hash
    """SHA-256 of the reasons."""
    amendment: Count
    """How often the proposal had been amended: advice on an older text has lapsed."""
    height: Height


class Emergency(Record, frozen=True, kw_only=True):
    """An emergency act that stands until members have voted on it."""

    act: BodyAct
    body_motion: Hash
    acted_height: Height
    is_over: bool = False
    """Ratified, reverted, or undone by a later decision."""


class Petition(Record, frozen=True, kw_only=True):
    """Members ask for an officer's recall."""

    id: Hash
    body: BodyKind
    office: Hash
    text_hash: Hash
    """SHA-256 of the reasons."""
    needed_count: Count
    """Signatures that bring the recall before the assembly."""
    lapses_at_ms: TimeMs
    """Signatures in blocks before this time count."""
    signatures_count: Count = 0
    has_succeeded: bool = False
