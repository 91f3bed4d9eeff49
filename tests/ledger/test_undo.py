"""Undo records: whatever a block replaced comes back, and a record that was damaged is refused."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.records import Account, AccountKey, Role
from governance.state_keys import Collection, state_key
from ledger.disk import FIRST
from ledger.undo import Former, decode_undo, encode_undo

RECORD = replace(FIRST, chain_id="rochdale-test", height=7)
SHORT = st.text("ab", min_size=1, max_size=9).map(str.encode)
"""Much of it is alike."""
VALUES = st.one_of(st.none(), SHORT, st.binary(min_size=1, max_size=40))
CHANGES = st.dictionaries(
    st.one_of(SHORT, st.binary(max_size=256), SHORT.map(lambda end: bytes(60) + end)),
    st.tuples(VALUES, VALUES).filter(lambda values: values[0] != values[1]),
)


def restore(data: bytes, after: dict[bytes, bytes | None]) -> dict[bytes, bytes | None]:
    """What the keys held before, by the record and what they hold now."""
    record, formers = decode_undo(data)
    assert record == RECORD
    return {former.key: former.restore(after[former.key]) for former in formers}


@given(CHANGES)
def test_every_value_comes_back(changes: dict[bytes, tuple[bytes | None, bytes | None]]) -> None:
    """In its order, whatever keys and values have in common."""
    before = {key: former for key, (former, _) in changes.items()}
    after = {key: later for key, (_, later) in changes.items()}

    restored = restore(encode_undo(RECORD, before, after), after)

    assert [*restored.items()] == [*before.items()]


def test_what_stayed_is_not_written_again() -> None:
    """A ballot changes an account's nonces and quota, and adds a key beside others like it."""
    cooperative, proposal = bytes(range(32)), bytes(range(100, 132))
    account = Account(
        cooperative=cooperative,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=b"\x11" * 32, nonce_highest=5),),
        next_key_commitment=b"\x22" * 32,
        guardians_commitment=b"\x33" * 32,
        joined_height=3,
    )
    keys = (AccountKey(public_key=b"\x11" * 32, nonce_highest=6),)
    own = state_key(cooperative, Collection.ACCOUNT, b"\x44" * 32)
    ballots = [
        state_key(cooperative, Collection.BALLOT, proposal + bytes([number]) * 32)
        for number in range(2)
    ]
    before = {own: account.encode(), **dict.fromkeys(ballots)}
    after = {
        own: msgspec.structs.replace(account, keys=keys).encode(),
        **dict.fromkeys(ballots, b"\x01"),
    }

    data = encode_undo(RECORD, before, after)

    alone = encode_undo(RECORD, {}, {})
    assert len(data) - len(alone) == (7 + 65 + 8 + 1) + (7 + 97) + (7 + 32)
    assert restore(data, after) == before


@given(CHANGES.filter(bool), st.data())
def test_a_record_that_was_cut_is_refused(
    changes: dict[bytes, tuple[bytes | None, bytes | None]], data: st.DataObject
) -> None:
    """Anywhere but between two entries, where what is missing shows by the root alone."""
    before = {key: former for key, (former, _) in changes.items()}
    after = {key: later for key, (_, later) in changes.items()}
    whole = encode_undo(RECORD, before, after)
    first = dict([next(iter(before.items()))])
    start = len(encode_undo(RECORD, {}, {}))
    end = len(encode_undo(RECORD, first, after))
    cut = data.draw(st.integers(0, end - 1).filter(lambda place: place != start))

    with pytest.raises(InvariantError, match="damaged"):
        decode_undo(whole[:cut])


def test_a_value_that_the_block_cannot_have_left_is_refused() -> None:
    """It is shorter than what stayed of it."""
    former = Former(b"key", b"x", 3, 2)

    assert former.restore(b"abcde") == b"abcxde"
    with pytest.raises(InvariantError, match="damaged"):
        former.restore(b"abcd")
    with pytest.raises(InvariantError, match="damaged"):
        former.restore(None)
