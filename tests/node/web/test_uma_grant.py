"""Seeking a token for what is somebody's, over HTTP: who gets one, who waits, who is refused."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from config.uma_limits import POLL_INTERVAL_S, REQUEST_S, RPT_S, TICKET_S
from did.consent.policies import Revocation
from did.consent.terms import Purpose, Resource
from tests.did.foreign_peers import run_peer
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, Attempt, admit, enrol
from tests.node.web.test_routes_consents import Person
from tests.node.web.test_routes_presentation import make_office
from tests.node.web.uma_apps import (
    ASKER,
    ASKER_DID,
    CARE,
    App,
    advance,
    count_kinds,
    find_own,
    issue,
    list_trail,
    permit,
    read_ticket,
    show_presentation,
    show_sd_jwt,
)


@pytest.fixture
def person(pair: Pair) -> Person:
    """Whose resources these are; a member of ash."""
    person = Person(pair[0])
    admit(person.node, person.wallet)
    return person


@pytest.fixture
async def app(pair: Pair) -> AsyncIterator[App]:
    """An application for somebody else."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield App(Attempt(pair[0], http, enrol(pair[0], seed=2)))


async def test_what_a_person_permits_can_be_read(app: App, person: Person) -> None:
    """With a token for it, bound to the application's key; the person reads who did."""
    await permit(person)
    resource = find_own(person)

    token = await app.get_token(resource)
    found = await app.read(resource, token)
    again = await app.read(resource, token)

    assert (found.status, again.status) == (200, 200)
    assert found.body["is_member"] is True
    assert found.body["joined_height"] == 3
    assert found.body["purposes"] == [CARE]
    assert found.headers["Cache-Control"] == "no-store"
    assert count_kinds(person) == ["grant", "use"]
    assert list_trail(person)[-2:] == ["shared", "used"]
    use = person.node.context.private.consents.get_latest(person.holder.id).content
    assert (use["grantee"], use["resource"]) == (ASKER_DID, "register-entry")


async def test_a_foreign_client_seeks_a_token_and_reads(person: Person) -> None:
    """oauth4webapi and jose: discovery, need_info, key binding, DPoP with nonces, RFC 9068."""
    await permit(person)
    value = {
        "url": person.node.url,
        "origin": ORIGIN,
        "resource": f"{ORIGIN}/uma/resources/{find_own(person)}",
        "credential": issue(person.node),
        "seed": ASKER.seed.hex(),
        "scope": CARE,
    }

    seen = await asyncio.to_thread(run_peer, "seek_token.mjs", value)

    assert (seen["scheme"], seen["error"]) == ("UMA", "need_info")
    assert "dc+sd-jwt" in seen["formats"]
    assert (seen["token_type"], seen["typ"]) == ("dpop", "at+jwt")
    assert {"iss", "aud", "sub", "client_id", "exp", "iat", "jti", "cnf"} <= set(seen["claims"])
    assert seen["permissions"] == [[CARE]]
    assert (seen["resource"], seen["purposes"]) == ("register-entry", [CARE])


async def test_statements_and_the_right_to_count_are_read_likewise(
    app: App, person: Person
) -> None:
    """Of records nothing is told but that they may be counted."""
    await permit(person, resources=tuple(Resource))
    statements = find_own(person, Resource.STATEMENTS)
    records = find_own(person, Resource.RECORDS)

    told = await app.read(statements, await app.get_token(statements))
    counted = await app.read(records, await app.get_token(records))

    assert (told.body["currency"], told.body["periods"]) == (None, [])
    assert counted.body == {"resource": "records", "purposes": [CARE], "may_be_counted": True}


async def test_without_claims_the_server_says_what_it_needs(app: App, person: Person) -> None:
    """And gives another ticket, which goes on with the same attempt."""
    await permit(person)
    ticket = await app.knock(find_own(person))

    asked = await app.seek(ticket, scope=CARE)
    given = await app.seek_with_credential(asked.body["ticket"])

    assert (asked.status, asked.body["error"]) == (403, "need_info")
    assert asked.body["ticket"] != ticket
    assert "dc+sd-jwt" in asked.body["required_claims"][0]["claim_token_format"]
    assert "did:web:ash.test" in asked.body["required_claims"][0]["issuer"]
    assert given.status == 200


