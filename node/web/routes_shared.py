"""What is somebody's, for whoever they permit: the node as its own first resource server.

Without a token that opens it, a resource answers with a ticket for seeking one; so does an
address under which there is nothing, word for word. Nothing here says who is a member.

Source: UMA 2.0 Grant §3.2, §3.4; RFC 9449 §7.
"""

from aiohttp import web

from config.errors import RefusedError
from did.consent.tickets import Permission
from did.login.dpop import check_dpop
from did.login.errors import OAuthError
from node.web.authentication import DPOP_CHALLENGE
from node.web.context import WebContext
from node.web.middlewares import answer_json
from node.web.requests import get_context, read_hex
from node.web.shared_reader import read_shared
from node.web.uma import give_ticket
from node.web.uma_records import OWN_SERVER, StoredResource
from node.web.uma_tokens import LiveToken, find_live_token, note_outcome

routes = web.RouteTableDef()
_SCHEME = "DPoP "
_ID_BYTES = 16


@routes.get("/uma/resources/{resource}")
async def get_shared(request: web.Request) -> web.Response:
    """A resource, for a token that opens it; a ticket for everybody else."""
    context = get_context(request)
    name = read_hex(request, "resource", bytes_max=_ID_BYTES)
    if len(name) != _ID_BYTES:
        raise RefusedError(f"a resource's id has {2 * _ID_BYTES} hexadecimal digits")
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise _send_for_token(request, name.hex(), "ask for a token with this ticket")
    try:
        live = find_live_token(context, header.removeprefix(_SCHEME), server=OWN_SERVER)
    except RefusedError as error:
        raise _send_for_token(request, name.hex(), error.reason) from error
    _check_possession(request, context, live, header.removeprefix(_SCHEME))
    resource = live.resources.get(name.hex())
    if resource is None:
        raise _send_for_token(request, name.hex(), "the token is for another resource")
    note_outcome(context, live, resource)
    purposes = _list_purposes(live, resource)
    holder = context.private.holders.get(resource.holder)
    if not purposes or holder is None:
        raise _send_for_token(request, name.hex(), "this is permitted no longer")
    value = await read_shared(context, resource.kind, holder)
    response = answer_json({"resource": resource.kind.value, "purposes": purposes, **value})
    response.headers["Cache-Control"] = "no-store"
    return response


def _check_possession(
    request: web.Request, context: WebContext, live: LiveToken, text: str
) -> None:
    login = context.login
    proofs = request.headers.getall("DPoP", [])
    try:
        jkt = check_dpop(
            proofs[0] if len(proofs) == 1 else "",
            method=request.method,
            url=f"{login.origin}{request.path}",
            now_s=login.clock.now_s(),
            rules=login.dpop,
            access_token=text,
        )
    except OAuthError as error:
        raise OAuthError(
            error.error,
            error.reason,
            status=401,
            challenge=DPOP_CHALLENGE.format(error.error),
            nonce=error.nonce,
        ) from error
    if jkt != live.token.jkt:
        raise OAuthError(
            "invalid_token",
            "the proof is by another key than the token's",
            status=401,
            challenge=DPOP_CHALLENGE.format("invalid_token"),
        )


def _send_for_token(request: web.Request, resource_id: str, reason: str) -> OAuthError:
    """Where and with which ticket a token is to be had (UMA 2.0 Grant §3.2.1).

    Raises:
        UnavailableError: Too many tickets, or too many tries from this address.
    """
    context = get_context(request)
    login = context.login
    login.starts.take(request.remote or "", now_s=login.clock.steady_s())
    asked = Permission(resource_id=resource_id, resource_scopes=())
    ticket = give_ticket(context, (asked,), server=OWN_SERVER)
    challenge = f'UMA realm="rochdale", as_uri="{login.origin}", ticket="{ticket}"'
    return OAuthError("invalid_token", reason, status=401, challenge=challenge)


def _list_purposes(live: LiveToken, resource: StoredResource) -> list[str]:
    return [
        purpose.value
        for item in live.permitted.permissions
        if item.resource_id == resource.id
        for purpose in item.resource_scopes
    ]
