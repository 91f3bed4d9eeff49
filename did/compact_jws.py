"""Taking a compact JWS of JSON claims apart, whatever it is for.

Apart from `did.jws`, which is stricter and for statements of our own. Checks no signature:
whose key and which algorithm count is for those to say who read a kind of token.
"""

from dataclasses import dataclass
from typing import Self

from config.errors import RefusedError
from did.base64url import decode_base64url
from did.jcs import JsonObject, parse_json_object

_HEADER_DEPTH_MAX = 4
_FORBIDDEN = frozenset({"crit", "b64"})
"""Header parameters that change what is signed or understood (RFC 7515 §4.1.11, RFC 7797)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactParts:
    """A compact JWS, read but not yet checked."""

    header: JsonObject
    claims: JsonObject
    signing_input: bytes
    signature: bytes

    @classmethod
    def split(cls, text: str, *, bytes_max: int, header_bytes_max: int, depth_max: int) -> Self:
        """Read the three parts.

        Args:
            text: The parts, with dots between them.
            bytes_max: Longest text that is looked at.
            header_bytes_max: Longest header, decoded.
            depth_max: Deepest nesting of the claims.

        Raises:
            RefusedError: Too long, not three parts, not JSON, or a header with `crit` or `b64`.
        """
        if len(text) > bytes_max or not text.isascii():
            raise RefusedError(f"a signed token is ASCII of at most {bytes_max} bytes")
        parts = text.split(".")
        if len(parts) != 3:
            raise RefusedError("a signed token has three parts")
        header_bytes, payload, signature = (decode_base64url(part) for part in parts)
        header = parse_json_object(
            header_bytes, bytes_max=header_bytes_max, depth_max=_HEADER_DEPTH_MAX
        )
        if not _FORBIDDEN.isdisjoint(header):
            raise RefusedError("crit and b64 in a token's header are not understood")
        return cls(
            header=header,
            claims=parse_json_object(payload, bytes_max=bytes_max, depth_max=depth_max),
            signing_input=text.rpartition(".")[0].encode(),
            signature=signature,
        )
