"""What follows from a holder's agreement: a code, then tokens, then newer tokens, then none.

Each step takes what was given out before and gives the next; whatever comes twice ends the
whole grant, because it shows that somebody else holds a copy.
"""

from collections.abc import Mapping

from config.limits import ACCESS_TOKEN_S, AUTHORIZATION_CODE_S, GRANT_S, REFRESH_TOKEN_S
from did.jcs import JsonObject
from did.login.access_tokens import AccessToken, sign_access_token
from did.login.clients import Client
from did.login.errors import OAuthError
from did.login.issuance import ISSUE_SCOPE
from did.login.pkce import check_verifier
from did.login.scopes import parse_scopes
from node.web.database import transaction
from node.web.login import Login
from node.web.login_proofs import check_proof
from node.web.login_records import Grant, LoginRequest
from node.web.offer_store import OfferStore

_GRANT_ID_BYTES = 16


def issue_code(login: Login, asked: LoginRequest) -> str:
    """Record what a holder agreed to, and make the code for it.

    Raises:
        OAuthError: The login was over already, or nobody has proved to be here.
    """
    if asked.holder is None or asked.response_code is not None:
        raise OAuthError("access_denied", "nobody has logged in yet")
    now_s = login.clock.now_s()
    code = login.make_secret()
    grant = Grant(
        id=login.clock.random_bytes(_GRANT_ID_BYTES),
        holder=asked.holder,
        client_id=asked.request.client_id,
        scope=asked.request.scope,
        jkt=asked.request.jkt,
        method=asked.method,
        created_at_s=now_s,
        expires_at_s=now_s + GRANT_S,
        proof=asked.proof,
    )
    with transaction(login.store.connection):
        if not login.store.end_request(asked.id):
            raise OAuthError("access_denied", "this login is over: begin again")
        login.store.put_grant(grant, now_s=now_s)
        login.store.put_code(
            code,
            grant_id=grant.id,
            request=asked.request,
            expires_at_s=now_s + AUTHORIZATION_CODE_S,
            now_s=now_s,
        )
        login.note(grant.holder, "allowed", client_id=grant.client_id, detail=grant.scope)
    return code


def redeem_code(login: Login, form: Mapping[str, str], *, client: Client, jkt: str) -> JsonObject:
    """Give tokens for a code.

    Args:
        login: The authorization server.
        form: The token request's parameters.
        client: Who asks; authenticated.
        jkt: Of the key that the request proved to hold; the tokens are bound to it.

    Raises:
        OAuthError: `invalid_grant`; a code that comes twice ends what it began.

    Source: OAuth 2.1 §4.1.3, RFC 9449 §10.
    """
    now_s = login.clock.now_s()
    stored = login.store.find_code(form.get("code", ""))
    if stored is None or stored.request.client_id != client.id:
        raise OAuthError("invalid_grant", "this code is none of this client's")
    check_verifier(form.get("code_verifier", ""), challenge=stored.request.code_challenge)
    if form.get("redirect_uri", stored.request.redirect_uri) != stored.request.redirect_uri:
        raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was sent to")
    if stored.grant.jkt not in ("", jkt) and not stored.is_used:
        raise OAuthError("invalid_grant", "the code is bound to another key")
    if stored.is_used:
        _end_for_replay(login, stored.grant, detail="code")
        raise OAuthError("invalid_grant", "this code was used before: all that it gave has ended")
    if now_s >= stored.expires_at_s or not stored.grant.is_live(now_s):
        raise OAuthError("invalid_grant", "this code has expired: log in again")
    with transaction(login.store.connection):  # one wait for the disk, and nothing in between
        login.store.use_code(stored.id)
        login.store.bind_grant(stored.grant.id, jkt=jkt)
        return _render_tokens(login, stored.grant, scope=stored.grant.scope, jkt=jkt, old=None)


def redeem_offer(login: Login, form: Mapping[str, str], *, jkt: str) -> JsonObject:
    """Give a wallet the token for one credential, for an offer's code and transaction code.

    Raises:
        OAuthError: `invalid_grant`; a few wrong transaction codes end the offer.

    Source: OpenID4VCI 1.0 §6.
    """
    now_s = login.clock.now_s()
    offer = OfferStore(login.store.connection).take(
        form.get("pre-authorized_code", ""), tx_code=form.get("tx_code", ""), now_s=now_s
    )
    if offer is None:
        raise OAuthError("invalid_grant", "this offer is over, or the transaction code is wrong")
    grant = Grant(
        id=login.clock.random_bytes(_GRANT_ID_BYTES),
        holder=offer.holder,
        client_id=form.get("client_id", "")[:100],
        scope=ISSUE_SCOPE,
        jkt=jkt,
        method="offer",
        created_at_s=now_s,
        expires_at_s=now_s + ACCESS_TOKEN_S,
        proof=offer.proof,
    )
    login.store.put_grant(grant, now_s=now_s)
    login.note(offer.holder, "offer taken up", client_id=grant.client_id)
    token = _sign_token(login, grant, scope=ISSUE_SCOPE, jkt=jkt)
    return {"access_token": token, "token_type": "DPoP", "expires_in": ACCESS_TOKEN_S}


