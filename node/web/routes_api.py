"""The API for wallets and commands: applications, transactions, texts, proposals, receipts.

Nothing here is trusted by a wallet: what matters comes as a receipt. Transactions are relayed
as they are; the ledger alone says whether they hold.
"""

import asyncio
import hashlib
from dataclasses import replace

from aiohttp import web

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import (
    APPLICATION_BYTES_MAX,
    LIST_PAGE_ENTRIES_MAX,
    PAGE_ITEMS_MAX,
    STATE_KEY_BYTES_MAX,
    TEXT_BYTES_MAX,
    TX_BYTES_MAX,
)
from did.accounts import render_account_did
from did.applications import check_application
from ledger.lists import find_log
from ledger.receipt_builder import (
    build_ballot_receipt,
    build_block_receipt,
    build_counted_receipt,
    build_page_receipt,
    build_state_receipt,
)
from ledger.trust import TrustPeer, render_trust_bundle
from node.web.applications import ApplicationStatus
from node.web.context import WebContext
from node.web.metrics import METRICS_TYPE, render_metrics
from node.web.middlewares import answer_json, answer_refusal
from node.web.projection_proposals import ProjectedProposal
from node.web.requests import get_context, read_hash, read_hex, read_number
from node.web.status import render_insight, render_proposal, render_result, render_status

_TEXT_TRIES = 30
_TEXT_PAUSE_S = 0.1

routes = web.RouteTableDef()


@routes.get("/api/status")
async def get_status(request: web.Request) -> web.Response:
    """What this node says about itself."""
    return answer_json(render_status(get_context(request)))


@routes.get("/api/trust")
async def get_trust(request: web.Request) -> web.Response:
    """A trust bundle; to be compared with another node's before it is believed."""
    context = get_context(request)
    trust = await context.light.fetch_newest_trust()
    peers = tuple(
        TrustPeer(node_id=item.node_id, p2p_address=item.p2p_address, origin=item.origin)
        for item in context.registry.cooperatives
    )
    return answer_json(render_trust_bundle(replace(trust, peers=peers)))


@routes.get("/api/directory")
async def get_directory(request: web.Request) -> web.Response:
    """The signed records that this node has found, its own included."""
    items = await get_context(request).discovery.get_directory()
    records = [
        {"did": item.did, "state": item.state.value, "record": item.record_jws} for item in items
    ]
    return answer_json({"records": records})


@routes.post("/api/applications")
async def post_application(request: web.Request) -> web.Response:
    """Take a membership application for the registrar."""
    context = get_context(request)
    body = await request.read()
    if len(body) > APPLICATION_BYTES_MAX or not body.isascii():
        raise RefusedError("an application is a compact JWS of at most 4096 characters")
    if not context.registry.is_own_registered:
        raise RefusedError("this node's cooperative is not part of the chain yet")
    jws = body.decode("ascii")
    application = check_application(
        jws, cooperative_id=context.registry.own.id, now_s=context.clock.now_s()
    )
    application_id = context.private.applications.put(
        jws,
        did=application.did,
        account=application.account_id,
        now_ms=context.clock.now_ms(),
    )
    return answer_json({"application": application_id.hex()}, status=202)


@routes.get("/api/applications/{id}")
async def get_application(request: web.Request) -> web.Response:
    """How far an application is, for whoever knows its unguessable id."""
    context = get_context(request)
    try:
        stored = context.private.applications.get(read_hash(request, "id"))
    except MisconfiguredError as error:
        raise UnavailableError("the members' register cannot be opened") from error
    if stored is None:
        return answer_refusal("there is no such application here: apply again", status=404)
    status = stored.status
    if context.projection.is_member(stored.account):
        status = ApplicationStatus.ADMITTED
    return answer_json(
        {
            "status": status.value,
            "account": stored.account.hex(),
            "did": render_account_did(network=context.genesis.network, account_id=stored.account),
        }
    )


@routes.post("/api/transactions")
async def post_transaction(request: web.Request) -> web.Response:
    """Relay a signed transaction; taken means checked, not yet in a block."""
    body = await request.read()
    if not 0 < len(body) <= TX_BYTES_MAX:
        raise RefusedError(f"a transaction has 1 to {TX_BYTES_MAX} bytes")
    result = await get_context(request).engine.broadcast_tx_sync(body)
    if result.code != 0:
        return answer_json(render_result(result.code, result.log), status=422)
    return answer_json({"hash": result.hash.hex()}, status=202)


@routes.get("/api/transactions/{hash}")
async def get_transaction(request: web.Request) -> web.Response:
    """What became of a transaction."""
    result = await get_context(request).engine.find_tx(read_hash(request, "hash"))
    if result is None:
        return answer_refusal("no block holds this transaction yet", status=404)
    return answer_json({"height": result.height, **render_result(result.code, result.log)})


@routes.put("/texts/{digest}")
async def put_text(request: web.Request) -> web.Response:
    """Take the text that a proposal of this cooperative names by its hash."""
    context = get_context(request)
    digest, body = read_hash(request, "digest"), await request.read()
    if not 0 < len(body) <= TEXT_BYTES_MAX:
        raise RefusedError(f"a text has 1 to {TEXT_BYTES_MAX} bytes")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise RefusedError("a text is UTF-8") from error
    if hashlib.sha256(body).digest() != digest:
        raise RefusedError("the text is not the one that this hash names")
    await _wait_until_named(context, digest)
    context.private.put_text(body)
    return web.Response(status=204)


