"""Passkeys at a node: added by a DID's signature, used to log in, and each way to break them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from config.did_limits import PASSKEYS_PER_HOLDER_MAX
from did.base64url import encode_base64url
from did.jcs import JsonObject
from did.keys import KeyPair, did_key
from did.login.challenge import Purpose
from node.login_client import LoginClient
from node.web.erasure import erase_person
from node.web.holders import Holder
from node.web.login import PASSKEYS_CLIENT_ID
from tests.node.web.authenticators import Authenticator
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt, Reply, admit, enrol


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person with an account at ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Attempt(pair[0], http, enrol(pair[0]))


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator()


def get_holder(attempt: Attempt) -> Holder:
    holder = attempt.node.context.login.holders.find_by_did(attempt.did)
    assert holder is not None
    return holder


async def open_page(attempt: Attempt) -> Any:
    """The page of passkeys, opened by the DID."""
    await open_login_page(attempt)
    proved = await attempt.prove(await attempt.sign(purpose=Purpose.ADD_PASSKEY))
    return (await attempt.go_on(proved.body["response_code"])).body


async def open_login_page(attempt: Attempt) -> Any:
    attempt.cookie = ""
    address = (await attempt.send("GET", "/passkeys")).headers["Location"]
    return (
        await attempt.begin(address.partition("request_uri=")[2], client=PASSKEYS_CLIENT_ID)
    ).body


async def post(attempt: Attempt, path: str, value: Any) -> Reply:
    return await attempt.send("POST", path, json=value, headers={"Cookie": attempt.cookie})


async def add(attempt: Attempt, authenticator: Authenticator) -> Reply:
    page = await open_page(attempt)
    value = {"form_token": page["form_token"], "label": "Phone"}
    made = authenticator.make(page["creation"])
    return await post(attempt, "/passkeys", {**value, "credential": made})


async def ask(attempt: Attempt) -> Any:
    """A new login; what a passkey is asked."""
    attempt.cookie = ""
    return (await attempt.begin((await attempt.push()).body["request_uri"])).body["passkey"]


async def log_in(attempt: Attempt, authenticator: Authenticator) -> Reply:
    options = await ask(attempt)
    return await post(attempt, "/oauth/passkey", {"credential": authenticator.use(options)})


async def test_a_passkey_is_added_and_logs_in(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """The whole way, to the page on which its holder agrees."""
    added = await add(attempt, authenticator)
    proved = await log_in(attempt, authenticator)
    page = (await attempt.go_on("")).body
    decided = await attempt.decide(page["form_token"])

    assert (added.status, proved.status) == (200, 200)
    assert proved.body == {"redirect_uri": f"{ORIGIN}/oauth/continue"}
    assert "code=" in decided.headers["Location"]
    grants = attempt.node.context.login.store.list_grants(get_holder(attempt).id, now_s=0)
    assert [grant.method for grant in grants] == ["passkey"]


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://birch.test"},
        {"origin": "http://ash.test"},
        {"rp_id": "birch.test"},
        {"is_verified": False},
        {"fmt": "packed"},
        {"id": b"x" * 1_024},
    ],
    ids=["origin", "scheme", "rp", "verification", "attestation", "id"],
)
async def test_a_passkey_that_was_made_otherwise_is_not_taken(
    attempt: Attempt, change: dict[str, Any]
) -> None:
    """For this origin, by a person whom the authenticator recognised, and without attestation."""
    reply = await add(attempt, replace(Authenticator(), **change))

    assert (reply.status, reply.body["error"]) == (400, "access_denied")
    assert attempt.node.context.login.passkeys.list_of(get_holder(attempt).id) == []


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://birch.test"},
        {"rp_id": "birch.test"},
        {"is_verified": False},
        {"id": b"another"},
        {"handle": encode_base64url(b"somebody else")},
        {"key": Authenticator().key},
    ],
    ids=["origin", "rp", "verification", "id", "handle", "key"],
)
async def test_a_passkey_that_is_used_otherwise_logs_nobody_in(
    attempt: Attempt, authenticator: Authenticator, change: dict[str, Any]
) -> None:
    """Each of the checks of Web Authentication Level 3 §7.2."""
    await add(attempt, authenticator)

    reply = await log_in(attempt, replace(authenticator, **change))

    assert (reply.status, reply.body["error"]) == (400, "access_denied")
    assert "form_token" not in (await attempt.go_on("")).body


async def test_an_answer_counts_once(attempt: Attempt, authenticator: Authenticator) -> None:
    """Not for the same login again, and not for the next."""
    await add(attempt, authenticator)
    used = {"credential": authenticator.use(await ask(attempt))}
    first = await post(attempt, "/oauth/passkey", used)

    same = await post(attempt, "/oauth/passkey", used)
    await ask(attempt)
    following = await post(attempt, "/oauth/passkey", used)

    assert [first.status, same.status, following.status] == [200, 400, 400]


async def test_a_copied_passkey_is_refused_and_noted(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Its count lags behind that of the one that was used."""
    await add(attempt, authenticator)
    copy = replace(authenticator)
    await log_in(attempt, authenticator)

    reply = await log_in(attempt, copy)

    assert "may have been copied" in reply.body["error_description"]
    events = attempt.node.context.login.store.list_events(get_holder(attempt).id)
    assert events[0].what == "passkey refused"


