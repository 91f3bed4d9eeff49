"""The protection API: what a resource server may register, ask for and learn, and for whom."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from config.uma_limits import RESOURCES_PER_HOLDER_MAX
from did.consent.policies import Revocation
from did.consent.protection import parse_description
from did.consent.terms import Purpose, Resource
from did.login.clients import UMA_GRANT_TYPE
from node.web.uma_records import OWN_SERVER
from tests.node.web.callers import Caller
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, enrol
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import (
    CARE,
    App,
    count_kinds,
    find_own,
    list_trail,
    permit,
    show_sd_jwt,
)

DESCRIPTION = {"type": "records", "resource_scopes": [CARE, "DUO:0000006"], "name": "Notes"}


class Server:
    """A resource server with somebody's PAT."""

    def __init__(self, node: Any, holder_id: bytes, *, scope: str = "uma_protection") -> None:
        self.caller = Caller(node, holder_id, scope)

    async def call(self, method: str, path: str, value: object = None) -> tuple[int, Any]:
        body = None if value is None else json.dumps(value).encode()
        return await self.caller.call(method, path, body=body)

    async def register(self, **changes: object) -> str:
        status, told = await self.call("POST", "/uma/registration", {**DESCRIPTION, **changes})
        assert status == 201, told
        name: str = told["_id"]
        return name

    async def get_ticket(self, resource: str, *scopes: str) -> str:
        status, told = await self.call(
            "POST", "/uma/permission", {"resource_id": resource, "resource_scopes": list(scopes)}
        )
        assert status == 201, told
        ticket: str = told["ticket"]
        return ticket

    async def introspect(self, app: App, token: str) -> Reply:
        """Ask what a token opens, with the PAT in the header."""
        headers = self.caller.make_headers("POST", "/oauth/introspect")
        return await app.attempt.send(
            "POST", "/oauth/introspect", headers=headers, data={"token": token}
        )


@pytest.fixture
def person(pair: Pair) -> Person:
    """Who lets a clinic's server protect what it has of theirs."""
    return Person(pair[0])


@pytest.fixture
def server(person: Person) -> Server:
    return Server(person.node, person.holder.id)


@pytest.fixture
async def app(pair: Pair) -> AsyncIterator[App]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield App(Attempt(pair[0], http, enrol(pair[0], seed=2)))


async def seek(app: App, ticket: str, **form: str) -> Reply:
    """Ask for a token for the ticket's own purposes."""
    return await app.seek(ticket, **show_sd_jwt(app.node, ticket), **form)


async def test_the_configuration_names_every_endpoint(app: App) -> None:
    """UMA 2.0 Grant §2, Federated Authorization §2."""
    found = (await app.attempt.send("GET", "/.well-known/uma2-configuration")).body

    assert found["issuer"] == "https://ash.test"
    assert UMA_GRANT_TYPE in found["grant_types_supported"]
    assert found["token_endpoint"] == "https://ash.test/oauth/token"
    assert found["permission_endpoint"] == "https://ash.test/uma/permission"
    assert found["resource_registration_endpoint"] == "https://ash.test/uma/registration"
    assert found["introspection_endpoint"] == "https://ash.test/oauth/introspect"
    assert set(Purpose) <= set(found["scopes_supported"])
    assert "dc+sd-jwt" in found["uma_profiles_supported"]


async def test_a_server_registers_reads_changes_lists_and_deletes(
    server: Server, person: Person
) -> None:
    """Federated Authorization §3.2; the person's audit trail has the first and the last."""
    name = await server.register()
    path = f"/uma/registration/{name}"
    read = await server.call("GET", path)
    changed = await server.call("PUT", path, {**DESCRIPTION, "resource_scopes": [CARE]})
    then = await server.call("GET", path)
    listed = await server.call("GET", "/uma/registration")
    deleted = await server.call("DELETE", path)

    assert read[1] == {**DESCRIPTION, "_id": name, "description": ""}
    assert (changed[0], changed[1]) == (200, {"_id": name})
    assert then[1]["resource_scopes"] == [CARE]
    assert listed[1] == [name]
    assert deleted == (204, None)
    assert (await server.call("GET", path))[0] == 404
    assert [item for item in list_trail(person) if item != "used"] == ["protected", "unprotected"]


