"""Typed fields as positional values: what goes in comes out, and nothing else goes in."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

import pytest

from config.errors import InvariantError
from did.codec import Value, encode
from governance.fields import Bounds, Count, FieldError, Hash, Record


class Colour(IntEnum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Record):
    number: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Record):
    id: Hash
    name: Annotated[str, Bounds(1, 4)]
    colour: Colour
    inner: Inner
    many: Annotated[tuple[Inner, ...], Bounds(1, 2)]
    maybe: Count | None
    flag: bool


ID = bytes(32)
GOOD: list[Value] = [ID, "name", 2, [5], [[1], [2]], None, True]


def test_a_record_survives_its_encoding() -> None:
    """Every kind of field is written and read back as it was."""
    sample = Sample.from_value(GOOD)

    assert sample == Sample(
        id=ID,
        name="name",
        colour=Colour.BLUE,
        inner=Inner(number=5),
        many=(Inner(number=1), Inner(number=2)),
        maybe=None,
        flag=True,
    )
    assert sample.to_value() == GOOD
    assert Sample.decode(sample.encode()) == sample
    assert Sample.from_value([*GOOD[:5], 7, True]).maybe == 7


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, bytes(31)),
        (0, "text"),
        (1, ""),
        (1, "longer"),
        (2, 3),
        (2, True),
        (3, 5),
        (3, [True]),
        (3, [-1]),
        (4, []),
        (4, [[1], [2], [3]]),
        (4, 1),
        (5, "x"),
        (6, 1),
    ],
)
def test_refuses_a_field_of_another_type_or_size(place: int, wrong: Value) -> None:
    """Bounds hold on every field; a bool is not an integer."""
    value = list(GOOD)
    value[place] = wrong

    with pytest.raises(FieldError):
        Sample.from_value(value)


@pytest.mark.parametrize("wrong", [None, b"", [], [*GOOD, 1], GOOD[:-1]])
def test_refuses_another_number_of_fields(wrong: Value) -> None:
    """A record has exactly the fields that it declares."""
    with pytest.raises(FieldError):
        Sample.from_value(wrong)


@pytest.mark.parametrize("data", [b"", b"\xc1", encode([1]), encode(GOOD) + b"\x00"])
def test_malformed_state_is_our_own_defect(data: bytes) -> None:
    """Corrupt state ends the process: nobody else can have written it."""
    with pytest.raises(InvariantError):
        Sample.decode(data)
