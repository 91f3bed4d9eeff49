"""Follows, insights and catch-up between two cooperatives over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from activitypub.signatures import sign_request
from governance.proposal_records import Outcome
from node.web.catching_up import CatchUp
from node.web.context import WebContext
from node.web.delivering import deliver_post
from node.web.insight_store import InsightState
from node.web.mailbox import Following
from node.web.partners import PartnerFinder
from node.web.publishing import publish_accepted
from node.web.receiving import verify_pending


@asynccontextmanager
async def running(*coroutines: Any) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(item) for item in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_until(probe: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not probe():
            await asyncio.sleep(0.02)


async def meet(ash: Any, birch: Any) -> None:
    await PartnerFinder(ash.context)._meet(birch.render_record(), now_s=ash.context.clock.now_s())
    await PartnerFinder(birch.context)._meet(ash.render_record(), now_s=birch.context.clock.now_s())


def state_of(node: Any, digest: bytes) -> InsightState | None:
    held = node.context.insights.find_by_digest(digest)
    return None if held is None else held.state


def is_mutual(*contexts: WebContext) -> bool:
    return all(
        partner.following is Following.ACCEPTED and partner.is_follower
        for context in contexts
        for partner in context.mailbox.list_partners()
    )


async def test_follows_are_accepted_in_both_directions(pair: Any) -> None:
    """A registered cooperative that is found is followed, and accepted at once."""
    ash, birch = pair

    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))

    assert ash.context.mailbox.list_partners()[0].did == birch.context.registry.own.did


async def test_an_accepted_insight_is_published_and_verified(pair: Any) -> None:
    """Decision → sealed → delivered → checked against the partner's own ledger → shown."""
    ash, birch = pair
    digest = ash.draft_insight()
    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))
        for node in pair:
            node.learn(ash.decide(digest))

        published = await publish_accepted(ash.context)

        await wait_until(lambda: state_of(birch, digest) is InsightState.VERIFIED)
    assert published == 1
    assert not birch.context.insights.find_by_digest(digest).is_own
    assert await publish_accepted(ash.context) == 0


async def test_an_insight_ahead_of_the_ledger_waits(pair: Any) -> None:
    """What this node's own ledger cannot confirm yet is kept and tried again, not dropped."""
    ash, birch = pair
    digest = ash.draft_insight()
    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))
        ash.learn(ash.decide(digest))
        await publish_accepted(ash.context)
        await wait_until(lambda: state_of(birch, digest) is InsightState.PENDING)

    birch.learn(ash.decide(digest))
    birch.engine.is_down = True
    await verify_pending(birch.context)
    assert state_of(birch, digest) is InsightState.PENDING

    birch.engine.is_down = False
    await verify_pending(birch.context)
    assert state_of(birch, digest) is InsightState.VERIFIED


async def test_an_insight_that_members_rejected_is_refused(pair: Any) -> None:
    """The partner's word about the vote counts for nothing: the own ledger's does."""
    ash, birch = pair
    digest = ash.draft_insight()
    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))
        ash.learn(ash.decide(digest))
        birch.learn(ash.decide(digest, outcome=Outcome.REJECTED))
        await publish_accepted(ash.context)
        await wait_until(lambda: state_of(birch, digest) is InsightState.REFUSED)

    assert "did not accept" in birch.context.insights.find_by_digest(digest).reason


async def test_a_missed_insight_is_found_by_catch_up(pair: Any) -> None:
    """Nothing was delivered; the ledger says what is missing; the outbox has it."""
    ash, birch = pair
    digest = ash.draft_insight()
    for node in pair:
        node.learn(ash.decide(digest))
    await publish_accepted(ash.context)
    await meet(ash, birch)
    catch_up = CatchUp(birch.context)
    assert catch_up.count_missing(ash.context.registry.own.id) == 1

    async with running(catch_up.run()):
        await wait_until(lambda: state_of(birch, digest) is InsightState.VERIFIED)

    assert catch_up.count_missing(ash.context.registry.own.id) == 0


async def test_a_repeated_delivery_changes_nothing(pair: Any) -> None:
    """A node that was killed while sending sends again; the activity's id tells."""
    ash, birch = pair
    await meet(ash, birch)
    body = ash.context.mailbox.get_activity(1).body
    inbox = f"{birch.context.origin}/inbox"

    first = await ash.context.client.deliver(inbox, body=body)
    again = await ash.context.client.deliver(inbox, body=body)

    assert (first.status, again.status) == (202, 202)
    accepts = [
        item
        for item in birch.context.mailbox.list_activities(after=0, limit=10)
        if b'"type":"Accept"' in item.body
    ]
    assert len(accepts) == 1


async def test_refuses_unsigned_and_tampered_requests(pair: Any) -> None:
    """Without a valid signature over the whole body nothing gets in."""
    ash, birch = pair
    await meet(ash, birch)
    body = ash.context.mailbox.get_activity(1).body
    kind = {"Content-Type": "application/activity+json"}
    signed = ash.context.client._sign("POST", f"{birch.context.origin}/inbox", body)

    async with aiohttp.ClientSession() as session:
        unsigned = await session.post(f"{birch.url}/inbox", data=body, headers=kind)
        tampered = await session.post(
            f"{birch.url}/inbox", data=body + b" ", headers={**kind, **signed}
        )

    assert (unsigned.status, tampered.status) == (401, 401)
    assert not any(partner.is_follower for partner in birch.context.mailbox.list_partners())


async def test_a_stranger_is_refused_without_a_fetch(pair: Any) -> None:
    """Only cooperatives of the chain may write; nobody else's actor is even looked up."""
    ash, birch = pair
    body = b"{}"
    headers = sign_request(
        method="POST",
        url=f"{birch.context.origin}/inbox",
        body=body,
        key=ash.context.assertion_key,
        key_id="https://stranger.example/actor#http",
        created_s=birch.context.clock.now_s(),
    )

    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"{birch.url}/inbox",
            data=body,
            headers={**headers, "Content-Type": "application/activity+json"},
        )

    assert answer.status == 403
    assert birch.context.client._actors == {}
