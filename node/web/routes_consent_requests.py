"""What others ask a person for, and which resources of theirs can be asked for (UMA 2.0).

A request is answered by a signed grant, which goes the way of every consent
(`node.web.routes_consents`), or refused here. Unanswered ones end by themselves.
"""

import msgspec
from aiohttp import web

from did.jcs import JsonObject
from did.login.errors import OAuthError
from node.web.authentication import require_access
from node.web.clock import render_time
from node.web.context import WebContext
from node.web.middlewares import answer_json
from node.web.requests import get_context
from node.web.uma import assess, describe
from node.web.uma_records import OWN_SERVER, StoredRequest, StoredResource

routes = web.RouteTableDef()
_ID_CHARACTERS = 32


@routes.get("/api/v1/consents/requests")
async def get_requests(request: web.Request) -> web.Response:
    """What waits for the caller's answer, oldest first; what they permit already does not wait."""
    access = await require_access(request, scope="consents")
    context = get_context(request)
    store = context.private.uma
    resources = {item.id: item for item in store.list_resources(access.holder_id)}
    waiting = store.list_requests(access.holder_id, now_s=context.clock.now_s())
    return _answer(
        {
            "requests": [
                _render(context, item, resources)
                for item in waiting
                if not _is_permitted(context, item, resources)
            ]
        }
    )


@routes.delete("/api/v1/consents/requests/{request}")
async def delete_request(request: web.Request) -> web.Response:
    """Refuse; the same request is denied for a fortnight, and no more is shown."""
    access = await require_access(request, scope="consents.write")
    context = get_context(request)
    store, now_s = context.private.uma, context.clock.now_s()
    name = request.match_info["request"][:_ID_CHARACTERS]
    with context.private.write():
        found = store.get_request(name, now_s=now_s)
        if found is None or found.holder != access.holder_id or found.is_refused:
            raise OAuthError("invalid_request", "nobody asks you for this, or not now", status=404)
        store.refuse_request(found.id, now_s=now_s)
        resources = {item.id: item for item in store.list_resources(access.holder_id)}
        shown = _render(context, found, resources)
        context.private.consents.add_use(
            access.holder_id,
            {
                "grantee": shown["did"],
                "acts_for": shown["acts_for"],
                "client": shown["client_id"],
                "asked": shown["asked"],
                "height": context.projection.height,
            },
            at_ms=context.clock.now_ms(),
            is_refused=True,
        )
        context.login.note(
            access.holder_id,
            "refused",
            client_id=found.client_id,
            detail=describe(found.permissions, resources),
        )
    return _answer({"refused": found.id})


@routes.get("/api/v1/consents/resources")
async def get_resources(request: web.Request) -> web.Response:
    """What of the caller's can be asked for, and under which address at this node."""
    access = await require_access(request, scope="consents")
    context = get_context(request)
    store = context.private.uma
    store.list_own(access.holder_id)
    return _answer(
        {
            "resources": [
                {
                    "id": item.id,
                    "resource": item.kind.value,
                    "name": item.name,
                    "server": item.server,
                    "url": f"{context.origin}/uma/resources/{item.id}"
                    if item.server == OWN_SERVER
                    else None,
                }
                for item in store.list_resources(access.holder_id)
            ]
        }
    )


def _render(
    context: WebContext, item: StoredRequest, resources: dict[str, StoredResource]
) -> JsonObject:
    """A request as the person decides about it: who, by which application, what and why."""
    client = context.login.find_client(item.client_id)
    party = {"did": "", "acts_for": ""} if item.party is None else msgspec.to_builtins(item.party)
    return {
        "id": item.id,
        **party,
        "client_id": item.client_id,
        "client_name": "" if client is None else client.name,
        "asked": [
            {
                "resource_id": asked.resource_id,
                "resource": resources[asked.resource_id].kind.value,
                "name": resources[asked.resource_id].name,
                "purposes": list(asked.resource_scopes),
            }
            for asked in item.permissions
            if asked.resource_id in resources
        ],
        "asked_at": render_time(item.created_at_s * 1_000),
        "until": render_time(item.expires_at_s * 1_000),
    }


def _is_permitted(
    context: WebContext, item: StoredRequest, resources: dict[str, StoredResource]
) -> bool:
    if item.party is None:
        return False
    wanted = {asked.resource_id for asked in item.permissions}
    known = {key: value for key, value in resources.items() if key in wanted}
    found = assess(context, item.permissions, party=item.party, resources=known)
    return bool(found.permissions)


def _answer(body: JsonObject) -> web.Response:
    response = answer_json(body)
    response.headers["Cache-Control"] = "no-store"
    return response