async def test_a_token_without_the_scope_protects_nothing(person: Person) -> None:
    """On none of the routes."""
    weak = Server(person.node, person.holder.id, scope="profile")

    answers = [
        await weak.call("POST", "/uma/registration", DESCRIPTION),
        await weak.call("GET", "/uma/registration"),
        await weak.call("GET", f"/uma/registration/{'ab' * 16}"),
        await weak.call("PUT", f"/uma/registration/{'ab' * 16}", DESCRIPTION),
        await weak.call("DELETE", f"/uma/registration/{'ab' * 16}"),
        await weak.call("POST", "/uma/permission", {}),
    ]

    assert {status for status, _ in answers} == {403}
    assert {told["error"] for _, told in answers} == {"insufficient_scope"}


async def test_another_servers_resource_is_no_resource(
    server: Server, person: Person, pair: Pair
) -> None:
    """Nor is the node's own, nor another person's at the same server."""
    name = await server.register()
    other = Server(person.node, person.holder.id)
    _rename(other, "another-server")
    stranger = person.node.context.private.holders.create("did:key:zStranger")
    theirs = Server(person.node, stranger.id)

    for asker, resource in ((other, name), (theirs, name), (server, find_own(person))):
        asked = {"resource_id": resource, "resource_scopes": [CARE]}
        refused = await asker.call("POST", "/uma/permission", asked)
        assert (refused[0], refused[1]["error"]) == (400, "invalid_resource_id")
        for method, value in (("GET", None), ("PUT", DESCRIPTION), ("DELETE", None)):
            found = await asker.call(method, f"/uma/registration/{resource}", value)
            assert (found[0], found[1]["error"]) == (404, "not_found")
    assert (await server.call("GET", f"/uma/registration/{name}"))[0] == 200


async def test_refuses_unknown_resources_and_scopes(server: Server) -> None:
    """By the names of Federated Authorization §4.3."""
    name = await server.register(resource_scopes=[CARE])
    ask = "/uma/permission"

    unknown = await server.call("POST", ask, {"resource_id": "ab" * 16, "resource_scopes": []})
    scope = await server.call(
        "POST", ask, {"resource_id": name, "resource_scopes": ["DUO:0000006"]}
    )
    malformed = await server.call("POST", ask, {"resource": name})
    forbidden = await server.call(
        "POST", "/uma/registration", {**DESCRIPTION, "resource_scopes": ["odrl:sell"]}
    )

    assert (unknown[0], unknown[1]["error"]) == (400, "invalid_resource_id")
    assert (scope[0], scope[1]["error"]) == (400, "invalid_scope")
    assert (malformed[0], malformed[1]["error"]) == (400, "invalid_resource_id")
    assert (forbidden[0], forbidden[1]["error"]) == (400, "invalid_request")


async def test_nobody_is_asked_for_a_purpose_that_a_resource_is_not_there_for(
    server: Server, person: Person, app: App
) -> None:
    """The others are asked for alone."""
    name = await server.register(resource_scopes=[CARE])
    refused = await seek(app, await server.get_ticket(name), scope="DUO:0000006")
    waits = await seek(app, await server.get_ticket(name), scope=f"DUO:0000006 {CARE}")
    _, shown = await person.caller.call("GET", "/api/v1/consents/requests")

    assert (refused.status, refused.body["error"]) == (400, "invalid_scope")
    assert waits.body["error"] == "request_submitted"
    assert [item["asked"][0]["purposes"] for item in shown["requests"]] == [[CARE]]


async def test_a_person_has_so_many_resources_and_no_more(server: Server, person: Person) -> None:
    """Whoever keeps them."""
    store = person.node.context.private.uma
    described = parse_description(json.dumps(DESCRIPTION).encode())
    for _ in range(RESOURCES_PER_HOLDER_MAX):
        store.register(person.holder.id, "an-app", described)

    assert (await server.call("POST", "/uma/registration", DESCRIPTION))[0] == 503


