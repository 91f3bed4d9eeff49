"""How a confidential client proves to be itself: a JWT by its registered key (RFC 7523 §3).

Never a shared secret: there is none to leak.
"""

from collections.abc import Mapping

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, DPOP_PROOF_BYTES_MAX
from did.login.clients import Client
from did.login.errors import OAuthError
from did.login.freshness import UsedOnce
from did.login.signed_proofs import SignedToken, parse_signed_token
from did.verification_keys import parse_jwk

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME_S_MAX = 300


def check_client(
    client: Client, form: Mapping[str, str], *, issuer: str, now_s: int, used: UsedOnce
) -> None:
    """Check that a request comes from a client; a public one has nothing to prove.

    Raises:
        OAuthError: `invalid_client`.
    """
    assertion = form.get("client_assertion", "")
    if client.is_public:
        if assertion:
            raise _refuse("this client registered without keys")
        return
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise _refuse("authenticate with private_key_jwt")
    try:
        token = parse_signed_token(assertion, bytes_max=DPOP_PROOF_BYTES_MAX)
        is_signed = any(token.is_signed_by(parse_jwk(jwk)) for jwk in client.jwks)
    except RefusedError as error:
        raise _refuse(f"the assertion is malformed: {error.reason}") from error
    if not is_signed:
        raise _refuse("the assertion is not by a registered key")
    _check_claims(token, client=client, issuer=issuer, now_s=now_s)
    until_s = now_s + _LIFETIME_S_MAX + CLOCK_SKEW_S_MAX
    if not used.take("client", client.id, token.get_text("jti"), until_s=until_s, now_s=now_s):
        raise _refuse("the assertion was used before")


def _check_claims(token: SignedToken, *, client: Client, issuer: str, now_s: int) -> None:
    if token.get_text("iss") != client.id or token.get_text("sub") != client.id:
        raise _refuse("the assertion is another client's")
    # Only the issuer itself: an endpoint's address would let another server pass it on.
    if token.claims.get("aud") not in (issuer, [issuer]):
        raise _refuse(f"the assertion's audience is {issuer}")
    if not now_s < token.get_number("exp") <= now_s + _LIFETIME_S_MAX + CLOCK_SKEW_S_MAX:
        raise _refuse("the assertion has expired, or lasts longer than five minutes")
    if not token.get_text("jti"):
        raise _refuse("the assertion needs a jti")


def _refuse(reason: str) -> OAuthError:
    return OAuthError("invalid_client", reason, status=401)
