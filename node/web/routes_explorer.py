"""Pages for whoever wants to see the ledger itself: blocks, transactions, validators, proofs.

Blocks come from this node's engine, lists from the read model. A page proves nothing, and says
how what it shows is checked.
"""

import asyncio
import base64
from enum import IntEnum

import msgspec
from aiohttp import web

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from governance.event_codec import encode_event
from governance.events import BallotCast, Event
from governance.records import Standing
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.envelope import decode_transaction
from ledger.headers import parse_time_ns
from ledger.recovery import describe_beginning
from ledger.rpc_answers import EngineStatus
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
_DOWN = (
    "This node's own ledger does not answer now. The node restarts it by itself: reload the page "
    "in a moment."
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
        asked = read_number(query["up_to"], name="up_to") if "up_to" in query else None
        status = await context.engine.status()
        height = status.height if asked is None else asked
        _check_height(context, height, status)
        blocks = await _list_blocks(context, height, earliest=status.earliest_height)
    except RefusedError as error:
        return answer_missing(context, error.reason)
    except UnavailableError:
        return answer_missing(context, _DOWN, status=503)
    older = blocks[-1]["height"] - 1
    return answer_page(
        context,
        "explorer.html",
        blocks=blocks,
        transactions=[
            render_transaction(context, item)
            for item in context.projection.list_transactions(TransactionFilter(), limit=_BLOCKS)
        ],
        older=older if older >= status.earliest_height else None,
        is_newest=height == status.height,
    )


@routes.get("/explorer/blocks/{height}")
async def get_block(request: web.Request) -> web.Response:
    """One block: its header, who signed it, what it holds and did."""
    context = get_context(request)
    try:
        height = read_number(request.match_info["height"], name="height")
        status = await context.engine.status()
        _check_height(context, height, status)
        signed, block, results, validators = await asyncio.gather(
            context.engine.commit(height),
            context.engine.call("block", {"height": str(height)}),
            context.engine.block_results(height),
            context.engine.validators(height),
        )
    except RefusedError as error:
        return answer_missing(context, error.reason)
    except UnavailableError:
        return answer_missing(context, _DOWN, status=503)
    header = signed["header"]
    return answer_page(
        context,
        "explorer_block.html",
        height=height,
        is_newest=height == status.height,
        time=_describe_header_time(header),
        header=header,
        block_hash=signed["commit"]["block_id"]["hash"].lower(),
        proposer=_name_validator(context, header["proposer_address"]),
        signers=_list_signers(context, signed, validators),
        transactions=[
            render_transaction(context, item) for item in read_transactions(block, results)
        ],
        events=[_render_event(item) for item in decode_events(results.events)],
    )


@routes.get("/explorer/transactions/{hash}")
async def get_transaction(request: web.Request) -> web.Response:
    """One transaction: what it says, what became of it, and how that is checked."""
    context = get_context(request)
    try:
        result = await context.engine.find_tx(read_hash(request, "hash"))
        if result is None:
            return answer_missing(context, "No block that this node has holds that transaction.")
        _check_height(context, result.height, await context.engine.status())
        block, results = await asyncio.gather(
            context.engine.call("block", {"height": str(result.height)}),
            context.engine.block_results(result.height),
        )
    except RefusedError as error:
        return answer_missing(context, error.reason)
    except UnavailableError:
        return answer_missing(context, _DOWN, status=503)
    transaction = read_transactions(block, results)[result.index]
    events = decode_events(result.events)
    return answer_page(
        context,
        "explorer_transaction.html",
        transaction=render_transaction(context, transaction),
        reason=render_result(result.code, result.log)["reason"],
        said=_list_said(base64.b64decode(block["block"]["data"]["txs"][result.index])),
        events=[_render_event(item) for item in events],
        ballots=[item.ballot.hex() for item in events if isinstance(item, BallotCast)],
        account_key=_find_account_key(transaction),
    )


@routes.get("/explorer/validators")
async def get_validators(request: web.Request) -> web.Response:
    """Who validates, and with which standing."""
    context = get_context(request)
    try:
        answer = await context.engine.validators()
    except (RefusedError, UnavailableError):
        return answer_missing(context, _DOWN, status=503)
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


def _check_height(context: WebContext, height: int, status: EngineStatus) -> None:
    if height > status.height:
        raise RefusedError(f"Block {height} is not decided yet: the newest is {status.height}.")
    recovery = context.genesis.recovery
    if recovery is not None and height < recovery.first_height:
        raise RefusedError(f"{describe_beginning(recovery)}.")
    if height < status.earliest_height:
        raise RefusedError(
            f"This node's blocks begin with {status.earliest_height}: it has let older ones go, or "
            "joined after them. Another node may have them."
        )


async def _list_blocks(context: WebContext, height: int, *, earliest: int) -> list[JsonObject]:
    """Blocks up to a height, newest first."""
    lowest = max(earliest, height - _BLOCKS + 1)
    answer = await context.engine.call(
        "blockchain", {"minHeight": str(lowest), "maxHeight": str(height)}
    )
    return [
        {
            "height": int(meta["header"]["height"]),
            "time": _describe_header_time(meta["header"]),
            "transactions": int(meta["num_txs"]),
            "proposer": _name_validator(context, meta["header"]["proposer_address"]),
        }
        for meta in answer["block_metas"]
    ]


def _list_said(data: bytes) -> list[tuple[str, str]]:
    """What a transaction says, field by field."""
    try:
        transaction = decode_transaction(data)
    except RefusedError:  # an earlier version of the rules may have had other kinds
        return []
    fields = msgspec.structs.asdict(transaction.payload)
    return [
        ("nonce", str(transaction.nonce)),
        ("valid until", describe_time(transaction.valid_until_ms)),
        *((name.replace("_", " "), _spell(value)) for name, value in fields.items()),
    ]


def _spell(value: object) -> str:
    match value:
        case bytes():
            return value.hex() or "none"
        case IntEnum():
            return value.name.lower().replace("_", " ")
        case tuple() if all(isinstance(item, bytes) for item in value):
            return ", ".join(item.hex() for item in value) or "none"
        case tuple():
            return f"{len(value)} entries"
        case _:
            return str(value)


def _describe_header_time(header: JsonObject) -> str:
    return describe_time(parse_time_ns(header["time"]) // 1_000_000)


def _name_validator(context: WebContext, address: str) -> str:
    found = context.registry.find_by_validator(bytes.fromhex(address))
    return found.name if found is not None else f"a validator with a former key, {address.lower()}"


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