async def test_a_server_learns_what_a_token_opens_until_it_is_revoked(
    server: Server, person: Person, app: App
) -> None:
    """By introspection, which reads the person's consents each time."""
    name = await server.register()
    grant = await permit(person, resources=(Resource.RECORDS,))
    given = await seek(app, await server.get_ticket(name, CARE))
    token = given.body["access_token"]

    live = (await server.introspect(app, token)).body
    await person.send(person.sign(Revocation(id=grant), seq=2))
    ended = (await server.introspect(app, token)).body

    assert live["active"] is True
    assert live["permissions"] == [
        {"resource_id": name, "resource_scopes": [CARE], "exp": live["exp"]}
    ]
    assert "scope" not in live
    assert live["cnf"]["jkt"] == app.key.thumbprint
    assert ended == {"active": False}
    assert count_kinds(person) == ["grant", "use", "revocation", "refusal"]


async def test_a_ticket_for_several_resources_gives_what_is_permitted_of_them(
    server: Server, person: Person, app: App
) -> None:
    """A partial result (UMA 2.0 Grant §3.3.4)."""
    records = await server.register()
    entry = await server.register(type="register-entry")
    await permit(person, resources=(Resource.RECORDS,))
    asked = [{"resource_id": item, "resource_scopes": [CARE]} for item in (entry, records)]
    _, told = await server.call("POST", "/uma/permission", asked)

    token = (await seek(app, told["ticket"])).body["access_token"]

    found = (await server.introspect(app, token)).body["permissions"]
    assert [item["resource_id"] for item in found] == [records]


async def test_a_token_for_one_server_is_nothing_to_another(
    server: Server, person: Person, app: App
) -> None:
    """Nor to the node's own resources, nor to the same server for another person."""
    name = await server.register()
    await permit(person, resources=(Resource.RECORDS,))
    token = (await seek(app, await server.get_ticket(name, CARE))).body["access_token"]
    other = Server(person.node, person.holder.id)
    _rename(other, "another-server")
    stranger = person.node.context.private.holders.create("did:key:zStranger")

    assert (await other.introspect(app, token)).body == {"active": False}
    theirs = Server(person.node, stranger.id)
    assert (await theirs.introspect(app, token)).body == {"active": False}
    assert (await server.introspect(app, "a.b.c")).body == {"active": False}
    assert (await app.read(name, token)).status == 401
    weak = Server(person.node, person.holder.id, scope="profile")
    assert (await weak.introspect(app, token)).status == 403


async def test_a_deleted_resource_is_opened_by_nothing(
    server: Server, person: Person, app: App
) -> None:
    """Though the token and the grant are live."""
    name = await server.register()
    await permit(person, resources=(Resource.RECORDS,))
    token = (await seek(app, await server.get_ticket(name, CARE))).body["access_token"]
    await server.call("DELETE", f"/uma/registration/{name}")

    assert (await server.introspect(app, token)).body == {"active": False}


async def test_a_person_sees_which_of_theirs_can_be_asked_for(
    server: Server, person: Person
) -> None:
    """At the node and elsewhere; ids are random, and stay."""
    name = await server.register()
    _, first = await person.caller.call("GET", "/api/v1/consents/resources")
    _, again = await person.caller.call("GET", "/api/v1/consents/resources")

    own = [item for item in first["resources"] if item["server"] == OWN_SERVER]
    assert {item["resource"] for item in own} == set(Resource)
    assert all(item["url"].endswith(item["id"]) for item in own)
    assert [item["id"] for item in first["resources"] if item["server"]] == [name]
    assert first == again


def _rename(server: Server, client_id: str) -> None:
    """Let a PAT be another client's."""
    server.caller = Caller(
        server.caller.node, server.caller.holder_id, "uma_protection", client_id=client_id
    )