async def test_a_presentation_and_an_own_access_token_say_who_asks(
    app: App, person: Person
) -> None:
    """The token must be the very client's, bound to the very key, and let it know who they are."""
    await permit(person)
    await permit(person, grantee=app.attempt.did)
    resource = find_own(person)
    ticket = await app.knock(resource)
    shown = await app.seek(ticket, scope=CARE, **show_presentation(app.node, ticket))
    access = (await app.attempt.redeem(await app.attempt.get_code())).body["access_token"]
    claims = {
        "claim_token": access,
        "claim_token_format": "urn:ietf:params:oauth:token-type:access_token",
    }

    other_key = await app.seek(await app.knock(resource), scope=CARE, **claims)
    app.key = app.attempt.key
    own = await app.seek(await app.knock(resource), scope=CARE, **claims)
    app.client = "rochdale-web"
    other_client = await app.seek(await app.knock(resource), scope=CARE, **claims)

    assert (shown.status, own.status) == (200, 200)
    assert {item.body["error"] for item in (other_key, other_client)} == {"need_info"}


async def test_whoever_holds_a_role_asks_for_their_cooperative(
    app: App, person: Person, pair: Pair
) -> None:
    """Of this one or a partner; an ordinary member asks for themselves alone."""
    await permit(person, grantee="class:federation")
    resource = find_own(person)

    async def ask(credential: str) -> int:
        ticket = await app.knock(resource)
        claims = show_sd_jwt(app.node, ticket, credential=credential)
        return (await app.seek(ticket, scope=CARE, **claims)).status

    assert await ask(issue(pair[0], role_until=None)) == 200
    assert await ask(issue(pair[1], role_until="2099-01-01")) == 200
    assert await ask(issue(pair[1])) == 403
    assert await ask(issue(pair[1], role_until="2025-01-01")) == 403


async def test_a_client_gets_what_it_asks_for_and_is_granted(app: App, person: Person) -> None:
    """Of several purposes those that the person permits."""
    await permit(person)
    resource = find_own(person)

    token = await app.get_token(resource, scope=f"{CARE} DUO:0000006")

    assert (await app.read(resource, token)).body["purposes"] == [CARE]


async def test_the_person_is_asked_and_grants(app: App, person: Person) -> None:
    """The application comes back with each newer ticket, not too early."""
    resource = find_own(person)
    waits = await app.seek_with_credential(await app.knock(resource))
    early = await app.seek(waits.body["ticket"])
    status, asked = await person.caller.call("GET", "/api/v1/consents/requests")
    await permit(person)
    _, nothing = await person.caller.call("GET", "/api/v1/consents/requests")
    advance(app.node, early.body["interval"])
    given = await app.seek(early.body["ticket"])

    assert (waits.status, waits.body["error"]) == (403, "request_submitted")
    assert waits.body["interval"] == POLL_INTERVAL_S
    assert (early.body["error"], early.body["interval"]) == (
        "request_submitted",
        2 * POLL_INTERVAL_S,
    )
    assert status == 200
    assert [item["did"] for item in asked["requests"]] == [ASKER_DID]
    assert asked["requests"][0]["asked"][0]["purposes"] == [CARE]
    assert nothing["requests"] == []
    assert given.status == 200
    assert (await app.read(resource, given.body["access_token"])).status == 200
    assert "asked" in list_trail(person)


async def test_the_person_is_asked_and_refuses(app: App, person: Person) -> None:
    """The next same request is denied at once, and the history has the refusal."""
    resource = find_own(person)
    waits = await app.seek_with_credential(await app.knock(resource))
    _, asked = await person.caller.call("GET", "/api/v1/consents/requests")
    path = f"/api/v1/consents/requests/{asked['requests'][0]['id']}"

    refused, _ = await person.caller.call("DELETE", path)
    twice, _ = await person.caller.call("DELETE", path)
    advance(app.node, POLL_INTERVAL_S)
    denied = await app.seek(waits.body["ticket"])
    again = await app.seek_with_credential(await app.knock(resource))

    assert (refused, twice) == (200, 404)
    assert (denied.status, denied.body["error"]) == (403, "request_denied")
    assert again.body["error"] == "request_denied"
    assert "ticket" not in denied.body
    assert count_kinds(person) == ["refusal"]


