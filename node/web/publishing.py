"""Publishing an insight as soon as this node's own ledger shows that its members accepted it.

Sealing, logging and marking are one transaction: after a crash the insight is either a draft
that is published at the next look, or published once.
"""

import structlog

from activitypub.actors import get_key_id
from activitypub.vocabulary import build_create
from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.proofs import add_proof
from federation.anchors import Anchor, AnchoredDecision
from federation.insights import seal_insight
from node.web.context import WebContext
from node.web.insight_store import HeldInsight, InsightState
from node.web.private import Draft
from node.web.projection_proposals import ProjectedProposal

log = structlog.get_logger(__name__)


async def publish_accepted(context: WebContext) -> int:
    """Publish every draft that the members have released and not withdrawn; how many were."""
    published = 0
    for proposal in context.projection.list_released_insights(context.registry.own.id):
        draft = context.private.get_draft(proposal.subject)
        if draft is None or draft.is_published:
            continue
        try:
            await _publish(context, draft, proposal)
            published += 1
        except UnavailableError as error:
            log.info("insight_waits", digest=draft.digest.hex(), reason=str(error))
        except RefusedError as error:
            log.warning("insight_unfit", digest=draft.digest.hex(), reason=error.reason)
    return published


def prove_activity(context: WebContext, activity: JsonObject, *, created: str) -> bytes:
    """An activity of ours with the proof by which it can be read from our outbox.

    Args:
        context: Of the web process.
        activity: Without a proof.
        created: RFC 3339, UTC.
    """
    proved = add_proof(
        activity,
        key=context.assertion_key,
        verification_method=get_key_id(context.origin, "assertion"),
        created=created,
    )
    return canonicalize(proved)


async def _publish(context: WebContext, draft: Draft, proposal: ProjectedProposal) -> None:
    if proposal.decision_index is None:
        return
    decision = await context.anchors.fetch_decision(
        Anchor(
            chain_id=context.genesis.chain_id,
            leaf_index=proposal.decision_index,
            leaf_count=proposal.decision_index + 1,
        )
    )
    if decision is None:
        raise RefusedError("the ledger holds no such decision")
    insight = _seal(context, draft, decision)
    with context.private.write():
        number = context.mailbox.append_activity(
            lambda number: _build_activity(context, insight, number),
            recipient=None,
            now_ms=context.clock.now_ms(),
        )
        activity = context.mailbox.get_activity(number)
        assert activity is not None  # noqa: S101 - it was just written
        context.private.mark_published(draft.digest)
        now_ms = context.clock.now_ms()
        context.insights.put(
            HeldInsight(
                url=insight["id"],
                digest=draft.digest,
                cooperative=context.registry.own.id,
                state=InsightState.VERIFIED,
                reason="",
                is_own=True,
                activity=activity.body,
                received_at_ms=now_ms,
                verified_at_ms=now_ms,
            )
        )
    context.post_waits.set()
    log.info("insight_published", digest=draft.digest.hex(), number=number)


def _seal(context: WebContext, draft: Draft, decision: AnchoredDecision) -> JsonObject:
    return seal_insight(
        parse_json_object(draft.document),
        decision=decision,
        key=context.assertion_key,
        did=context.registry.own.did,
        created_s=context.clock.now_s(),
    )


def _build_activity(context: WebContext, insight: JsonObject, number: int) -> bytes:
    published = context.clock.now_text()
    activity = build_create(origin=context.origin, number=number, item=insight, published=published)
    return prove_activity(context, activity, created=published)
