"""What was allowed with a key ends with it: at the next renewal, and with the ledger's block."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from did.keys import KeyPair, did_key
from did.verification_keys import KeyKind, VerificationKey, compute_thumbprint
from governance.events import Event
from governance.key_events import AccountDeactivated, AccountRecovered, KeysRotated
from node.web.credential_office import CredentialFormat
from node.web.key_changes import end_logins
from tests.node.web.authenticators import Authenticator
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, admit, enrol, make_proof
from tests.node.web.test_routes_passkeys import add, post
from tests.node.web.test_routes_presentation import issue, present

FOREIGN = KeyPair(b"f" * 32)
NEW = KeyPair(b"\x09" * 32)


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A member of ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = Attempt(pair[0], http, enrol(pair[0]))
        admit(pair[0], made.wallet)
        yield made


async def allow_by_passkey(attempt: Attempt) -> Reply:
    """An application is allowed by a passkey; its tokens."""
    authenticator = Authenticator()
    assert (await add(attempt, authenticator)).status == 200
    attempt.cookie = ""
    begun = await attempt.begin((await attempt.push()).body["request_uri"])
    credential = authenticator.use(begun.body["passkey"])
    await post(attempt, "/oauth/passkey", {"credential": credential})
    return await allow(attempt, "")


async def allow_by_credential(attempt: Attempt) -> Reply:
    """An application is allowed by a wallet with another key; its tokens."""
    login = attempt.node.context.login
    holder = login.holders.find_by_did(attempt.did)
    assert holder is not None
    thumbprint = compute_thumbprint(VerificationKey(KeyKind.ED25519, FOREIGN.public_key))
    proof = make_proof(attempt)
    login.store.put_key(holder.id, thumbprint=thumbprint, proof=proof, now_s=0)
    shown = await show_credential(attempt)
    return await allow(attempt, shown.body["redirect_uri"].partition("response_code=")[2])


async def show_credential(attempt: Attempt) -> Reply:
    """A new login, answered by the wallet with the other key."""
    credential = issue(attempt.node, FOREIGN, CredentialFormat.SD_JWT_VC)
    attempt.cookie = ""
    await attempt.begin((await attempt.push()).body["request_uri"])
    return await present(attempt, credential, FOREIGN)


async def allow_by_statement(attempt: Attempt) -> Reply:
    """An application is allowed by the wallet's own signature; its tokens."""
    return await attempt.redeem(await attempt.get_code())


async def allow(attempt: Attempt, response_code: str) -> Reply:
    page = await attempt.go_on(response_code)
    decided = await attempt.decide(page.body["form_token"])
    return await attempt.redeem(decided.headers["Location"].partition("code=")[2].partition("&")[0])


WAYS = pytest.mark.parametrize(
    "way",
    [allow_by_statement, allow_by_passkey, allow_by_credential],
    ids=["statement", "passkey", "credential"],
)


@WAYS
@pytest.mark.parametrize("change", ["rotated", "ended", "rebound"])
async def test_nothing_is_renewed_once_the_key_is_replaced(
    attempt: Attempt, way: Any, change: str
) -> None:
    """However the holder had logged in; the access token that is still there ends as well."""
    tokens = (await way(attempt)).body
    renewed = await attempt.refresh(tokens["refresh_token"])
    assert renewed.status == 200
    if change == "rebound":
        holders = attempt.node.context.private.holders
        holder = holders.find_by_did(attempt.did)
        assert holder is not None
        holders.bind_did(holder.id, did_key(NEW.public_key), from_ms=0)
    else:
        key = NEW.public_key if change == "rotated" else b""
        admit(attempt.node, attempt.wallet, key=key, ended=change == "ended")

    refused = await attempt.refresh(renewed.body["refresh_token"])
    called = await attempt.call(renewed.body["access_token"])

    assert (refused.status, refused.body["error"]) == (400, "invalid_grant")
    assert called.status == 401


