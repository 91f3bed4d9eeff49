"""The ways in which a ticket, a claim token or a token must not work; each with the grant live."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from config.uma_limits import (
    REQUESTS_PER_HOLDER_MAX,
    REQUESTS_PER_PARTY_MAX,
    TICKET_S,
    TICKET_TRIES_MAX,
)
from did.consent.assessment import RequestingParty
from did.consent.terms import Purpose, Resource
from did.consent.tickets import Permission, Ticket
from did.credentials.sd_jwt_vc import issue_sd_jwt_vc
from did.keys import KeyPair, did_key
from did.login.client_proofs import DpopKey
from did.verification_keys import KeyKind, VerificationKey
from tests.node.web.callers import Caller
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, admit, enrol
from tests.node.web.test_routes_consents import Person
from tests.node.web.uma_apps import (
    ASKER,
    ASKER_DID,
    CARE,
    App,
    advance,
    find_own,
    issue,
    permit,
    read_ticket,
    show_presentation,
    show_sd_jwt,
)


@pytest.fixture
async def person(pair: Pair) -> Person:
    """Who permits the asker to read their entry for clinical care."""
    person = Person(pair[0])
    admit(person.node, person.wallet)
    await permit(person)
    return person


@pytest.fixture
async def app(pair: Pair) -> AsyncIterator[App]:
    """An application that could have a token."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield App(Attempt(pair[0], http, enrol(pair[0], seed=2)))


async def test_a_ticket_works_once(app: App, person: Person) -> None:
    """Whatever came of it."""
    ticket = await app.knock(find_own(person))
    claims = show_sd_jwt(app.node, ticket)
    first = await app.seek(ticket, scope=CARE, **claims)
    replayed = await app.seek(ticket, scope=CARE, **claims)

    assert (first.status, replayed.status) == (200, 400)
    assert replayed.body["error"] == "invalid_grant"


async def test_a_ticket_expires(app: App, person: Person) -> None:
    """After five minutes."""
    ticket = await app.knock(find_own(person))
    advance(app.node, TICKET_S)

    late = await app.seek_with_credential(ticket)

    assert (late.status, late.body["error"]) == (400, "invalid_grant")
    assert "expired" in late.body["error_description"]


@pytest.mark.parametrize("change", ["client", "key"])
async def test_a_ticket_of_another_client_or_key_is_refused(
    app: App, person: Person, change: str
) -> None:
    """From the first answer on it belongs to whoever began."""
    asked = await app.seek(await app.knock(find_own(person)), scope=CARE)
    if change == "client":
        app.client = "rochdale-web"
    else:
        app.key = DpopKey(KeyPair(b"v" * 32))

    stolen = await app.seek_with_credential(asked.body["ticket"])

    assert stolen.body["error"] == "invalid_grant"


@pytest.mark.parametrize("scope", ["", "read", "odrl:sell", "insurance-underwriting"])
async def test_nobody_is_asked_for_what_nobody_can_permit(
    app: App, person: Person, scope: str
) -> None:
    """Forbidden uses least of all."""
    ticket = await app.knock(find_own(person))

    refused = await app.seek(ticket, scope=scope, **show_sd_jwt(app.node, ticket))

    assert (refused.status, refused.body["error"]) == (400, "invalid_scope")
    assert person.node.context.private.uma.list_requests(person.holder.id, now_s=0) == []


Show = Callable[[App, str], dict[str, str]]


def _forge(app: App, ticket: str) -> dict[str, str]:
    """By a stranger's key, in the cooperative's name."""
    own = app.node.context.registry.own
    credential = issue_sd_jwt_vc(
        {"memberOf": own.did},
        vct=f"{own.origin}/credentials/types/membership",
        issuer=own.did,
        key=KeyPair(b"x" * 32),
        verification_method=f"{own.did}#assertion",
        holder_key=VerificationKey(KeyKind.ED25519, ASKER.public_key),
        disclosable=(),
        issued_at_s=app.node.context.clock.now_s(),
        expires_at_s=None,
        random=secrets.token_bytes,
    )
    return show_sd_jwt(app.node, ticket, credential=credential)


