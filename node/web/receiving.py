"""What partners send: from a request to what is kept, answered and shown.

`activitypub.inbox` decides whether a request is authentic, `federation.insights` whether an
insight holds; here they meet the network, the stores and the ledger. An insight that this
node's own ledger cannot confirm yet is kept and tried again, never dropped.
"""

from dataclasses import replace

import structlog

from activitypub.actors import Actor
from activitypub.inbox import (
    Inbound,
    InboxCode,
    InboxError,
    check_inbound,
    read_inbound,
)
from activitypub.signatures import HttpRequest
from activitypub.vocabulary import build_accept, check_follow, get_accepted_follow, get_types
from config.errors import RefusedError, UnavailableError
from config.limits import INSIGHTS_PENDING_PER_PARTNER_MAX
from did.jcs import JsonObject, canonicalize, parse_json_object
from federation.anchors import check_anchor, parse_anchor
from federation.insights import InsightAuthor, check_insight
from node.web.context import WebContext
from node.web.insight_store import HeldInsight, InsightState
from node.web.mailbox import Following, Partner
from node.web.registry import KnownCooperative

log = structlog.get_logger(__name__)

_INSIGHT_TYPE = "HealthInsight"


async def handle_inbox(context: WebContext, request: HttpRequest) -> None:
    """Take one inbox request; returning means that it need not be sent again.

    Raises:
        RefusedError: It is not authentic, or what it brings breaks a rule.
        UnavailableError: The sender's actor cannot be fetched now, or too much waits.
    """
    now_s = context.clock.now_s()
    inbound = read_inbound(
        request,
        now_s=now_s,
        is_partner=lambda origin: context.registry.find_partner_by_origin(origin) is not None,
    )
    if not inbound.is_handled or context.mailbox.is_received(inbound.activity_id):
        return
    actor = await _authenticate(context, inbound, now_s=now_s)
    sender = context.registry.find_partner_by_origin(actor.origin)
    if sender is None or sender.did not in actor.also_known_as:
        raise InboxError(InboxCode.STRANGER, "the actor does not name its cooperative's DID")
    handler = _HANDLERS[inbound.activity_type]
    await handler(context, inbound.activity, request.body, actor, sender)
    context.mailbox.put_received(
        inbound.activity_id, body=request.body, now_ms=context.clock.now_ms()
    )


async def receive_insight(
    context: WebContext, activity: JsonObject, body: bytes, sender: KnownCooperative, actor: str
) -> None:
    """Keep the insight that a Create of a partner brings, once it has been checked.

    Raises:
        RefusedError: It breaks a rule; it is not shown.
        UnavailableError: Too many insights of this partner wait already.
    """
    document = activity["object"]
    if _INSIGHT_TYPE not in get_types(document):
        return
    held = context.insights.find(document["id"])
    if held is not None and held.state in (InsightState.VERIFIED, InsightState.WITHDRAWN):
        return
    author = InsightAuthor(actor=actor, did=sender.did, assertion_key=sender.assertion_key)
    digest = check_insight(document, author=author, now_s=context.clock.now_s())
    if context.projection.find_insight(sender.id, digest).withdrawn_by:
        log.info("insight_withdrawn_before", insight=document["id"])
        return
    if held is None and (
        context.insights.count_pending(sender.id) >= INSIGHTS_PENDING_PER_PARTNER_MAX
    ):
        raise UnavailableError("too many insights wait for this node's ledger")
    insight = HeldInsight(
        url=document["id"],
        digest=digest,
        cooperative=sender.id,
        state=InsightState.PENDING,
        reason="this node's ledger does not know the decision yet",
        is_own=False,
        activity=body,
        received_at_ms=context.clock.now_ms(),
        verified_at_ms=None,
    )
    # Kept before the ledger is asked: whatever happens then, it is not lost.
    context.insights.put(insight)
    judged = await _judge(context, insight, document, sender)
    if judged.state is InsightState.REFUSED:
        raise RefusedError(judged.reason)


