"""Typed dataclass fields as positional canonical values.

Records, transactions and events are frozen dataclasses whose annotations say what each field
holds. This module turns such a dataclass into the list that `did.codec` encodes, and back,
checking every type and bound. It is apart so that no record writes its own parser; it knows
no rule.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from types import NoneType
from typing import Annotated, Any, Self, get_args, get_origin, get_type_hints

from config.errors import InvariantError, RefusedError
from did.codec import CodecError, Value, decode, encode

INTEGER_MAX = (1 << 63) - 1
STATE_VALUE_BYTES_MAX = 65_536
"""Longest value that a record in state may take."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and greatest length of bytes, text or a list, or value of an integer."""

    least: int
    greatest: int


Hash = Annotated[bytes, Bounds(32, 32)]
"""SHA-256, an id, or an Ed25519 key: 32 bytes."""
HashOrEmpty = Annotated[bytes, Bounds(0, 32)]
"""32 bytes, or none where there is nothing to name."""
Count = Annotated[int, Bounds(0, INTEGER_MAX)]
Height = Annotated[int, Bounds(0, INTEGER_MAX)]
TimeMs = Annotated[int, Bounds(0, INTEGER_MAX)]
BasisPoints = Annotated[int, Bounds(0, 10_000)]


class FieldError(RefusedError):
    """A value does not have the type, length or range that its field says."""


class Record:
    """A frozen dataclass that has one canonical encoding."""

    __slots__ = ()

    def to_value(self) -> list[Value]:
        """Positional form: the fields in the order of their declaration."""
        return [field.write(getattr(self, field.name)) for field in _fields_of(type(self))]

    def encode(self) -> bytes:
        """Canonical msgpack of the positional form."""
        return encode(self.to_value())

    @classmethod
    def from_value(cls, value: Value) -> Self:
        """Read the positional form of untrusted input.

        Raises:
            FieldError: Wrong number of fields, or a field of the wrong type or size.
        """
        plan = _fields_of(cls)
        if not isinstance(value, list) or len(value) != len(plan):
            raise FieldError(f"{cls.__name__} is a list of {len(plan)} fields")
        return cls(
            **{
                field.name: field.read(item, f"{cls.__name__}.{field.name}")
                for field, item in zip(plan, value, strict=True)
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote into state.

        Raises:
            InvariantError: The bytes are not such a record: state is corrupt.
        """
        try:
            return cls.from_value(decode(data, bytes_max=STATE_VALUE_BYTES_MAX))
        except (FieldError, CodecError) as error:
            raise InvariantError(f"state holds a malformed {cls.__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    write: Callable[[Any], Value]
    read: Callable[[Value, str], Any]


def hints_of(record: type) -> Iterator[tuple[str, Any]]:
    """Name and annotation of each field of a dataclass, in order."""
    hints = get_type_hints(record, include_extras=True)
    return ((field.name, hints[field.name]) for field in fields(record))


_PLANS: dict[type, tuple[_Field, ...]] = {}
"""Reading annotations is slow and their meaning never changes: once per class."""


def _fields_of(record: type) -> tuple[_Field, ...]:
    if record not in _PLANS:
        _PLANS[record] = tuple(_Field(name, *_codec_of(hint)) for name, hint in hints_of(record))
    return _PLANS[record]


def _codec_of(hint: Any) -> tuple[Callable[[Any], Value], Callable[[Value, str], Any]]:
    bounds = Bounds(0, INTEGER_MAX)
    if get_origin(hint) is Annotated:
        hint, bounds = get_args(hint)
    if get_origin(hint) is tuple:
        return _tuple_codec(get_args(hint)[0], bounds)
    if NoneType in get_args(hint):
        return _optional_codec(get_args(hint))
    if issubclass(hint, Record):
        return (lambda item: item.to_value()), (lambda value, _: hint.from_value(value))
    if issubclass(hint, IntEnum):
        return int, _enum_reader(hint)
    return (lambda item: item), _scalar_reader(hint, bounds)


def _optional_codec(
    members: tuple[Any, ...],
) -> tuple[Callable[[Any], Value], Callable[[Value, str], Any]]:
    (inner,) = (member for member in members if member is not NoneType)
    write, read = _codec_of(inner)
    return (
        lambda item: None if item is None else write(item),
        lambda value, where: None if value is None else read(value, where),
    )


def _tuple_codec(
    item_hint: Any, bounds: Bounds
) -> tuple[Callable[[Any], Value], Callable[[Value, str], Any]]:
    write, read_item = _codec_of(item_hint)

    def read(value: Value, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise FieldError(f"{where} is not a list")
        _check_bounds(len(value), bounds, where)
        return tuple(read_item(item, where) for item in value)

    return (lambda items: [write(item) for item in items]), read


def _enum_reader(kind: type[IntEnum]) -> Callable[[Value, str], IntEnum]:
    def read(value: Value, where: str) -> IntEnum:
        if type(value) is not int or value not in kind.__members__.values():
            known = ", ".join(f"{member.value} {member.name.lower()}" for member in kind)
            raise FieldError(f"{where} is none of: {known}")
        return kind(value)

    return read


def _scalar_reader(kind: type, bounds: Bounds) -> Callable[[Value, str], Any]:
    def read(value: Value, where: str) -> Value:
        # Not isinstance: a bool is an int to Python, and not to us.
        if type(value) is not kind:
            raise FieldError(f"{where} is not of type {kind.__name__}")
        if isinstance(value, bytes | str):
            _check_bounds(len(value), bounds, where)
        elif isinstance(value, int) and not isinstance(value, bool):
            _check_bounds(value, bounds, where)
        return value

    return read


def _check_bounds(size: int, bounds: Bounds, where: str) -> None:
    if not bounds.least <= size <= bounds.greatest:
        raise FieldError(f"{where} is {size}: not from {bounds.least} to {bounds.greatest}")
