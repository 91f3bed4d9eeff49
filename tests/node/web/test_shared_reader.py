"""What others read of a person: what the ledger has, and nothing that it has not."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from config.uma_limits import RPTS_PER_CLIENT_MAX, STATEMENT_PERIODS_MAX
from did.consent.terms import Resource
from governance.state_keys import Collection, state_key
from governance.value.records import Books, Period
from node.web.holder_export import export_holder
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, admit, enrol
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import ASKER_DID, CARE, App, find_own, permit

CLOSED_HEIGHT = 10


@pytest.fixture
def person(pair: Pair) -> Person:
    """Somebody who permits the asker to read their statements."""
    return Person(pair[0])


@pytest.fixture
async def app(pair: Pair) -> AsyncIterator[App]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield App(Attempt(pair[0], http, enrol(pair[0], seed=2)))


def close_periods(person: Person, count: int) -> None:
    """Let the ledger know books whose first periods are closed, ten blocks each."""
    own, state = person.node.context.registry.own.id, person.node.engine.state
    books = Books(currency="EUR", opened_ms=0, period=count, accounts_count=1)
    state[state_key(own, Collection.BOOKS, b"")] = books.encode()
    for number in range(count):
        period = Period(
            number=number,
            closed_height=CLOSED_HEIGHT * (number + 1),
            closed_ms=1_000 * (number + 1),
            proposal=b"",
            split=None,
            bylaws_hash=bytes(32),
            result_minor=0,
            legal_reserve_minor=0,
            distributable_minor=0,
            dividend_minor=0,
            carried_minor=0,
            members_count=4,
            unit_minor=100 + number,
        )
        state[state_key(own, Collection.PERIOD, number.to_bytes(8))] = period.encode()


async def read(app: App, person: Person, kind: Resource) -> dict[str, Any]:
    """With a token, as the person permits it."""
    await permit(person, resources=(kind,))
    resource = find_own(person, kind)
    found = await app.read(resource, await app.get_token(resource))
    assert found.status == 200, found.body
    body: dict[str, Any] = found.body
    return body


async def test_a_statement_has_the_equal_shares_of_a_members_periods(
    app: App, person: Person
) -> None:
    """The newest first; a member since block 3 was there at both closes."""
    admit(person.node, person.wallet)
    close_periods(person, 2)

    told = await read(app, person, Resource.STATEMENTS)

    assert told["currency"] == "EUR"
    assert told["periods"] == [
        {"period": 1, "closed_ms": 2_000, "equal_share_minor": 101},
        {"period": 0, "closed_ms": 1_000, "equal_share_minor": 100},
    ]


async def test_a_statement_has_no_period_after_the_member_left(app: App, person: Person) -> None:
    """In block 15: the second close came later."""
    admit(person.node, person.wallet, left=15)
    close_periods(person, 2)

    told = await read(app, person, Resource.STATEMENTS)

    assert [item["period"] for item in told["periods"]] == [0]


async def test_a_statement_has_the_latest_periods(app: App, person: Person) -> None:
    """So many and no more."""
    admit(person.node, person.wallet)
    close_periods(person, STATEMENT_PERIODS_MAX + 3)

    told = await read(app, person, Resource.STATEMENTS)

    assert len(told["periods"]) == STATEMENT_PERIODS_MAX
    assert told["periods"][0]["period"] == STATEMENT_PERIODS_MAX + 2


async def test_somebody_without_membership_has_an_entry_and_no_shares(
    app: App, person: Person
) -> None:
    """Whatever the books say."""
    close_periods(person, 1)

    entry = await read(app, person, Resource.REGISTER_ENTRY)
    told = await read(app, person, Resource.STATEMENTS)

    assert (entry["is_member"], entry["joined_height"]) == (False, None)
    assert entry["did"] == person.wallet.login_did
    assert told["periods"] == []


async def test_an_application_holds_so_many_tokens_of_a_person(app: App, person: Person) -> None:
    """So a person's history grows no faster than that."""
    await permit(person)
    resource = find_own(person)
    for number in range(RPTS_PER_CLIENT_MAX):
        app.node.context.private.connection.execute(
            "INSERT INTO uma_tokens VALUES (?, ?, '', ?, x'', ?, 0)",
            (f"{number:032x}", person.holder.id, app.client, person.now_s + 100),
        )

    refused = await app.seek_with_credential(await app.knock(resource))

    assert refused.status == 503
    assert "use those" in refused.body["reason"]


async def test_an_export_has_what_others_asked_for(app: App, person: Person) -> None:
    """Who, by which application, what and why."""
    resource = find_own(person)
    await app.seek_with_credential(await app.knock(resource))
    context = person.node.context

    found = export_holder(
        context.private,
        person.holder.id,
        cooperative_did="did:x",
        now_ms=context.clock.now_ms(),
    )

    assert found is not None
    assert [(item.did, item.client_id) for item in found.requests] == [(ASKER_DID, app.client)]
    assert found.requests[0].asked == [{"resource_id": resource, "resource_scopes": (CARE,)}]
    assert resource in [row["id"] for row in found.tables["uma_resources"]]
