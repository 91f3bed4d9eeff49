"""What an OAuth client of ours makes: a code verifier, and DPoP proofs by a key of its own.

The other side of `did.login.dpop`; used by our command line and by measurements.
"""

import hashlib
from dataclasses import dataclass

from did.base64url import encode_base64url
from did.jcs import canonicalize
from did.keys import KeyPair
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint, render_jwk


@dataclass(frozen=True, slots=True)
class DpopKey:
    """A key that tokens are bound to; made for one login, not the wallet's."""

    pair: KeyPair

    @property
    def thumbprint(self) -> str:
        """As tokens name it."""
        return compute_thumbprint(VerificationKey(KeyKind.ED25519, self.pair.public_key))

    def prove(
        self,
        *,
        method: str,
        url: str,
        now_s: int,
        jti: str,
        nonce: str = "",
        access_token: str = "",
    ) -> str:
        """Make a proof for one request (RFC 9449 §4.2).

        Args:
            method: Of the request.
            url: Of the request; query and fragment are dropped.
            now_s: Now, in Unix seconds.
            jti: Never used before.
            nonce: That the server gave last; empty before the first answer.
            access_token: That goes with the request; empty at the token endpoint.
        """
        key = VerificationKey(KeyKind.ED25519, self.pair.public_key)
        header = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": render_jwk(key)}
        claims = {"htm": method, "htu": url.partition("?")[0], "iat": now_s, "jti": jti}
        if nonce:
            claims["nonce"] = nonce
        if access_token:
            claims["ath"] = encode_base64url(hashlib.sha256(access_token.encode()).digest())
        parts = [encode_base64url(canonicalize(part)) for part in (header, claims)]
        signing_input = ".".join(parts)
        return f"{signing_input}.{encode_base64url(self.pair.sign(signing_input.encode()))}"
