"""A sign-up: what somebody says to a cooperative to have an account there, signed by their DID.

For people who are no members, or not yet. Any DID that the node resolves will do, with any
algorithm that logs in. Name and contact go into the names book and nowhere else. Never
decides who may sign up.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, SIGN_UP_AGE_S_MAX, SIGN_UP_BYTES_MAX
from config.register_limits import PERSON_TEXT_CHARACTERS_MAX
from did.jcs import canonicalize
from did.login.signed_proofs import SignedToken, parse_signed_token

SIGN_UP_TYPE = "rochdale-sign-up+jws"
_DEPTH_MAX = 1
_TEXT = Annotated[str, Meta(max_length=PERSON_TEXT_CHARACTERS_MAX)]
_HEX_32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_HEX_16 = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class SignUpError(RefusedError):
    """The statement is malformed, stale, for another cooperative or not by its DID."""


class SignUpClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the statement says."""

    cooperative: _HEX_32
    """Whom it is for."""
    name: _TEXT
    """As the person wants to be called; may be empty."""
    contact: _TEXT
    """How the cooperative reaches them; may be empty."""
    iat: Annotated[int, Meta(ge=0)]
    """Unix seconds."""
    nonce: _HEX_16
    """Chosen by the wallet, so that two statements never have the same bytes."""
    invitation: _TEXT = ""
    """The code that the cooperative gave, where it asks for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A statement whose signature is still to be checked, with the key of `kid`."""

    did: str
    kid: str
    """DID URL of the verification method."""
    claims: SignUpClaims
    token: SignedToken


def render_sign_up(claims: SignUpClaims) -> bytes:
    """The payload to sign with type `SIGN_UP_TYPE`, and a verification method as kid."""
    return canonicalize(msgspec.to_builtins(claims))


def parse_sign_up(text: str, *, cooperative_id: bytes, now_s: int) -> SignUp:
    """Read a statement and check everything but its signature.

    Args:
        text: Compact JWS.
        cooperative_id: Who received it; 32 bytes.
        now_s: Unix seconds.

    Raises:
        RefusedError: Malformed, of another type, stale, or for another cooperative.
    """
    token = parse_signed_token(text, bytes_max=SIGN_UP_BYTES_MAX, depth_max=_DEPTH_MAX)
    kid = token.header.get("kid")
    if set(token.header) != {"alg", "kid", "typ"} or token.header["typ"] != SIGN_UP_TYPE:
        raise SignUpError(f"a sign-up has the type {SIGN_UP_TYPE}, and alg, kid and typ alone")
    if not isinstance(kid, str) or not kid.startswith("did:") or "#" not in kid:
        raise SignUpError("the kid names a verification method: did:…#…")
    try:
        claims = msgspec.convert(token.claims, SignUpClaims)
    except msgspec.ValidationError as error:
        raise SignUpError(f"the sign-up is malformed: {error}") from error
    if not all(item.isprintable() for item in (claims.name, claims.contact, claims.invitation)):
        raise SignUpError("name, contact and invitation are one line of printable text each")
    if claims.cooperative != cooperative_id.hex():
        raise SignUpError("the sign-up is for another cooperative")
    if not now_s - SIGN_UP_AGE_S_MAX <= claims.iat <= now_s + CLOCK_SKEW_S_MAX:
        raise SignUpError("the sign-up is stale: check the clock and sign again")
    return SignUp(did=kid.partition("#")[0], kid=kid, claims=claims, token=token)
