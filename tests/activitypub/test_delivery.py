"""Deliveries as state machines."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activitypub.delivery import (
    TRANSITIONS,
    Backoff,
    Delivery,
    Happening,
    State,
    apply_failure,
    apply_happening,
    classify_answer,
    parse_retry_after,
    revive,
)
from config.errors import InvariantError

BACKOFF = Backoff(first_ms=1_000, max_ms=60_000, held_ms=600_000)
NOW_MS = 1_800_000_000_000


def longest(bound: int) -> int:
    """The longest wait that chance allows."""
    return bound - 1


def make(state: State = State.PENDING) -> Delivery:
    """A partner's cursor."""
    return Delivery(partner="did:web:b.example", number=5, state=state)


def fail(delivery: Delivery, now_ms: int = NOW_MS, retry_after_s: int | None = None) -> Delivery:
    """One failed attempt."""
    return apply_failure(
        apply_happening(delivery, Happening.SENT),
        now_ms=now_ms,
        random=longest,
        retry_after_s=retry_after_s,
        backoff=BACKOFF,
    )


def test_a_delivery_goes_out_and_the_next_one_follows() -> None:
    """In the order of the log."""
    sent = apply_happening(make(), Happening.SENT)
    delivered = apply_happening(sent, Happening.ACCEPTED)
    following = apply_happening(delivered, Happening.ADVANCED)

    assert (sent.state, delivered.state) == (State.IN_FLIGHT, State.DELIVERED)
    assert (following.number, following.state) == (6, State.PENDING)
    assert [item.is_due(now_ms=NOW_MS) for item in (sent, delivered, following)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(("state", "happening"), list(itertools.product(State, Happening)))
def test_no_step_is_taken_that_the_table_has_not(state: State, happening: Happening) -> None:
    """Any other is our defect."""
    delivery = make(state)
    if happening is Happening.FAILED:
        with pytest.raises(InvariantError):
            apply_happening(delivery, happening)
    elif (state, happening) in TRANSITIONS:
        assert apply_happening(delivery, happening).state is TRANSITIONS[state, happening]
    else:
        with pytest.raises(InvariantError):
            apply_happening(delivery, happening)


def test_waits_grow_up_to_a_bound() -> None:
    """And are spread by chance."""
    delivery, waits = make(), []
    for _ in range(9):
        delivery = fail(delivery)
        waits.append(delivery.due_ms - NOW_MS)

    assert waits == [1_999, 3_999, 7_999, 15_999, 31_999, 59_999, 59_999, 59_999, 59_999]
    assert delivery.attempts == 9
    assert not delivery.is_due(now_ms=delivery.due_ms - 1)
    assert delivery.is_due(now_ms=delivery.due_ms)


@given(attempts=st.integers(0, 10_000), share=st.floats(0, 1, exclude_max=True))
def test_a_wait_keeps_its_bounds(attempts: int, share: float) -> None:
    """However long it goes on and however chance falls."""
    delivery = Delivery(partner="p", number=1, state=State.IN_FLIGHT, attempts=attempts)

    failed = apply_failure(
        delivery, now_ms=0, random=lambda bound: int(share * bound), backoff=BACKOFF
    )

    assert BACKOFF.first_ms <= failed.due_ms <= BACKOFF.max_ms


def test_retry_after_is_honoured_within_the_bound() -> None:
    """A partner may ask for more time, not for ever."""
    assert fail(make(), retry_after_s=30).due_ms == NOW_MS + 30_000
    assert fail(make(), retry_after_s=10**6).due_ms == NOW_MS + 60_000
    assert fail(make(), retry_after_s=0).due_ms == NOW_MS + 1_999


def test_a_partner_that_fails_for_too_long_is_given_up_until_it_shows_itself() -> None:
    """It catches up by itself meanwhile."""
    waiting = fail(make())
    still = fail(waiting, now_ms=NOW_MS + BACKOFF.held_ms)
    gone = fail(still, now_ms=NOW_MS + BACKOFF.held_ms + 1)

    assert (still.state, gone.state) == (State.WAITING, State.GONE)
    assert not gone.is_due(now_ms=10**18)
    revived = revive(gone)
    assert (revived.state, revived.attempts, revived.number) == (State.PENDING, 0, 5)
    assert revive(waiting).is_due(now_ms=0)
    assert revive(make(State.IN_FLIGHT)) == make(State.IN_FLIGHT)


def test_success_forgets_earlier_failures() -> None:
    """The next failure waits briefly again."""
    sent = apply_happening(fail(fail(make())), Happening.SENT)

    delivered = apply_happening(sent, Happening.ACCEPTED)

    assert (delivered.attempts, delivered.due_ms, delivered.failing_since_ms) == (0, 0, None)


def test_the_usual_backoff_starts_with_a_minute() -> None:
    """And ends with twelve hours."""
    sent = apply_happening(make(), Happening.SENT)

    failed = apply_failure(sent, now_ms=0, random=lambda _: 0)

    assert failed.due_ms == 60_000
    with pytest.raises(InvariantError):
        apply_failure(make(), now_ms=0, random=longest)


@pytest.mark.parametrize(
    ("status", "happening"),
    [
        (None, Happening.FAILED),
        (200, Happening.ACCEPTED),
        (202, Happening.ACCEPTED),
        (302, Happening.FAILED),
        (400, Happening.REFUSED),
        (401, Happening.FAILED),
        (403, Happening.FAILED),
        (404, Happening.GONE),
        (408, Happening.FAILED),
        (410, Happening.GONE),
        (413, Happening.REFUSED),
        (429, Happening.FAILED),
        (500, Happening.FAILED),
        (503, Happening.FAILED),
    ],
)
def test_answers_mean_what_they_say(status: int | None, happening: Happening) -> None:
    """A stranger's answer today may be a partner's tomorrow."""
    assert classify_answer(status) is happening


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("7", 7),
        (" 7 ", 7),
        ("9" * 30, 43_200),
        ("9" * 100, None),
        ("Fri, 20 Nov 2026 10:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 20 Nov 2036 10:00:00 GMT", 43_200),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    """RFC 9110 §10.2.3."""
    assert parse_retry_after(text, now_s=1_795_168_800) == seconds
