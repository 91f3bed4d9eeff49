"""Compact JWS as foreign issuers and wallets write them, with whatever key they have.

`did.jws` is stricter and for statements of our own; here the header may say more, and P-256
counts too. Parameters that would change what is signed are refused, and keys that a header
brings along are never used. Never decides whose key counts.
"""

from collections.abc import Collection
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import JSON_DEPTH_MAX
from did.base64url import encode_base64url
from did.compact_jws import CompactParts
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject, canonicalize
from did.keys import KeyPair
from did.verification_keys import VerificationKey

ALGORITHMS_ALLOWED = frozenset({"EdDSA", "Ed25519", "ES256"})
"""RFC 8037's and RFC 9864's name for Ed25519, and P-256 (RFC 7518 §3.4)."""
_HEADER_BYTES_MAX = 8_192
"""Room for a certificate chain (`x5c`), which is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws(CompactParts):
    """A statement read but not yet checked."""

    def get_text(self, name: str) -> str:
        """A claim that must be text.

        Raises:
            CredentialError: It is missing, empty or not text.
        """
        value = self.claims.get(name)
        if not isinstance(value, str) or not value:
            raise CredentialError(f"the token's {name} is missing or not text")
        return value

    def get_time(self, name: str) -> int | None:
        """A claim that is a NumericDate, in whole Unix seconds; None where absent.

        Raises:
            CredentialError: It is there and is no number a date could be.
        """
        if name not in self.claims:
            return None
        value = self.claims[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise CredentialError(f"the token's {name} is not a time in Unix seconds")
        return int(value)


def sign_compact(claims: JsonObject, *, key: KeyPair, typ: str, **header: str) -> str:
    """Sign claims as a compact JWS (RFC 7515 §3.1, RFC 8037).

    Args:
        claims: The payload; written canonically.
        key: The signer's.
        typ: Names the kind of statement, so that one cannot pass for another.
        header: Further header parameters, such as `kid`.
    """
    parts = ({"alg": "EdDSA", "typ": typ, **header}, claims)
    signing_input = ".".join(encode_base64url(canonicalize(part)) for part in parts)
    return f"{signing_input}.{encode_base64url(key.sign(signing_input.encode()))}"


def parse_compact(
    jws: str, *, types: Collection[str], bytes_max: int, depth_max: int = JSON_DEPTH_MAX
) -> CompactJws:
    """Read a compact JWS of JSON claims without checking its signature.

    Args:
        jws: The three parts.
        types: Values of `typ` that are accepted.
        bytes_max: Longest text that is looked at.
        depth_max: Deepest nesting of the claims.

    Raises:
        CredentialError: Too long, malformed, of another type, an algorithm outside
            `ALGORITHMS_ALLOWED`, or a header that changes what is signed (`crit`, `b64`).
    """
    try:
        token = CompactJws.split(
            jws, bytes_max=bytes_max, header_bytes_max=_HEADER_BYTES_MAX, depth_max=depth_max
        )
    except RefusedError as error:
        raise CredentialError(f"malformed signed token: {error.reason}") from error
    if token.header.get("typ") not in types:
        raise CredentialError(f"this is no token of type {' or '.join(types)}")
    if token.header.get("alg") not in ALGORITHMS_ALLOWED:
        raise CredentialError(f"only {', '.join(sorted(ALGORITHMS_ALLOWED))} are accepted")
    return token


def check_compact(jws: CompactJws, *, key: VerificationKey) -> None:
    """Check that a key signed the token.

    Raises:
        CredentialError: It did not, or the algorithm is not the key's.
    """
    if not key.is_signature_valid(
        alg=jws.header["alg"], message=jws.signing_input, signature=jws.signature
    ):
        raise CredentialError("the signature does not belong to this token and key")
