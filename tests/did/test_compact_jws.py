"""Taking a compact JWS apart: its bounds, and headers that change what is signed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from did.base64url import encode_base64url
from did.compact_jws import CompactParts

CLAIMS = {"iss": "x"}


def render(header: Any, claims: Any = CLAIMS, signature: bytes = b"s" * 64) -> str:
    """A token of these parts."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(encode_base64url(part) for part in parts)


def split(text: str) -> CompactParts:
    """Read it within narrow bounds."""
    return CompactParts.split(text, bytes_max=512, header_bytes_max=64, depth_max=2)


def test_the_parts_are_what_was_written() -> None:
    """What was signed are the bytes before the last dot (RFC 7515 §5.2)."""
    text = render({"alg": "EdDSA"})

    found = split(text)

    assert found.header == {"alg": "EdDSA"}
    assert found.claims == CLAIMS
    assert found.signature == b"s" * 64
    assert found.signing_input == text.rpartition(".")[0].encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "e30.e30",
        "e30.e30.e30.e30",
        "e30.e30.é",
        "e30=.e30.e30",
        render([]),
        render({}, []),
        render({"alg": "x" * 64}),
        render({}, {"a": {"b": {"c": {}}}}),
        render({}, {"a": "x" * 400}),
        render({"crit": []}),
        render({"b64": True}),
    ],
)
def test_refuses_what_is_malformed_too_much_or_changes_what_is_signed(text: str) -> None:
    """Each bound by itself; `crit` and `b64` whatever they say."""
    with pytest.raises(RefusedError):
        split(text)


@given(st.text(max_size=600))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another error."""
    try:
        found = split(text)
    except RefusedError:
        return
    assert isinstance(found.header, dict)
