"""Compact JWS with Ed25519: signed statements whose exact bytes are what counts.

For statements that travel as they are: founder files, cooperative records, applications.
Nothing is canonicalized, so nothing can be read differently from what was signed. Never
decides whether a key may say what it says; the caller knows the key.
"""

from dataclasses import dataclass

from config.errors import RefusedError
from did.base64url import decode_base64url, encode_base64url
from did.jcs import canonicalize, parse_json_object
from did.keys import KeyPair, is_signature_valid

_HEADER_BYTES_MAX = 1_024
_ALGORITHMS = ("EdDSA", "Ed25519")
"""RFC 8037's name and the one of RFC 9864; both mean Ed25519 for our keys."""


class JwsError(RefusedError):
    """Malformed, of another type than expected, or the signature does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jws:
    """A statement read but not yet checked."""

    kid: str
    """Whose key it says signed: a DID URL."""
    payload: bytes
    signing_input: bytes
    """What the signature covers: header and payload as they came."""
    signature: bytes


def sign_jws(payload: bytes, *, key: KeyPair, kid: str, typ: str) -> str:
    """Sign bytes as a compact JWS (RFC 7515 §3.1, RFC 8037).

    Args:
        payload: What is stated, byte for byte.
        key: The signer's.
        kid: DID URL under which readers find the public key.
        typ: Names the kind of statement, so that one cannot pass for another.
    """
    header = canonicalize({"alg": "EdDSA", "kid": kid, "typ": typ})
    signing_input = f"{encode_base64url(header)}.{encode_base64url(payload)}"
    return f"{signing_input}.{encode_base64url(key.sign(signing_input.encode()))}"


def parse_jws(jws: str, *, typ: str, bytes_max: int) -> Jws:
    """Read a compact JWS without checking its signature.

    Args:
        jws: The three parts.
        typ: The only kind of statement that is accepted.
        bytes_max: Longest text that is looked at.

    Raises:
        JwsError: Too long, not three parts, another algorithm or type, or a header that says
            more than `alg`, `kid` and `typ` (so `crit`, `b64` and embedded keys are refused).
    """
    if len(jws) > bytes_max or not jws.isascii():
        raise JwsError(f"a signed statement is ASCII of at most {bytes_max} bytes")
    parts = jws.split(".")
    if len(parts) != 3:
        raise JwsError("a signed statement has three parts")
    try:
        header_bytes, payload, signature = (decode_base64url(part) for part in parts)
        header = parse_json_object(header_bytes, bytes_max=_HEADER_BYTES_MAX, depth_max=1)
    except RefusedError as error:
        raise JwsError(f"malformed signed statement: {error.reason}") from error
    kid = header.get("kid")
    if set(header) != {"alg", "kid", "typ"} or not isinstance(kid, str):
        raise JwsError("the header holds alg, kid and typ, and nothing else")
    if header["alg"] not in _ALGORITHMS:
        raise JwsError("only Ed25519 signatures are accepted")
    if header["typ"] != typ:
        raise JwsError(f"this is not a {typ} statement")
    signing_input = jws.rpartition(".")[0].encode()
    return Jws(kid=kid, payload=payload, signing_input=signing_input, signature=signature)


def check_jws(jws: Jws, *, public_key: bytes) -> None:
    """Check that a key signed the statement.

    Raises:
        JwsError: It did not.
    """
    if not is_signature_valid(
        public_key=public_key, message=jws.signing_input, signature=jws.signature
    ):
        raise JwsError("the signature does not belong to this statement and key")
