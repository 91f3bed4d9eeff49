"""JSON as signatures see it: strict reading, and one byte string for one value.

Signed JSON is dangerous where two readers disagree about what it says: repeated keys, lone
surrogates, numbers beyond a double. Whatever comes from outside is read here and refused
when it is ambiguous. Never repairs a document.
"""

import json
import math
from typing import Any, TypeAlias

import rfc8785

from config.errors import RefusedError
from config.limits import JSON_BYTES_MAX, JSON_DEPTH_MAX

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Any]

_INTEGER_MAX = (1 << 53) - 1


class JsonError(RefusedError):
    """The bytes are not JSON that everybody reads alike (RFC 7493, I-JSON)."""


def parse_json(
    data: bytes, *, bytes_max: int = JSON_BYTES_MAX, depth_max: int = JSON_DEPTH_MAX
) -> Json:
    """Read JSON that has one meaning.

    Args:
        data: UTF-8 without a byte-order mark.
        bytes_max: Longest input that is looked at.
        depth_max: Deepest nesting of lists and objects; a scalar nests 0 deep.

    Raises:
        JsonError: Too long, too deep, malformed, not UTF-8, a key repeated in one object,
            NaN or Infinity, a number beyond a double's range, a lone surrogate.
    """
    if len(data) > bytes_max:
        raise JsonError(f"{len(data)} bytes of JSON are more than the {bytes_max} allowed")
    try:
        value: Json = json.loads(
            data.decode(),
            object_pairs_hook=_read_object,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
            parse_int=_read_int,
        )
    except RecursionError as error:
        raise JsonError(f"JSON nests deeper than {depth_max}") from error
    except ValueError as error:
        raise JsonError("not well-formed JSON in UTF-8") from error
    _check(value, depth_left=depth_max)
    return value


def parse_json_object(
    data: bytes, *, bytes_max: int = JSON_BYTES_MAX, depth_max: int = JSON_DEPTH_MAX
) -> JsonObject:
    """Read JSON as `parse_json` does, and insist on an object.

    Raises:
        JsonError: As for `parse_json`, or the value is not an object.
    """
    value = parse_json(data, bytes_max=bytes_max, depth_max=depth_max)
    if not isinstance(value, dict):
        raise JsonError("a JSON object is expected")
    return value


def canonicalize(value: object) -> bytes:
    """Write JSON in its canonical form (RFC 8785, JCS).

    Raises:
        JsonError: The value holds what JSON has not, or an integer beyond 53 bits.
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # the library checks types itself
    except rfc8785.CanonicalizationError as error:
        raise JsonError(f"no canonical JSON for this value: {error}") from error


def _read_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise JsonError("a key is repeated within one JSON object")
    return result


def _refuse_constant(name: str) -> Json:
    raise JsonError(f"{name} is not JSON")


def _read_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonError("a number is beyond the range of a double")
    return value


def _read_int(text: str) -> int:
    # Sixteen digits and a sign hold 2^53; longer texts are not even converted.
    if len(text) > 17 or abs(int(text)) > _INTEGER_MAX:
        raise JsonError("an integer is beyond 53 bits, where readers disagree")
    return int(text)


def _check(value: Json, *, depth_left: int) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list | dict):
        if depth_left == 0:
            raise JsonError("JSON nests too deep")
        if isinstance(value, dict):
            for key in value:
                _check_text(key)
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth_left=depth_left - 1)


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise JsonError("a text holds a lone surrogate") from error
