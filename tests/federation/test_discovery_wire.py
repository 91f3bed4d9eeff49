"""Frames of the discovery socket."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from config.limits import DISCOVERY_FRAME_BYTES_MAX
from did.codec import encode
from federation.discovery_wire import (
    HEADER_BYTES,
    Request,
    decode_answer,
    decode_frame_length,
    decode_request,
    encode_answer,
    encode_frame,
    encode_refusal,
    encode_request,
)


def get_body(frame: bytes) -> bytes:
    assert decode_frame_length(frame[:HEADER_BYTES]) == len(frame) - HEADER_BYTES
    return frame[HEADER_BYTES:]


@given(st.integers(0, 1 << 40), st.text(max_size=20), st.lists(st.binary() | st.integers(0, 9)))
def test_a_request_arrives_as_it_was_sent(number: int, method: str, arguments: list[Any]) -> None:
    """Encoding and decoding are inverse."""
    request = Request(request_id=number, method=method, arguments=tuple(arguments))

    assert decode_request(get_body(encode_request(request))) == request


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_a_request_or_refused(body: bytes) -> None:
    """A damaged body raises nothing but a refusal."""
    try:
        request = decode_request(body)
    except RefusedError:
        return
    assert get_body(encode_request(request)) == body


@pytest.mark.parametrize(
    "body", [encode(None), encode([]), encode([True, "peer"]), encode(["1", 2])]
)
def test_refuses_what_is_no_request(body: bytes) -> None:
    """A request begins with an integer and a method."""
    with pytest.raises(RefusedError):
        decode_request(body)


def test_refuses_frames_beyond_the_limits() -> None:
    """Frames are neither empty nor longer than the limit, in either direction."""
    with pytest.raises(RefusedError):
        decode_frame_length(bytes(4))
    with pytest.raises(RefusedError):
        decode_frame_length((DISCOVERY_FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(RefusedError):
        encode_frame(bytes(DISCOVERY_FRAME_BYTES_MAX))


def test_an_answer_belongs_to_its_request() -> None:
    """An answer gives its value, a refusal its code and reason, to the one that asked."""
    assert decode_answer(get_body(encode_answer(7, [b"x"])), request_id=7) == [b"x"]

    with pytest.raises(RefusedError, match="not the answer"):
        decode_answer(get_body(encode_answer(7, None)), request_id=8)
    with pytest.raises(RefusedError, match="no luck") as refused:
        decode_answer(get_body(encode_refusal(7, RefusedError("no luck", code=42))), request_id=7)
    assert refused.value.code == 42
