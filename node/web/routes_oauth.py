"""The authorization server's endpoints for programs (docs/login.md).

Metadata, pushed requests, tokens, revocation, introspection, registration. What people see
is in `node.web.routes_login`.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from config.errors import RefusedError
from config.limits import LOGIN_REQUEST_S, OAUTH_FORM_BYTES_MAX
from did.jcs import JsonObject, parse_json_object
from did.login.access_tokens import check_access_token
from did.login.authorization import REQUEST_URI_PREFIX, parse_authorization
from did.login.client_assertions import check_client
from did.login.clients import (
    AUTH_METHODS,
    GRANT_TYPES,
    UMA_GRANT_TYPE,
    Client,
    parse_registration,
    render_registration,
)
from did.login.dpop import DPOP_ALGORITHMS, check_dpop
from did.login.errors import OAuthError
from did.login.issuance import GRANT_TYPE
from did.login.scopes import SCOPES
from did.verification_keys import KeyKind, VerificationKey, render_jwk
from node.web.authentication import require_access
from node.web.login import Login
from node.web.login_grants import (
    end_token,
    find_refresh_grant,
    redeem_code,
    redeem_offer,
    refresh_tokens,
)
from node.web.middlewares import answer_json
from node.web.requests import get_context
from node.web.uma import seek_token
from node.web.uma_tokens import PROTECTION_SCOPE, describe_token, end_requesting_token

routes = web.RouteTableDef()
_FORM = "application/x-www-form-urlencoded"
_CLIENT_ID_BYTES = 16


@routes.get("/.well-known/oauth-authorization-server")
async def get_metadata(request: web.Request) -> web.Response:
    """What the server can do (RFC 8414 §2)."""
    return answer_json(render_metadata(get_context(request).login))


def render_metadata(login: Login) -> JsonObject:
    """The server's metadata; `node.web.routes_uma` adds what UMA has more."""
    origin = login.origin
    value: JsonObject = {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "pushed_authorization_request_endpoint": f"{origin}/oauth/par",
        "require_pushed_authorization_requests": True,
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "introspection_endpoint": f"{origin}/oauth/introspect",
        "jwks_uri": f"{origin}/oauth/jwks",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*GRANT_TYPES, GRANT_TYPE],
        "pre-authorized_grant_anonymous_access_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": f"{origin}/",
    }
    if login.may_register:
        value["registration_endpoint"] = f"{origin}/oauth/register"
    return value


@routes.get("/oauth/jwks")
async def get_keys(request: web.Request) -> web.Response:
    """The key that signs access tokens (RFC 7517 §5)."""
    login = get_context(request).login
    key = VerificationKey(KeyKind.ED25519, login.key.public_key)
    return answer_json(
        {"keys": [{**render_jwk(key), "kid": login.kid, "use": "sig", "alg": "EdDSA"}]}
    )


@routes.post("/oauth/par")
async def push_request(request: web.Request) -> web.Response:
    """Take an authorization request before the browser is sent (RFC 9126 §2)."""
    login = get_context(request).login
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    form = read_form(request, await request.read())
    client = _authenticate(login, form)
    jkt = _check_proof(request, login) if "DPoP" in request.headers else ""
    asked = parse_authorization(form, client=client, origin=login.origin, jkt=jkt)
    secret, now_s = login.make_secret(), login.clock.now_s()
    login.store.put_request(
        asked, secret=secret, nonce=login.make_secret(), now_s=now_s, lifetime_s=LOGIN_REQUEST_S
    )
    return _answer(
        login,
        {"request_uri": REQUEST_URI_PREFIX + secret, "expires_in": LOGIN_REQUEST_S},
        status=201,
    )


@routes.post("/oauth/token")
async def get_tokens(request: web.Request) -> web.Response:
    """Give tokens for a code or a refresh token (OAuth 2.1 §3.2)."""
    login = get_context(request).login
    form = read_form(request, await request.read())
    grant_type = form.get("grant_type")
    if grant_type == GRANT_TYPE:
        login.starts.take(request.remote or "", now_s=login.clock.steady_s())
        return _answer(login, redeem_offer(login, form, jkt=_check_proof(request, login)))
    client = _authenticate(login, form)
    jkt = _check_proof(request, login)
    if grant_type == UMA_GRANT_TYPE:
        login.starts.take(request.remote or "", now_s=login.clock.steady_s())
        found = await seek_token(get_context(request), form, client=client, jkt=jkt)
        return _answer(login, found.body, status=found.status)
    if form.get("resource", login.origin) not in (login.origin, f"{login.origin}/"):
        raise OAuthError("invalid_target", f"the resource is {login.origin}")
    if grant_type == "authorization_code":
        tokens = redeem_code(login, form, client=client, jkt=jkt)
    elif grant_type == "refresh_token":
        tokens = await refresh_tokens(login, form, client=client, jkt=jkt)
    else:
        raise OAuthError("unsupported_grant_type", "the metadata lists the grant types")
    return _answer(login, tokens)


