"""ActivityPub over HTTP: inbox, outbox, activities, followers and following."""

import asyncio

from aiohttp import web

from activitypub.collections import (
    render_collection,
    render_collection_page,
    render_outbox,
    render_outbox_page,
)
from activitypub.inbox import InboxError
from activitypub.signatures import HttpRequest
from activitypub.vocabulary import ACCEPTED_TYPES, ACTIVITY_TYPE
from config.errors import RefusedError, UnavailableError
from config.limits import INBOX_REQUESTS_MAX, PAGE_ITEMS_MAX
from did.jcs import parse_json_object
from node.web.mailbox import Following
from node.web.middlewares import answer_json, answer_refusal
from node.web.receiving import handle_inbox
from node.web.requests import get_context, read_number

INBOX_LIMIT: web.AppKey[asyncio.Semaphore] = web.AppKey("inbox_limit", asyncio.Semaphore)

routes = web.RouteTableDef()


@routes.post("/inbox")
async def post_inbox(request: web.Request) -> web.Response:
    """Take an activity; 202 means that it need not be sent again."""
    if request.content_type not in ACCEPTED_TYPES:
        return answer_refusal("send activities as application/activity+json", status=415)
    limit = request.app[INBOX_LIMIT]
    if limit.locked():
        raise UnavailableError("the inbox is busy: send it again in a moment")
    context = get_context(request)
    async with limit:
        try:
            await handle_inbox(
                context,
                HttpRequest(
                    method=request.method,
                    url=context.origin + request.raw_path,
                    headers=list(request.headers.items()),
                    body=await request.read(),
                ),
            )
        except InboxError as error:
            return answer_refusal(error.reason, status=error.http_status, code=error.code)
    return web.Response(status=202)


@routes.get("/outbox")
async def get_outbox(request: web.Request) -> web.Response:
    """The log of our activities: whole, or a page after a number."""
    context = get_context(request)
    total = context.mailbox.count_activities()
    if "after" not in request.query:
        return _answer(render_outbox(origin=context.origin, total=total))
    after = read_number(request.query["after"], name="after")
    activities = context.mailbox.list_activities(after=after, limit=PAGE_ITEMS_MAX)
    return _answer(
        render_outbox_page(
            origin=context.origin,
            after=after,
            total=total,
            activities=[parse_json_object(item.body) for item in activities],
        )
    )


@routes.get("/activities/{number}")
async def get_activity(request: web.Request) -> web.Response:
    """One of our activities, byte for byte as it was sent."""
    number = read_number(request.match_info["number"], name="number")
    mailbox = get_context(request).mailbox
    activity = mailbox.get_activity(number)
    if activity is None and 0 < number <= mailbox.count_activities():
        return answer_refusal("this activity was taken back", status=410)
    if activity is None:
        return answer_refusal("there is no such activity", status=404)
    return web.Response(body=activity.body, content_type=ACTIVITY_TYPE)


@routes.get("/followers")
async def get_followers(request: web.Request) -> web.Response:
    """Who follows us: partner cooperatives, never people."""
    partners = get_context(request).mailbox.list_partners()
    return _answer_members(request, [item.actor for item in partners if item.is_follower])


@routes.get("/following")
async def get_following(request: web.Request) -> web.Response:
    """Whom we follow."""
    partners = get_context(request).mailbox.list_partners()
    return _answer_members(
        request, [item.actor for item in partners if item.following is Following.ACCEPTED]
    )


def _answer_members(request: web.Request, actors: list[str]) -> web.Response:
    url = get_context(request).origin + request.path
    if "page" not in request.query:
        return _answer(render_collection(url=url, total=len(actors), first=f"{url}?page=1"))
    page = read_number(request.query["page"], name="page")
    if page < 1:
        raise RefusedError("pages count from 1")
    start = (page - 1) * PAGE_ITEMS_MAX
    has_more = len(actors) > start + PAGE_ITEMS_MAX
    return _answer(
        render_collection_page(
            url=url,
            page_url=f"{url}?page={page}",
            total=len(actors),
            items=actors[start : start + PAGE_ITEMS_MAX],
            next_url=f"{url}?page={page + 1}" if has_more else None,
            prev_url=f"{url}?page={page - 1}" if page > 1 else None,
        )
    )


def _answer(document: object) -> web.Response:
    return answer_json(document, content_type=ACTIVITY_TYPE)


def create_inbox_limit() -> asyncio.Semaphore:
    """Bounds how many inbox requests are in work."""
    return asyncio.Semaphore(INBOX_REQUESTS_MAX)