@WAYS
async def test_a_ledger_that_does_not_answer_ends_nothing(attempt: Attempt, way: Any) -> None:
    """Nor does it renew anything: the application comes back later."""
    tokens = (await way(attempt)).body
    attempt.node.engine.is_down = True
    refused = await attempt.refresh(tokens["refresh_token"])
    attempt.node.engine.is_down = False

    renewed = await attempt.refresh(tokens["refresh_token"])

    assert (refused.status, renewed.status) == (503, 200)


async def test_a_credential_logs_nobody_in_once_the_key_is_replaced(attempt: Attempt) -> None:
    """It was issued to whoever had that key: perhaps a thief."""
    await allow_by_credential(attempt)
    admit(attempt.node, attempt.wallet, key=NEW.public_key)

    shown = await show_credential(attempt)

    assert (shown.status, shown.body["error"]) == (400, "access_denied")


@pytest.mark.parametrize("form", [CredentialFormat.SD_JWT_VC, CredentialFormat.DATA_INTEGRITY])
async def test_a_credential_of_the_replaced_key_itself_logs_nobody_in(
    attempt: Attempt, form: CredentialFormat
) -> None:
    """The DID in it says nothing of the ledger."""
    key = attempt.wallet.device_key
    credential = issue(attempt.node, key, form)
    await attempt.begin((await attempt.push()).body["request_uri"])
    admit(attempt.node, attempt.wallet, key=NEW.public_key)

    shown = await present(attempt, credential, key)

    assert (shown.status, shown.body["error"]) == (400, "access_denied")
    assert "replaced the key" in shown.body["error_description"]


async def test_an_ended_account_logs_nobody_in(attempt: Attempt) -> None:
    """Its last keys are on the ledger still."""
    admit(attempt.node, attempt.wallet, ended=True)
    await attempt.begin((await attempt.push()).body["request_uri"])

    proved = await attempt.prove(await attempt.sign())

    assert "replaced the key" in proved.body["error_description"]


def make_event(kind: type[Event], attempt: Attempt) -> Event:
    fields: dict[str, Any] = {
        "cooperative": attempt.node.context.registry.own.id,
        "account": attempt.wallet.account_id,
    }
    if kind is not AccountDeactivated:
        fields |= {"public_keys": (NEW.public_key,), "signatures_required": 1}
    if kind is AccountRecovered:
        fields["attempt"] = 1
    return kind(**fields)


@pytest.mark.parametrize("kind", [KeysRotated, AccountRecovered, AccountDeactivated])
async def test_the_ledgers_block_ends_what_was_allowed_before(
    attempt: Attempt, kind: type[Event]
) -> None:
    """At once, access tokens too; the holder finds it in their trail."""
    tokens = (await allow_by_statement(attempt)).body
    context = attempt.node.context
    holder = context.private.holders.find_by_did(attempt.did)
    assert holder is not None
    events = [make_event(kind, attempt)]
    now_ms = context.clock.now_ms()

    early = end_logins(context.login, events, network="test", time_ms=now_ms - 60_000)
    alive = await attempt.call(tokens["access_token"])
    ended = end_logins(context.login, events, network="test", time_ms=now_ms + 60_000)
    again = end_logins(context.login, events, network="test", time_ms=now_ms + 60_000)
    called = await attempt.call(tokens["access_token"])

    assert (early, ended, again) == (0, 1, 0)
    assert (alive.status, called.status) == (200, 401)
    assert "ended" in [item.what for item in context.login.store.list_events(holder.id)]


async def test_a_strangers_keys_end_nothing(attempt: Attempt) -> None:
    """Most accounts of the ledger are other cooperatives' members."""
    tokens = (await allow_by_statement(attempt)).body
    context = attempt.node.context
    stranger = KeysRotated(
        cooperative=b"\x05" * 32,
        account=b"\x06" * 32,
        public_keys=(NEW.public_key,),
        signatures_required=1,
    )

    ended = end_logins(
        context.login, [stranger], network="test", time_ms=context.clock.now_ms() + 60_000
    )

    assert ended == 0
    assert (await attempt.call(tokens["access_token"])).status == 200
