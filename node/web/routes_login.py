"""The pages on which a person logs in and decides what an application may do.

Without scripts: a link, a code to type, two buttons; only a passkey needs one. Programs of the
person's own (our command line) ask for JSON and take the same steps. The cookie names one
login, not a person, and ends with it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from urllib.parse import urlencode

from aiohttp import web

from config.errors import InvariantError, RefusedError, UnavailableError
from config.limits import LOGIN_REQUEST_S, LOGIN_STATEMENT_BYTES_MAX
from did.jcs import JsonObject, parse_json_object
from did.login.authorization import (
    REQUEST_URI_PREFIX,
    AuthorizationRequest,
    render_answer,
)
from did.login.challenge import LOGIN_TYPE
from did.login.clients import get_redirect_source
from did.login.errors import OAuthError
from did.login.passkeys import render_use
from did.login.scopes import SCOPES
from node.web.consent_requests import list_waiting
from node.web.consent_words import PURPOSES, RESOURCES
from node.web.context import WebContext
from node.web.holder_export import describe_notices
from node.web.login import (
    NOTICES_CLIENT_ID,
    OWN_PAGES,
    PASSKEYS_CLIENT_ID,
    WEB_CLIENT_ID,
    Login,
)
from node.web.login_grants import issue_code
from node.web.login_proofs import (
    DID_METHOD,
    accept_proof,
    check_statement,
    compute_form_token,
    compute_ticket,
    confirm_proof,
    get_challenge,
    get_holder_id,
)
from node.web.login_records import LoginRequest
from node.web.middlewares import CONTENT_SECURITY_POLICY, answer_json
from node.web.page_files import answer_missing, answer_page
from node.web.passkeys import describe_passkeys, get_use_challenge, list_new_passkeys
from node.web.qr_codes import draw_qr_code
from node.web.requests import get_context
from node.web.routes_oauth import read_form

routes = web.RouteTableDef()
_OWN_WORDS = {
    PASSKEYS_CLIENT_ID: "Add a passkey that logs you in, and remove those that you have",
    NOTICES_CLIENT_ID: "See what was done with your entry in the register, or in your place",
}
_SCRIPTS = "script-src 'self'; connect-src 'self'"
Handler = Callable[[web.Request], Awaitable[web.Response]]


def for_people(handler: Handler) -> Handler:
    """Answer errors as a page, except to programs; and let nobody keep what is answered."""

    @wraps(handler)
    async def handle(request: web.Request) -> web.Response:
        try:
            response = await handler(request)
        except (RefusedError, UnavailableError) as error:
            if wants_json(request):
                raise
            status = error.status if isinstance(error, OAuthError) else 503
            response = answer_missing(get_context(request), _say(error), status=status)
        response.headers["Cache-Control"] = "no-store"
        return response

    return handle


@routes.get("/oauth/authorize")
@for_people
async def begin_login(request: web.Request) -> web.Response:
    """Show how to log in, to the browser that a client has sent with a pushed request."""
    context = get_context(request)
    login = context.login
    uri = request.query.get("request_uri", "")
    if not uri.startswith(REQUEST_URI_PREFIX):
        raise OAuthError("invalid_request", "push the request first; the metadata says where")
    secret = uri.removeprefix(REQUEST_URI_PREFIX)
    asked = login.store.find_request(secret=secret, now_s=login.clock.now_s())
    if asked is None or asked.request.client_id != request.query.get("client_id"):
        raise OAuthError("invalid_request", "this login is over, or another application's")
    session = _get_session(request)
    if asked.session is None or find_login(request) != asked:
        session = login.make_secret()
        if not login.store.begin_request(secret, session=session, ticket=compute_ticket(session)):
            raise OAuthError("invalid_request", "this login was begun in another browser")
    ways = _list_ways(context, asked, ticket=compute_ticket(session))
    if wants_json(request):
        response = answer_json({**ways, **_describe(login, asked)})
    else:
        values = {"passkey": None, **ways, **_describe(login, asked)}
        qr_code = draw_qr_code(str(ways["openid4vp"]))
        response = _answer_form(context, "login.html", qr_code=qr_code, **values)
    _set_session(context, response, session)
    return response


@routes.get("/login/{ticket}")
@for_people
async def get_login(request: web.Request) -> web.Response:
    """What a wallet is asked to sign, for whom, and what that allows."""
    login = get_context(request).login
    asked = find_by_ticket(request)
    challenge = get_challenge(login, asked)
    return answer_json(
        {
            "type": LOGIN_TYPE,
            "aud": challenge.audience,
            "nonce": challenge.nonce,
            "client": challenge.client_id,
            "purpose": challenge.purpose.value,
            **_describe(login, asked),
        }
    )


@routes.post("/login/{ticket}")
async def prove_login(request: web.Request) -> web.Response:
    """Take a wallet's signed answer; the code that lets the waiting browser go on."""
    login = get_context(request).login
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    asked = find_by_ticket(request)
    value = parse_json_object(
        await request.read(), bytes_max=LOGIN_STATEMENT_BYTES_MAX + 64, depth_max=1
    )
    statement = value.get("statement")
    if not isinstance(statement, str):
        raise OAuthError("invalid_request", 'send {"statement": …}')
    proof = await check_statement(login, statement, expected=get_challenge(login, asked))
    code = accept_proof(
        login, asked, holder=proof.holder, method=DID_METHOD, proof=proof.seal(login)
    )
    response = answer_json({"response_code": code, "redirect_uri": get_next(login, code)})
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.get("/oauth/continue")
@for_people
async def continue_login(request: web.Request) -> web.Response:
    """Bring the proof to the browser that waits, and ask what its holder decides."""
    context = get_context(request)
    login, code = context.login, request.query.get("response_code", "")
    asked = find_login(request)
    if asked is None:  # a wallet opened this on another device: the code is to be typed there
        return _answer_form(context, "login_code.html", code=code[:64])
    if asked.holder is None:
        raise OAuthError("access_denied", "nobody has logged in yet: use your wallet first")
    if asked.response_code is not None:
        confirm_proof(login, asked, code)
        asked = replace(asked, response_code=None)
    token = compute_form_token(_get_session(request))
    if asked.request.client_id in OWN_PAGES:
        template, shown = _describe_own_page(context, asked)
        if wants_json(request):
            return answer_json({"form_token": token, **shown})
        return _answer_form(context, template, form_token=token, **shown)
    new_passkeys = list_new_passkeys(login, get_holder_id(asked))
    if wants_json(request):
        told = {"form_token": token, "new_passkeys": new_passkeys}
        return answer_json({**told, **_describe(login, asked)})
    return _answer_form(
        context,
        "consent.html",
        new_passkeys=new_passkeys,
        target=get_redirect_source(asked.request.redirect_uri),
        form_token=token,
        **_describe(login, asked),
    )


