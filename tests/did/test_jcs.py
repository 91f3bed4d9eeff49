"""Strict JSON in, canonical JSON out."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.jcs import JsonError, canonicalize, parse_json, parse_json_object

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rfc8785.json").read_bytes()
)


@pytest.mark.parametrize("vector", VECTORS["documents"])
def test_canonical_documents_are_those_of_the_rfc(vector: dict[str, str]) -> None:
    """RFC 8785 §3.2: one value has one byte string."""
    assert canonicalize(parse_json(vector["input"].encode())) == vector["output"].encode()


@pytest.mark.parametrize(("bits", "text"), VECTORS["numbers"])
def test_canonical_numbers_are_those_of_the_rfc(bits: str, text: str) -> None:
    """RFC 8785 appendix B."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonicalize(number) == text.encode()


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"\\u0061":2}}',
        b"NaN",
        b"[-Infinity]",
        b"1e999",
        b"9007199254740992",
        b"1" * 5_000,
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'\xef\xbb\xbf"bom"',
        '"utf-16"'.encode("utf-16"),
        b'"\xff"',
        b"",
        b"{} {}",
        b"{'a':1}",
        b"[1,]",
    ],
)
def test_refuses_what_readers_understand_differently(data: bytes) -> None:
    """Ambiguous JSON is refused, never repaired."""
    with pytest.raises(JsonError):
        parse_json(data)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_refuses_depth_beyond_the_limit(opening: bytes) -> None:
    """A bomb of brackets ends in a refusal, not in a crash."""
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]

    assert parse_json(opening * 3 + b"1" + closing * 3, depth_max=3)
    for depth in (4, 100_000):
        with pytest.raises(JsonError):
            parse_json(opening * depth + b"1" + closing * depth, depth_max=3, bytes_max=10**6)


def test_refuses_size_beyond_the_limit() -> None:
    """The limit is inclusive."""
    assert parse_json(b"1234", bytes_max=4) == 1234
    with pytest.raises(JsonError):
        parse_json(b"12345", bytes_max=4)


def test_an_object_is_insisted_on() -> None:
    """`parse_json_object` refuses other values."""
    assert parse_json_object(b"{}") == {}
    with pytest.raises(JsonError):
        parse_json_object(b"[]")


@pytest.mark.parametrize("value", [2**53, float("nan"), "\ud800", {1: 2}, {"a": {1, 2}}])
def test_what_json_has_not_is_not_canonicalized(value: object) -> None:
    """Values without one canonical form are refused."""
    with pytest.raises(JsonError):
        canonicalize(value)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_canonical_json_reads_back_to_the_same_bytes(value: object) -> None:
    """Canonical form is a fixed point."""
    data = canonicalize(value)

    assert canonicalize(parse_json(data)) == data
