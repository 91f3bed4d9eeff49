"""Canonical msgpack: one byte string for one value.

Msgpack itself is not canonical: decoders accept longer integers than needed and repeated
map keys, so the same transaction would have many hashes. Here a value has exactly one
encoding, and any other is refused. Records are positional lists; there are no maps, floats,
extensions or timestamps.
"""

from typing import TypeAlias

import msgpack

from config.errors import RefusedError
from config.limits import CODEC_DEPTH_MAX

Value: TypeAlias = "bool | int | bytes | str | list[Value] | None"

_INTEGER_MIN = -(1 << 63)
_INTEGER_MAX = (1 << 63) - 1


class CodecError(RefusedError):
    """The bytes are not the canonical encoding of an allowed value."""


def encode(value: "Value | tuple[Value, ...]") -> bytes:
    """Encode a value; tuples count as lists.

    Raises:
        CodecError: The value holds another type, an integer beyond 64 bits signed, or nests
            deeper than `CODEC_DEPTH_MAX`.
    """
    _check(value, depth=0)
    encoded = msgpack.packb(value, use_bin_type=True)
    assert isinstance(encoded, bytes)  # noqa: S101 - narrows the library's type
    return encoded


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
        value: Value = msgpack.unpackb(
            data, raw=False, strict_map_key=True, use_list=True, max_ext_len=0
        )
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        # msgpack's own errors derive from ValueError, its depth error among them.
        raise CodecError("not well-formed msgpack") from error
    if encode(value) != data:
        raise CodecError("not the canonical encoding of its value")
    return value


def _check(value: object, *, depth: int) -> None:
    if isinstance(value, list | tuple):
        if depth >= CODEC_DEPTH_MAX:
            raise CodecError(f"nests deeper than {CODEC_DEPTH_MAX}")
        for item in value:
            _check(item, depth=depth + 1)
    elif isinstance(value, int):  # bool included
        if not _INTEGER_MIN <= value <= _INTEGER_MAX:
            raise CodecError("an integer is beyond 64 bits")
    elif not (value is None or isinstance(value, bytes | str)):
        raise CodecError(f"{type(value).__name__} has no canonical encoding")
