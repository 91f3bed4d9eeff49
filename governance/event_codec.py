"""Events as the engine carries them.

An event is a type `rochdale.<Name>` with text attributes: bytes as lowercase hex, integers as
decimals, named numbers by their name, lists joined by commas. Which facts are events is not
decided here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, get_args, get_origin, get_type_hints

from config.errors import RefusedError
from governance.accountability_events import ACCOUNTABILITY_EVENTS
from governance.body_events import BODY_EVENTS
from governance.events import (
    BallotCast,
    BylawsChanged,
    ConsentsAnchored,
    DiscussionOpened,
    EnactmentFailed,
    Event,
    InsightReleased,
    InsightValidated,
    InsightWithdrawn,
    LicenceGranted,
    LicenceRevoked,
    MembersAdmitted,
    MembersLeft,
    OutageEnded,
    ProposalAmended,
    ProposalClosed,
    ProposalEnacted,
    ProposalSubmitted,
    ProposalVoided,
    ProposalWithdrawn,
    RulesChanged,
    SecondCallAnnounced,
    SecondVoteAnnounced,
    UpgradeScheduled,
    UpgradeWithdrawn,
    VotingOpened,
    WindowExtended,
)
from governance.federal_events import FEDERAL_EVENTS
from governance.key_events import KEY_EVENTS
from governance.roll_events import ROLL_EVENTS
from governance.value.events import VALUE_EVENTS

_TYPE_PREFIX = "rochdale."

_KINDS: tuple[type[Event], ...] = (
    MembersAdmitted,
    ConsentsAnchored,
    MembersLeft,
    ProposalSubmitted,
    DiscussionOpened,
    VotingOpened,
    BallotCast,
    ProposalClosed,
    ProposalVoided,
    ProposalAmended,
    ProposalWithdrawn,
    WindowExtended,
    SecondCallAnnounced,
    ProposalEnacted,
    EnactmentFailed,
    SecondVoteAnnounced,
    BylawsChanged,
    LicenceGranted,
    LicenceRevoked,
    InsightReleased,
    InsightValidated,
    InsightWithdrawn,
    OutageEnded,
    UpgradeScheduled,
    UpgradeWithdrawn,
    RulesChanged,
    *ROLL_EVENTS,
    *BODY_EVENTS,
    *ACCOUNTABILITY_EVENTS,
    *FEDERAL_EVENTS,
    *KEY_EVENTS,
    *VALUE_EVENTS,
)
_EVENTS = {_TYPE_PREFIX + event.__name__: event for event in _KINDS}


class EventFormatError(RefusedError):
    """A type and attributes are no event of ours."""


def encode_event(event: Event) -> tuple[str, list[tuple[str, str]]]:
    """An event as its type and attributes, in the order of the fields."""
    plan = _PLANS[type(event)]
    return plan.type, [(name, write(getattr(event, name))) for name, write, _ in plan.fields]


def decode_event(event_type: str, attributes: Iterable[tuple[str, str]]) -> Event:
    """Read an event; attributes may come in any order, unknown ones are ignored.

    Raises:
        EventFormatError: Unknown type, or an attribute is missing or malformed.
    """
    event = _EVENTS.get(event_type)
    if event is None:
        raise EventFormatError(f"unknown event type {event_type}")
    texts = dict(attributes)
    try:
        return event(**{name: read(texts[name]) for name, _, read in _PLANS[event].fields})
    except (KeyError, ValueError) as error:
        raise EventFormatError(f"malformed attributes of {event_type}") from error


def hints_of(event: type[Event]) -> list[tuple[str, Any]]:
    """Name and annotation of each field of an event, in order."""
    hints = get_type_hints(event)
    return [(name, hints[name]) for name in event.__struct_fields__]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one kind of event is written and read."""

    type: str
    fields: tuple[tuple[str, Callable[[Any], str], Callable[[str], Any]], ...]


def _make_plan(event: type[Event]) -> _Plan:
    return _Plan(
        type=_TYPE_PREFIX + event.__name__,
        fields=tuple((name, *_texts_of(hint)) for name, hint in hints_of(event)),
    )


def _texts_of(hint: Any) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    if get_origin(hint) is tuple:
        write, read = _texts_of(get_args(hint)[0])
        return (
            lambda items: ",".join(write(item) for item in items),
            lambda text: tuple(read(item) for item in text.split(",") if item),
        )
    if hint is bool:
        return (lambda flag: str(flag).lower()), {"true": True, "false": False}.__getitem__
    if hint is bytes:
        return bytes.hex, bytes.fromhex
    if issubclass(hint, IntEnum):
        return (lambda item: item.name.lower()), (lambda text: hint[text.upper()])
    return str, hint


_PLANS = {event: _make_plan(event) for event in _EVENTS.values()}
"""Reading annotations is slow and their meaning never changes: once per kind."""