async def verify_pending(context: WebContext) -> None:
    """Try again what waits for the ledger; whatever still waits stays."""
    for insight in context.insights.list_pending():
        sender = context.registry.find(insight.cooperative)
        if sender is not None:
            document = parse_json_object(insight.activity)["object"]
            await _judge(context, insight, document, sender)


async def _judge(
    context: WebContext, insight: HeldInsight, document: JsonObject, sender: KnownCooperative
) -> HeldInsight:
    """Compare an insight's anchor with this node's ledger and keep the result."""
    try:
        decision = await context.anchors.fetch_decision(parse_anchor(document))
        check_anchor(document, decision, did=sender.did, origin=sender.origin)
    except UnavailableError:
        return insight
    except RefusedError as error:
        log.warning("insight_refused", insight=insight.url, code=error.code, reason=error.reason)
        judged = replace(insight, state=InsightState.REFUSED, reason=error.reason)
    else:
        log.info("insight_verified", insight=insight.url, cooperative=sender.did)
        judged = replace(
            insight,
            state=InsightState.VERIFIED,
            reason="",
            verified_at_ms=context.clock.now_ms(),
        )
    context.insights.put(judged)
    return judged


async def _authenticate(context: WebContext, inbound: Inbound, *, now_s: int) -> Actor:
    """Fetch the sender's actor and check the request with it; twice if its keys have changed."""
    while True:
        actor = await context.client.get_actor(inbound.actor)
        try:
            check_inbound(inbound, actor=actor, now_s=now_s)
        except InboxError:
            if not context.client.forget_actor(inbound.actor):
                raise
        else:
            return actor


async def _handle_follow(
    context: WebContext, activity: JsonObject, _body: bytes, actor: Actor, sender: KnownCooperative
) -> None:
    """A partner wants what we publish: registered cooperatives are always accepted."""
    check_follow(activity, actor=context.actor)
    _keep_partner(context, actor, sender)
    context.mailbox.set_follower(sender.did, is_follower=True)
    published = context.clock.now_text()
    context.mailbox.append_activity(
        lambda number: canonicalize(
            build_accept(origin=context.origin, number=number, follow=activity, published=published)
        ),
        recipient=actor.id,
        now_ms=context.clock.now_ms(),
    )
    context.post_waits.set()
    log.info("follower_accepted", partner=sender.did)


async def _handle_accept(
    context: WebContext, activity: JsonObject, _body: bytes, actor: Actor, sender: KnownCooperative
) -> None:
    number = get_accepted_follow(activity, origin=context.origin)
    partner = context.mailbox.find_partner(sender.did)
    if partner is None or partner.follow_number != number or partner.actor != actor.id:
        raise RefusedError("this accepts a Follow that was not sent to this actor")
    context.mailbox.set_following(sender.did, Following.ACCEPTED)
    log.info("follow_accepted", partner=sender.did)


async def _handle_create(
    context: WebContext, activity: JsonObject, body: bytes, actor: Actor, sender: KnownCooperative
) -> None:
    await receive_insight(context, activity, body, sender, actor.id)


async def _handle_undo(
    context: WebContext, activity: JsonObject, _body: bytes, _actor: Actor, sender: KnownCooperative
) -> None:
    undone = activity["object"]
    if isinstance(undone, dict):
        check_follow(undone, actor=context.actor)
        context.mailbox.set_follower(sender.did, is_follower=False)


def _keep_partner(context: WebContext, actor: Actor, sender: KnownCooperative) -> Partner:
    return context.mailbox.put_partner(
        did=sender.did, actor=actor.id, inbox=actor.inbox, outbox=actor.outbox
    )


_HANDLERS = {
    "Follow": _handle_follow,
    "Accept": _handle_accept,
    "Create": _handle_create,
    "Undo": _handle_undo,
}
