"""Pages and API of elected bodies, and of what members choose from in elections and budgets."""

from aiohttp import web

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from governance.kinds import KINDS
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.governance_reader import read_bodies, read_options
from node.web.middlewares import answer_json, answer_refusal
from node.web.page_files import answer_missing, answer_page
from node.web.requests import get_context, read_hash

routes = web.RouteTableDef()

BODY_NAMES = {
    "committee": "Committee",
    "technical": "Technical group",
    "privacy": "Privacy group",
    "ethics": "Ethics group",
    "finance": "Finance group",
    "outreach": "Outreach group",
    "ombudsperson": "Ombudsperson",
    "mediators": "Mediators",
    "ethics_panel": "Ethics panel",
    "auditors": "Auditors",
    "hardship_panel": "Hardship panel",
}


@routes.get("/bodies")
async def get_bodies_page(request: web.Request) -> web.Response:
    """Who sits in this cooperative's bodies, and until when."""
    context = get_context(request)
    try:
        bodies = await read_bodies(context.engine, context.registry.own.id)
    except (RefusedError, UnavailableError):
        return answer_missing(context, "This node's own ledger does not answer: try again.")
    return answer_page(context, "bodies.html", bodies=[_describe_body(body) for body in bodies])


@routes.get("/api/cooperatives/{id}/bodies")
async def get_bodies(request: web.Request) -> web.Response:
    """Who sits in a cooperative's bodies, and until when."""
    context = get_context(request)
    cooperative = context.registry.find(read_hash(request, "id"))
    if cooperative is None:
        return answer_refusal("there is no such cooperative in this federation", status=404)
    return answer_json({"bodies": await read_bodies(context.engine, cooperative.id)})


@routes.get("/api/proposals/{id}/options")
async def get_options(request: web.Request) -> web.Response:
    """What members choose from, by the numbers that ballots mark."""
    context = get_context(request)
    found = await find_options(context, read_hash(request, "id"))
    if found is None:
        return answer_refusal("this proposal has no ballot paper, or not yet", status=404)
    return answer_json(found)


async def find_options(context: WebContext, proposal_id: bytes) -> JsonObject | None:
    """The ballot paper of a proposal that has options and whose voting has opened."""
    proposal = context.projection.find_proposal(proposal_id)
    if proposal is None or not KINDS[proposal.kind].has_options:
        return None
    return await read_options(context.engine, proposal.cooperative, proposal.id)


def _describe_body(body: JsonObject) -> JsonObject:
    return {
        "name": BODY_NAMES[body["body"]],
        "election": body["election"],
        "failed_elections": body["failed_elections"],
        "seats": [
            {"office": seat["office"], "until": describe_time(seat["until_ms"])}
            for seat in body["seats"]
        ],
    }
