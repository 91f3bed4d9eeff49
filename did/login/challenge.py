"""The signed challenge: how our own wallets prove a DID when they log in.

A statement of its own type over audience, nonce, client and purpose: it can never pass for a
transaction, an application or a consent, nor for a login elsewhere. Never decides whether a
DID may log in.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from config.limits import (
    CLOCK_SKEW_S_MAX,
    LOGIN_STATEMENT_AGE_S_MAX,
    LOGIN_STATEMENT_BYTES_MAX,
)
from did.jcs import canonicalize, parse_json_object
from did.jws import Jws, JwsError, parse_jws
from did.login.errors import OAuthError

LOGIN_TYPE = "rochdale-login+jws"
_TEXT = Annotated[str, Meta(min_length=1, max_length=512)]


class LoginSigner(Protocol):
    """Whatever signs for a DID: a wallet's file, or keys kept elsewhere."""

    def __call__(self, payload: bytes, *, typ: str) -> str:
        """Sign a payload as compact JWS whose kid is a verification method of the DID."""


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


def parse_statement(text: str, *, expected: Challenge, now_s: int) -> tuple[str, Jws]:
    """Read a wallet's answer and check everything but its signature.

    Args:
        text: Compact JWS.
        expected: What was asked.
        now_s: Now, in Unix seconds.

    Returns:
        The DID, and the statement, whose `kid` names the key that must have signed it.

    Raises:
        OAuthError: Malformed, stale, or signed for something else.
    """
    try:
        jws = parse_jws(text, typ=LOGIN_TYPE, bytes_max=LOGIN_STATEMENT_BYTES_MAX)
        claims = msgspec.convert(parse_json_object(jws.payload, depth_max=1), _Claims)
    except (JwsError, msgspec.ValidationError) as error:
        raise OAuthError("access_denied", f"this is no signed login: {error}") from error
    if claims.aud != expected.audience:
        raise OAuthError("access_denied", "this login was signed for another node")
    if claims.nonce != expected.nonce or claims.client != expected.client_id:
        raise OAuthError("access_denied", "this login was signed for another attempt")
    if claims.purpose != expected.purpose:
        raise OAuthError("access_denied", "this statement was signed for another purpose")
    is_lasting = claims.exp - claims.iat > LOGIN_STATEMENT_AGE_S_MAX
    if is_lasting or not claims.iat - CLOCK_SKEW_S_MAX <= now_s <= claims.exp:
        raise OAuthError("access_denied", "this statement is too old, or a clock is wrong")
    did, mark, _ = jws.kid.partition("#")
    if not mark or not did.startswith("did:"):
        raise OAuthError("access_denied", "kid names no key of a DID")
    return did, jws
