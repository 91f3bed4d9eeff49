"""Receipts of the caller's history of consent: which periods there are, and each one's file."""

from aiohttp import web

from node.web.authentication import require_access
from node.web.consent_receipts import make_consent_receipt
from node.web.middlewares import answer_json, answer_refusal
from node.web.requests import get_context, read_number

routes = web.RouteTableDef()


@routes.get("/api/v1/consents/receipts")
async def list_receipts(request: web.Request) -> web.Response:
    """Periods whose roots on the ledger cover the caller's history, newest first."""
    access = await require_access(request, scope="consents")
    context = get_context(request)
    found = context.private.consent_anchors.list_of(context.genesis.chain_id, access.holder_id)
    periods = [{"period": item.period, "closed_at_ms": item.closed_at_ms} for item in found]
    return _keep_private(answer_json({"periods": periods}))


@routes.get("/api/v1/consents/receipts/{period}")
async def get_receipt(request: web.Request) -> web.Response:
    """The receipt of a period: the caller's latest entries then, and the proof of the root."""
    access = await require_access(request, scope="consents")
    period = read_number(request.match_info["period"], name="period")
    receipt = await make_consent_receipt(get_context(request), access.holder_id, period)
    if receipt is None:
        return answer_refusal("no root of this period covers your history", status=404)
    return _keep_private(answer_json(receipt.to_json()))


def _keep_private(response: web.Response) -> web.Response:
    response.headers["Cache-Control"] = "no-store"
    return response
