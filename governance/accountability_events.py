"""Facts about duties, complaints and disputes.

As `governance.events`; apart because there are many.
"""

from governance.body_records import BodyKind
from governance.complaint_records import About, ComplaintStep, Verdict
from governance.duty_records import DutyKind
from governance.events import Event


class DutyBegan(Event, frozen=True, kw_only=True, gc=False):
    """A body sits that owes something from now on."""

    duty: DutyKind
    body: BodyKind
    due_ms: int


class DutyFulfilled(Event, frozen=True, kw_only=True, gc=False):
    """A body has done what it owes, and owes it again then."""

    duty: DutyKind
    body: BodyKind
    text_hash: bytes
    due_ms: int


class DutyOverdue(Event, frozen=True, kw_only=True, gc=False):
    """A body has not done what it owes, though grace has ended."""

    duty: DutyKind
    body: BodyKind
    due_ms: int
    """When it was due."""
    misses_count: int
    """In a row, this one included."""


class DutyPaused(Event, frozen=True, kw_only=True, gc=False):
    """Nobody sits who owes it: it begins anew when somebody does."""

    duty: DutyKind
    body: BodyKind


class DutyHastened(Event, frozen=True, kw_only=True, gc=False):
    """Something has happened for which a duty is due at once, and not in its own time."""

    duty: DutyKind
    body: BodyKind
    grace_ends_ms: int


class ConfidenceAsked(Event, frozen=True, kw_only=True, gc=False):
    """A body has missed a duty too often: members are asked whether it goes."""

    proposal: bytes
    duty: DutyKind
    body: BodyKind


class BodyDismissed(Event, frozen=True, kw_only=True, gc=False):
    """A body has lost members' confidence, and all its seats."""

    body: BodyKind
    offices: tuple[bytes, ...]


class ComplaintOpened(Event, frozen=True, kw_only=True, gc=False):
    """A member complains; who it is, no event says."""

    complaint: bytes
    about: About
    subject: bytes
    text_hash: bytes
    is_serious: bool


class ComplaintAdvanced(Event, frozen=True, kw_only=True, gc=False):
    """Somebody else hears a complaint now."""

    complaint: bytes
    step: ComplaintStep
    ends_ms: int
    """When the rules go on; 0 where members vote."""


class ComplaintAnswered(Event, frozen=True, kw_only=True, gc=False):
    """A body has answered; that stands if the complainant lets it until then."""

    complaint: bytes
    body: BodyKind
    text_hash: bytes
    ends_ms: int


class ComplaintAdvised(Event, frozen=True, kw_only=True, gc=False):
    """The ethics panel has said what it thinks."""

    complaint: bytes
    text_hash: bytes


class ComplaintClosed(Event, frozen=True, kw_only=True, gc=False):
    """A complaint has ended."""

    complaint: bytes
    verdict: Verdict
    answer_hash: bytes


class ComplaintOverdue(Event, frozen=True, kw_only=True, gc=False):
    """No award has come in time; it is taken whenever it comes."""

    complaint: bytes


ACCOUNTABILITY_EVENTS: tuple[type[Event], ...] = (
    DutyBegan,
    DutyFulfilled,
    DutyOverdue,
    DutyPaused,
    DutyHastened,
    ConfidenceAsked,
    BodyDismissed,
    ComplaintOpened,
    ComplaintAdvanced,
    ComplaintAnswered,
    ComplaintAdvised,
    ComplaintClosed,
    ComplaintOverdue,
)
