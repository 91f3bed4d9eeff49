"""A cooperative's credentials, issued by one node and checked by another over HTTP."""

import dataclasses
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from config.errors import RefusedError
from config.limits import STATUS_LIST_ENTRIES
from did.credentials.contexts import OWN_CONTEXT_FILE
from did.credentials.kinds import state_membership, state_portability, state_role
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import KeyBinding, parse_sd_jwt_vc, present_sd_jwt_vc
from did.credentials.vc_jwt import envelop
from did.keys import KeyPair
from did.verification_keys import KeyKind, VerificationKey
from governance.events import MembersLeft
from governance.key_events import AccountRecovered, KeysRotated
from node.web.credential_office import CredentialFormat, CredentialOffice, NewCredential
from node.web.credential_store import CredentialState, CredentialStore
from node.web.database import open_database
from node.web.leavers import revoke_leavers
from tests.did.credentials.parties import HOLDER, show
from tests.node.web.conftest import Pair, WebNode

HOLDER_KEY = VerificationKey(KeyKind.ED25519, HOLDER.public_key)
ACCOUNT = b"\x0a" * 32


def make_office(node: WebNode) -> CredentialOffice:
    own = node.context.registry.own
    return CredentialOffice(
        origin=own.origin,
        did=own.did,
        method=f"{own.did}#assertion",
        key=node.context.assertion_key,
        store=CredentialStore(node.context.private.connection),
        clock=node.context.clock,
    )


def issue(office: CredentialOffice, form: CredentialFormat) -> NewCredential:
    statement = state_membership(cooperative=office.did, member_since="2024-05")
    return office.issue(statement, holder=HOLDER_KEY, account=ACCOUNT, form=form)


async def check(node: WebNode, credential: Any) -> None:
    """With lists as they are now; tests/node/web/test_status_cache.py is about those kept."""
    checks = dataclasses.replace(node.context.checks, bit_lists=None, token_lists=None)
    if isinstance(credential, dict):
        await checks.check_credential(credential, types=frozenset({"MembershipCredential"}))
    elif "~" in credential:
        await checks.check_sd_jwt(credential, key_binding=None)
    else:
        await checks.check_credential(envelop(credential))


@pytest.mark.parametrize("form", list(CredentialFormat))
async def test_another_node_checks_what_was_issued_until_it_is_revoked(
    pair: Pair, form: CredentialFormat
) -> None:
    """DID document, context and status list all come from the issuer, over HTTP."""
    ash, birch = pair
    office = make_office(ash)
    issued, other = issue(office, form), issue(office, form)
    now_ms = office.clock.now_ms()

    await check(birch, issued.credential)
    office.store.set_state(issued.record.id, CredentialState.SUSPENDED, now_ms=now_ms)
    with pytest.raises(CredentialError, match="suspended"):
        await check(birch, issued.credential)
    office.store.set_state(issued.record.id, CredentialState.ACTIVE, now_ms=now_ms)
    await check(birch, issued.credential)
    assert office.store.revoke_account(ACCOUNT, now_ms=now_ms) == 2
    for item in (issued, other):
        with pytest.raises(CredentialError, match="revoked"):
            await check(birch, item.credential)


async def test_a_holder_shows_it_to_another_node(pair: Pair) -> None:
    """By a presentation of data integrity, and by an SD-JWT with key binding."""
    ash, birch = pair
    office = make_office(ash)
    document = issue(office, CredentialFormat.DATA_INTEGRITY).credential
    sd_jwt = issue(office, CredentialFormat.SD_JWT_VC).credential
    assert isinstance(sd_jwt, str)
    now_s = birch.context.clock.now_s()
    presentation = show(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": "VerifiablePresentation",
            "verifiableCredential": [document],
        },
        created=birch.context.clock.now_text(),
        challenge="c",
        domain="d",
    )
    shown = present_sd_jwt_vc(sd_jwt, disclose=[], key=HOLDER, audience="d", nonce="c", now_s=now_s)

    (found,) = await birch.context.checks.check_presentation(
        presentation, challenge="c", domain="d", issuers=frozenset({office.did})
    )
    bound = KeyBinding(audience="d", nonce="c")
    credential = await birch.context.checks.check_sd_jwt(shown, key_binding=bound)

    assert found.issuer == office.did
    assert "memberSince" not in credential.claims
    for issuers in (frozenset({"did:web:other.example"}), frozenset[str]()):
        with pytest.raises(CredentialError, match="not believed"):
            await birch.context.checks.check_sd_jwt(shown, key_binding=bound, issuers=issuers)


