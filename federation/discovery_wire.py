"""Frames between the discovery process and its clients on the node's unix socket.

A frame is its length as four bytes, big-endian, then canonical msgpack. A request is
`[id, method, arguments…]`; its answer `[id, true, value]` or `[id, false, [code, reason]]`.
Pure, and apart from both ends because one runs on trio and the other on asyncio.
"""

import struct
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import DISCOVERY_FRAME_BYTES_MAX
from did.codec import Value, decode, encode

HEADER_BYTES = 4
_HEADER = struct.Struct(">I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call."""

    request_id: int
    """Chosen by the client; its answer carries the same."""
    method: str
    arguments: tuple[Value, ...]


def encode_frame(value: Value) -> bytes:
    """A value as one frame.

    Raises:
        RefusedError: Longer than `DISCOVERY_FRAME_BYTES_MAX`.
    """
    body = encode(value)
    if len(body) > DISCOVERY_FRAME_BYTES_MAX:
        raise RefusedError(f"a frame has at most {DISCOVERY_FRAME_BYTES_MAX} bytes")
    return _HEADER.pack(len(body)) + body


def decode_frame_length(header: bytes) -> int:
    """Length of the body after a header of four bytes.

    Raises:
        RefusedError: Empty, or longer than `DISCOVERY_FRAME_BYTES_MAX`.
    """
    (length,) = _HEADER.unpack(header)
    if not 0 < length <= DISCOVERY_FRAME_BYTES_MAX:
        raise RefusedError(f"a frame has 1 to {DISCOVERY_FRAME_BYTES_MAX} bytes, not {length}")
    return int(length)


def encode_request(request: Request) -> bytes:
    """A request as one frame.

    Raises:
        RefusedError: Too long, or an argument cannot be encoded.
    """
    return encode_frame([request.request_id, request.method, *request.arguments])


def decode_request(body: bytes) -> Request:
    """Read a frame's body as a request.

    Raises:
        RefusedError: Not a request.
    """
    match decode(body, bytes_max=DISCOVERY_FRAME_BYTES_MAX):
        case [int(request_id), str(method), *arguments] if not isinstance(request_id, bool):
            return Request(request_id=request_id, method=method, arguments=tuple(arguments))
    raise RefusedError("a request is a list of an id, a method and its arguments")


def encode_answer(request_id: int, value: Value) -> bytes:
    """The answer to a request that succeeded."""
    return encode_frame([request_id, True, value])


def encode_refusal(request_id: int, error: RefusedError) -> bytes:
    """The answer to a request that was refused."""
    return encode_frame([request_id, False, [error.code, error.reason]])


def decode_answer(body: bytes, *, request_id: int) -> Value:
    """Read a frame's body as the answer to a request.

    Raises:
        RefusedError: The answer is a refusal, or not an answer to this request.
    """
    match decode(body, bytes_max=DISCOVERY_FRAME_BYTES_MAX):
        case [int(answered), True, value] if answered == request_id:
            return value
        case [int(answered), False, [int(code), str(reason)]] if answered == request_id:
            raise RefusedError(reason, code=code)
    raise RefusedError("not the answer to this request")