@routes.post("/oauth/decide")
@for_people
async def decide(request: web.Request) -> web.Response:
    """Take the holder's decision and send the browser back to the application."""
    context = get_context(request)
    login, form = context.login, read_form(request, await request.read())
    asked = check_form_token(request, form.get("form_token"))
    if asked.request.client_id in OWN_PAGES:
        raise OAuthError("invalid_request", "there is nothing to allow on this page")
    if form.get("decision") == "allow":
        values = {"code": issue_code(login, asked)}
    else:
        login.store.end_request(asked.id)
        values = {"error": "access_denied"}
    address = render_answer(asked.request, issuer=login.origin, **values)
    if asked.request.client_id == WEB_CLIENT_ID:
        response = answer_json({"redirect_uri": address})  # a script cannot see a redirect's end
    else:
        response = web.Response(status=303, headers={"Location": address})
    response.del_cookie(_get_cookie_name(context), path="/")
    return response


def find_login(request: web.Request) -> LoginRequest | None:
    """The login that this browser has begun."""
    login, session = get_context(request).login, _get_session(request)
    if not session:
        return None
    return login.store.find_request(session=session, now_s=login.clock.now_s())


def check_form_token(request: web.Request, token: object) -> LoginRequest:
    """The login of this browser, if one of its own pages asks.

    Raises:
        OAuthError: It is over, or another site asks.
    """
    asked = find_login(request)
    if asked is None or token != compute_form_token(_get_session(request)):
        raise OAuthError("access_denied", "this login is over: begin again")
    return asked