@routes.get("/texts/{digest}")
async def get_text(request: web.Request) -> web.Response:
    """A proposal's text."""
    text = get_context(request).private.get_text(read_hash(request, "digest"))
    if text is None:
        return answer_refusal("this text is not here", status=404)
    return web.Response(body=text, content_type="text/plain", charset="utf-8")


@routes.get("/api/proposals/{id}")
async def get_proposal(request: web.Request) -> web.Response:
    """One proposal."""
    context = get_context(request)
    proposal = context.projection.find_proposal(read_hash(request, "id"))
    if proposal is None:
        return answer_refusal("this node knows no such proposal yet", status=404)
    return answer_json(render_proposal(context, proposal))


@routes.get("/api/insights")
async def list_insights(request: web.Request) -> web.Response:
    """The insights that this node holds, newest first."""
    context = get_context(request)
    insights = context.insights.list_newest(limit=PAGE_ITEMS_MAX)
    return answer_json({"insights": [render_insight(context, item) for item in insights]})


@routes.get("/api/receipts/state/{key}")
async def get_state_receipt(request: web.Request) -> web.Response:
    """Proof of what a state key holds, or that it holds nothing."""
    key = read_hex(request, "key", bytes_max=STATE_KEY_BYTES_MAX)
    receipt = await build_state_receipt(get_context(request).light, key)
    return answer_json(receipt.to_json())


@routes.get("/api/receipts/block/{height}")
async def get_block_receipt(request: web.Request) -> web.Response:
    """Proof that a block was agreed, with the app hash that its header carries."""
    height = read_number(request.match_info["height"], name="height")
    receipt = await build_block_receipt(get_context(request).light, height)
    return answer_json(receipt.to_json())


@routes.get("/api/receipts/ballot/{proposal}/{ballot}")
async def get_ballot_receipt(request: web.Request) -> web.Response:
    """Proof that a ballot is on the ledger."""
    proposal = await _find_proposal(request)
    receipt = await build_ballot_receipt(
        get_context(request).light,
        cooperative=proposal.cooperative,
        proposal_id=proposal.id,
        ballot_id=read_hash(request, "ballot"),
    )
    return answer_json(receipt.to_json())


@routes.get("/api/receipts/counted/{proposal}/{ballot}")
async def get_counted_receipt(request: web.Request) -> web.Response:
    """Proof that a ballot was counted."""
    proposal = await _find_proposal(request)
    receipt = await build_counted_receipt(
        get_context(request).light,
        cooperative=proposal.cooperative,
        proposal_id=proposal.id,
        ballot_id=read_hash(request, "ballot"),
    )
    return answer_json(receipt.to_json())


@routes.get("/api/receipts/page/{list}")
@routes.get("/api/receipts/page/{list}/{cooperative}")
@routes.get("/api/receipts/page/{list}/{cooperative}/{proposal}")
async def get_page_receipt(request: web.Request) -> web.Response:
    """Proof of a list's entries from a place on, none left out."""
    ids = [read_hash(request, name) for name in request.match_info if name != "list"]
    receipt = await build_page_receipt(
        get_context(request).light,
        find_log(request.match_info["list"], tuple(ids)),
        first=read_number(request.query.get("from", "0"), name="from"),
        count=read_number(request.query.get("limit", str(LIST_PAGE_ENTRIES_MAX)), name="limit"),
    )
    return answer_json(receipt.to_json())


@routes.get("/metrics")
async def get_metrics(request: web.Request) -> web.Response:
    """Numbers for an operator's monitoring; all of them are on the page, too."""
    text = render_metrics(get_context(request))
    return web.Response(body=text.encode(), headers={"Content-Type": METRICS_TYPE})


@routes.get("/livez")
async def get_livez(_request: web.Request) -> web.Response:
    """This process answers."""
    return answer_json({"alive": True})


@routes.get("/readyz")
async def get_readyz(request: web.Request) -> web.Response:
    """Whether the node can do its work: its ledger answers and is not behind."""
    chain = get_context(request).chain
    is_ready = chain.is_reachable and not chain.is_catching_up
    return answer_json({"ready": is_ready}, status=200 if is_ready else 503)


async def _find_proposal(request: web.Request) -> ProjectedProposal:
    proposal = get_context(request).projection.find_proposal(read_hash(request, "proposal"))
    if proposal is None:
        raise UnavailableError("this node knows no such proposal yet")
    return proposal


async def _wait_until_named(context: WebContext, digest: bytes) -> None:
    """Wait a moment for the proposal: its author knows of its block as soon as we do.

    Raises:
        RefusedError: No proposal of this cooperative names the text.
    """
    for _ in range(_TEXT_TRIES):
        if context.projection.is_text_named(digest, cooperative=context.registry.own.id):
            return
        await asyncio.sleep(_TEXT_PAUSE_S)
    raise RefusedError("no proposal of this cooperative names this text: propose first")
