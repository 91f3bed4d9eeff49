"""Facts that follow from applied transactions and met deadlines.

Readers of the chain build their projections from these alone. On the wire an event is a type
`rochdale.<Name>` with text attributes: bytes as lowercase hex, integers as decimals, named
numbers by their name, lists joined by commas. A choice is never in an event.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from config.errors import RefusedError
from governance.records import Outcome, ProposalKind
from governance.refusals import RefusalCode

_TYPE_PREFIX = "rochdale."


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share: whose they are."""

    cooperative: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativeRegistered(Event):
    """A cooperative entered the registry (at genesis, before the first block)."""

    did: str
    registrar_account: bytes
    assertion_key: bytes
    consensus_key: bytes
    node_id: bytes


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


Events: TypeAlias = tuple[Event, ...]

_EVENTS: dict[str, type[Event]] = {
    _TYPE_PREFIX + event.__name__: event
    for event in (
        CooperativeRegistered,
        MembersAdmitted,
        ProposalSubmitted,
        DiscussionOpened,
        VotingOpened,
        BallotCast,
        ProposalClosed,
        ProposalVoided,
    )
}


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
    return [(field.name, hints[field.name]) for field in fields(event)]


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
