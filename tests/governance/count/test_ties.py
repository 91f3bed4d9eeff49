"""Lots: fixed by what was revealed, and losing for who withholds."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from did.codec import encode
from governance.count.ties import (
    LotEntry,
    LotNeededError,
    compute_commitment,
    compute_lot_order,
    draw,
    group_by_score,
    is_salt_of,
    sort_if_known,
    take_first,
)

VOTE = bytes([1]) * 32
salts = st.binary(min_size=32, max_size=32)


def make_entries(revealed: list[bytes | None]) -> list[LotEntry]:
    return [
        LotEntry(
            candidate_id=place.to_bytes(32, "big"),
            commitment=compute_commitment(salt or bytes(32)),
            salt=salt,
        )
        for place, salt in enumerate(revealed)
    ]


def test_a_ticket_is_the_documented_hash() -> None:
    """SHA-512 of domain, vote, sorted salts and candidate, in canonical msgpack; lowest wins."""
    revealed = [bytes([5]) * 32, bytes([3]) * 32, bytes([4]) * 32]
    tickets = [
        hashlib.sha512(
            encode([b"rochdale/lot/v1", VOTE, sorted(revealed), place.to_bytes(32, "big")])
        ).digest()
        for place in range(3)
    ]

    order = compute_lot_order(make_entries(list(revealed)), vote_id=VOTE)

    assert list(order) == sorted(range(3), key=tickets.__getitem__)


@given(st.lists(st.none() | salts, min_size=1, max_size=8))
def test_who_does_not_reveal_loses_every_tie(revealed: "list[bytes | None]") -> None:
    order = compute_lot_order(make_entries(revealed), vote_id=VOTE)

    silent = [revealed[place] is None for place in order]
    assert sorted(order) == list(range(len(revealed)))
    assert silent == sorted(silent)


@given(st.lists(salts, min_size=2, max_size=6, unique=True))
def test_the_order_of_revealing_changes_nothing(revealed: list[bytes]) -> None:
    """Salts go into every ticket sorted: only their set counts, and who stands where."""
    order = compute_lot_order(make_entries(list(revealed)), vote_id=VOTE)
    entries = make_entries(list(revealed))[::-1]
    backwards = compute_lot_order(entries, vote_id=VOTE)

    assert [len(revealed) - 1 - place for place in backwards] == list(order)


def test_every_salt_moves_every_ticket() -> None:
    """So nobody can fix their own place: over many salts of one candidate all orders come up."""
    orders = [
        compute_lot_order(
            make_entries([bytes([1]) * 32, bytes([2]) * 32, number.to_bytes(32, "big")]),
            vote_id=VOTE,
        )
        for number in range(100)
    ]

    assert len(dict.fromkeys(orders)) == 6
    assert compute_lot_order(make_entries([bytes(32)] * 3), vote_id=VOTE) != compute_lot_order(
        make_entries([bytes(32)] * 3), vote_id=bytes([3]) * 32
    )


def test_a_salt_is_what_was_committed_to() -> None:
    salt = bytes([9]) * 32

    assert compute_commitment(salt) == hashlib.sha256(salt).digest()
    assert is_salt_of(compute_commitment(salt), salt)
    assert not is_salt_of(compute_commitment(salt), bytes(32))
    assert not is_salt_of(compute_commitment(b"short"), b"short")


def test_a_false_salt_or_a_candidate_twice_never_comes_so_far() -> None:
    false = LotEntry(candidate_id=bytes(32), commitment=bytes(32), salt=bytes(32))
    silent = LotEntry(candidate_id=bytes(32), commitment=bytes(32), salt=None)

    with pytest.raises(InvariantError, match="committed"):
        compute_lot_order([false], vote_id=VOTE)
    with pytest.raises(InvariantError, match="same id"):
        compute_lot_order([silent, silent], vote_id=VOTE)


def test_draws_the_one_that_wins_or_loses() -> None:
    lot = bytes([2, 0, 1])

    assert draw(bytes([0, 1]), lot, is_winner=True) == 0
    assert draw(bytes([0, 1]), lot, is_winner=False) == 1
    assert draw(bytes([1]), b"", is_winner=True) == 1
    with pytest.raises(LotNeededError) as caught:
        draw(bytes([1, 3]), lot, is_winner=True)
    assert caught.value.tied == bytes([1, 3])


def test_a_lot_is_only_needed_where_a_seat_hangs_on_it() -> None:
    groups = group_by_score(bytes([0, 1, 2, 3]), [5, 7, 5, 1])

    assert groups == (bytes([1]), bytes([0, 2]), bytes([3]))
    assert take_first(groups, 1, lot=b"") == bytes([1])
    assert take_first(groups, 3, lot=b"") == bytes([1, 0, 2])
    assert take_first(groups, 3, lot=bytes([2, 0])) == bytes([1, 2, 0])
    assert take_first(groups, 2, lot=bytes([2, 0])) == bytes([1, 2])
    assert take_first(groups, 9, lot=b"") == bytes([1, 0, 2, 3])
    with pytest.raises(LotNeededError):
        take_first(groups, 2, lot=bytes([2]))
    assert sort_if_known(bytes([0, 2]), bytes([2])) == bytes([0, 2])
