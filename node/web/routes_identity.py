"""Who this cooperative is: DID document, WebFinger, NodeInfo, record, contexts."""

from importlib.metadata import version

from aiohttp import web

from activitypub.actors import render_actor
from activitypub.contexts import OWN_CONTEXTS
from activitypub.vocabulary import ACTIVITY_TYPE
from activitypub.webfinger import (
    JRD_TYPE,
    render_nodeinfo,
    render_nodeinfo_links,
    render_webfinger,
)
from config.errors import RefusedError
from did.credentials.contexts import OWN_CREDENTIAL_CONTEXTS
from node.web.middlewares import answer_json, answer_refusal
from node.web.requests import get_context

USER = "cooperative"
"""The name before the @ in `acct:` addresses."""
_SUMMARY = "<p>A patient-owned health-data cooperative. It shares insights, never records.</p>"
_LD_TYPE = "application/ld+json"
_CONTEXTS = {**OWN_CONTEXTS, **OWN_CREDENTIAL_CONTEXTS}

routes = web.RouteTableDef()


@routes.get("/.well-known/did.json")
async def get_did_document(request: web.Request) -> web.Response:
    """The cooperative's did:web document."""
    document = get_context(request).own_document.render()
    if document is None:
        return answer_refusal("this cooperative is not on a chain yet", status=404)
    return answer_json(document, content_type="application/did+json")


@routes.get("/.well-known/did.jsonl")
async def get_did_log(request: web.Request) -> web.Response:
    """The log of the cooperative's did:webvh."""
    data = get_context(request).own_document.read_webvh_log()
    if not data:
        return answer_refusal("this cooperative publishes no did:webvh", status=404)
    response = web.Response(body=data, content_type="text/jsonl")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@routes.get("/.well-known/webfinger")
async def get_webfinger(request: web.Request) -> web.Response:
    """Who a resource is."""
    resource = request.query.get("resource", "")
    try:
        found = render_webfinger(resource, origin=get_context(request).origin, user=USER)
    except RefusedError as error:
        return answer_refusal(error.reason, status=404)
    response = answer_json(found, content_type=JRD_TYPE)
    response.headers["Access-Control-Allow-Origin"] = "*"  # RFC 7033 §5
    return response


@routes.get("/.well-known/nodeinfo")
async def get_nodeinfo_links(request: web.Request) -> web.Response:
    """Where NodeInfo is."""
    return answer_json(render_nodeinfo_links(get_context(request).origin))


@routes.get("/nodeinfo/2.1")
async def get_nodeinfo(request: web.Request) -> web.Response:
    """What serves this cooperative."""
    context = get_context(request)
    count = context.insights.count_own()
    return answer_json(
        render_nodeinfo(
            name=context.registry.own.name, version=version("rochdale"), insights_count=count
        )
    )


@routes.get("/.well-known/rochdale/record")
async def get_record(request: web.Request) -> web.Response:
    """The cooperative's signed record, as it is in the DHT."""
    record = get_context(request).own_record
    if not record:
        return answer_refusal("the record is not signed yet: ask again in a moment", status=503)
    return web.Response(text=record, content_type="application/jose")


@routes.get("/actor")
async def get_actor(request: web.Request) -> web.Response:
    """The cooperative's actor."""
    context = get_context(request)
    own = context.registry.own
    actor = render_actor(
        origin=own.origin,
        user=USER,
        name=own.name,
        summary=_SUMMARY,
        did=own.did,
        http_key=context.http_key,
        assertion_key=own.assertion_key,
    )
    return answer_json(actor, content_type=ACTIVITY_TYPE)


@routes.get("/contexts/{file}")
async def get_jsonld_context(request: web.Request) -> web.Response:
    """A JSON-LD context of ours; its name carries its hash, so it never changes."""
    data = _CONTEXTS.get(request.match_info["file"])
    if data is None:
        return answer_refusal("there is no such context", status=404)
    response = web.Response(body=data, content_type=_LD_TYPE)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
