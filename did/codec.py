"""Canonical msgpack: one byte string for one value.

Msgpack itself is not canonical: decoders accept longer integers than needed and repeated
map keys, so the same transaction would have many hashes. Here a value has exactly one
encoding, and any other is refused. Records are positional lists; there are no maps, floats,
extensions or timestamps.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Self, TypeAlias

import msgspec

from config.errors import InvariantError, RefusedError
from config.limits import CODEC_DEPTH_MAX

Value: TypeAlias = "bool | int | bytes | str | list[Value] | None"
Encodable: TypeAlias = "bool | int | bytes | str | Record | Sequence[Encodable] | None"

_INTEGER_MIN = -(1 << 63)
_INTEGER_MAX = (1 << 63) - 1
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder()
_KNOWN_MAX = 2_048
_KNOWN_BYTES_MAX = 2_048
"""Of one record that is kept: nearly all are shorter."""
_known: "dict[bytes, Record]" = {}
"""Records of state that are kept decoded by their bytes, 4 MiB of these at the most. Rules read
the same few again and again; being frozen, they may be shared."""
_MALFORMED = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_PLACE = re.compile(r"(?P<what>.*) - at `\$\[(?P<index>\d+)\]")


class CodecError(RefusedError):
    """The bytes are not the canonical encoding of an allowed value.

    Attributes:
        field: The field of a record that is wrong; empty where it is the whole.
    """

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    array_like=True,
    forbid_unknown_fields=True,
    gc=False,  # never part of a cycle: the collector need not look
):
    """A typed positional list: its annotations are its schema.

    Subclasses say `frozen=True, kw_only=True` again; bounds stand in the annotations as
    `msgspec.Meta`. A bool is not an integer, text is not bytes.
    """

    def encode(self) -> bytes:
        """Canonical msgpack of the fields in the order of their declaration."""
        return _ENCODER.encode(self)

    def encode_kept(self) -> bytes:
        """The same for a record that is read again soon: `decode` finds it then."""
        data = _ENCODER.encode(self)
        _remember(data, self)
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read untrusted bytes.

        Raises:
            CodecError: Malformed, not canonical, or a field of the wrong type or size, which
                the reason names.
        """
        try:
            record: Self = _decoder_of(cls).decode(data)
        except _MALFORMED as error:
            raise _explain(cls, str(error)) from error
        if _ENCODER.encode(record) != data:
            raise CodecError(f"{cls.__name__} is not in its canonical encoding")
        return record

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` wrote into state.

        Raises:
            InvariantError: The bytes are not such a record: state is corrupt.
        """
        known = _known.get(data)
        if type(known) is cls:
            return known
        try:
            record: Self = _decoder_of(cls).decode(data)
        except _MALFORMED as error:
            raise InvariantError(
                f"state holds a malformed record: {_explain(cls, str(error))}"
            ) from error
        _remember(data, record)
        return record


def encode(value: "Encodable") -> bytes:
    """Encode a value; tuples and records count as lists.

    Raises:
        CodecError: The value holds another type, an integer beyond 64 bits signed, or nests
            deeper than `CODEC_DEPTH_MAX`.
    """
    _check(value, depth=0)
    return _ENCODER.encode(value)


def decode(data: bytes, *, bytes_max: int) -> "Value":
    """Decode bytes that `encode` could have written, and no others.

    Args:
        data: The bytes.
        bytes_max: Longest input that is looked at.

    Raises:
        CodecError: Too long, malformed, a forbidden type, too deep or not canonical.
    """
    if len(data) > bytes_max:
        raise CodecError(f"{len(data)} bytes are more than the {bytes_max} allowed")
    try:
        value: Value = _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError, OverflowError) as error:
        raise CodecError("not well-formed msgpack") from error
    if encode(value) != data:
        raise CodecError("not the canonical encoding of its value")
    return value


@cache
def _decoder_of(record: type[Record]) -> msgspec.msgpack.Decoder[Any]:
    """Reading annotations is slow and their meaning never changes: once per class."""
    return msgspec.msgpack.Decoder(record)


def _remember(data: bytes, record: Record) -> None:
    if len(data) <= _KNOWN_BYTES_MAX:
        if len(_known) >= _KNOWN_MAX:
            _known.clear()
        _known[data] = record


def _check(value: object, *, depth: int) -> None:
    if isinstance(value, list | tuple):
        if depth >= CODEC_DEPTH_MAX:
            raise CodecError(f"nests deeper than {CODEC_DEPTH_MAX}")
        for item in value:
            _check(item, depth=depth + 1)
    elif isinstance(value, int):  # bool included
        if not _INTEGER_MIN <= value <= _INTEGER_MAX:
            raise CodecError("an integer is beyond 64 bits")
    elif not (value is None or isinstance(value, bytes | str | Record)):
        raise CodecError(f"{type(value).__name__} has no canonical encoding")


def _explain(record: type[Record], problem: str) -> CodecError:
    """Say which field is wrong, in words that do not show its value."""
    found = _PLACE.match(problem)
    if found is None:
        return CodecError(f"{record.__name__}: {problem}")
    field = record.__struct_fields__[int(found["index"])]
    return CodecError(f"{record.__name__}.{field}: {found['what'].replace('`', '')}", field=field)
