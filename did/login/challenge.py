"""The signed challenge: how a wallet proves a DID when its holder logs in.

A statement of its own type over audience, nonce, client and purpose: it can never pass for a
transaction, an application or a consent, nor for a login elsewhere. Our own wallets sign with
Ed25519, foreign ones with the algorithm of their DID's key, as ES256. Never decides whether a
DID may log in.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from config.errors import RefusedError
from config.limits import (
    CLOCK_SKEW_S_MAX,
    LOGIN_STATEMENT_AGE_S_MAX,
    LOGIN_STATEMENT_BYTES_MAX,
)
from did.jcs import canonicalize
from did.login.errors import OAuthError
from did.login.signed_proofs import SignedToken, parse_signed_token

LOGIN_TYPE = "rochdale-login+jws"
_TEXT = Annotated[str, Meta(min_length=1, max_length=512)]


class Purpose(StrEnum):
    """What a proof of a DID is for; one for another purpose is refused."""

    LOGIN = "login"
    ADD_PASSKEY = "add-passkey"


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    aud: _TEXT
    nonce: _TEXT
    client: _TEXT
    purpose: _TEXT
    iat: Annotated[int, Meta(ge=0)]
    exp: Annotated[int, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a wallet is asked to sign."""

    audience: str
    """Origin of the node."""
    nonce: str
    """Of this one login."""
    client_id: str
    """On whose behalf."""
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStatement:
    """A wallet's answer, whose signature is still to be checked with the key of `kid`."""

    did: str
    kid: str
    """DID URL of the verification method that must have signed."""
    token: SignedToken


def render_challenge(challenge: Challenge, *, now_s: int) -> bytes:
    """The payload that a wallet signs with type `LOGIN_TYPE`."""
    return canonicalize(
        {
            "aud": challenge.audience,
            "nonce": challenge.nonce,
            "client": challenge.client_id,
            "purpose": challenge.purpose.value,
            "iat": now_s,
            "exp": now_s + LOGIN_STATEMENT_AGE_S_MAX,
        }
    )


def parse_statement(text: str, *, expected: Challenge, now_s: int) -> LoginStatement:
    """Read a wallet's answer and check everything but its signature.

    Args:
        text: Compact JWS.
        expected: What was asked.
        now_s: Now, in Unix seconds.

    Raises:
        OAuthError: Malformed, stale, signed for something else, or a header that says more
            than `alg`, `kid` and `typ`.
    """
    try:
        token = parse_signed_token(text, bytes_max=LOGIN_STATEMENT_BYTES_MAX, depth_max=1)
        claims = msgspec.convert(token.claims, _Claims)
    except (RefusedError, msgspec.ValidationError) as error:
        raise OAuthError("access_denied", f"this is no signed login: {error}") from error
    if set(token.header) != {"alg", "kid", "typ"} or token.header["typ"] != LOGIN_TYPE:
        raise OAuthError(
            "access_denied", f"a login has the type {LOGIN_TYPE}, and alg, kid and typ alone"
        )
    _check_claims(claims, expected=expected, now_s=now_s)
    kid = str(token.header["kid"])
    did, mark, _ = kid.partition("#")
    if not mark or not did.startswith("did:"):
        raise OAuthError("access_denied", "kid names no key of a DID")
    return LoginStatement(did=did, kid=kid, token=token)


def _check_claims(claims: _Claims, *, expected: Challenge, now_s: int) -> None:
    if claims.aud != expected.audience:
        raise OAuthError("access_denied", "this login was signed for another node")
    if claims.nonce != expected.nonce or claims.client != expected.client_id:
        raise OAuthError("access_denied", "this login was signed for another attempt")
    if claims.purpose != expected.purpose:
        raise OAuthError("access_denied", "this statement was signed for another purpose")
    is_lasting = claims.exp - claims.iat > LOGIN_STATEMENT_AGE_S_MAX
    if is_lasting or not claims.iat - CLOCK_SKEW_S_MAX <= now_s <= claims.exp:
        raise OAuthError("access_denied", "this statement is too old, or a clock is wrong")
