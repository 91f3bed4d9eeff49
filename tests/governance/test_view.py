"""Savepoints behave like a copy that was changed, at any depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.records import Account, AccountKey, Role
from governance.state_keys import FEDERATION, Collection, state_key
from governance.view import MemoryKeyValue, Savepoint, StateView

keys = st.binary(min_size=1, max_size=3)
changes = st.lists(st.tuples(keys, st.none() | st.binary(max_size=2)), max_size=20)


def write(kv: MemoryKeyValue | Savepoint, items: list[tuple[bytes, bytes | None]]) -> None:
    for key, value in items:
        if value is None:
            kv.delete(key)
        else:
            kv.put(key, value)


@given(changes, changes, changes, st.binary(max_size=1), st.binary(max_size=2))
def test_a_savepoint_reads_like_a_changed_copy(
    first: list[tuple[bytes, bytes | None]],
    second: list[tuple[bytes, bytes | None]],
    third: list[tuple[bytes, bytes | None]],
    prefix: bytes,
    after: bytes,
) -> None:
    """Get and ordered scan agree with a plain dictionary, two savepoints deep."""
    base, model = MemoryKeyValue(), MemoryKeyValue()
    outer = Savepoint(base)
    inner = Savepoint(outer)

    for kv, items in ((base, first), (outer, second), (inner, third)):
        for item in items:
            write(kv, [item])
            write(model, [item])
            assert list(kv.scan(prefix, after=after)) == list(model.scan(prefix, after=after))

    assert list(inner.scan(prefix, after=after)) == list(model.scan(prefix, after=after))
    for key, _ in first + second + third:
        assert inner.get(key) == model.get(key)


class _Counted(bytes):
    """A key that counts how often one of its kind was looked at."""

    looks = 0

    def startswith(self, *args: object) -> bool:
        _Counted.looks += 1
        return super().startswith(*args)  # type: ignore[arg-type]


def test_a_scan_looks_only_at_what_it_finds() -> None:
    """A block of many changes does not make each scan in it dear."""
    savepoint = Savepoint(MemoryKeyValue())
    for number in range(10_000):
        savepoint.put(_Counted(b"a" + number.to_bytes(2, "big")), b"")
    savepoint.put(b"b", b"found")
    _Counted.looks = 0

    assert list(savepoint.scan(b"b")) == [(b"b", b"found")]
    assert next(iter(savepoint.scan(b"a"))) == (b"a\x00\x00", b"")
    assert _Counted.looks <= 2


@given(changes, changes)
def test_rolling_back_leaves_the_parent_as_it_was(
    first: list[tuple[bytes, bytes | None]], second: list[tuple[bytes, bytes | None]]
) -> None:
    """A savepoint that is dropped never happened; one that is committed is all there."""
    base, model = MemoryKeyValue(), MemoryKeyValue()
    write(base, first)
    write(model, first)
    savepoint = Savepoint(base)

    write(savepoint, second)

    assert list(base.scan(b"")) == list(model.scan(b""))
    write(model, second)
    assert list(savepoint.scan(b"")) == list(model.scan(b""))
    savepoint.commit()
    assert list(base.scan(b"")) == list(model.scan(b""))
    assert savepoint.changes() == []
    write(savepoint, first)
    write(model, first)
    assert list(savepoint.scan(b"")) == list(model.scan(b""))


def test_changes_ascend_by_key() -> None:
    """What a block writes has one order on every node."""
    savepoint = Savepoint(MemoryKeyValue())

    savepoint.put(b"b", b"1")
    savepoint.delete(b"a")

    assert savepoint.changes() == [(b"a", None), (b"b", b"1")]


def test_a_key_is_namespace_collection_and_id() -> None:
    """DESIGN: one cooperative's state is one contiguous range."""
    assert state_key(FEDERATION, Collection.ROLL, b"id") == bytes(32) + b"\x05id"


def test_an_account_is_found_by_its_id_alone() -> None:
    """Envelopes name no cooperative, while accounts lie in their cooperative's range."""
    view = StateView(MemoryKeyValue())
    account = Account(
        cooperative=bytes([1]) * 32,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=bytes(32)),),
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        joined_height=3,
    )

    view.put_new_account(bytes([2]) * 32, account)
    view.put_account(bytes([2]) * 32, account)

    assert view.get_account(bytes([2]) * 32) == account
    assert view.get_account(bytes([3]) * 32) is None
    assert view.kv.get(state_key(bytes([1]) * 32, Collection.ACCOUNT, bytes([2]) * 32)) is not None


def test_missing_records_that_must_be_there_are_our_own_defect() -> None:
    """An empty state has no parameters: the process ends rather than guesses."""
    with pytest.raises(InvariantError, match="PARAMETERS"):
        StateView(MemoryKeyValue()).get_parameters()
