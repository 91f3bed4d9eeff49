"""Access tokens: five minutes of one scope set, for one key (RFC 9068, RFC 9449 §6).

A token names its holder by the cooperative's own id and by no DID, so that whoever sees one
learns nothing that could be linked elsewhere. Whether its grant still stands, the caller asks.
"""

from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import ACCESS_TOKEN_S
from did.jcs import canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair

_TYPE = "at+jwt"
_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What a token says."""

    subject: str
    """The holder's id in this cooperative."""
    client_id: str
    scope: str
    """Separated by spaces."""
    grant: str
    """Id of the grant under which it was issued; ends with it."""
    jkt: str
    """Thumbprint of the key that must prove possession."""
    jti: str
    iat_s: int
    exp_s: int


def sign_access_token(token: AccessToken, *, issuer: str, key: KeyPair, kid: str) -> str:
    """Write a token; issuer and audience are this node's origin."""
    claims = {
        "iss": issuer,
        "aud": issuer,
        "sub": token.subject,
        "client_id": token.client_id,
        "scope": token.scope,
        "gid": token.grant,
        "jti": token.jti,
        "iat": token.iat_s,
        "exp": token.exp_s,
        "cnf": {"jkt": token.jkt},
    }
    return sign_jws(canonicalize(claims), key=key, kid=kid, typ=_TYPE)


def check_access_token(text: str, *, issuer: str, public_key: bytes, now_s: int) -> AccessToken:
    """Read a token and check signature, issuer, audience and time.

    Raises:
        RefusedError: It is none of this node's, or is over.

    Source: RFC 9068 §4.
    """
    jws = parse_jws(text, typ=_TYPE, bytes_max=_BYTES_MAX)
    check_jws(jws, public_key=public_key)
    claims = parse_json_object(jws.payload)  # from here on these are our own words
    if claims["iss"] != issuer or claims["aud"] != issuer:
        raise RefusedError("the token is for another server")
    if not now_s < claims["exp"] <= now_s + 2 * ACCESS_TOKEN_S:
        raise RefusedError("the token has expired: refresh it")
    return AccessToken(
        subject=claims["sub"],
        client_id=claims["client_id"],
        scope=claims["scope"],
        grant=claims["gid"],
        jkt=claims["cnf"]["jkt"],
        jti=claims["jti"],
        iat_s=claims["iat"],
        exp_s=claims["exp"],
    )
