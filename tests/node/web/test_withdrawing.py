"""What members withdraw is no longer served, nor sent; what partners find valid is shown."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from activitypub.delivery import State
from activitypub.vocabulary import ACTIVITY_TYPE
from did.jcs import JsonObject, parse_json_object
from governance.proposal_records import Outcome, ProposalKind
from node.web.catching_up import CatchUp
from node.web.delivering import deliver_post
from node.web.insight_store import InsightState
from node.web.publishing import publish_accepted
from node.web.receiving import receive_insight
from node.web.withdrawing import withdraw_decided
from tests.node.web.test_exchange import is_mutual, meet, running, state_of, wait_until


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def list_logged(node: Any) -> list[JsonObject]:
    """The node's own activities, from old to new."""
    activities = node.context.mailbox.list_activities(after=0, limit=50)
    return [parse_json_object(item.body) for item in activities]


async def get(http: aiohttp.ClientSession, node: Any, path: str, kind: str) -> tuple[int, str]:
    answer = await http.get(f"{node.url}{path}", headers={"Accept": kind})
    return answer.status, await answer.text()


def withdraw(node: Any, digest: bytes, *, at: Any) -> None:
    for each in at:
        each.learn(node.decide(digest, kind=ProposalKind.WITHDRAWAL))
        withdraw_decided(each.context)


async def test_a_withdrawn_insight_is_gone_here_and_at_partners(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """A Delete goes out, and each node's own ledger says that the insight is shown no more."""
    ash, birch = pair
    digest = ash.draft_insight()
    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))
        for node in pair:
            node.learn(ash.decide(digest))
        await publish_accepted(ash.context)
        await wait_until(lambda: state_of(birch, digest) is InsightState.VERIFIED)
        created = list_logged(ash)[-1]

        withdraw(ash, digest, at=pair)

        deleted = list_logged(ash)[-1]
        await wait_until(lambda: _is_sent(ash))
    assert (deleted["type"], deleted["object"]["type"]) == ("Delete", "Tombstone")
    assert deleted["object"]["id"] == created["object"]["id"]
    assert "Create" not in [item["type"] for item in list_logged(ash)]
    for node in pair:
        assert state_of(node, digest) is InsightState.WITHDRAWN
        path = f"/insights/{digest.hex()}"
        status, page = await get(http, node, path, "text/html")
        assert (status, "<table" in page) == (410, False)
        assert "The members of Ash have withdrawn this insight" in page
        proposal = ash.decide(digest, kind=ProposalKind.WITHDRAWAL).proposal.hex()
        assert f"/proposals/{proposal}" in page
        status, body = await get(http, node, path, ACTIVITY_TYPE)
        assert (status, parse_json_object(body.encode())["type"]) == (410, "Tombstone")
        (row,) = (await (await http.get(f"{node.url}/api/insights")).json())["insights"]
        assert (row["state"], row["withdrawn_by"]) == ("withdrawn", proposal)
    number = created["id"].rpartition("/")[2]
    assert (await get(http, ash, f"/activities/{number}", ACTIVITY_TYPE))[0] == 410
    assert (await get(http, ash, "/activities/999", ACTIVITY_TYPE))[0] == 404
    assert (withdraw_decided(ash.context), ash.context.insights.count_own()) == (0, 0)


def _is_sent(node: Any) -> bool:
    last = node.context.mailbox.count_activities()
    (partner,) = node.context.mailbox.list_partners()
    return bool(partner.delivery.number == last and partner.delivery.state is State.DELIVERED)


async def test_what_was_not_delivered_yet_never_is(pair: Any) -> None:
    """A partner that was away gets the Delete alone, and asks for nothing that is withdrawn."""
    ash, birch = pair
    digest = ash.draft_insight()
    await meet(ash, birch)
    async with running(deliver_post(ash.context), deliver_post(birch.context)):
        await wait_until(lambda: is_mutual(ash.context, birch.context))
    for node in pair:
        node.learn(ash.decide(digest))
    await publish_accepted(ash.context)
    withdraw(ash, digest, at=pair)

    async with running(deliver_post(ash.context)):
        await wait_until(lambda: _is_sent(ash))

    assert [item["type"] for item in list_logged(ash)] == ["Follow", "Accept", "Delete"]
    assert state_of(birch, digest) is None
    assert CatchUp(birch.context).count_missing(ash.context.registry.own.id) == 0