async def test_silence_is_denial(app: App, person: Person) -> None:
    """After a fortnight; a ticket that nobody used has long expired by then."""
    waits = await app.seek_with_credential(await app.knock(find_own(person)))
    ticket = waits.body["ticket"]
    advance(app.node, TICKET_S - 1)
    ticket = (await app.seek(ticket)).body["ticket"]
    app.node.context.private.connection.execute(
        "UPDATE uma_requests SET expires_at_s = expires_at_s - ?", (REQUEST_S,)
    )
    advance(app.node, POLL_INTERVAL_S)

    assert (await app.seek(ticket)).body["error"] == "request_denied"


async def test_a_revocation_ends_every_token_at_once(app: App, person: Person) -> None:
    """The token is signed, fresh and bound to the right key; it opens nothing any more."""
    grant = await permit(person)
    resource = find_own(person)
    token = await app.get_token(resource)
    before = await app.read(resource, token)
    await person.send(person.sign(Revocation(id=grant), seq=2))

    after = await app.read(resource, token)

    assert before.status == 200
    assert read_ticket(after)
    assert "permitted no longer" in after.body["error_description"]
    assert count_kinds(person) == ["grant", "use", "revocation", "refusal"]


async def test_an_erased_person_is_nobody(app: App, person: Person) -> None:
    """Their resources answer like any address that was never somebody's."""
    await permit(person)
    resource = find_own(person)
    token = await app.get_token(resource)
    person.node.context.private.holders.delete(person.holder.id)

    assert read_ticket(await app.read(resource, token))
    waits = await app.seek_with_credential(await app.knock(resource))
    assert waits.body["error"] == "request_submitted"


async def test_what_is_nobodys_answers_word_for_word_alike(app: App, person: Person) -> None:
    """From the first knock to the last poll, whether somebody is asked or not."""

    async def try_all(resource: str) -> list[tuple[int, set[str], object, object]]:
        knocked = await app.attempt.send("GET", f"/uma/resources/{resource}")
        needs = await app.seek(read_ticket(knocked), scope=CARE)
        waits = await app.seek_with_credential(needs.body["ticket"])
        early = await app.seek(waits.body["ticket"])
        advance(app.node, early.body["interval"])
        later = await app.seek(early.body["ticket"])
        again = await app.seek_with_credential(await app.knock(resource))
        return [
            (
                item.status,
                set(item.headers) - {"Date"},
                item.body["error"],
                {**item.body, "ticket": ""},
            )
            for item in (knocked, needs, waits, early, later, again)
        ]

    assert await try_all(find_own(person)) == await try_all("ab" * 16)


@pytest.mark.parametrize("path", ["x", "ab", "AB" * 16, "ab" * 17])
async def test_refuses_an_address_that_is_no_id(app: App, path: str) -> None:
    """Whatever it says, it is nobody's."""
    assert (await app.attempt.send("GET", f"/uma/resources/{path}")).status == 422


async def test_a_token_lasts_no_longer_than_its_grant(app: App, person: Person) -> None:
    """And never longer than some minutes."""
    resource = find_own(person)
    await permit(person, until_s=person.now_s + 60)
    short = await app.seek_with_credential(await app.knock(resource))
    await permit(person, resources=(Resource.STATEMENTS,), purposes=(Purpose.PAYMENT,))
    statements = find_own(person, Resource.STATEMENTS)
    full = await app.seek_with_credential(await app.knock(statements), scope="ActReason:HPAYMT")

    assert short.body["expires_in"] <= 60
    assert full.body["expires_in"] == RPT_S
    advance(app.node, 61)
    assert (await app.read(resource, short.body["access_token"])).status == 401


async def test_an_application_ends_its_token(app: App, person: Person) -> None:
    """RFC 7009; another application's it cannot end."""
    await permit(person)
    resource = find_own(person)
    token = await app.get_token(resource)

    async def revoke(client: str) -> int:
        data = {"client_id": client, "token": token}
        await app.attempt.send("POST", "/oauth/revoke", data=data)
        return (await app.read(resource, token)).status

    assert await revoke("rochdale-web") == 200
    assert await revoke(app.client) == 401


async def test_a_member_that_left_shows_no_credential(app: App, person: Person) -> None:
    """A revoked credential says nothing about who asks."""
    await permit(person)
    credential = issue(app.node)
    now_ms = app.node.context.clock.now_ms()
    make_office(app.node).store.revoke_account(b"a" * 32, now_ms=now_ms)
    ticket = await app.knock(find_own(person))

    asked = await app.seek(
        ticket, scope=CARE, **show_sd_jwt(app.node, ticket, credential=credential)
    )

    assert asked.body["error"] == "need_info"
    assert "revoked" in asked.body["error_description"]
