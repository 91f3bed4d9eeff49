"""A person's consents: what holds, what happened, and saying something new about them."""

from aiohttp import web

from config.did_limits import CONSENT_PAGE_ENTRIES_MAX, CONSENT_STATEMENT_BYTES_MAX
from config.errors import RefusedError
from did.consent.policies import PAST_AGGREGATES
from did.jcs import JsonObject
from node.web.authentication import require_access
from node.web.consent_store import render_entry, render_standing
from node.web.consents import take_statement
from node.web.middlewares import answer_json
from node.web.private import PrivateStore
from node.web.requests import get_context

_NUMBER_DIGITS_MAX = 9

routes = web.RouteTableDef()


@routes.get("/api/v1/consents")
async def get_consents(request: web.Request) -> web.Response:
    """The caller's live permissions, and a page of their history."""
    access = await require_access(request, scope="consents")
    after = _read_after(request.query.get("after", "0"))
    private = get_context(request).private
    entries = private.consents.list_entries(
        access.holder_id, after=after, limit=CONSENT_PAGE_ENTRIES_MAX
    )
    return answer_unstored(
        {
            **_describe_standing(private, access.holder_id),
            "history": [render_entry(item) for item in entries],
            "note": PAST_AGGREGATES,
        }
    )


@routes.post("/api/v1/consents")
async def post_consent(request: web.Request) -> web.Response:
    """Take a signed statement; it holds when this answers."""
    access = await require_access(request, scope="consents.write")
    context, text = get_context(request), await read_statement(request)
    entry = await take_statement(context, access, text)
    standing = _describe_standing(context.private, access.holder_id)
    return answer_unstored({**standing, "entry": render_entry(entry), "note": PAST_AGGREGATES})


async def read_statement(request: web.Request) -> str:
    """The signed statement that a request's body is.

    Raises:
        RefusedError: It is none, or too long.
    """
    body = await request.read()
    if not 0 < len(body) <= CONSENT_STATEMENT_BYTES_MAX or not body.isascii():
        raise RefusedError(
            f"a consent is a compact JWS of at most {CONSENT_STATEMENT_BYTES_MAX} characters"
        )
    return body.decode("ascii")


def answer_unstored(body: JsonObject) -> web.Response:
    """An answer that nobody between keeps."""
    response = answer_json(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _describe_standing(private: PrivateStore, holder_id: bytes) -> JsonObject:
    standing = private.consents.get_standing(holder_id)
    handles = private.mandates.compute(holder_id, standing.consents.mandates.values())
    return render_standing(standing, handles=handles)


def _read_after(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise RefusedError("after is the number of the last entry that you have")
    return int(text)