def begin_own_page(request: web.Request, client_id: str) -> web.Response:
    """Begin the login that opens a page of this node's own.

    Args:
        request: For the page.
        client_id: One of `OWN_PAGES`.

    Raises:
        UnavailableError: Too many logins were begun.
    """
    login = get_context(request).login
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    secret, client = login.make_secret(), login.find_client(client_id)
    if client is None:
        raise InvariantError(f"{client_id} is no page of ours")
    asked = AuthorizationRequest(
        client_id=client_id,
        redirect_uri=client.redirect_uris[0],
        scope=" ".join(client.scopes),
        state=None,
        code_challenge="",
        jkt="",
    )
    login.store.put_request(
        asked,
        secret=secret,
        nonce=login.make_secret(),
        now_s=login.clock.now_s(),
        lifetime_s=LOGIN_REQUEST_S,
    )
    query = f"client_id={client_id}&request_uri={REQUEST_URI_PREFIX}{secret}"
    address = f"/oauth/authorize?{query}"
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def check_own_page(request: web.Request, token: object, client_id: str) -> LoginRequest:
    """The login by which a page of this node's own was opened, if that page asks.

    Raises:
        OAuthError: It is over, another site asks, or it is for something else.
    """
    asked = check_form_token(request, token)
    if asked.request.client_id != client_id:
        page = OWN_PAGES[client_id]
        raise OAuthError("access_denied", f"this login is for something else: open {page}")
    return asked


def get_next(login: Login, code: str) -> str:
    """Where a wallet sends the person after a proof."""
    return f"{login.origin}/oauth/continue?response_code={code}"


def wants_json(request: web.Request) -> bool:
    """Whether a program asks, not a browser."""
    accepted = request.headers.get("Accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def find_by_ticket(request: web.Request) -> LoginRequest:
    """The login whose public name a wallet was given.

    Raises:
        OAuthError: It is over.
    """
    login = get_context(request).login
    asked = login.store.find_request(ticket=request.match_info["ticket"], now_s=login.clock.now_s())
    if asked is None:
        raise OAuthError("access_denied", "this login is over: begin again", status=404)
    return asked


def _list_ways(context: WebContext, asked: LoginRequest, *, ticket: str) -> JsonObject:
    """Where our own wallets answer, the link that other wallets open, what a passkey needs."""
    query = {
        "client_id": f"decentralized_identifier:{context.registry.own.did}",
        "request_uri": f"{context.origin}/openid4vp/{ticket}",
    }
    ways: JsonObject = {
        "login": f"{context.origin}/login/{ticket}",
        "openid4vp": f"openid4vp://?{urlencode(query)}",
    }
    if asked.request.client_id != PASSKEYS_CLIENT_ID:  # no passkey adds another
        ways["passkey"] = render_use(origin=context.origin, challenge=get_use_challenge(asked))
    return ways


def _describe(login: Login, asked: LoginRequest) -> JsonObject:
    client = login.find_client(asked.request.client_id)
    if client is None:
        raise OAuthError("invalid_client", "this application is not registered any more")
    own = _OWN_WORDS.get(client.id)
    return {
        "client_name": client.name,
        "answers_to": get_redirect_source(asked.request.redirect_uri),
        "scopes": [
            {"name": name, "allows": own or SCOPES[name]} for name in asked.request.scope.split(" ")
        ],
    }


def _describe_own_page(context: WebContext, asked: LoginRequest) -> tuple[str, JsonObject]:
    """Template and content of a page of this node's own."""
    if asked.request.client_id == PASSKEYS_CLIENT_ID:
        name = context.registry.own.name
        return "passkeys.html", describe_passkeys(context.login, asked, name=name)
    if asked.request.client_id == NOTICES_CLIENT_ID:
        return "notices.html", describe_notices(context.private, get_holder_id(asked))
    return "requests.html", {
        "requests": list_waiting(context, get_holder_id(asked)),
        "words": {**RESOURCES},
        "purposes": {**PURPOSES},
    }


def _answer_form(
    context: WebContext, template: str, *, target: str = "", **values: object
) -> web.Response:
    """A page whose form comes back here, and from here may lead to one other origin."""
    response = answer_page(context, template, **values)
    allowed = f"form-action 'self' {target}".rstrip()
    policy = CONTENT_SECURITY_POLICY.replace("form-action 'none'", allowed)
    response.headers["Content-Security-Policy"] = f"{policy}; {_SCRIPTS}"
    return response


def _get_cookie_name(context: WebContext) -> str:
    """Test chains speak plain HTTP, which has no `__Host-` cookies (RFC 6265bis §4.1.3)."""
    is_test = context.settings.network.is_test_chain
    return "rochdale-login" if is_test else "__Host-rochdale-login"


def _get_session(request: web.Request) -> str:
    return request.cookies.get(_get_cookie_name(get_context(request)), "")[:128]


def _set_session(context: WebContext, response: web.Response, session: str) -> None:
    response.set_cookie(
        _get_cookie_name(context),
        session,
        max_age=LOGIN_REQUEST_S,
        path="/",
        secure=not context.settings.network.is_test_chain,
        httponly=True,
        samesite="Lax",
    )


def _say(error: RefusedError | UnavailableError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
