"""Logging in with a wallet that shows the membership credential."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from did.base64url import decode_base64url, encode_base64url
from did.credentials.kinds import state_membership
from did.credentials.sd_jwt_vc import present_sd_jwt_vc
from did.keys import KeyPair, did_key
from did.times import render_time
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint, render_jwk
from node.web.credential_office import CredentialFormat, CredentialOffice
from node.web.credential_store import CredentialStore
from tests.did.credentials.parties import make_presentation, show
from tests.did.foreign_peers import run_peer
from tests.node.web.conftest import Pair, WebNode
from tests.node.web.logins import Attempt, Reply, enrol, make_proof

FOREIGN = KeyPair(b"f" * 32)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person whose browser shows ash's login page."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, enrol(pair[0]))
        await attempt.begin((await attempt.push()).body["request_uri"])
        yield attempt


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


def issue(node: WebNode, key: KeyPair, form: CredentialFormat) -> Any:
    """A membership credential of a node, bound to a key."""
    office = make_office(node)
    statement = state_membership(cooperative=office.did, member_since="2024-05")
    holder = VerificationKey(KeyKind.ED25519, key.public_key)
    return office.issue(statement, holder=holder, account=b"a" * 32, form=form).credential


def path_of(attempt: Attempt) -> str:
    return attempt.address.replace("/login/", "/openid4vp/")


async def fetch_request(attempt: Attempt) -> dict[str, Any]:
    """The request's claims."""
    signed = await attempt.send("GET", path_of(attempt))
    claims: dict[str, Any] = json.loads(decode_base64url(signed.body.split(".")[1]))
    return claims


async def present(attempt: Attempt, credential: Any, key: KeyPair, **changes: str) -> Reply:
    """Show a credential as a wallet does; changes go into what the proof is for."""
    asked = {**await fetch_request(attempt), **changes}
    now_s = attempt.node.context.clock.now_s()
    if isinstance(credential, str):
        shown = present_sd_jwt_vc(
            credential,
            disclose=[],
            key=key,
            audience=asked["client_id"],
            nonce=asked["nonce"],
            now_s=now_s,
        )
        token: Any = {"membership_sd_jwt": [shown]}
    else:
        shown = show(
            make_presentation(credential, holder=did_key(key.public_key)),
            key,
            challenge=asked["nonce"],
            domain=asked["client_id"],
            created=render_time(now_s * 1_000),
        )
        token = {"membership_ldp": [shown]}
    data = {"vp_token": json.dumps(token), "state": asked["state"]}
    return await attempt.send("POST", path_of(attempt), data=data)


async def test_a_shown_credential_logs_its_holder_in(attempt: Attempt) -> None:
    """The wallet gets where to go on; the browser that began goes on there."""
    key = attempt.wallet.device_key
    reply = await present(attempt, issue(attempt.node, key, CredentialFormat.SD_JWT_VC), key)
    code = dict(parse_qsl(urlsplit(reply.body["redirect_uri"]).query))["response_code"]

    page = await attempt.go_on(code)
    stranger = await attempt.send("GET", "/oauth/continue", params={"response_code": code})

    assert "form_token" in page.body
    assert "Your wallet has logged you in" in stranger.body  # session fixation leads nowhere


@pytest.mark.parametrize("change", [{}, {"nonce": "0" * 64}, {"client_id": "x"}])
async def test_a_credential_with_a_data_integrity_proof_logs_its_holder_in(
    attempt: Attempt, change: dict[str, str]
) -> None:
    """As `ldp_vc`, in a presentation for this login (OpenID4VP 1.0 §B.1.3.2)."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, CredentialFormat.DATA_INTEGRITY)

    reply = await present(attempt, credential, key, **change)

    assert reply.status == (400 if change else 200), reply.body


async def test_a_foreign_wallets_key_is_known_from_its_issuing(attempt: Attempt) -> None:
    """A credential bound to another key than the login DID's."""
    login = attempt.node.context.login
    holder = login.holders.find_by_did(attempt.did)
    assert holder is not None
    key = VerificationKey(KeyKind.ED25519, FOREIGN.public_key)
    credential = issue(attempt.node, FOREIGN, CredentialFormat.SD_JWT_VC)

    unknown = await present(attempt, credential, FOREIGN)
    proof = make_proof(attempt)
    login.store.put_key(holder.id, thumbprint=compute_thumbprint(key), proof=proof, now_s=0)
    known = await present(attempt, credential, FOREIGN)

    assert "nobody with this credential" in unknown.body["error_description"]
    assert known.status == 200


