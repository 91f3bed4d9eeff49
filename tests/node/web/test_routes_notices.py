"""The page of notices: opened by a login of its own, new until seen, nobody else's."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from node.web.login import NOTICES_CLIENT_ID
from node.web.register_log import LogEvent
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, enrol

DETAIL = "did:key:zSteward granted <b>class:federation</b>"


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person at ash of whom a steward has decided something, and somebody else."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = Attempt(pair[0], http, enrol(pair[0]))
        private = pair[0].context.private
        for who, detail in ((made.did, DETAIL), (enrol(pair[0], seed=2).login_did, "another's")):
            holder = private.holders.find_by_did(who)
            assert holder is not None
            private.log.add(LogEvent.STEWARD, at_ms=1, detail=detail, holder_id=holder.id)
        yield made


async def open_page(attempt: Attempt) -> Any:
    """As a program sees it."""
    begun = await attempt.send("GET", "/notices")
    uri = begun.headers["Location"].partition("request_uri=")[2]
    await attempt.begin(uri, client=NOTICES_CLIENT_ID)
    proved = await attempt.prove(await attempt.sign())
    return (await attempt.go_on(proved.body["response_code"])).body


async def see_page(attempt: Attempt) -> str:
    """The page of an open login, as a browser gets it."""
    headers = {"Cookie": attempt.cookie, "Accept": "text/html"}
    return str((await attempt.send("GET", "/oauth/continue", headers=headers)).body)


async def mark(attempt: Attempt, form_token: str, number: str) -> Reply:
    form = {"form_token": form_token, "number": number}
    headers = {"Cookie": attempt.cookie}
    return await attempt.send("POST", "/notices/seen", data=form, headers=headers)


async def test_a_notice_is_new_until_its_person_has_seen_it(attempt: Attempt) -> None:
    """Nothing of it is taken for markup; another's is not there."""
    shown = await open_page(attempt)
    before = await see_page(attempt)
    marked = await mark(attempt, shown["form_token"], str(shown["notices"][0]["number"]))
    after = await see_page(attempt)

    assert [item["detail"] for item in shown["notices"]] == [DETAIL]
    assert "A steward decided in your place" in before
    assert "&lt;b&gt;class:federation" in before
    assert "another's" not in before
    assert "I have seen these" in before
    assert (marked.status, marked.headers["Location"]) == (303, "/oauth/continue")
    assert "Nothing is new." in after
    assert "Seen before" in after


@pytest.mark.parametrize("number", ["", "0", "99", "-1", "x" * 20])
async def test_refuses_a_number_of_no_notice(attempt: Attempt, number: str) -> None:
    """The notice stays new."""
    shown = await open_page(attempt)

    reply = await mark(attempt, shown["form_token"], number)

    assert reply.status == 422
    assert (await open_page(attempt))["seen"] == 0


async def test_another_site_marks_nothing(attempt: Attempt) -> None:
    """Its forms lack the token; and a login for something else has another."""
    shown = await open_page(attempt)
    foreign = await mark(attempt, "guessed", "1")
    request_uri = (await attempt.push()).body["request_uri"]
    attempt.cookie = ""
    await attempt.begin(request_uri)
    proved = await attempt.prove(await attempt.sign())
    other = (await attempt.go_on(proved.body["response_code"])).body
    wrong = await mark(attempt, other["form_token"], "1")

    assert (foreign.status, wrong.status) == (400, 400)
    assert "open /notices" in str(wrong.body)
    assert shown["seen"] == 0


async def test_nobody_reads_before_they_have_logged_in(attempt: Attempt) -> None:
    """The page's login gives no code and no token either."""
    begun = await attempt.send("GET", "/notices")
    uri = begun.headers["Location"].partition("request_uri=")[2]
    await attempt.begin(uri, client=NOTICES_CLIENT_ID)
    early = await attempt.go_on("")
    shown = await open_page(attempt)

    decided = await attempt.decide(shown["form_token"])

    assert "nobody has logged in" in str(early.body)
    assert decided.status == 400
    assert "nothing to allow" in str(decided.body)
