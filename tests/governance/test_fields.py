"""Typed fields as positional values: what goes in comes out, and nothing else goes in."""

from enum import IntEnum
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from config.errors import InvariantError
from did.codec import CodecError, Record, encode
from governance.fields import Count, Hash


class Colour(IntEnum):
    RED = 1
    BLUE = 2


class Inner(Record, frozen=True, kw_only=True):
    number: Count


class Sample(Record, frozen=True, kw_only=True):
    id: Hash
    name: Annotated[str, Meta(min_length=1, max_length=4)]
    colour: Colour
    inner: Inner
    many: Annotated[tuple[Inner, ...], Meta(min_length=1, max_length=2)]
    maybe: Count | None
    flag: bool = True


ID = bytes(32)
GOOD: list[Any] = [ID, "name", 2, [5], [[1], [2]], None, True]


def test_a_record_survives_its_encoding() -> None:
    """Every kind of field is written and read back as it was."""
    sample = Sample.parse(encode(GOOD))

    assert sample == Sample(
        id=ID,
        name="name",
        colour=Colour.BLUE,
        inner=Inner(number=5),
        many=(Inner(number=1), Inner(number=2)),
        maybe=None,
        flag=True,
    )
    assert sample.encode() == encode(GOOD) == encode([*GOOD[:3], Inner(number=5), *GOOD[4:]])
    assert Sample.decode(sample.encode()) == sample
    assert Sample.parse(encode([*GOOD[:5], 7, True])).maybe == 7


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, bytes(31)),
        (0, "text"),
        (0, "x" * 32),
        (1, ""),
        (1, "longer"),
        (1, b"name"),
        (2, 3),
        (2, True),
        (3, 5),
        (3, [True]),
        (3, [-1]),
        (3, [1 << 63]),
        (3, [1.0]),
        (4, []),
        (4, [[1], [2], [3]]),
        (4, 1),
        (5, "x"),
        (6, 1),
        (6, {}),
    ],
)
def test_refuses_a_field_of_another_type_or_size_and_names_it(place: int, wrong: Any) -> None:
    """Bounds hold on every field; a bool is not an integer, text is not bytes."""
    value = list(GOOD)
    value[place] = wrong

    with pytest.raises(CodecError) as refused:
        Sample.parse(msgspec.msgpack.encode(value))

    assert refused.value.field == Sample.__struct_fields__[place]
    assert f"Sample.{refused.value.field}: " in refused.value.reason


@pytest.mark.parametrize("wrong", [None, b"", [], [*GOOD, 1], GOOD[:-1], GOOD[:-2]])
def test_refuses_another_number_of_fields(wrong: Any) -> None:
    """A record has exactly the fields that it declares, defaults or not."""
    with pytest.raises(CodecError):
        Sample.parse(encode(wrong))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x97" * 100_000,
        encode(GOOD) + b"\x00",
        b"\xdc\x00\x07" + encode(GOOD)[1:],
        encode(GOOD).replace(b"\xa4name", b"\xd9\x04name"),
        encode(GOOD).replace(b"\xa4name", b"\xa4\xff\xff\xff\xff"),
        encode(GOOD).replace(b"\x91\x05", b"\x91\xcc\x05"),
    ],
)
def test_refuses_every_other_encoding(data: bytes) -> None:
    """One value has one byte string."""
    with pytest.raises(CodecError):
        Sample.parse(data)


@pytest.mark.parametrize("data", [b"", b"\xc1", encode([1]), encode(GOOD) + b"\x00"])
def test_malformed_state_is_our_own_defect(data: bytes) -> None:
    """Corrupt state ends the process: nobody else can have written it."""
    with pytest.raises(InvariantError):
        Sample.decode(data)