async def refresh_tokens(
    login: Login, form: Mapping[str, str], *, client: Client, jkt: str
) -> JsonObject:
    """Give new tokens for a refresh token, which is thereby used up.

    Raises:
        OAuthError: `invalid_grant`; a token that comes twice ends the whole family, and so does
            a key that the holder has replaced since they allowed this.
        UnavailableError: The holder's DID or the ledger cannot be looked up now.

    Source: OAuth 2.1 §4.3, RFC 9700 §4.14.2.
    """
    now_s = login.clock.now_s()
    token = form.get("refresh_token", "")
    grant = _find_grant(login, token)
    if grant is None or grant.client_id != client.id or not grant.is_live(now_s):
        raise OAuthError("invalid_grant", "this refresh token is not good, or has ended")
    if grant.jkt != jkt:  # before the family is judged: a stranger must not be able to end it
        raise OAuthError("invalid_grant", "the refresh token is bound to another key")
    if now_s >= grant.refresh_until_s:
        raise OAuthError("invalid_grant", "this refresh token has expired: log in again")
    scope = grant.scope
    if "scope" in form:
        scope = " ".join(parse_scopes(form["scope"], allowed=grant.scope.split(" ")))
    await _check_key(login, grant)
    return _render_tokens(login, grant, scope=scope, jkt=jkt, old=token)


def end_token(login: Login, token: str, *, client: Client) -> None:
    """End the grant of a refresh or access token of a client; unknown ones are no error.

    Source: RFC 7009 §2.
    """
    grant = _find_grant(login, token)
    if grant is not None and grant.client_id == client.id:
        login.store.end_grant(grant.id, now_s=login.clock.now_s())
        login.note(grant.holder, "ended", client_id=client.id, detail="by the application")


def find_refresh_grant(login: Login, token: str) -> Grant | None:
    """The live grant whose refresh token this is."""
    grant = _find_grant(login, token)
    now_s = login.clock.now_s()
    if grant is None or not grant.is_live(now_s) or now_s >= grant.refresh_until_s:
        return None
    return grant if login.store.is_refresh(grant, token) else None


def _render_tokens(
    login: Login, grant: Grant, *, scope: str, jkt: str, old: str | None
) -> JsonObject:
    now_s = login.clock.now_s()
    refresh = f"{grant.id.hex()}.{login.make_secret()}"
    until_s = min(now_s + REFRESH_TOKEN_S, grant.expires_at_s)
    if not login.store.rotate_refresh(grant.id, old=old, new=refresh, until_s=until_s):
        _end_for_replay(login, grant, detail="refresh token")
        raise OAuthError("invalid_grant", "this token was used before: the access has ended")
    return {
        "access_token": _sign_token(login, grant, scope=scope, jkt=jkt),
        "token_type": "DPoP",
        "expires_in": ACCESS_TOKEN_S,
        "refresh_token": refresh,
        "scope": scope,
    }


def _sign_token(login: Login, grant: Grant, *, scope: str, jkt: str) -> str:
    now_s = login.clock.now_s()
    token = AccessToken(
        subject=grant.holder.hex(),
        client_id=grant.client_id,
        scope=scope,
        grant=grant.id.hex(),
        jkt=jkt,
        jti=login.make_secret(),
        iat_s=now_s,
        exp_s=now_s + ACCESS_TOKEN_S,
    )
    return sign_access_token(token, issuer=login.origin, key=login.key, kid=login.kid)


async def _check_key(login: Login, grant: Grant) -> None:
    """Renew nothing that goes back to a key which its holder has lost or given up."""
    holder = login.holders.get(grant.holder)
    if holder is None:
        raise OAuthError("invalid_grant", "this account is closed")
    try:
        await check_proof(login, grant.proof, holder=holder)
    except OAuthError as error:
        login.store.end_grant(grant.id, now_s=login.clock.now_s())
        login.note(holder.id, "ended", client_id=grant.client_id, detail="the key was replaced")
        raise OAuthError("invalid_grant", error.reason) from error


def _find_grant(login: Login, token: str) -> Grant | None:
    """The grant that a refresh token names before its secret."""
    name, dot, _ = token.partition(".")
    if not dot or len(name) != 2 * _GRANT_ID_BYTES:
        return None
    try:
        return login.store.get_grant(bytes.fromhex(name))
    except ValueError:
        return None


def _end_for_replay(login: Login, grant: Grant, *, detail: str) -> None:
    login.store.end_grant(grant.id, now_s=login.clock.now_s())
    login.note(
        grant.holder, "ended", client_id=grant.client_id, detail=f"a {detail} was used twice"
    )
