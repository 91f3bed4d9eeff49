"""The API's lists: transactions, proposals, cooperatives and accounts, page by page.

Each answer says up to which block it is true and, in `next`, where the page after it is. They
come from the read model and prove nothing; `/api/receipts/page/…` serves the ledger's own lists
with proof.
"""

from urllib.parse import urlencode

from aiohttp import web

from config.errors import RefusedError
from config.limits import PAGE_ITEMS_MAX
from did.jcs import JsonObject
from node.web.context import WebContext
from node.web.middlewares import answer_json, answer_refusal
from node.web.projection_transactions import ProjectedTransaction, TransactionFilter
from node.web.registry import KnownCooperative
from node.web.requests import get_context, parse_hash, read_hash, read_number, read_query
from node.web.status import render_proposal, render_result

routes = web.RouteTableDef()


@routes.get("/api/transactions")
async def list_transactions(request: web.Request) -> web.Response:
    """Transactions of blocks, newest first, applied or not."""
    query = read_query(request, "cooperative", "proposal", "account", "before", "limit")
    chosen = TransactionFilter(
        **{name: parse_hash(query[name], name=name) for name in _FILTERS if name in query}
    )
    before = _read_place(query["before"]) if "before" in query else None
    limit = _read_limit(query)
    context = get_context(request)
    found = context.projection.list_transactions(chosen, before=before, limit=limit)
    last = f"{found[-1].height}.{found[-1].place}" if len(found) == limit else None
    items = [render_transaction(context, item) for item in found]
    return _answer_page(request, "transactions", items, before=last)


@routes.get("/api/proposals")
async def list_proposals(request: web.Request) -> web.Response:
    """The federation's proposals, newest first."""
    query = read_query(request, "cooperative", "before", "limit")
    cooperative = before = None
    if "cooperative" in query:
        cooperative = parse_hash(query["cooperative"], name="cooperative")
    if "before" in query:
        before = parse_hash(query["before"], name="before")
    limit = _read_limit(query)
    context = get_context(request)
    if before is not None and context.projection.find_proposal(before) is None:
        raise RefusedError("before names no proposal that this node knows: begin without it")
    found = context.projection.list_proposals(limit=limit, cooperative=cooperative, before=before)
    last = found[-1].id.hex() if len(found) == limit else None
    items = [render_proposal(context, item) for item in found]
    return _answer_page(request, "proposals", items, before=last)


@routes.get("/api/cooperatives")
async def list_cooperatives(request: web.Request) -> web.Response:
    """All cooperatives that were ever admitted, ascending by id."""
    query = read_query(request, "after", "limit")
    after = parse_hash(query["after"], name="after") if "after" in query else b""
    limit = _read_limit(query)
    context = get_context(request)
    ordered = sorted(context.registry.cooperatives, key=lambda item: item.id)
    found = [item for item in ordered if item.id > after][:limit]
    members = context.projection.count_members()
    last = found[-1].id.hex() if len(found) == limit else None
    items = [_render_cooperative(item, members=members.get(item.id, 0)) for item in found]
    return _answer_page(request, "cooperatives", items, after=last)


@routes.get("/api/cooperatives/{id}/accounts")
async def list_accounts(request: web.Request) -> web.Response:
    """Accounts on a cooperative's roll, ascending: pseudonyms, as on the ledger."""
    cooperative = read_hash(request, "id")
    query = read_query(request, "after", "limit")
    after = parse_hash(query["after"], name="after") if "after" in query else b""
    limit = _read_limit(query)
    context = get_context(request)
    if context.registry.find(cooperative) is None:
        return answer_refusal("the ledger knows no such cooperative", status=404)
    found = context.projection.list_accounts(cooperative, after=after, limit=limit)
    last = found[-1].account.hex() if len(found) == limit else None
    items = [{"account": item.account.hex(), "joined_height": item.joined_height} for item in found]
    return _answer_page(request, "accounts", items, after=last)


def render_transaction(context: WebContext, transaction: ProjectedTransaction) -> JsonObject:
    """One transaction, as `/api/transactions` serves it."""
    cooperative = transaction.cooperative
    return {
        "height": transaction.height,
        "place": transaction.place,
        "hash": transaction.hash.hex(),
        "kind": transaction.kind,
        "account": transaction.account.hex(),
        "cooperative": cooperative.hex(),
        "cooperative_name": context.registry.get_name(cooperative) if cooperative else "",
        "proposal": transaction.proposal.hex(),
        "code": transaction.code,
        "name": render_result(transaction.code, "")["name"],
    }


_FILTERS = ("cooperative", "proposal", "account")


def _render_cooperative(cooperative: KnownCooperative, *, members: int) -> JsonObject:
    standing = cooperative.standing
    return {
        "id": cooperative.id.hex(),
        "name": cooperative.name,
        "did": cooperative.did,
        "origin": cooperative.origin,
        "status": cooperative.status.name.lower(),
        "validator": None if standing is None else standing.name.lower(),
        "validator_address": cooperative.validator_address.hex(),
        "members": members,
    }


def _answer_page(
    request: web.Request, name: str, items: list[JsonObject], **cursor: str | None
) -> web.Response:
    context = get_context(request)
    ((key, last),) = cursor.items()
    following = None
    if last is not None:
        following = f"{request.path}?{urlencode(dict(request.query) | {key: last})}"
    return answer_json({"height": context.projection.height, name: items, "next": following})


def _read_limit(query: dict[str, str]) -> int:
    limit = read_number(query.get("limit", str(PAGE_ITEMS_MAX)), name="limit")
    if not 1 <= limit <= PAGE_ITEMS_MAX:
        raise RefusedError(f"limit is 1 to {PAGE_ITEMS_MAX}")
    return limit


def _read_place(text: str) -> tuple[int, int]:
    height, _, place = text.partition(".")
    return read_number(height, name="before's height"), read_number(place, name="before's place")
