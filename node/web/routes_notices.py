"""The page on which people read what they are told: who looked, and who decided for them.

A login of its own opens it, by any way that logs in; it has no token and gives none. A notice
is new until its person says here, or by their wallet, that they have seen it.
"""

from aiohttp import web

from node.web.login import NOTICES_CLIENT_ID
from node.web.login_proofs import get_holder_id
from node.web.requests import get_context, read_number
from node.web.routes_login import begin_own_page, check_own_page, for_people
from node.web.routes_oauth import read_form

routes = web.RouteTableDef()


@routes.get("/notices")
async def begin_notices(request: web.Request) -> web.Response:
    """Begin the login that opens the page."""
    return begin_own_page(request, NOTICES_CLIENT_ID)


@routes.post("/notices/seen")
@for_people
async def post_seen(request: web.Request) -> web.Response:
    """Note that the person has seen their notices up to one, and show the page again."""
    form = read_form(request, await request.read())
    asked = check_own_page(request, form.get("form_token"), NOTICES_CLIENT_ID)
    number = read_number(form.get("number", ""), name="number")
    get_context(request).private.log.mark_seen(get_holder_id(asked), number)
    return web.Response(status=303, headers={"Location": "/oauth/continue"})
