"""Logging in with a passkey, and the page on which people add and remove their own.

The page is a login of its own kind: it is opened by a statement that a wallet signs for adding
passkeys, and ends with the passkey that was added. It has no token and gives none.
"""

from aiohttp import web

from config.did_limits import PASSKEY_ANSWER_BYTES_MAX
from did.jcs import JsonObject, parse_json_object
from did.login.errors import OAuthError
from node.web.authentication import require_access
from node.web.login import PASSKEYS_CLIENT_ID
from node.web.login_proofs import accept_proof, confirm_proof, get_holder_id
from node.web.login_records import LoginRequest
from node.web.middlewares import answer_json
from node.web.page_files import answer_file
from node.web.passkeys import add_passkey, list_passkeys, remove_passkey, use_passkey
from node.web.requests import get_context
from node.web.routes_login import begin_own_page, check_own_page, find_login, for_people
from node.web.routes_oauth import read_form

routes = web.RouteTableDef()
_DEPTH_MAX = 6


@routes.get("/passkeys")
async def begin_passkeys(request: web.Request) -> web.Response:
    """Begin the login that opens the page."""
    return begin_own_page(request, PASSKEYS_CLIENT_ID)


@routes.post("/passkeys")
async def add(request: web.Request) -> web.Response:
    """Take a passkey that the browser has made."""
    login = get_context(request).login
    value = await _read(request)
    asked = _check_page(request, value.get("form_token"))
    label = value.get("label", "")
    if not isinstance(label, str):
        raise OAuthError("invalid_request", "a passkey's name is text")
    add_passkey(login, asked, _get_credential(value), label=label.strip())
    return _answer({"added": True})


@routes.post("/passkeys/remove")
@for_people
async def remove(request: web.Request) -> web.Response:
    """Forget a passkey, and show those that are left."""
    login = get_context(request).login
    form = read_form(request, await request.read())
    asked = _check_page(request, form.get("form_token"))
    holder_id = get_holder_id(asked)
    remove_passkey(login, form.get("id", ""), holder_id=holder_id, client_id=PASSKEYS_CLIENT_ID)
    return web.Response(status=303, headers={"Location": "/oauth/continue"})


@routes.post("/oauth/passkey")
async def prove_passkey(request: web.Request) -> web.Response:
    """Take an authenticator's answer from the browser that began the login."""
    login = get_context(request).login
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    asked = find_login(request)
    if asked is None:
        raise OAuthError("access_denied", "this login is over: begin again in the application")
    if asked.request.client_id == PASSKEYS_CLIENT_ID:
        raise OAuthError("access_denied", "a passkey adds no other: use your wallet")
    holder, proof = await use_passkey(login, asked, _get_credential(await _read(request)))
    code = accept_proof(login, asked, holder=holder, method="passkey", proof=proof)
    confirm_proof(login, asked, code)  # proof and browser are together already
    return _answer({"redirect_uri": f"{login.origin}/oauth/continue"})


@routes.get("/api/passkeys")
async def get_passkeys(request: web.Request) -> web.Response:
    """A holder's own passkeys."""
    access = await require_access(request, scope="passkeys")
    login = get_context(request).login
    return answer_json({"passkeys": list_passkeys(login, access.holder_id)})


@routes.delete("/api/passkeys/{passkey}")
async def delete_passkey(request: web.Request) -> web.Response:
    """Forget one of the holder's own."""
    access = await require_access(request, scope="passkeys")
    passkey = request.match_info["passkey"]
    login = get_context(request).login
    remove_passkey(login, passkey, holder_id=access.holder_id, client_id=access.client_id)
    return answer_json({"removed": passkey})


@routes.get("/passkeys.mjs")
async def get_script(_: web.Request) -> web.Response:
    """What calls the browser's authenticator."""
    return answer_file("passkeys.mjs", content_type="text/javascript")


def _check_page(request: web.Request, token: object) -> LoginRequest:
    return check_own_page(request, token, PASSKEYS_CLIENT_ID)


async def _read(request: web.Request) -> JsonObject:
    return parse_json_object(
        await request.read(), bytes_max=PASSKEY_ANSWER_BYTES_MAX, depth_max=_DEPTH_MAX
    )


def _get_credential(value: JsonObject) -> JsonObject:
    credential = value.get("credential")
    if not isinstance(credential, dict):
        raise OAuthError("invalid_request", 'send {"credential": …}')
    return credential


def _answer(value: JsonObject) -> web.Response:
    response = answer_json(value)
    response.headers["Cache-Control"] = "no-store"
    return response