@routes.post("/oauth/revoke")
async def revoke_token(request: web.Request) -> web.Response:
    """End an application's access (RFC 7009 §2); also for tokens that nobody knows: 200."""
    login = get_context(request).login
    form = read_form(request, await request.read())
    client = _authenticate(login, form)
    token = form.get("token", "")
    try:
        access = check_access_token(
            token, issuer=login.origin, public_key=login.key.public_key, now_s=login.clock.now_s()
        )
        token = f"{access.grant}."
    except RefusedError:  # another kind of token, or nothing of ours
        end_requesting_token(get_context(request), token, client_id=client.id)
    end_token(login, token, client=client)
    return web.Response(headers={"Cache-Control": "no-store"})


@routes.post("/oauth/introspect")
async def introspect_token(request: web.Request) -> web.Response:
    """Say what a token is good for, to whoever may know it (RFC 7662 §2).

    A confidential client, registered by the operator, may ask about any token; a public one
    proves the key that the token is bound to. A resource server with a PAT asks about the
    requesting party tokens that are for it (Federated Authorization for UMA 2.0 §5).
    """
    login = get_context(request).login
    form = read_form(request, await request.read())
    if "Authorization" in request.headers:
        access = await require_access(request, scope=PROTECTION_SCOPE)
        return _answer(login, describe_token(get_context(request), form.get("token", ""), access))
    client = _authenticate(login, form)
    jkt = _check_proof(request, login) if client.is_public else ""
    found = _describe(login, form.get("token", ""))
    if client.is_public and (found is None or found["cnf"]["jkt"] != jkt):
        found = None
    return _answer(login, {"active": False} if found is None else {"active": True, **found})


@routes.post("/oauth/register")
async def register_client(request: web.Request) -> web.Response:
    """Register an application (RFC 7591 §3.1), where the operator lets anybody do so."""
    login = get_context(request).login
    if not login.may_register:
        raise OAuthError(
            "access_denied", "ask this cooperative's operator to register you", status=403
        )
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    try:
        value = parse_json_object(await request.read(), bytes_max=OAUTH_FORM_BYTES_MAX)
    except RefusedError as error:
        raise OAuthError("invalid_client_metadata", error.reason) from error
    client_id = login.clock.random_bytes(_CLIENT_ID_BYTES).hex()  # typed after commands
    client = parse_registration(value, client_id=client_id)
    if not client.is_public:
        raise OAuthError("invalid_client_metadata", "clients with keys are the operator's to add")
    login.store.put_client(client, now_s=login.clock.now_s())
    issued = {"client_id_issued_at": login.clock.now_s()}
    return _answer(login, {**render_registration(client), **issued}, status=201)


def read_form(request: web.Request, body: bytes) -> Mapping[str, str]:
    """Read a form whose parameters come once each (OAuth 2.1 §3.2.2).

    Raises:
        OAuthError: It is no such form.
    """
    if request.content_type != _FORM or len(body) > OAUTH_FORM_BYTES_MAX:
        raise OAuthError("invalid_request", f"send {_FORM}, at most {OAUTH_FORM_BYTES_MAX} bytes")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=64,
            errors="strict",
        )
    except ValueError as error:
        raise OAuthError("invalid_request", "the form is malformed") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "each parameter comes once")
    return form


def _authenticate(login: Login, form: Mapping[str, str]) -> Client:
    client = login.find_client(form.get("client_id", ""))
    if client is None:
        raise OAuthError("invalid_client", "this client is not registered here", status=401)
    check_client(client, form, issuer=login.origin, now_s=login.clock.now_s(), used=login.used)
    return client


def _check_proof(request: web.Request, login: Login) -> str:
    proofs = request.headers.getall("DPoP", [])
    if len(proofs) > 1:
        raise OAuthError("invalid_dpop_proof", "send one DPoP header")
    return check_dpop(
        proofs[0] if proofs else "",
        method=request.method,
        url=f"{login.origin}{request.path}",
        now_s=login.clock.now_s(),
        rules=login.dpop,
    )


def _describe(login: Login, token: str) -> JsonObject | None:
    now_s = login.clock.now_s()
    try:
        access = check_access_token(
            token, issuer=login.origin, public_key=login.key.public_key, now_s=now_s
        )
    except RefusedError:
        access = None
    grant = (
        find_refresh_grant(login, token)
        if access is None
        else login.store.get_grant(bytes.fromhex(access.grant))
    )
    if grant is None or not grant.is_live(now_s) or login.holders.get(grant.holder) is None:
        return None
    return {
        "client_id": grant.client_id,
        "sub": grant.holder.hex(),
        "iss": login.origin,
        "aud": login.origin,
        "scope": grant.scope if access is None else access.scope,
        "exp": grant.refresh_until_s if access is None else access.exp_s,
        "iat": grant.created_at_s if access is None else access.iat_s,
        "token_type": "DPoP",
        "cnf": {"jkt": grant.jkt},
    }


def _answer(login: Login, value: JsonObject, *, status: int = 200) -> web.Response:
    response = answer_json(value, status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["DPoP-Nonce"] = login.dpop.nonces.make(now_s=login.clock.now_s())
    return response
