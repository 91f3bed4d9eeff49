"""Nonces, what was used once, and limits of rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import UnavailableError
from did.login.freshness import Nonces, RateLimit, UsedOnce

NOW_S = 1_800_000_000
NONCES = Nonces(b"s" * 32, purpose="a", lifetime_s=300)


@pytest.mark.parametrize(("age_s", "is_fresh"), [(0, True), (300, True), (301, False), (-1, False)])
def test_a_nonce_holds_for_its_time(age_s: int, is_fresh: bool) -> None:
    """And not before it was made."""
    assert NONCES.is_fresh(NONCES.make(now_s=NOW_S), now_s=NOW_S + age_s) is is_fresh


def test_no_two_nonces_are_the_same() -> None:
    """Even within one second."""
    assert NONCES.make(now_s=NOW_S) != NONCES.make(now_s=NOW_S)


def test_a_nonce_of_another_purpose_or_process_is_unknown() -> None:
    """The key is made of both."""
    for other in (
        Nonces(b"s" * 32, purpose="b", lifetime_s=300),
        Nonces(b"t" * 32, purpose="a", lifetime_s=300),
    ):
        assert not NONCES.is_fresh(other.make(now_s=NOW_S), now_s=NOW_S)


@given(st.text(max_size=80))
def test_nobody_guesses_a_nonce(text: str) -> None:
    """Whatever is sent, it is no error of ours."""
    assert not NONCES.is_fresh(text, now_s=NOW_S)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=30))
def test_what_was_used_is_refused_until_it_is_too_old(uses: list[tuple[str, int]]) -> None:
    """Compared with a memory that forgets nothing."""
    used, until_s, now_s = UsedOnce(items_max=100), dict[str, int](), 0
    for name, later_s in uses:
        now_s += later_s
        is_new = until_s.get(name, -1) < now_s
        if is_new:
            until_s[name] = now_s + 30

        assert used.take(name, until_s=now_s + 30, now_s=now_s) is is_new


def test_parts_are_kept_apart() -> None:
    """One client's identifiers are no other's."""
    used = UsedOnce(items_max=10)

    assert used.take("a", "b", until_s=9, now_s=0)
    assert used.take("ab", "", until_s=9, now_s=0)


def test_a_rate_is_held_per_key_and_recovers() -> None:
    """So many a minute, spread as they come."""
    limit = RateLimit(per_minute=2, keys_max=10)
    limit.take("a", now_s=0)
    limit.take("a", now_s=0)

    with pytest.raises(UnavailableError):
        limit.take("a", now_s=1)
    limit.take("b", now_s=1)
    limit.take("a", now_s=31)


def test_a_full_memory_of_rates_drops_the_longest_silent() -> None:
    """Bounded, whoever comes."""
    limit = RateLimit(per_minute=1, keys_max=1)
    limit.take("a", now_s=0)
    limit.take("b", now_s=0)

    limit.take("a", now_s=0)
