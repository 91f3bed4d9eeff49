"""Logging in at a node: the whole way, and each way to break it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from did.jcs import JsonObject
from did.keys import KeyPair
from did.login.challenge import Purpose
from did.login.client_proofs import DpopKey
from did.login.freshness import RateLimit
from node.login_client import LoginClient
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt, admit, enrol

OTHER_KEY = DpopKey(KeyPair(b"o" * 32))


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person who is about to log in at ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Attempt(pair[0], http, enrol(pair[0]))


async def test_a_wallet_logs_in_calls_refreshes_and_logs_out(pair: Pair) -> None:
    """The client that the command line uses takes every step."""
    wallet = enrol(pair[0])
    async with LoginClient(pair[0].url, origin=ORIGIN) as client:
        await client.login(wallet, scopes=["sessions"])
        first = await client.call("GET", "/api/sessions", JsonObject)
        await client.refresh()
        second = await client.call("GET", "/api/sessions", JsonObject)
        await client.logout()

    assert [item["is_this"] for item in first["sessions"]] == [True]
    assert [item["what"] for item in second["events"]] == ["used", "used", "allowed"]
    holder = pair[0].context.login.holders.find_by_did(wallet.login_did)
    assert holder is not None
    assert pair[0].context.login.store.list_grants(holder.id, now_s=0) == []


async def test_a_client_refuses_an_answer_of_another_issuer(pair: Pair) -> None:
    """Mix-up: a node that calls itself something else is not the one that was asked."""
    wallet = enrol(pair[0])
    async with LoginClient(pair[0].url, origin="https://birch.test") as client:
        with pytest.raises(Exception, match="another node"):
            await client.login(wallet)


@pytest.mark.parametrize(
    "change",
    [
        {"audience": "https://birch.test"},
        {"nonce": "another"},
        {"client": "rochdale-web"},
        {"purpose": Purpose.ADD_PASSKEY},
        {"typ": "rochdale-application+jws"},
        {"now_s": 1_700_000_000},
        {"key": KeyPair(b"x" * 32)},
        {"kid": "did:key:z6Mk#x"},
        {"kid": "did:web:nowhere.test#key"},
    ],
    ids=["audience", "nonce", "client", "purpose", "type", "time", "key", "kid", "method"],
)
async def test_a_statement_for_something_else_logs_nobody_in(
    attempt: Attempt, change: dict[str, object]
) -> None:
    """A statement is for one node, attempt, client and purpose, and by the DID's own key."""
    await attempt.begin((await attempt.push()).body["request_uri"])

    reply = await attempt.prove(await attempt.sign(**change))

    assert (reply.status, reply.body["error"]) == (400, "access_denied")


async def test_a_statement_is_used_once(attempt: Attempt) -> None:
    """Not for the same login again, and not for the next."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    statement = await attempt.sign()
    await attempt.prove(statement)

    same = await attempt.prove(statement)
    attempt.cookie = ""
    await attempt.begin((await attempt.push()).body["request_uri"])
    following = await attempt.prove(statement)

    assert same.body["error"] == "access_denied"
    assert following.body["error"] == "access_denied"


async def test_a_stranger_without_account_is_told_so(attempt: Attempt) -> None:
    """Only after the signature: nobody else learns who has an account."""
    stranger = Attempt(attempt.node, attempt.http, replace(attempt.wallet, device_seed=b"s" * 32))
    await stranger.begin((await stranger.push()).body["request_uri"])

    reply = await stranger.prove(await stranger.sign())

    assert "nobody logs in here with this DID" in reply.body["error_description"]


async def test_a_proof_serves_only_the_browser_that_began(attempt: Attempt) -> None:
    """Session fixation: a stranger's login, answered by a victim, is of no use to the stranger."""
    stranger = Attempt(attempt.node, attempt.http, attempt.wallet)
    await stranger.begin((await stranger.push()).body["request_uri"])
    attempt.address = stranger.address  # sent to the victim, who answers it

    proved = (await attempt.prove(await attempt.sign())).body
    shown = await attempt.go_on(proved["response_code"])  # the victim's browser
    guessed = await stranger.go_on("0000-0000-0000-0000")

    assert "Your wallet has logged you in" in shown.body
    assert guessed.body["error"] == "access_denied"


async def test_five_wrong_codes_end_a_login(attempt: Attempt) -> None:
    """The code is short enough to type, so guesses are counted."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    for _ in range(5):
        await attempt.go_on("0000-0000-0000-0000")

    right = await attempt.go_on(proved["response_code"])

    assert "form_token" not in right.body


async def test_nobody_agrees_without_the_pages_own_token(attempt: Attempt) -> None:
    """Another site cannot press the button."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    await attempt.go_on(proved["response_code"])

    reply = await attempt.decide("0" * 64)

    assert reply.status == 400


async def test_a_holder_who_does_not_agree_gives_nothing(attempt: Attempt) -> None:
    """OAuth 2.1 §4.1.2.1: access_denied, and the login is over."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    page = (await attempt.go_on(proved["response_code"])).body

    decided = await attempt.decide(page["form_token"], "deny")
    again = await attempt.decide(page["form_token"])

    assert "error=access_denied" in decided.headers["Location"]
    assert again.status == 400


async def test_a_holder_ends_an_access(attempt: Attempt) -> None:
    """From their own list; the token ends at once."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    session = (await attempt.call(token)).body["sessions"][0]["id"]
    path = f"/api/sessions/{session}"
    proof = attempt.prove_key("DELETE", path, access_token=token)

    ended = await attempt.send(
        "DELETE", path, headers={"Authorization": f"DPoP {token}", "DPoP": proof}
    )
    called = await attempt.call(token)

    assert ended.status == 200
    assert called.status == 401


async def test_a_members_present_key_logs_in(attempt: Attempt) -> None:
    """The ledger is asked which keys the account has."""
    admit(attempt.node, attempt.wallet)
    await attempt.begin((await attempt.push()).body["request_uri"])

    reply = await attempt.prove(await attempt.sign())

    assert reply.status == 200


async def test_a_key_that_was_replaced_on_the_ledger_logs_nobody_in(attempt: Attempt) -> None:
    """A did:key cannot say that it was rotated away or recovered from a thief."""
    admit(attempt.node, attempt.wallet, key=b"n" * 32)
    await attempt.begin((await attempt.push()).body["request_uri"])

    reply = await attempt.prove(await attempt.sign())

    assert "if you replaced the key, log in with the new one" in reply.body["error_description"]


async def test_a_ledger_that_does_not_answer_lets_no_member_in(attempt: Attempt) -> None:
    """Fail closed: come back later."""
    admit(attempt.node, attempt.wallet)
    attempt.node.engine.is_down = True
    await attempt.begin((await attempt.push()).body["request_uri"])

    reply = await attempt.prove(await attempt.sign())

    assert reply.status == 503


async def test_one_did_cannot_prove_itself_without_end(attempt: Attempt) -> None:
    """Proofs of one DID are counted; they cost a look at the ledger."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    statement = await attempt.sign()

    replies = [await attempt.prove(statement) for _ in range(31)]

    assert [reply.status for reply in replies[-2:]] == [400, 503]


async def test_one_address_cannot_try_without_end(attempt: Attempt) -> None:
    """Statements that do not hold are counted by where they come from."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    wrong = await attempt.sign(key=KeyPair(b"x" * 32))
    attempt.node.context.login.starts = RateLimit(per_minute=3, keys_max=8)

    replies = [await attempt.prove(wrong) for _ in range(4)]

    assert [reply.status for reply in replies[-2:]] == [400, 503]