async def test_what_moves_along_names_neither_account_nor_old_did(pair: Pair) -> None:
    """Bound to a fresh key; its place is known, its holder is not."""
    office = make_office(pair[0])
    fresh = VerificationKey(KeyKind.ED25519, KeyPair(b"\x55" * 32).public_key)
    statement = state_portability(
        cooperative=office.did, tenure_months=31, roles=["board", "auditor"]
    )

    issued = office.issue(statement, holder=fresh, account=ACCOUNT, form=CredentialFormat.SD_JWT_VC)

    assert isinstance(issued.credential, str)
    claims = parse_sd_jwt_vc(issued.credential).claims
    assert claims["roles"] == ["board", "auditor"]
    assert "sub" not in claims
    assert office.store.list_of_account(ACCOUNT) == []
    shown = present_sd_jwt_vc(issued.credential, disclose=[("roles", 1)])
    assert parse_sd_jwt_vc(shown).claims["roles"] == ["auditor"]
    with pytest.raises(CredentialError, match="dc\\+sd-jwt only"):
        office.issue(statement, holder=fresh, account=None, form=CredentialFormat.JWT)


async def test_what_readers_fetch_is_public(pair: Pair) -> None:
    """Lists, types and our context; nothing under other names."""
    ash, _ = pair
    async with aiohttp.ClientSession(ash.url) as session:
        for path, kind in (
            ("/credentials/status/1-revocation", "application/vc"),
            ("/credentials/status/1-suspension", "application/vc"),
            ("/credentials/status/1-token", "application/statuslist+jwt"),
            ("/credentials/types/membership", "application/json"),
            (f"/contexts/{OWN_CONTEXT_FILE}", "application/ld+json"),
        ):
            async with session.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, kind)
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
        for path in ("1", "2-revocation", "01-revocation", "1-message", "x-token", "²-token"):
            async with session.get(f"/credentials/status/{path}") as answer:
                assert answer.status == 404
        async with session.get("/credentials/types/other") as answer:
            assert answer.status == 404


async def test_places_say_nothing_of_their_order(pair: Pair) -> None:
    """Drawn at random over the whole list."""
    office = make_office(pair[0])
    places = [issue(office, CredentialFormat.DATA_INTEGRITY).record.place for _ in range(40)]

    assert len(set(places)) == 40
    assert places != sorted(places)
    assert max(places) - min(places) > STATUS_LIST_ENTRIES // 4


async def test_a_taken_place_is_drawn_again_and_a_full_list_followed(pair: Pair) -> None:
    """However unlucky the draw."""
    office = make_office(pair[0])
    draws = iter([5, 5, 5, 6])
    clock = dataclasses.replace(office.clock, random_below=lambda _: next(draws))
    unlucky = dataclasses.replace(office, clock=clock)

    first, second = (issue(unlucky, CredentialFormat.DATA_INTEGRITY).record for _ in range(2))

    assert (first.place, second.place) == (5, 6)
    assert office.store.has_list(1)
    assert not office.store.has_list(2)


async def test_leaving_revokes_and_reading_old_blocks_anew_does_not(pair: Pair) -> None:
    """By header time; other people's credentials hold."""
    office = make_office(pair[0])
    record = issue(office, CredentialFormat.SD_JWT_VC).record
    events = [
        MembersLeft(
            cooperative=b"\x01" * 32, accounts=(b"\x0b" * 32, ACCOUNT), epoch=2, active_count=3
        )
    ]

    assert revoke_leavers(office.store, events, time_ms=record.issued_at_ms - 1) == 0
    assert revoke_leavers(office.store, events, time_ms=record.issued_at_ms) == 1
    (found,) = office.store.list_of_account(ACCOUNT)
    assert found.state is CredentialState.REVOKED


async def test_a_recovery_revokes_what_a_thief_may_have_got(pair: Pair) -> None:
    """A rotation does not: the owner has done that."""
    office = make_office(pair[0])
    record = issue(office, CredentialFormat.SD_JWT_VC).record
    fields: Any = {
        "cooperative": b"\x01" * 32,
        "account": ACCOUNT,
        "public_keys": (b"\x02" * 32,),
        "signatures_required": 1,
    }
    time_ms = record.issued_at_ms

    assert revoke_leavers(office.store, [KeysRotated(**fields)], time_ms=time_ms) == 0
    recovered = AccountRecovered(**fields, attempt=1)
    assert revoke_leavers(office.store, [recovered], time_ms=time_ms) == 1


def test_a_revoked_credential_stays_revoked(tmp_path: Path) -> None:
    """And one that was never issued cannot be."""
    from node.web.credential_store import STATUS_LISTS_SCHEMA

    connection = open_database(
        tmp_path / "x.db", schema=STATUS_LISTS_SCHEMA, version=1, is_durable=False
    )
    store = CredentialStore(connection)
    record = store.add(
        kind=state_role(
            cooperative="did:a:b", role="board", role_from="2026-05-01", role_until=None
        ).kind,
        account=ACCOUNT,
        now_ms=1,
        expires_at_ms=2,
        random_bytes=lambda count: b"\x01" * count,
        random_below=lambda _: 9,
    )

    store.set_state(record.id, CredentialState.REVOKED, now_ms=3)
    store.set_state(record.id, CredentialState.REVOKED, now_ms=4)
    with pytest.raises(RefusedError, match="stays revoked"):
        store.set_state(record.id, CredentialState.ACTIVE, now_ms=5)
    with pytest.raises(RefusedError, match="no such"):
        store.set_state(b"\x02" * 16, CredentialState.REVOKED, now_ms=5)
    connection.close()
