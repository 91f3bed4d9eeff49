"""What readers of the cooperative's credentials fetch: status lists and types."""

from aiohttp import web

from config.limits import STATUS_LIST_FRESH_S
from did.credentials.kinds import CredentialKind, get_vct
from node.web.credential_office import CredentialOffice
from node.web.credential_store import CredentialStore
from node.web.middlewares import answer_json, answer_refusal
from node.web.requests import get_context

_NAMES = {
    CredentialKind.MEMBERSHIP: "Membership of a health-data cooperative",
    CredentialKind.ROLE: "Role in a health-data cooperative",
    CredentialKind.PORTABILITY: "Tenure and roles in a former health-data cooperative",
}

routes = web.RouteTableDef()


def get_office(request: web.Request) -> CredentialOffice:
    """The cooperative as an issuer."""
    context = get_context(request)
    own = context.registry.own
    return CredentialOffice(
        origin=own.origin,
        did=own.did,
        method=f"{own.did}#assertion",
        key=context.assertion_key,
        store=CredentialStore(context.private.connection),
        clock=context.clock,
    )


@routes.get("/credentials/status/{list}")
async def get_status_list(request: web.Request) -> web.Response:
    """A status list, signed anew; readers may keep it for a short while."""
    published = get_office(request).publish_list(request.match_info["list"])
    if published is None:
        return answer_refusal("there is no such status list", status=404)
    content_type, body = published
    if isinstance(body, str):
        response = web.Response(text=body, content_type=content_type)
    else:
        response = answer_json(body, content_type=content_type)
    response.headers["Cache-Control"] = f"public, max-age={STATUS_LIST_FRESH_S}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@routes.get("/credentials/types/{kind}")
async def get_type(request: web.Request) -> web.Response:
    """Metadata of a type of SD-JWT VC (draft-ietf-oauth-sd-jwt-vc §6)."""
    try:
        kind = CredentialKind(request.match_info["kind"])
    except ValueError:
        return answer_refusal("there is no such type of credential", status=404)
    origin = get_context(request).origin
    response = answer_json({"vct": get_vct(origin, kind), "name": _NAMES[kind]})
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
