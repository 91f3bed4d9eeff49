"""Passkeys of people whose wallet is not ours: added by the credential, or a P-256 challenge."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from config.did_limits import PASSKEY_NOTICE_S, PASSKEY_PROOF_AGE_S_MAX
from config.limits import CREDENTIAL_DAYS
from did.base64url import encode_base64url
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint
from node.web.credential_office import CredentialFormat
from node.web.credential_store import CredentialState, CredentialStore
from tests.did.login.test_challenge import describe
from tests.node.web.authenticators import Authenticator
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, admit, enrol
from tests.node.web.test_login_foreign import sign as sign_with_p256
from tests.node.web.test_routes_passkeys import get_holder, log_in, open_login_page, post
from tests.node.web.test_routes_presentation import FOREIGN, issue, make_proof, present

DAY_MS = 86_400_000


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A member whose foreign wallet has a key of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        attempt = Attempt(pair[0], http, enrol(pair[0]))
        key = VerificationKey(KeyKind.ED25519, FOREIGN.public_key)
        attempt.node.context.login.store.put_key(
            get_holder(attempt).id,
            thumbprint=compute_thumbprint(key),
            proof=make_proof(attempt),
            now_s=0,
        )
        yield attempt


def wait(attempt: Attempt, *, s: int) -> None:
    """Let time pass at the node."""
    context = attempt.node.context
    before = context.clock
    context.clock = replace(before, now_ms=lambda: before.now_ms() + s * 1_000)
    context.login.clock = context.clock


async def open_by_credential(
    attempt: Attempt, form: CredentialFormat = CredentialFormat.SD_JWT_VC
) -> Any:
    """The page of passkeys, opened by showing the membership credential."""
    key = FOREIGN if form is CredentialFormat.SD_JWT_VC else attempt.wallet.device_key
    await open_login_page(attempt)
    shown = await present(attempt, issue(attempt.node, key, form), key)
    assert shown.status == 200, shown.body
    code = dict(parse_qsl(urlsplit(shown.body["redirect_uri"]).query))["response_code"]
    return (await attempt.go_on(code)).body


async def add(attempt: Attempt, authenticator: Authenticator, page: Any) -> Reply:
    value = {"form_token": page["form_token"], "label": "Phone"}
    return await post(
        attempt, "/passkeys", {**value, "credential": authenticator.make(page["creation"])}
    )


def get_issued(attempt: Attempt) -> CredentialStore:
    return CredentialStore(attempt.node.context.private.connection)


@pytest.mark.parametrize("form", [CredentialFormat.SD_JWT_VC, CredentialFormat.DATA_INTEGRITY])
async def test_who_shows_the_credential_adds_a_passkey_that_logs_in(
    attempt: Attempt, form: CredentialFormat
) -> None:
    """The whole way; and its holder's record says by what it was added."""
    authenticator = Authenticator()
    page = await open_by_credential(attempt, form)

    added = await add(attempt, authenticator, page)
    used = await log_in(attempt, authenticator)

    assert (added.status, used.status) == (200, 200)
    events = attempt.node.context.login.store.list_events(get_holder(attempt).id)
    assert [(item.what, item.detail) for item in events] == [
        ("passkey added", "by the membership credential")
    ]


@pytest.mark.parametrize("state", [CredentialState.REVOKED, CredentialState.SUSPENDED])
async def test_a_passkey_ends_with_its_credential(attempt: Attempt, state: CredentialState) -> None:
    """As soon as the cooperative says so; a suspended one opens again afterwards."""
    authenticator = Authenticator()
    await add(attempt, authenticator, await open_by_credential(attempt))
    [issued] = get_issued(attempt).list_of_account(b"a" * 32)
    get_issued(attempt).set_state(issued.id, state, now_ms=1)

    refused = await log_in(attempt, authenticator)
    if state is CredentialState.SUSPENDED:
        get_issued(attempt).set_state(issued.id, CredentialState.ACTIVE, now_ms=2)
        assert (await log_in(attempt, authenticator)).status == 200

    assert "this goes back to holds no longer" in refused.body["error_description"]


