"""Pages for whoever wants to see the ledger itself: blocks, transactions, validators, proofs.

Blocks come from this node's engine, lists from the read model. A page proves nothing, and says
how what it shows is checked.
"""

import asyncio

from aiohttp import web

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from governance.event_codec import encode_event
from governance.events import Event
from governance.records import Standing
from governance.view import FEDERATION, Collection, state_key
from ledger.headers import parse_time_ns
from ledger.rpc import EngineError
from node.web.clock import describe_time
from node.web.context import WebContext
from node.web.ledger_follower import decode_events
from node.web.page_files import answer_missing, answer_page
from node.web.projection_transactions import (
    ProjectedTransaction,
    TransactionFilter,
    read_transactions,
)
from node.web.requests import get_context, read_hash, read_number, read_query
from node.web.routes_lists import render_transaction
from node.web.status import render_result

_BLOCKS = 20
"""On one page; the engine lists no more at once."""
_GONE = (
    "This node does not have that block: it is not decided yet, or so old that the node has let "
    "it go."
)
_STANDING = {
    Standing.ACTIVE: "signs blocks",
    Standing.SILENT: "suspended: silent for too long",
    Standing.ACCUSED: "suspended: signed twice",
}

routes = web.RouteTableDef()


@routes.get("/explorer")
async def get_blocks(request: web.Request) -> web.Response:
    """The newest blocks, or those up to a height."""
    context = get_context(request)
    try:
        query = read_query(request, "up_to")
        highest = read_number(query["up_to"], name="up_to") if "up_to" in query else 0
        blocks, lowest = await _list_blocks(context, highest)
    except (RefusedError, UnavailableError):
        return answer_missing(context, _GONE)
    last = blocks[-1]["height"] if blocks else 0
    return answer_page(
        context,
        "explorer.html",
        blocks=blocks,
        transactions=[
            render_transaction(context, item)
            for item in context.projection.list_transactions(TransactionFilter(), limit=_BLOCKS)
        ],
        older=last - 1 if last > lowest else None,
        is_newest=not highest,
    )


@routes.get("/explorer/blocks/{height}")
async def get_block(request: web.Request) -> web.Response:
    """One block: its header, who signed it, what it holds and did."""
    context = get_context(request)
    try:
        height = read_number(request.match_info["height"], name="height")
        signed, block, results, validators = await asyncio.gather(
            context.engine.commit(height),
            context.engine.call("block", {"height": str(height)}),
            context.engine.block_results(height),
            context.engine.validators(height),
        )
    except (RefusedError, UnavailableError):
        return answer_missing(context, _GONE)
    header = signed["header"]
    transactions = read_transactions(
        block, results, is_cooperative=lambda account: context.registry.find(account) is not None
    )
    return answer_page(
        context,
        "explorer_block.html",
        height=height,
        time=_describe_header_time(header),
        header=header,
        block_hash=signed["commit"]["block_id"]["hash"].lower(),
        proposer=_name_validator(context, header["proposer_address"]),
        signers=_list_signers(context, signed, validators),
        transactions=[render_transaction(context, item) for item in transactions],
        events=[_render_event(item) for item in decode_events(results.events)],
    )


@routes.get("/explorer/transactions/{hash}")
async def get_transaction(request: web.Request) -> web.Response:
    """One transaction: what it says, what became of it, and how that is checked."""
    context = get_context(request)
    try:
        result = await context.engine.find_tx(read_hash(request, "hash"))
    except (RefusedError, UnavailableError):
        result = None
    if result is None:
        return answer_missing(context, "No block that this node has holds that transaction.")
    found = context.projection.list_transactions(
        TransactionFilter(), before=(result.height, result.index + 1), limit=1
    )
    if not found or (found[0].height, found[0].place) != (result.height, result.index):
        return answer_missing(context, "This node has not read that block yet: reload the page.")
    return answer_page(
        context,
        "explorer_transaction.html",
        transaction=render_transaction(context, found[0]),
        reason=render_result(result.code, result.log)["reason"],
        events=[_render_event(item) for item in decode_events(result.events)],
        account_key=_find_account_key(found[0]),
    )


@routes.get("/explorer/validators")
async def get_validators(request: web.Request) -> web.Response:
    """Who validates, and with which standing."""
    context = get_context(request)
    try:
        answer = await context.engine.validators()
    except (RefusedError, UnavailableError):
        return answer_missing(context, "This node's own ledger does not answer now.")
    powers = {item["address"].lower(): int(item["voting_power"]) for item in answer["validators"]}
    rows = [
        {
            "name": item.name,
            "id": item.id.hex(),
            "address": item.validator_address.hex(),
            "power": powers.get(item.validator_address.hex(), 0),
            "standing": "does not validate" if item.standing is None else _STANDING[item.standing],
            "key": state_key(FEDERATION, Collection.COOPERATIVE, item.id).hex(),
        }
        for item in context.registry.members
    ]
    return answer_page(
        context, "explorer_validators.html", rows=rows, power_total=sum(powers.values())
    )


async def _list_blocks(context: WebContext, highest: int) -> tuple[list[JsonObject], int]:
    """Blocks up to a height, newest first; and the lowest height that this node has."""
    status = await context.engine.status()
    highest = min(highest or status.height, status.height)
    lowest = max(status.earliest_height, highest - _BLOCKS + 1)
    if highest < lowest:
        raise EngineError("this node has no such block")
    answer = await context.engine.call(
        "blockchain", {"minHeight": str(lowest), "maxHeight": str(highest)}
    )
    blocks = [
        {
            "height": int(meta["header"]["height"]),
            "time": _describe_header_time(meta["header"]),
            "transactions": int(meta["num_txs"]),
            "proposer": _name_validator(context, meta["header"]["proposer_address"]),
        }
        for meta in answer["block_metas"]
    ]
    return blocks, status.earliest_height


def _describe_header_time(header: JsonObject) -> str:
    return describe_time(parse_time_ns(header["time"]) // 1_000_000)


def _name_validator(context: WebContext, address: str) -> str:
    found = context.registry.find_by_validator(bytes.fromhex(address))
    return found.name if found is not None else f"a validator that has left, {address.lower()}"


def _list_signers(
    context: WebContext, signed: JsonObject, validators: JsonObject
) -> list[JsonObject]:
    """Every validator of a block's set, and whether its vote for the block is in the commit."""
    voted = {
        entry["validator_address"]
        for entry in signed["commit"]["signatures"]
        if entry["block_id_flag"] == 2
    }
    return [
        {
            "name": _name_validator(context, item["address"]),
            "power": int(item["voting_power"]),
            "signed": item["address"] in voted,
        }
        for item in validators["validators"]
    ]


def _render_event(event: Event) -> JsonObject:
    kind, attributes = encode_event(event)
    return {"kind": kind.removeprefix("rochdale."), "fields": attributes}


def _find_account_key(transaction: ProjectedTransaction) -> str:
    """The state key of the acting account's record, for its receipt; empty if not known."""
    if not transaction.cooperative:
        return ""
    return state_key(transaction.cooperative, Collection.ACCOUNT, transaction.account).hex()
