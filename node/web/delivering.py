"""Delivering our log to partners: each at its own pace, in order, until it has arrived.

What a delivery may do next is `activitypub.delivery`'s transition table; here the requests
are made. One partner that is slow or dead delays nobody else. A cancelled delivery is made
again after the next start; the partner knows the activity by its id.
"""

import asyncio

import structlog

from activitypub.delivery import (
    Backoff,
    Delivery,
    Happening,
    State,
    apply_failure,
    apply_happening,
    classify_answer,
    parse_retry_after,
    revive,
)
from config.errors import RefusedError, UnavailableError
from config.limits import DELIVERIES_IN_FLIGHT_MAX
from node.web.context import WebContext, wait_for
from node.web.mailbox import LoggedActivity, Partner

log = structlog.get_logger(__name__)

_LOOK_S = 0.5
TEST_BACKOFF = Backoff(first_ms=300, max_ms=5_000)
"""On test chains partners come back within seconds."""


async def deliver_post(context: WebContext) -> None:
    """Deliver whatever is due; runs until cancelled."""
    limit = asyncio.Semaphore(DELIVERIES_IN_FLIGHT_MAX)
    _restart_deliveries(context)
    busy: set[str] = set()
    async with asyncio.TaskGroup() as group:
        while True:
            for partner in context.mailbox.list_partners():
                if partner.did not in busy and _has_work(context, partner):
                    busy.add(partner.did)
                    group.create_task(_deliver_to(context, partner.did, limit=limit, busy=busy))
            await wait_for(context.post_waits, timeout_s=_LOOK_S)


def revive_partner(context: WebContext, partner: Partner) -> None:
    """Try a partner at once that has shown a sign of life."""
    revived = revive(partner.delivery)
    if revived != partner.delivery:
        context.mailbox.put_delivery(revived)
        context.post_waits.set()


def _restart_deliveries(context: WebContext) -> None:
    for partner in context.mailbox.list_partners():
        if partner.delivery.state is State.IN_FLIGHT:
            context.mailbox.put_delivery(apply_happening(partner.delivery, Happening.RESTARTED))


def _has_work(context: WebContext, partner: Partner) -> bool:
    delivery = partner.delivery
    if delivery.state in {State.DELIVERED, State.REFUSED}:
        return delivery.number < context.mailbox.count_activities()
    return delivery.is_due(now_ms=context.clock.now_ms())


async def _deliver_to(
    context: WebContext, did: str, *, limit: asyncio.Semaphore, busy: set[str]
) -> None:
    """Deliver to one partner until nothing is due."""
    try:
        while True:
            partner = context.mailbox.find_partner(did)
            if partner is None or not _has_work(context, partner):
                return
            delivery = partner.delivery
            if delivery.state in {State.DELIVERED, State.REFUSED}:
                delivery = apply_happening(delivery, Happening.ADVANCED)
            activity = context.mailbox.get_activity(delivery.number)
            if activity is None or not _is_for(activity, partner):
                delivery = Delivery(partner=did, number=delivery.number, state=State.DELIVERED)
                context.mailbox.put_delivery(delivery)
                continue
            async with limit:
                await _attempt(context, partner, delivery, activity)
    finally:
        busy.discard(did)


def _is_for(activity: LoggedActivity, partner: Partner) -> bool:
    if activity.recipient is None:
        return partner.is_follower
    return activity.recipient == partner.actor


async def _attempt(
    context: WebContext, partner: Partner, delivery: Delivery, activity: LoggedActivity
) -> None:
    delivery = apply_happening(delivery, Happening.SENT)
    context.mailbox.put_delivery(delivery)
    status, retry_after = None, None
    try:
        answer = await context.client.deliver(partner.inbox, body=activity.body)
        status, retry_after = answer.status, answer.retry_after
    except UnavailableError:
        pass
    except RefusedError as error:
        log.warning("delivery_impossible", partner=partner.did, reason=error.reason)
    happening = classify_answer(status)
    if happening is Happening.FAILED:
        delivery = apply_failure(
            delivery,
            now_ms=context.clock.now_ms(),
            random=context.clock.random_below,
            retry_after_s=parse_retry_after(retry_after, now_s=context.clock.now_s()),
            backoff=TEST_BACKOFF if context.settings.network.is_test_chain else None,
        )
    else:
        delivery = apply_happening(delivery, happening)
    context.mailbox.put_delivery(delivery)
    log.info(
        "delivery",
        partner=partner.did,
        number=activity.number,
        status=status,
        state=delivery.state.value,
        attempts=delivery.attempts,
    )
