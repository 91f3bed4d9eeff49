"""The protection API: resource servers put what is somebody's under that person's consents.

Each call carries a PAT: an access token of that person's with the scope `uma_protection`,
which they gave to the resource server. A server sees the resources alone that it registered
itself, for this person.

Source: Federated Authorization for UMA 2.0.
"""

from aiohttp import web

from did.consent.protection import parse_asked_permissions, parse_description
from did.consent.terms import Purpose
from did.consent.tickets import Permission
from did.jcs import JsonObject
from did.login.errors import OAuthError
from node.web.authentication import Access, require_access
from node.web.middlewares import answer_json
from node.web.requests import get_context
from node.web.routes_oauth import render_metadata
from node.web.uma import give_ticket
from node.web.uma_claims import CLAIM_FORMATS
from node.web.uma_records import StoredResource
from node.web.uma_tokens import PROTECTION_SCOPE

routes = web.RouteTableDef()
_PROFILE = "https://w3id.org/rochdale/uma"
"""Scopes are purposes, and a person's signed grants are the policy: docs/consent.md."""


@routes.get("/.well-known/uma2-configuration")
async def get_configuration(request: web.Request) -> web.Response:
    """What the authorization server can do (UMA 2.0 Grant §2, Federated Authorization §2)."""
    login = get_context(request).login
    origin = login.origin
    return answer_json(
        {
            **render_metadata(login),
            "scopes_supported": [*Purpose, PROTECTION_SCOPE],
            "uma_profiles_supported": [_PROFILE, *CLAIM_FORMATS],
            "permission_endpoint": f"{origin}/uma/permission",
            "resource_registration_endpoint": f"{origin}/uma/registration",
        }
    )


@routes.post("/uma/registration")
async def post_resource(request: web.Request) -> web.Response:
    """Put a resource under protection (Federated Authorization §3.2.1)."""
    access = await _require_pat(request)
    context = get_context(request)
    described = parse_description(await request.read())
    resource_id = context.private.uma.register(access.holder_id, access.client_id, described)
    login = context.login
    login.note(
        access.holder_id, "protected", client_id=access.client_id, detail=described.type.value
    )
    response = _answer({"_id": resource_id}, status=201)
    response.headers["Location"] = f"{login.origin}/uma/registration/{resource_id}"
    return response


@routes.get("/uma/registration")
async def list_resources(request: web.Request) -> web.Response:
    """What this server has registered for this person (Federated Authorization §3.2.5)."""
    access = await _require_pat(request)
    found = get_context(request).private.uma.list_resources(
        access.holder_id, server=access.client_id
    )
    return _answer([item.id for item in found])


@routes.get("/uma/registration/{resource}")
async def get_resource(request: web.Request) -> web.Response:
    """A resource as it was described (Federated Authorization §3.2.2)."""
    found = _find(request, await _require_pat(request))
    return _answer(
        {
            "_id": found.id,
            "type": found.kind.value,
            "resource_scopes": list(found.scopes),
            "name": found.name,
            "description": found.description,
        }
    )


@routes.put("/uma/registration/{resource}")
async def put_resource(request: web.Request) -> web.Response:
    """Replace a description (Federated Authorization §3.2.3)."""
    found = _find(request, await _require_pat(request))
    described = parse_description(await request.read())
    get_context(request).private.uma.update(found, described)
    return _answer({"_id": found.id})


@routes.delete("/uma/registration/{resource}")
async def delete_resource(request: web.Request) -> web.Response:
    """End a resource's protection; no token opens it from here on (§3.2.4)."""
    access = await _require_pat(request)
    found = _find(request, access)
    context = get_context(request)
    context.private.uma.delete_resource(found)
    context.login.note(
        access.holder_id, "unprotected", client_id=access.client_id, detail=found.kind.value
    )
    return web.Response(status=204, headers={"Cache-Control": "no-store"})


@routes.post("/uma/permission")
async def post_permission(request: web.Request) -> web.Response:
    """Give a ticket for what a client tried to reach (Federated Authorization §4)."""
    access = await _require_pat(request)
    context = get_context(request)
    asked = parse_asked_permissions(await request.read())
    known = context.private.uma.find_resources(
        (item.resource_id for item in asked), server=access.client_id
    )
    for item in asked:
        _check_registered(item, known.get(item.resource_id), access)
    return _answer({"ticket": give_ticket(context, asked, server=access.client_id)}, status=201)


async def _require_pat(request: web.Request) -> Access:
    return await require_access(request, scope=PROTECTION_SCOPE)


def _check_registered(asked: Permission, known: StoredResource | None, access: Access) -> None:
    if known is None or known.holder != access.holder_id:
        raise OAuthError("invalid_resource_id", "you have registered no such resource")
    if not set(asked.resource_scopes) <= set(known.scopes):
        raise OAuthError("invalid_scope", "a scope was not registered for this resource")


def _find(request: web.Request, access: Access) -> StoredResource:
    """A resource of this server and person; others are not told apart from none."""
    found = get_context(request).private.uma.find_resource(request.match_info["resource"][:64])
    if found is None or (found.server, found.holder) != (access.client_id, access.holder_id):
        raise OAuthError("not_found", "you have registered no such resource", status=404)
    return found


def _answer(body: JsonObject | list[str], *, status: int = 200) -> web.Response:
    response = answer_json(body, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
