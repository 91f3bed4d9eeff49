"""Canonical msgpack."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.codec import CodecError, Record, decode, encode

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=10,
)


def nest(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@given(values)
def test_a_value_reads_back(value: Any) -> None:
    """And has the same bytes again."""
    try:
        data = encode(value)
    except CodecError as error:
        assert "deeper" in error.reason
        return
    assert decode(data, bytes_max=len(data)) == value


@given(st.binary(max_size=64))
def test_bytes_that_are_accepted_are_canonical(data: bytes) -> None:
    """Whatever they are."""
    try:
        value = decode(data, bytes_max=64)
    except CodecError:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xcc\x01",
        b"\xcd\x00\x01",
        b"\xd3" + bytes(7) + b"\x01",
        b"\xd9\x01a",
        b"\xc5\x00\x01a",
        b"\xdc\x00\x01\x01",
        b"\x80",
        b"\x81\x01\x01",
        b"\xcb" + bytes(8),
        b"\xd6\xff" + bytes(4),
        b"\xc1",
        b"\x01\x01",
        b"\xa1\xff",
        b"\xcf" + b"\xff" * 8,
        b"\x91" * 600 + b"\x01",
        b"\xdd\xff\xff\xff\xff",
    ],
)
def test_refuses_every_other_encoding(data: bytes) -> None:
    """Longer integers, maps, floats, extensions, rubbish behind."""
    with pytest.raises(CodecError):
        decode(data, bytes_max=1_024)


@pytest.mark.parametrize("value", [1.5, {}, {1, 2}, 2**63, -(2**63) - 1, object()])
def test_refuses_values_without_canonical_form(value: Any) -> None:
    """There are no maps and no floats."""
    with pytest.raises(CodecError):
        encode(value)


def test_depth_and_size_are_limited() -> None:
    """Both limits are inclusive; tuples count as lists."""
    assert decode(encode(nest(8)), bytes_max=9) == nest(8)
    assert encode((1, (2,))) == encode([1, [2]])
    with pytest.raises(CodecError):
        encode(nest(9))
    with pytest.raises(CodecError):
        decode(msgspec.msgpack.encode(nest(9)), bytes_max=100)
    with pytest.raises(CodecError):
        decode(encode([1]), bytes_max=1)


def test_records_of_two_kinds_may_have_the_same_bytes() -> None:
    """What is kept decoded is never taken for another kind."""

    class First(Record, frozen=True, kw_only=True):
        count: int

    class Second(Record, frozen=True, kw_only=True):
        size: int

    data = First(count=7).encode_kept()

    assert Second.decode(data) == Second(size=7)
    assert First.decode(data) == First(count=7)
