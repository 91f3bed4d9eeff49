"""Who calls a protected route, and what they may do there.

A route asks `require_access(request, scope=...)` first and believes what it returns: the
token is this node's and not over, the caller holds its key, the holder still allows it and
still exists. Never reads a cookie: pages and programs come in by the same door.
"""

from dataclasses import dataclass, field

from aiohttp import web

from config.errors import RefusedError
from did.login.access_tokens import AccessToken, check_access_token
from did.login.dpop import DPOP_ALGORITHMS, check_dpop
from did.login.errors import OAuthError
from node.web.database import forgetful
from node.web.login import Login
from node.web.login_records import Grant
from node.web.requests import get_context

_SCHEME = "DPoP "
DPOP_CHALLENGE = f'DPoP error="{{}}", algs="{" ".join(DPOP_ALGORITHMS)}"'
"""With the error's name, for `WWW-Authenticate` (RFC 9449 §7.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A checked caller."""

    holder_id: bytes
    """The cooperative's own name for the person."""
    client_id: str
    """The application that acts for them."""
    scopes: tuple[str, ...]
    did: str
    """By which the person logs in."""
    account: bytes | None
    """Their ledger account, 32 bytes; None while they are no member."""
    jkt: str
    """Thumbprint of the key that the caller has proved to hold."""
    grant_id: bytes
    """Under which the application acts."""
    proof: bytes | None = field(repr=False)
    """To what key of the person this goes back (`node.web.login_proofs`), sealed to them."""


async def require_access(request: web.Request, *, scope: str) -> Access:
    """Check the access token and the proof of possession of a request.

    Args:
        request: With `Authorization: DPoP <token>` and `DPoP: <proof>`.
        scope: What the route does; one of `did.login.scopes.SCOPES`.

    Raises:
        OAuthError: 401 if the token or its proof does not hold, 403 if it holds but does not
            allow this; `WWW-Authenticate` says which.
        UnavailableError: Too many proofs are remembered already.

    Source: RFC 9449 §7, RFC 9068 §4, RFC 6750 §3.1.
    """
    login = get_context(request).login
    now_s = login.clock.now_s()
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise _refuse("invalid_token", "send an access token: Authorization: DPoP <token>")
    text = header.removeprefix(_SCHEME)
    try:
        token = check_access_token(
            text, issuer=login.origin, public_key=login.key.public_key, now_s=now_s
        )
    except RefusedError as error:
        raise _refuse("invalid_token", error.reason) from error
    _check_possession(request, text, token=token, login=login)
    grant = login.store.get_grant(bytes.fromhex(token.grant))
    if grant is None or not grant.is_live(now_s):
        raise _refuse("invalid_token", "this access was ended: log in again")
    scopes = tuple(token.scope.split(" "))
    if scope not in scopes:
        raise _refuse("insufficient_scope", f"this needs the scope {scope}", status=403)
    return _find_access(login, grant, token=token, scopes=scopes, scope=scope)


def _check_possession(request: web.Request, text: str, *, token: AccessToken, login: Login) -> None:
    if len(request.headers.getall("DPoP", ())) > 1:
        raise _refuse("invalid_dpop_proof", "send one DPoP header")
    try:
        jkt = check_dpop(
            request.headers.get("DPoP", ""),
            method=request.method,
            url=f"{login.origin}{request.path}",
            now_s=login.clock.now_s(),
            rules=login.dpop,
            access_token=text,
        )
    except OAuthError as error:
        raise _refuse(error.error, error.reason, nonce=error.nonce) from error
    if jkt != token.jkt:
        raise _refuse("invalid_token", "the proof is by another key than the token's")


def _find_access(
    login: Login, grant: Grant, *, token: AccessToken, scopes: tuple[str, ...], scope: str
) -> Access:
    holder = login.holders.get(grant.holder)
    if holder is None:
        raise _refuse("invalid_token", "this account is closed")
    now_s = login.clock.now_s()
    if login.used.take("use", token.jti, scope, until_s=token.exp_s, now_s=now_s):
        with forgetful(login.store.connection):
            login.note(grant.holder, "used", client_id=grant.client_id, detail=scope)
    return Access(
        holder_id=grant.holder,
        client_id=grant.client_id,
        scopes=scopes,
        did=holder.did,
        account=holder.account,
        jkt=token.jkt,
        grant_id=grant.id,
        proof=grant.proof,
    )


def _refuse(error: str, reason: str, *, status: int = 401, nonce: str = "") -> OAuthError:
    challenge = DPOP_CHALLENGE.format(error)
    return OAuthError(error, reason, status=status, challenge=challenge, nonce=nonce)
