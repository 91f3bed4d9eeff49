"""Requesting party tokens: minutes of chosen permissions, for one key (UMA 2.0; RFC 9068, 9449).

A token names its permissions and neither the person whose resources they are nor the one who
asks. It says what was permitted when it was signed; what is permitted still, the caller asks
(`did.consent.assessment`).
"""

from dataclasses import dataclass

import msgspec

from config.errors import RefusedError
from config.uma_limits import RPT_BYTES_MAX, RPT_S
from did.consent.tickets import Permission
from did.jcs import canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair

_TYPE = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestingToken:
    """What a token says."""

    id: str
    """Random; subject and name of the token."""
    audience: str
    """Of the resource server that it is for."""
    client_id: str
    jkt: str
    """Thumbprint of the key that must prove possession."""
    permissions: tuple[Permission, ...]
    iat_s: int
    exp_s: int


def sign_requesting_token(token: RequestingToken, *, issuer: str, key: KeyPair, kid: str) -> str:
    """Write a token, with the claims of RFC 9068 §2.2 and UMA's `permissions`."""
    claims = {
        "iss": issuer,
        "aud": token.audience,
        "sub": token.id,
        "client_id": token.client_id,
        "jti": token.id,
        "iat": token.iat_s,
        "exp": token.exp_s,
        "cnf": {"jkt": token.jkt},
        "permissions": [
            {**msgspec.to_builtins(item), "exp": token.exp_s} for item in token.permissions
        ],
    }
    return sign_jws(canonicalize(claims), key=key, kid=kid, typ=_TYPE)


def read_requesting_token(text: str, *, issuer: str, public_key: bytes) -> RequestingToken:
    """Read a token of this issuer's, over or not.

    Raises:
        RefusedError: It is none: an access token of the same issuer is not, either.
    """
    jws = parse_jws(text, typ=_TYPE, bytes_max=RPT_BYTES_MAX)
    check_jws(jws, public_key=public_key)
    claims = parse_json_object(jws.payload)  # from here on these are our own words
    if claims["iss"] != issuer or "permissions" not in claims:
        raise RefusedError("this is no requesting party token")
    return RequestingToken(
        id=claims["jti"],
        audience=claims["aud"],
        client_id=claims["client_id"],
        jkt=claims["cnf"]["jkt"],
        permissions=tuple(msgspec.convert(item, Permission) for item in claims["permissions"]),
        iat_s=claims["iat"],
        exp_s=claims["exp"],
    )


def check_requesting_token(
    text: str, *, issuer: str, audience: str, public_key: bytes, now_s: int
) -> RequestingToken:
    """Read a token and check issuer, audience and time.

    Raises:
        RefusedError: It is none of this issuer's, for another server, or over.

    Source: RFC 9068 §4.
    """
    token = read_requesting_token(text, issuer=issuer, public_key=public_key)
    if token.audience != audience:
        raise RefusedError("the token is for another resource server")
    if not now_s < token.exp_s <= now_s + 2 * RPT_S:
        raise RefusedError("the token has expired: ask for the resource again")
    return token