_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
BAD_CLAIMS: dict[str, Show] = {
    "signature": _forge,
    "for another verifier": lambda app, ticket: show_sd_jwt(
        app.node, ticket, audience="https://birch.test"
    ),
    "answers another request": lambda app, _: show_sd_jwt(app.node, "x" * 43),
    "for another domain": lambda app, ticket: show_presentation(
        app.node, ticket, domain="https://birch.test"
    ),
    "answers another challenge": lambda app, _: show_presentation(app.node, "x" * 43),
    "without proof of possession": lambda app, _: {
        "claim_token": issue(app.node),
        "claim_token_format": "dc+sd-jwt",
    },
    "formats are": lambda app, ticket: {
        **show_sd_jwt(app.node, ticket),
        "claim_token_format": "http://openid.net/specs/openid-connect-core-1_0.html#IDToken",
    },
    "and its format": lambda app, ticket: {
        "claim_token": show_sd_jwt(app.node, ticket)["claim_token"]
    },
    "at most": lambda _app, _ticket: {
        "claim_token": "x" * 25_000,
        "claim_token_format": "dc+sd-jwt",
    },
    "malformed": lambda _app, _ticket: {
        "claim_token": "a.b.c",
        "claim_token_format": _ACCESS_TOKEN,
    },
    "JSON object": lambda _app, _ticket: {
        "claim_token": "W10",
        "claim_token_format": "ldp_vp",
    },
}
"""What is wrong, as the answer says it, to how it is pushed."""


@pytest.mark.parametrize(("reason", "show"), BAD_CLAIMS.items(), ids=BAD_CLAIMS.keys())
async def test_a_claim_token_that_does_not_hold_says_nothing(
    app: App, person: Person, reason: str, show: Show
) -> None:
    """Another is asked for, with a new ticket."""
    ticket = await app.knock(find_own(person))

    asked = await app.seek(ticket, scope=CARE, **show(app, ticket))

    assert (asked.status, asked.body["error"]) == (403, "need_info"), asked.body
    assert reason in asked.body["error_description"]
    assert asked.body["ticket"] != ticket


async def test_an_expired_credential_says_nothing(app: App, person: Person) -> None:
    """Though its issuer never revoked it."""
    credential = issue(app.node)
    advance(app.node, 400 * 86_400)
    context = app.node.context
    object.__setattr__(context.checks, "clock", context.clock)
    ticket = await app.knock(find_own(person))

    asked = await app.seek(
        ticket, scope=CARE, **show_sd_jwt(app.node, ticket, credential=credential)
    )

    assert asked.body["error"] == "need_info"
    assert "expired" in asked.body["error_description"]


async def test_a_form_beyond_its_size_is_refused(app: App, person: Person) -> None:
    """Before anything of it is read."""
    ticket = await app.knock(find_own(person))

    refused = await app.seek(ticket, scope=CARE, claim_token="x" * 40_000)

    assert (refused.status, refused.body["error"]) == (400, "invalid_request")


async def test_claim_tokens_cannot_be_tried_for_ever(app: App, person: Person) -> None:
    """The attempt ends, and with it the ticket."""
    ticket = await app.knock(find_own(person))
    for _ in range(TICKET_TRIES_MAX - 1):
        ticket = (await app.seek(ticket, scope=CARE)).body["ticket"]

    assert (await app.seek(ticket, scope=CARE)).body["error"] == "request_denied"


Use = Callable[[App, str, str], Awaitable[Reply]]


async def _as_bearer(app: App, resource: str, token: str) -> Reply:
    return await app.read(resource, token, scheme="Bearer")


async def _by_another_key(app: App, resource: str, token: str) -> Reply:
    return await app.read(resource, token, by=DpopKey(KeyPair(b"w" * 32)))


async def _without_proof(app: App, resource: str, token: str) -> Reply:
    headers = {"Authorization": f"DPoP {token}"}
    return await app.attempt.send("GET", f"/uma/resources/{resource}", headers=headers)


async def _as_access_token(app: App, _resource: str, token: str) -> Reply:
    proof = app.attempt.prove_key("GET", "/api/sessions", by=app.key, access_token=token)
    return await app.attempt.call(token, proof=proof)


async def _changed(app: App, resource: str, token: str) -> Reply:
    return await app.read(resource, f"{token[:-8]}AAAAAAAA")