async def test_a_passkey_that_does_not_count_is_used_again(attempt: Attempt) -> None:
    """Those that are kept in step between devices stay at zero."""
    authenticator = Authenticator(is_counting=False)
    await add(attempt, authenticator)

    replies = [await log_in(attempt, authenticator) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]


async def test_another_browser_cannot_use_an_answer(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Session fixation: the answer is to the login whose cookie comes with it."""
    await add(attempt, authenticator)
    options = await ask(attempt)
    await ask(attempt)  # another login, another cookie

    reply = await post(attempt, "/oauth/passkey", {"credential": authenticator.use(options)})
    attempt.cookie = ""
    without = await post(attempt, "/oauth/passkey", {"credential": authenticator.use(options)})

    assert (reply.status, without.status) == (400, 400)


async def test_a_removed_passkey_logs_nobody_in(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Removed on the page, by its holder."""
    await add(attempt, authenticator)
    page = await open_page(attempt)
    passkey = page["passkeys"][0]

    removed = await attempt.send(
        "POST",
        "/passkeys/remove",
        data={"form_token": page["form_token"], "id": passkey["id"]},
        headers={"Cookie": attempt.cookie},
    )
    left = (await attempt.go_on("")).body["passkeys"]
    reply = await log_in(attempt, authenticator)

    assert (passkey["label"], passkey["used"]) == ("Phone", "")
    assert (removed.status, left) == (303, [])
    assert "logs nobody in here" in reply.body["error_description"]


async def test_programs_list_and_remove_the_holders_own_passkeys(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """With the scope for it."""
    await add(attempt, authenticator)
    name = encode_base64url(authenticator.id)
    async with LoginClient(attempt.node.url, origin=ORIGIN) as client:
        await client.login(attempt.wallet, scopes=["passkeys"])
        listed = await client.call("GET", "/api/passkeys", JsonObject)
        await client.call("DELETE", f"/api/passkeys/{name}", JsonObject)
        with pytest.raises(Exception, match="no such passkey"):
            await client.call("DELETE", f"/api/passkeys/{name}", JsonObject)

    assert [item["id"] for item in listed["passkeys"]] == [name]


async def test_nobody_removes_somebody_elses_passkey(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """An id is no secret."""
    await add(attempt, authenticator)
    other = Attempt(attempt.node, attempt.http, enrol(attempt.node, seed=2))
    async with LoginClient(other.node.url, origin=ORIGIN) as client:
        await client.login(other.wallet, scopes=["passkeys"])
        with pytest.raises(Exception, match="no such passkey"):
            name = encode_base64url(authenticator.id)
            await client.call("DELETE", f"/api/passkeys/{name}", JsonObject)


async def test_the_page_opens_for_a_statement_for_passkeys_alone(attempt: Attempt) -> None:
    """One that was signed to log in does not open it, nor does a passkey."""
    page = await open_login_page(attempt)
    login = await attempt.prove(await attempt.sign(purpose=Purpose.LOGIN))
    passkey = await post(attempt, "/oauth/passkey", {"credential": {}})

    assert "passkey" not in page
    assert "another purpose" in login.body["error_description"]
    assert passkey.status == 400
    assert "a passkey adds no other" in passkey.body["error_description"]


async def test_a_login_for_an_application_adds_no_passkey(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Its page is another one, and its holder signed something else."""
    page = await open_page(attempt)
    made = authenticator.make(page["creation"])
    attempt.cookie = ""
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    token = (await attempt.go_on(proved["response_code"])).body["form_token"]

    reply = await post(attempt, "/passkeys", {"form_token": token, "credential": made})

    assert "for something else" in reply.body["error_description"]


async def test_a_proof_adds_one_passkey(attempt: Attempt, authenticator: Authenticator) -> None:
    """Its page is over with it, and gives no code for tokens before."""
    page = await open_page(attempt)
    decided = await attempt.decide(page["form_token"])
    value = {"form_token": page["form_token"], "credential": authenticator.make(page["creation"])}
    first = await post(attempt, "/passkeys", value)

    again = await post(attempt, "/passkeys", value)

    assert [decided.status, first.status, again.status] == [400, 200, 400]


async def test_a_page_of_another_site_adds_nothing(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """The page's own token is wanted."""
    page = await open_page(attempt)
    made = authenticator.make(page["creation"])

    reply = await post(attempt, "/passkeys", {"form_token": "0" * 64, "credential": made})

    assert reply.status == 400


async def test_a_known_passkey_is_not_taken_over(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Somebody who knows its id cannot have it for themselves."""
    await add(attempt, authenticator)
    other = Attempt(attempt.node, attempt.http, enrol(attempt.node, seed=2))

    reply = await add(other, Authenticator())

    assert "known already" in reply.body["error_description"]


async def test_a_person_has_a_bounded_number(attempt: Attempt) -> None:
    """One more is refused."""
    numbers = range(PASSKEYS_PER_HOLDER_MAX + 1)
    replies = [await add(attempt, Authenticator(id=bytes([n]) * 16)) for n in numbers]

    assert [reply.status for reply in replies] == [200] * PASSKEYS_PER_HOLDER_MAX + [400]


async def test_a_passkey_ends_with_the_key_that_added_it(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """The ledger knows another key of the member's account: rotated, or taken back from a thief."""
    admit(attempt.node, attempt.wallet)
    await add(attempt, authenticator)
    before = await log_in(attempt, authenticator)
    admit(attempt.node, attempt.wallet, key=b"n" * 32)

    after = await log_in(attempt, authenticator)

    assert before.status == 200
    assert "if you replaced the key, log in with the new one" in after.body["error_description"]


async def test_a_passkey_ends_with_the_did_that_added_it(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """The register lets its holder log in by another DID now."""
    await add(attempt, authenticator)
    other = did_key(KeyPair(b"e" * 32).public_key)
    attempt.node.context.private.holders.bind_did(get_holder(attempt).id, other, from_ms=0)

    reply = await log_in(attempt, authenticator)

    assert "not yours any more" in reply.body["error_description"]


async def test_a_ledger_that_does_not_answer_lets_no_members_passkey_in(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Fail closed."""
    admit(attempt.node, attempt.wallet)
    await add(attempt, authenticator)
    attempt.node.engine.is_down = True

    assert (await log_in(attempt, authenticator)).status == 503


async def test_passkeys_are_erased_with_their_holder(
    attempt: Attempt, authenticator: Authenticator
) -> None:
    """Nothing is left that knows the device."""
    await add(attempt, authenticator)
    context = attempt.node.context
    erase_person(
        context.private, context.erasures, holder_id=get_holder(attempt).id, entry=None, now_ms=1
    )

    reply = await log_in(attempt, authenticator)

    assert "logs nobody in here" in reply.body["error_description"]
    assert context.login.passkeys.find(authenticator.id) is None


async def test_pages_let_their_own_script_in_and_nothing_else(attempt: Attempt) -> None:
    """Both pages, as a browser asks for them."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    script = await attempt.send("GET", "/passkeys.mjs")
    await open_page(attempt)

    shown = await attempt.send(
        "GET", "/oauth/continue", headers={"Cookie": attempt.cookie, "Accept": "text/html"}
    )

    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'; connect-src 'self'" in policy
    assert 'id="passkey-add"' in shown.body
    assert script.status == 200
