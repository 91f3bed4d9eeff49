"""The login that opens the page of who asks: what it opens, and what it does not."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from did.login.clients import Client
from node.web.login import REQUESTS_CLIENT_ID
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import ASKER_DID, App, count_kinds, find_own


@pytest.fixture
def person(pair: Pair) -> Person:
    return Person(pair[0])


@pytest.fixture
async def attempt(person: Person) -> AsyncIterator[Attempt]:
    """Their browser; somebody asks for their entry."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(person.node, http, person.wallet)
        app = App(attempt)
        await app.seek_with_credential(await app.knock(find_own(person)))
        yield attempt


async def open_page(attempt: Attempt) -> Reply:
    """All steps to the page, as JSON."""
    begun = await attempt.send("GET", "/requests")
    uri = begun.headers["Location"].partition("request_uri=")[2]
    await attempt.begin(uri, client=REQUESTS_CLIENT_ID)
    proved = (await attempt.prove(await attempt.sign())).body
    return await attempt.go_on(proved["response_code"])


async def refuse(attempt: Attempt, *, token: str, name: str) -> Reply:
    """What the page's button sends."""
    return await attempt.send(
        "POST",
        "/requests/refuse",
        data={"form_token": token, "id": name},
        headers={"Cookie": attempt.cookie},
    )


async def test_the_page_shows_requests_and_refuses(attempt: Attempt, person: Person) -> None:
    """Once each, for the form's own token alone."""
    page = (await open_page(attempt)).body
    name = page["requests"][0]["id"]

    stranger = await refuse(attempt, token="0" * 64, name=name)
    taken = await refuse(attempt, token=page["form_token"], name=name)
    again = await refuse(attempt, token=page["form_token"], name=name)

    assert page["requests"][0]["did"] == ASKER_DID
    assert page["requests"][0]["client_name"] == "a Rochdale wallet"  # and not "Your …"
    assert (stranger.status, taken.status, again.status) == (400, 303, 404)
    assert count_kinds(person) == ["refusal"]


async def test_a_registered_application_is_named(attempt: Attempt, person: Person) -> None:
    """As its operator registered it, for as long as it is."""
    store = person.node.context.login.store
    client = Client(id="clinic", name="The clinic's app", redirect_uris=(), scopes=())
    store.put_client(client, now_s=0)
    app = App(attempt, client="clinic")
    await app.seek_with_credential(await app.knock(find_own(person)))
    named = (await open_page(attempt)).body["requests"]
    store.delete_client("clinic", now_s=0)
    gone = (await open_page(attempt)).body["requests"]

    assert {item["client_name"] for item in named} == {"a Rochdale wallet", "The clinic's app"}
    assert {item["client_name"] for item in gone} == {
        "a Rochdale wallet",
        "an application that is not registered any more",
    }


async def test_the_page_gives_no_code(attempt: Attempt, person: Person) -> None:
    """There is nothing to allow: its login ends where it began."""
    page = (await open_page(attempt)).body

    decided = await attempt.decide(page["form_token"])

    assert decided.status == 400
    assert "nothing to allow" in decided.body["error_description"]
    assert person.node.context.login.store.list_grants(person.holder.id, now_s=0)[1:] == []


async def test_another_applications_login_refuses_nothing(attempt: Attempt, person: Person) -> None:
    """Nor does one that nobody has answered."""
    waiting = person.node.context.private.uma.list_requests(person.holder.id, now_s=0)
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    page = (await attempt.go_on(proved["response_code"])).body

    refused = await refuse(attempt, token=page["form_token"], name=waiting[0].id)

    assert refused.status == 400
    assert "something else" in refused.body["error_description"]
    assert count_kinds(person) == []