@pytest.mark.parametrize(
    "use", [_as_bearer, _by_another_key, _without_proof, _as_access_token, _changed]
)
async def test_a_token_opens_its_resource_by_its_key_alone(
    app: App, person: Person, use: Use
) -> None:
    """Everything else is unauthorized."""
    resource = find_own(person)
    token = await app.get_token(resource)

    refused = await use(app, resource, token)

    assert refused.status == 401
    assert refused.headers["Www-Authenticate"]
    assert (await app.read(resource, token)).status == 200


async def test_an_access_token_opens_no_resource(app: App, person: Person) -> None:
    """Not even of its own holder's."""
    access = (await app.attempt.redeem(await app.attempt.get_code())).body["access_token"]
    owned = app.node.context.private.uma.list_own(
        app.node.context.private.holders.find_by_did(app.attempt.did).id
    )
    for resource in (owned[0].id, find_own(person)):
        assert read_ticket(await app.read(resource, access, by=app.attempt.key))


async def test_a_token_is_for_its_own_resource(app: App, person: Person) -> None:
    """Neither another one of the same person's, nor anybody else's, nor one of nobody's."""
    token = await app.get_token(find_own(person))
    statements = find_own(person, Resource.STATEMENTS)

    for other in (statements, "cd" * 16):
        refused = await app.read(other, token)
        assert read_ticket(refused)
        assert "another resource" in refused.body["error_description"]


async def test_one_party_cannot_ask_without_end(app: App, person: Person) -> None:
    """What waits of theirs, with anybody, is bounded."""
    store = app.node.context.private.uma
    party = RequestingParty(did=ASKER_DID)
    for number in range(REQUESTS_PER_PARTY_MAX):
        _put(store, None, party, f"{number:032x}", now_s=person.now_s)
    ticket = await app.knock(find_own(person, Resource.STATEMENTS))

    refused = await app.seek_with_credential(ticket)

    assert refused.status == 503
    assert "wait for the answers" in refused.body["reason"]


async def test_a_person_is_not_shown_requests_without_end(app: App, person: Person) -> None:
    """The next one shows when there is room; who asks cannot tell."""
    store, entry = app.node.context.private.uma, find_own(person, Resource.STATEMENTS)
    for number in range(REQUESTS_PER_HOLDER_MAX):
        party = RequestingParty(did=did_key(KeyPair(bytes([number]) * 32).public_key))
        _put(store, person.holder.id, party, entry, now_s=person.now_s - 10)
    waits = await app.seek_with_credential(await app.knock(entry))

    _, shown = await person.caller.call("GET", "/api/v1/consents/requests")
    store.refuse_request(shown["requests"][0]["id"], now_s=person.now_s)
    _, then = await person.caller.call("GET", "/api/v1/consents/requests")

    assert waits.body["error"] == "request_submitted"
    assert len(shown["requests"]) == len(then["requests"]) == REQUESTS_PER_HOLDER_MAX
    assert ASKER_DID not in [item["did"] for item in shown["requests"]]
    assert then["requests"][-1]["did"] == ASKER_DID


async def test_one_person_never_answers_for_another(app: App, person: Person) -> None:
    """Nor does a reader of consents refuse."""
    stranger = app.node.context.private.holders.find_by_did(app.attempt.did)
    await app.seek_with_credential(await app.knock(find_own(person, Resource.STATEMENTS)))
    _, shown = await person.caller.call("GET", "/api/v1/consents/requests")
    path = f"/api/v1/consents/requests/{shown['requests'][0]['id']}"
    theirs = Caller(person.node, stranger.id, "consents consents.write")
    reader = Caller(person.node, person.holder.id, "consents")

    assert (await theirs.call("DELETE", path))[0] == 404
    assert (await theirs.call("GET", "/api/v1/consents/requests"))[1]["requests"] == []
    assert (await reader.call("DELETE", path))[0] == 403


def _put(
    store: Any, holder: bytes | None, party: RequestingParty, name: str, *, now_s: int
) -> None:
    permission = Permission(resource_id=name, resource_scopes=(Purpose.CLINICAL_CARE,))
    ticket = Ticket(
        server="", permissions=(permission,), expires_at_s=0, client_id="an-app", jkt="k"
    )
    store.put_request(holder, party, ticket, now_s=now_s)