async def test_a_create_that_comes_late_is_not_kept(pair: Any) -> None:
    """It was on its way when the members withdrew it."""
    ash, birch = pair
    digest = ash.draft_insight()
    for node in pair:
        node.learn(ash.decide(digest))
    await publish_accepted(ash.context)
    held = ash.context.insights.find_by_digest(digest)
    withdraw(ash, digest, at=[birch])

    sender = birch.context.registry.find(ash.context.registry.own.id)
    activity = parse_json_object(held.activity)
    await receive_insight(birch.context, activity, held.activity, sender, ash.context.actor)

    assert state_of(birch, digest) is None


async def test_a_draft_that_was_withdrawn_is_never_published(pair: Any) -> None:
    """Accepted and taken back before this node looked: nothing goes out."""
    ash, _ = pair
    digest = ash.draft_insight()
    ash.learn(ash.decide(digest))
    ash.learn(ash.decide(digest, kind=ProposalKind.WITHDRAWAL))

    assert (withdraw_decided(ash.context), await publish_accepted(ash.context)) == (0, 0)
    assert list_logged(ash) == []


async def test_a_rejected_withdrawal_changes_nothing(pair: Any) -> None:
    """Only what the members accepted takes an insight back."""
    ash, _ = pair
    digest = ash.draft_insight()
    ash.learn(ash.decide(digest))
    await publish_accepted(ash.context)

    ash.learn(ash.decide(digest, kind=ProposalKind.WITHDRAWAL, outcome=Outcome.REJECTED))

    assert withdraw_decided(ash.context) == 0
    assert state_of(ash, digest) is InsightState.VERIFIED


async def test_partners_who_find_an_insight_valid_are_named(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """With their decision, until their own members take it back; the insight stays."""
    ash, birch = pair
    digest = ash.draft_insight()
    ash.learn(ash.decide(digest))
    await publish_accepted(ash.context)
    validation = birch.decide(digest, kind=ProposalKind.VALIDATION)
    path = f"/insights/{digest.hex()}"

    ash.learn(validation)
    status, page = await get(http, ash, path, "text/html")
    (row,) = (await (await http.get(f"{ash.url}/api/insights")).json())["insights"]
    withdraw(birch, digest, at=[ash])
    later = await get(http, ash, path, "text/html")

    assert status == 200
    assert "The members of Birch" in page
    assert f"/proposals/{validation.proposal.hex()}" in page
    assert [item["proposal"] for item in row["validations"]] == [validation.proposal.hex()]
    assert (later[0], "The members of Birch" in later[1], "<table" in later[1]) == (
        200,
        False,
        True,
    )
    assert state_of(ash, digest) is InsightState.VERIFIED


async def test_a_withdrawn_insight_is_not_served_from_the_block_on(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """What is asked between the decision and the next look at it is not answered as before."""
    ash, _ = pair
    digest = ash.draft_insight()
    ash.learn(ash.decide(digest))
    await publish_accepted(ash.context)

    ash.learn(ash.decide(digest, kind=ProposalKind.WITHDRAWAL))
    status, page = await get(http, ash, f"/insights/{digest.hex()}", "text/html")
    gone, body = await get(http, ash, f"/insights/{digest.hex()}", ACTIVITY_TYPE)

    assert (status, gone) == (410, 410)
    assert "<table" not in page
    assert "holds the decision to withdraw it" in page
    assert parse_json_object(body.encode())["type"] == "Tombstone"


async def test_pages_of_the_outbox_have_the_numbers_that_they_say(pair: Any) -> None:
    """A gap where something was taken back moves nothing onto another page."""
    ash, _ = pair
    digest = ash.draft_insight()
    ash.learn(ash.decide(digest))
    await publish_accepted(ash.context)
    withdraw(ash, digest, at=[ash])
    mailbox = ash.context.mailbox

    first, second = (mailbox.list_activities(after=number, limit=1) for number in (0, 1))

    assert first == []
    assert [(item.number, item.number == mailbox.count_activities()) for item in second] == [
        (2, True)
    ]