@pytest.mark.parametrize(
    "change",
    [{"nonce": "0" * 64}, {"client_id": "decentralized_identifier:did:web:birch.test"}],
    ids=["nonce", "audience"],
)
async def test_a_proof_for_another_request_is_refused(
    attempt: Attempt, change: dict[str, str]
) -> None:
    """Nonce and audience are the key binding's (OpenID4VP 1.0 §14.1)."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, CredentialFormat.SD_JWT_VC)

    reply = await present(attempt, credential, key, **change)

    assert (reply.status, reply.body["error"]) == (400, "access_denied")


async def test_another_logins_state_is_refused(attempt: Attempt) -> None:
    """An answer is for the login whose request it had."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, CredentialFormat.SD_JWT_VC)

    reply = await present(attempt, credential, key, state="0" * 64)

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_a_revoked_members_credential_logs_nobody_in(attempt: Attempt) -> None:
    """Its status is looked at every time."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, CredentialFormat.SD_JWT_VC)
    now_ms = attempt.node.context.clock.now_ms()
    make_office(attempt.node).store.revoke_account(b"a" * 32, now_ms=now_ms)

    reply = await present(attempt, credential, key)

    assert "revoked" in reply.body["error_description"]


async def test_another_cooperatives_credential_logs_nobody_in(attempt: Attempt, pair: Pair) -> None:
    """Only our own members."""
    key = attempt.wallet.device_key

    reply = await present(attempt, issue(pair[1], key, CredentialFormat.SD_JWT_VC), key)

    assert "not believed" in reply.body["error_description"]


async def test_an_answer_counts_once(attempt: Attempt) -> None:
    """The second wallet that answers the same login is too late."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, CredentialFormat.SD_JWT_VC)
    await present(attempt, credential, key)

    reply = await present(attempt, credential, key)

    assert "answered before" in reply.body["error_description"]


async def test_a_foreign_wallet_reads_the_request(attempt: Attempt, pair: Pair) -> None:
    """@openid4vc/openid4vp: signed, by the cooperative's DID, for one credential."""
    seen = await _read_abroad(attempt, lambda text: text)

    assert "refused" not in seen, seen
    assert seen["client"]["prefix"] == "decentralized_identifier"
    assert seen["payload"]["response_mode"] == "direct_post"
    assert [item["format"] for item in seen["dcql"]["credentials"]] == ["dc+sd-jwt", "ldp_vc"]


async def test_a_foreign_wallet_refuses_a_changed_request(attempt: Attempt) -> None:
    """Whoever changes where the answer goes breaks the signature."""

    def tamper(text: str) -> str:
        header, payload, signature = text.split(".")
        claims = json.loads(decode_base64url(payload))
        claims["response_uri"] = "https://evil.test/"
        return f"{header}.{encode_base64url(json.dumps(claims).encode())}.{signature}"

    seen = await _read_abroad(attempt, tamper)

    assert "verif" in seen["refused"].lower(), seen


async def _read_abroad(attempt: Attempt, change: Any) -> Any:
    context = attempt.node.context
    signed = (await attempt.send("GET", path_of(attempt))).body
    client_id = f"decentralized_identifier:{context.registry.own.did}"
    uri = f"https://ash.test{path_of(attempt)}"
    key = VerificationKey(KeyKind.ED25519, context.assertion_key.public_key)
    value = {
        "request": change(signed),
        "link": f"openid4vp://?client_id={client_id}&request_uri={uri}",
        "jwk": render_jwk(key),
    }
    return await asyncio.to_thread(run_peer, "read_presentation_request.mjs", value)
