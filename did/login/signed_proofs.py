"""JWTs that carry, or are checked by, a client's own public key: DPoP, client assertions.

Apart from `did.jws`, whose statements name their key by DID URL. The algorithm is the key's
own kind, never merely what the header says.
"""

from dataclasses import dataclass

from did.compact_jws import CompactParts
from did.verification_keys import VerificationKey

_HEADER_BYTES_MAX = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedToken(CompactParts):
    """A compact JWS of JSON claims, read but not yet checked."""

    def is_signed_by(self, key: VerificationKey) -> bool:
        """Whether the key signed it, with an algorithm of its kind."""
        return key.is_signature_valid(
            alg=str(self.header.get("alg")), message=self.signing_input, signature=self.signature
        )

    def get_text(self, name: str) -> str:
        """A claim that is a text; empty if it is absent or none."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""

    def get_number(self, name: str) -> int:
        """A claim that is a whole number; -1 if it is absent or none."""
        value = self.claims.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else -1


def parse_signed_token(text: str, *, bytes_max: int, depth_max: int = 6) -> SignedToken:
    """Read a compact JWS without checking its signature.

    Raises:
        RefusedError: Too long, not three parts, not JSON, or critical extensions (RFC 7515
            §4.1.11), of which none is understood.
    """
    return SignedToken.split(
        text, bytes_max=bytes_max, header_bytes_max=_HEADER_BYTES_MAX, depth_max=depth_max
    )
