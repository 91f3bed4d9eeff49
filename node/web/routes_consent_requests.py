"""What others ask a person for, and which resources of theirs can be asked for (UMA 2.0).

A request is answered by a signed grant, which goes the way of every consent
(`node.web.routes_consents`), or refused here. Unanswered ones end by themselves.
"""

from aiohttp import web

from did.jcs import JsonObject
from node.web.authentication import require_access
from node.web.consent_requests import list_waiting, refuse
from node.web.login import REQUESTS_CLIENT_ID
from node.web.login_proofs import get_holder_id
from node.web.middlewares import answer_json
from node.web.requests import get_context
from node.web.routes_login import begin_own_page, check_own_page, for_people
from node.web.routes_oauth import read_form
from node.web.uma_records import OWN_SERVER

routes = web.RouteTableDef()


@routes.get("/api/v1/consents/requests")
async def get_requests(request: web.Request) -> web.Response:
    """What waits for the caller's answer, oldest first; what they permit already does not wait."""
    access = await require_access(request, scope="consents")
    return _answer({"requests": list_waiting(get_context(request), access.holder_id)})


@routes.delete("/api/v1/consents/requests/{request}")
async def delete_request(request: web.Request) -> web.Response:
    """Refuse; the same request is denied for a fortnight, and no more is shown."""
    access = await require_access(request, scope="consents.write")
    name = request.match_info["request"]
    refuse(get_context(request), access.holder_id, name)
    return _answer({"refused": name})


@routes.get("/requests")
async def begin_requests(request: web.Request) -> web.Response:
    """Begin the login that opens the page."""
    return begin_own_page(request, REQUESTS_CLIENT_ID)


@routes.post("/requests/refuse")
@for_people
async def refuse_request(request: web.Request) -> web.Response:
    """Refuse on the page, and show what is left."""
    form = read_form(request, await request.read())
    asked = check_own_page(request, form.get("form_token"), REQUESTS_CLIENT_ID)
    refuse(get_context(request), get_holder_id(asked), form.get("id", ""))
    return web.Response(status=303, headers={"Location": "/oauth/continue"})


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


def _answer(body: JsonObject) -> web.Response:
    response = answer_json(body)
    response.headers["Cache-Control"] = "no-store"
    return response
