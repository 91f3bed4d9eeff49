"""Stewards by themselves: what they may decide in another's place, and deciding it.

The answer to everybody but the steward of a mandate that holds now is one and the same.
"""

from aiohttp import web

from did.consent.policies import PAST_AGGREGATES
from node.web.authentication import require_access
from node.web.mandates import HANDLE_BYTES
from node.web.middlewares import answer_refusal
from node.web.requests import get_context, read_hex
from node.web.routes_consents import answer_unstored, read_statement
from node.web.stewards import find_stewardship, render_stewardship, take_decision

_NOTHING = "no mandate of yours that holds now has this handle: ask whoever gave it to you"

routes = web.RouteTableDef()


@routes.get("/api/v1/mandates/{handle}")
async def get_mandate(request: web.Request) -> web.Response:
    """What the caller may decide, what they granted, and the number of the next statement."""
    access = await require_access(request, scope="mandates")
    found = find_stewardship(get_context(request), access, _read_handle(request))
    if found is None:
        return answer_refusal(_NOTHING, status=404)
    return answer_unstored({**render_stewardship(found), "note": PAST_AGGREGATES})


@routes.post("/api/v1/mandates/{handle}/decisions")
async def post_decision(request: web.Request) -> web.Response:
    """Take a steward's signed statement; it holds when this answers, and the person is told."""
    access = await require_access(request, scope="mandates")
    context, handle = get_context(request), _read_handle(request)
    found = find_stewardship(context, access, handle)
    if found is None:
        return answer_refusal(_NOTHING, status=404)
    await take_decision(context, access, found, await read_statement(request))
    now = find_stewardship(context, access, handle)
    standing = {} if now is None else render_stewardship(now)  # it may have ended meanwhile
    return answer_unstored({**standing, "note": PAST_AGGREGATES})


def _read_handle(request: web.Request) -> str:
    return read_hex(request, "handle", bytes_max=HANDLE_BYTES).hex()
