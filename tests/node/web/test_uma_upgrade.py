"""A newer token that opens what an earlier one opened too (UMA 2.0 Grant §3.3.5.1)."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from config.uma_limits import RPT_S
from did.consent.policies import Revocation
from did.consent.terms import Resource
from tests.node.web.callers import Caller
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, admit, enrol
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import CARE, App, advance, find_own, permit


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


async def test_a_token_is_upgraded(app: App, person: Person) -> None:
    """The new one opens both; the old one is over."""
    await permit(person, resources=(Resource.REGISTER_ENTRY, Resource.STATEMENTS))
    entry, statements = find_own(person), find_own(person, Resource.STATEMENTS)
    old = await app.get_token(entry)

    ticket = await app.knock(statements)
    given = await app.seek_with_credential(ticket, rpt=old)
    both = given.body["access_token"]

    assert given.body["upgraded"] is True
    assert (await app.read(entry, both)).status == 200
    assert (await app.read(statements, both)).status == 200
    assert (await app.read(entry, old)).status == 401


async def test_a_token_that_is_over_is_upgraded_too(app: App, person: Person) -> None:
    """But what was revoked since is not in the new one."""
    grant = await permit(person)
    await permit(person, resources=(Resource.STATEMENTS,))
    entry, statements = find_own(person), find_own(person, Resource.STATEMENTS)
    first = await app.get_token(entry)
    advance(app.node, RPT_S)
    second = await app.seek_with_credential(await app.knock(statements), rpt=first)
    person.caller = Caller(app.node, person.holder.id, "consents.write")
    status, _ = await person.send(person.sign(Revocation(id=grant), seq=3))
    old = second.body["access_token"]
    third = await app.seek_with_credential(await app.knock(statements), rpt=old)

    assert (status, second.body["upgraded"]) == (200, True)
    assert (await app.read(statements, third.body["access_token"])).status == 200
    assert (await app.read(entry, third.body["access_token"])).status == 401


async def test_another_partys_token_is_not_upgraded(app: App, person: Person) -> None:
    """Though the same application holds it by the same key."""
    await permit(person, resources=(Resource.REGISTER_ENTRY, Resource.STATEMENTS))
    await permit(person, grantee=app.attempt.did)
    entry = find_own(person)
    app.key = app.attempt.key
    access = (await app.attempt.redeem(await app.attempt.get_code())).body["access_token"]
    theirs = await app.seek(
        await app.knock(entry),
        scope=CARE,
        claim_token=access,
        claim_token_format="urn:ietf:params:oauth:token-type:access_token",
    )
    ticket = await app.knock(find_own(person, Resource.STATEMENTS))

    given = await app.seek_with_credential(ticket, rpt=theirs.body["access_token"])

    assert given.status == 200
    assert "upgraded" not in given.body
    assert (await app.read(entry, theirs.body["access_token"])).status == 200


@pytest.mark.parametrize("rpt", ["a.b.c", "x" * 6_000])
async def test_another_token_is_not_upgraded(app: App, person: Person, rpt: str) -> None:
    """The new one stands beside it."""
    await permit(person)
    ticket = await app.knock(find_own(person))

    given = await app.seek_with_credential(ticket, rpt=rpt)

    assert given.status == 200
    assert "upgraded" not in given.body