async def test_a_passkey_ends_when_its_credential_runs_out(attempt: Attempt) -> None:
    """After as many days as the credential held."""
    authenticator = Authenticator()
    await add(attempt, authenticator, await open_by_credential(attempt))

    wait(attempt, s=CREDENTIAL_DAYS * DAY_MS // 1_000 - 60)
    still = await log_in(attempt, authenticator)
    wait(attempt, s=120)
    over = await log_in(attempt, authenticator)

    assert still.status == 200
    assert "holds no longer" in over.body["error_description"]


async def test_a_passkey_ends_with_the_key_that_its_credential_goes_back_to(
    attempt: Attempt,
) -> None:
    """The ledger has another one for the account: whoever had the old one is shut out."""
    authenticator = Authenticator()
    await add(attempt, authenticator, await open_by_credential(attempt))
    admit(attempt.node, attempt.wallet, key=b"\x09" * 32)

    reply = await log_in(attempt, authenticator)

    assert "replaced the key" in reply.body["error_description"]


@pytest.mark.parametrize(("s", "status"), [(-5, 200), (5, 400)], ids=["in-time", "late"])
async def test_a_passkey_is_added_soon_after_the_proof(
    attempt: Attempt, s: int, status: int
) -> None:
    """An open page on somebody else's screen is of no use later."""
    page = await open_by_credential(attempt)
    wait(attempt, s=PASSKEY_PROOF_AGE_S_MAX + s)

    reply = await add(attempt, Authenticator(), page)

    assert reply.status == status
    assert (status == 200) or ("five minutes" in reply.body["error_description"])
    assert len(attempt.node.context.login.passkeys.list_of(get_holder(attempt).id)) == (
        status == 200
    )


async def test_a_credential_that_is_not_known_here_adds_none(attempt: Attempt) -> None:
    """Nothing would say when it ends; as after a restored copy of the register."""
    await open_login_page(attempt)
    credential = issue(attempt.node, FOREIGN, CredentialFormat.SD_JWT_VC)
    attempt.node.context.login.store.connection.execute("DELETE FROM issued_credentials")
    shown = await present(attempt, credential, FOREIGN)
    code = dict(parse_qsl(urlsplit(shown.body["redirect_uri"]).query))["response_code"]

    reply = await add(attempt, Authenticator(), (await attempt.go_on(code)).body)

    assert "get a new one first" in reply.body["error_description"]


async def test_a_passkey_ends_when_its_credential_is_forgotten(attempt: Attempt) -> None:
    """A copy of the register was put back that is older than the credential."""
    page = await open_by_credential(attempt)
    login = attempt.node.context.login
    login.store.connection.execute("DELETE FROM issued_credentials")
    authenticator = Authenticator()
    added = await add(attempt, authenticator, page)
    used = await log_in(attempt, authenticator)

    assert added.status == 200
    assert "holds no longer" in used.body["error_description"]


async def test_a_p256_wallet_adds_a_passkey_by_its_signature(attempt: Attempt) -> None:
    """Jose signs the purpose that the page asks for; the passkey is bound to the did:jwk."""
    did, kid = describe("jwk")
    holder = attempt.node.context.private.holders.create(did)
    authenticator = Authenticator()
    await open_login_page(attempt)
    proved = await attempt.prove(await sign_with_p256(attempt, kid))
    page = (await attempt.go_on(proved.body["response_code"])).body

    added = await add(attempt, authenticator, page)
    used = await log_in(attempt, authenticator)

    assert (added.status, used.status) == (200, 200)
    [event] = attempt.node.context.login.store.list_events(holder.id)
    assert (event.what, event.detail) == ("passkey added", "by the wallet's key")


async def test_a_new_passkey_is_shown_at_each_login(attempt: Attempt) -> None:
    """For thirty days: whoever did not add it sees it, and where to remove it."""
    await add(attempt, Authenticator(), await open_by_credential(attempt))

    async def log_in_by_wallet() -> Any:
        attempt.cookie = ""
        await attempt.begin((await attempt.push()).body["request_uri"])
        proved = (await attempt.prove(await attempt.sign())).body
        told = (await attempt.go_on(proved["response_code"])).body["new_passkeys"]
        shown = await attempt.send(
            "GET", "/oauth/continue", headers={"Cookie": attempt.cookie, "Accept": "text/html"}
        )
        return told, shown.body

    told, page = await log_in_by_wallet()
    wait(attempt, s=PASSKEY_NOTICE_S + 60)
    later, later_page = await log_in_by_wallet()

    assert [item["id"] for item in told] == [encode_base64url(Authenticator().id)]
    assert "<strong>Phone</strong>" in page
    assert 'href="/passkeys"' in page
    assert later == []
    assert "New passkeys" not in later_page
