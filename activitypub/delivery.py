"""Deliveries: one cursor per partner through one log of activities.

Ten thousand partners cost ten thousand cursors, not ten thousand copies of each activity. A
cursor holds the number of the activity that is on its way to that partner and what became of
the last attempt; the next one starts when this one has ended, so a partner sees our log in
order. Clock and randomness are passed in. Sends nothing itself.

A node that stops while a delivery is in flight cannot know whether it arrived: it sends it
again (`RESTARTED`), and the receiver knows the activity by its id.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from config.errors import InvariantError
from config.limits import DELIVERY_BACKOFF_S_MAX, DELIVERY_BACKOFF_S_MIN, DELIVERY_HELD_S_MAX


class State(enum.Enum):
    """Where one delivery stands."""

    PENDING = "pending"
    """Due now."""
    IN_FLIGHT = "in flight"
    WAITING = "waiting"
    """Failed; due again at `due_ms`."""
    DELIVERED = "delivered"
    REFUSED = "refused"
    """The partner will never take this activity; the next one may still arrive."""
    GONE = "gone"
    """The partner's inbox is no more, or failed for too long; only a new record revives it."""


class Happening(enum.Enum):
    """What can happen to a delivery."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"
    """Unreachable, overloaded or not yet willing: another attempt makes sense."""
    GONE = "gone"
    RESTARTED = "restarted"
    REVIVED = "revived"
    """The partner has shown itself again."""
    ADVANCED = "advanced"
    """The log holds a further activity."""


TRANSITIONS: Mapping[tuple[State, Happening], State] = MappingProxyType(
    {
        (State.PENDING, Happening.SENT): State.IN_FLIGHT,
        (State.WAITING, Happening.SENT): State.IN_FLIGHT,
        (State.IN_FLIGHT, Happening.ACCEPTED): State.DELIVERED,
        (State.IN_FLIGHT, Happening.REFUSED): State.REFUSED,
        (State.IN_FLIGHT, Happening.FAILED): State.WAITING,
        (State.IN_FLIGHT, Happening.GONE): State.GONE,
        (State.IN_FLIGHT, Happening.RESTARTED): State.PENDING,
        (State.WAITING, Happening.REVIVED): State.PENDING,
        (State.GONE, Happening.REVIVED): State.PENDING,
        (State.DELIVERED, Happening.ADVANCED): State.PENDING,
        (State.REFUSED, Happening.ADVANCED): State.PENDING,
    }
)
"""Every step there is; any other is our defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait after failures."""

    first_ms: int = DELIVERY_BACKOFF_S_MIN * 1_000
    max_ms: int = DELIVERY_BACKOFF_S_MAX * 1_000
    held_ms: int = DELIVERY_HELD_S_MAX * 1_000
    """After failing for so long the partner counts as gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A partner's cursor: one activity to one inbox."""

    partner: str
    """The partner's DID."""
    number: int
    """The activity's number in our log."""
    state: State = State.PENDING
    attempts: int = 0
    """Failures in a row."""
    due_ms: int = 0
    """Earliest next attempt; Unix milliseconds."""
    failing_since_ms: int | None = None

    def is_due(self, *, now_ms: int) -> bool:
        """Check if an attempt should be made now."""
        return self.state in {State.PENDING, State.WAITING} and self.due_ms <= now_ms


def apply_happening(delivery: Delivery, happening: Happening) -> Delivery:
    """Take one step that needs no clock.

    Raises:
        InvariantError: The transition table has no such step, or it is `FAILED`, for which
            there is `apply_failure`.
    """
    state = _next_state(delivery, happening)
    if happening is Happening.FAILED:
        raise InvariantError("a failure needs a clock")
    if happening is Happening.ADVANCED:
        return Delivery(partner=delivery.partner, number=delivery.number + 1)
    if happening in {Happening.SENT, Happening.GONE}:
        return replace(delivery, state=state)
    return Delivery(partner=delivery.partner, number=delivery.number, state=state)


def apply_failure(
    delivery: Delivery,
    *,
    now_ms: int,
    random: Callable[[int], int],
    retry_after_s: int | None = None,
    backoff: Backoff | None = None,
) -> Delivery:
    """Take the step `FAILED`: wait, longer each time, or give the partner up.

    Args:
        delivery: In flight.
        now_ms: Unix milliseconds.
        random: Gives a number from 0 to below its argument, all alike; it spreads retries,
            so that a partner that comes back is not trampled.
        retry_after_s: What the partner asked for.
        backoff: Waiting times; None for the usual ones.

    Raises:
        InvariantError: The delivery is not in flight.
    """
    state = _next_state(delivery, Happening.FAILED)
    times = backoff or Backoff()
    since_ms = now_ms if delivery.failing_since_ms is None else delivery.failing_since_ms
    if now_ms - since_ms > times.held_ms:
        return replace(delivery, state=State.GONE)
    # The exponent is bounded so that the number stays small however long it goes on.
    reach_ms = min(times.max_ms, times.first_ms << min(delivery.attempts + 1, 32))
    wait_ms = times.first_ms + random(max(1, reach_ms - times.first_ms))
    if retry_after_s is not None:
        wait_ms = max(wait_ms, min(retry_after_s * 1_000, times.max_ms))
    return replace(
        delivery,
        state=state,
        attempts=delivery.attempts + 1,
        due_ms=now_ms + wait_ms,
        failing_since_ms=since_ms,
    )


def revive(delivery: Delivery) -> Delivery:
    """Make a waiting or given-up delivery due at once; any other stays as it is.

    For when the partner shows a sign of life: a new record, a request of its own.
    """
    if (delivery.state, Happening.REVIVED) in TRANSITIONS:
        return apply_happening(delivery, Happening.REVIVED)
    return delivery


def classify_answer(status: int | None) -> Happening:
    """Say what an HTTP answer means for a delivery; None is no answer at all.

    401 and 403 are failures, not refusals: a partner that has not found us yet will take us
    for a stranger for a while.
    """
    if status is None:
        return Happening.FAILED
    if 200 <= status < 300:
        return Happening.ACCEPTED
    if status in {404, 410}:
        return Happening.GONE
    if status in {400, 405, 406, 409, 413, 414, 415, 422}:
        return Happening.REFUSED
    return Happening.FAILED


def parse_retry_after(text: str | None, *, now_s: int) -> int | None:
    """Read `Retry-After`: seconds to wait, or None if absent or malformed (RFC 9110 §10.2.3)."""
    if text is None or len(text) > 64:
        return None
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(int(text), DELIVERY_BACKOFF_S_MAX)
    try:
        seconds = int(parsedate_to_datetime(text).timestamp()) - now_s
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, min(seconds, DELIVERY_BACKOFF_S_MAX))


def _next_state(delivery: Delivery, happening: Happening) -> State:
    state = TRANSITIONS.get((delivery.state, happening))
    if state is None:
        raise InvariantError(f"a delivery that is {delivery.state.value} was {happening.value}")
    return state
