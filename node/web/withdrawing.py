"""Taking back what members have withdrawn, as soon as this node's own ledger shows it.

An own insight's Create leaves our log, and a Delete with a Tombstone goes to every follower
(ActivityPub §6.4); a partner's is shown no more. A partner's word counts for nothing here, its
Delete neither: the ledger says who withdrew what. The page that is left says by which decision.
"""

import structlog

from activitypub.vocabulary import build_delete, build_tombstone, get_types, parse_activity_number
from did.jcs import JsonObject, parse_json_object
from did.times import render_time
from node.web.context import WebContext
from node.web.insight_store import HeldInsight, InsightState
from node.web.publishing import prove_activity

log = structlog.get_logger(__name__)


def withdraw_decided(context: WebContext) -> int:
    """Withdraw every insight here that its own members have withdrawn; how many were.

    Marking an insight, dropping its Create and logging its Delete are one transaction.
    """
    withdrawn = 0
    for item in context.projection.list_withdrawn_insights():
        held = context.insights.find_by_digest(item.insight)
        if held is None or held.cooperative != item.cooperative:
            continue  # not here, or a partner only takes back that it had found it valid
        if held.state in (InsightState.PENDING, InsightState.VERIFIED):
            _withdraw(context, held)
            withdrawn += 1
    return withdrawn


def is_withdrawn(context: WebContext, insight: HeldInsight) -> bool:
    """Whether an insight is to be shown no more, though nobody may have looked yet."""
    decided = context.projection.find_insight(insight.cooperative, insight.digest)
    return insight.state is InsightState.WITHDRAWN or bool(decided.withdrawn_by)


def render_tombstone(context: WebContext, insight: HeldInsight) -> JsonObject:
    """What is served in place of a withdrawn insight; it says when that was decided."""
    document = parse_json_object(insight.activity)["object"]
    decided = context.projection.find_insight(insight.cooperative, insight.digest)
    proposal = context.projection.find_proposal(decided.withdrawn_by)
    closed_ms = None if proposal is None else proposal.closed_ms
    return build_tombstone(
        object_id=insight.url,
        former_types=get_types(document),
        deleted=render_time(context.clock.now_ms() if closed_ms is None else closed_ms),
    )


def _withdraw(context: WebContext, held: HeldInsight) -> None:
    with context.private.write():
        context.insights.mark_withdrawn(held.url)
        if held.is_own:
            tombstone = render_tombstone(context, held)
            context.mailbox.append_activity(
                lambda number: _build_activity(context, tombstone, number),
                recipient=None,
                now_ms=context.clock.now_ms(),
            )
            created = parse_json_object(held.activity)["id"]
            context.mailbox.retract(parse_activity_number(created, origin=context.origin))
    context.post_waits.set()
    log.info("insight_withdrawn", insight=held.url, own=held.is_own)


def _build_activity(context: WebContext, tombstone: JsonObject, number: int) -> bytes:
    published = context.clock.now_text()
    activity = build_delete(
        origin=context.origin, number=number, tombstone=tombstone, published=published
    )
    return prove_activity(context, activity, created=published)
