"""DPoP: a token works only for whoever holds the key that it was given to (RFC 9449).

Checks one proof; whether its nonce is fresh and its identifier unused is asked of what the
caller brings. Never trusts a key for anything but being the same one again.
"""

import hashlib
import hmac
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, DPOP_AGE_S_MAX, DPOP_NONCE_S, DPOP_PROOF_BYTES_MAX
from did.base64url import encode_base64url
from did.login.errors import OAuthError
from did.login.freshness import Nonces, UsedOnce
from did.login.signed_proofs import SignedToken, parse_signed_token
from did.verification_keys import compute_thumbprint, parse_jwk

DPOP_ALGORITHMS = ("ES256", "EdDSA", "Ed25519")
_TYPE = "dpop+jwt"
_JTI_CHARACTERS_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopRules:
    """What proofs are held against; one for the whole process."""

    nonces: Nonces
    used: UsedOnce


def check_dpop(
    proof: str,
    *,
    method: str,
    url: str,
    now_s: int,
    rules: DpopRules,
    access_token: str = "",
) -> str:
    """Check a proof; the thumbprint of the key that made it (RFC 7638), 43 characters.

    Args:
        proof: The `DPoP` header; empty if there was none.
        method: Of the request.
        url: Of the request as the world sees it, without query and fragment.
        now_s: Now, in Unix seconds.
        rules: Nonces and memory.
        access_token: That the proof must be for; empty at the token endpoint.

    Raises:
        OAuthError: `invalid_dpop_proof`, or `use_dpop_nonce` with a nonce to try again with.
        UnavailableError: Too many proofs are remembered already.

    Source: RFC 9449 §4.3.
    """
    try:
        token, thumbprint = read_proof(proof)
    except RefusedError as error:
        raise OAuthError("invalid_dpop_proof", f"DPoP: {error.reason}") from error
    if token.get_text("htm") != method or token.get_text("htu").partition("?")[0] != url:
        raise OAuthError("invalid_dpop_proof", "DPoP: made for another request")
    if access_token:
        expected = encode_base64url(hashlib.sha256(access_token.encode()).digest())
        if not hmac.compare_digest(token.get_text("ath").encode(), expected.encode()):
            raise OAuthError("invalid_dpop_proof", "DPoP: made for another access token")
    _check_time(token, now_s=now_s, rules=rules)
    jti = token.get_text("jti")
    if not 1 <= len(jti) <= _JTI_CHARACTERS_MAX:
        raise OAuthError("invalid_dpop_proof", "DPoP: jti is missing")
    until_s = now_s + DPOP_NONCE_S + DPOP_AGE_S_MAX
    if not rules.used.take("dpop", thumbprint, jti, until_s=until_s, now_s=now_s):
        raise OAuthError("invalid_dpop_proof", "DPoP: this proof was used before")
    return thumbprint


def read_proof(proof: str) -> tuple[SignedToken, str]:
    """Read a proof and check its signature; what it says, and its key's thumbprint.

    Raises:
        RefusedError: Malformed, of another type, or not signed by the key that it carries.
    """
    if not proof:
        raise RefusedError("send a proof of possession in the DPoP header")
    token = parse_signed_token(proof, bytes_max=DPOP_PROOF_BYTES_MAX)
    if token.header.get("typ") != _TYPE or token.header.get("alg") not in DPOP_ALGORITHMS:
        raise RefusedError(f"a proof is of type {_TYPE}, signed {' or '.join(DPOP_ALGORITHMS)}")
    key = parse_jwk(token.header.get("jwk"))
    if not token.is_signed_by(key):
        raise RefusedError("the signature is not the key's")
    return token, compute_thumbprint(key)


def _check_time(token: SignedToken, *, now_s: int, rules: DpopRules) -> None:
    """The nonce is ours and says when; `iat` alone would trust the client's clock."""
    if not rules.nonces.is_fresh(token.get_text("nonce"), now_s=now_s):
        raise OAuthError(
            "use_dpop_nonce",
            "put the nonce of the DPoP-Nonce header into the proof",
            nonce=rules.nonces.make(now_s=now_s),
        )
    if not -CLOCK_SKEW_S_MAX <= now_s - token.get_number("iat") <= DPOP_AGE_S_MAX:
        raise OAuthError("invalid_dpop_proof", "DPoP: too old, or your clock is wrong")
