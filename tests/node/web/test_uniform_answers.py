"""Whether an answer tells a stranger who is known here: it must be the same for anybody.

Each test asks the same about somebody who has an account and about somebody who has none, and
compares status, headers and body.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from config.limits import LOGIN_PROOFS_PER_MINUTE
from config.settings import RegisterSection
from did.applications import sign_application
from did.base64url import decode_base64url
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.sealing import compute_box_key
from did.sign_ups import SIGN_UP_TYPE, SignUpClaims, render_sign_up
from did.wallets import create_wallet
from node.web.credential_office import CredentialFormat
from node.web.login_proofs import check_statement, get_challenge
from node.web.sign_ups import put_invitation
from tests.node.web.authenticators import Authenticator
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, Reply, admit, enrol
from tests.node.web.test_routes_passkeys import add, ask, post
from tests.node.web.test_routes_presentation import issue

STRANGER = KeyPair(b"s" * 32)
UNKNOWN = KeyPair(b"u" * 32)


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A member of ash, as the ledger and the register know them."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        wallet = enrol(pair[0])
        admit(pair[0], wallet)
        yield Attempt(pair[0], http, wallet)


def without_time(reply: Reply) -> tuple[int, dict[str, str], Any]:
    """What a stranger sees, except what changes with every answer."""
    headers = {name: text for name, text in reply.headers.items() if name != "Date"}
    return reply.status, headers, reply.body


async def prove_as(attempt: Attempt, key: KeyPair, *, by: KeyPair) -> Reply:
    """A new login with a statement for the DID of one key, signed by another."""
    attempt.cookie = ""
    await attempt.begin((await attempt.push()).body["request_uri"])
    kid = did_key_verification_method(key.public_key)
    return await attempt.prove(await attempt.sign(kid=kid, key=by))


async def test_a_forged_login_says_the_same_of_everybody(attempt: Attempt) -> None:
    """Without the key nobody learns whose DID is known."""
    known = await prove_as(attempt, attempt.wallet.device_key, by=STRANGER)
    unknown = await prove_as(attempt, UNKNOWN, by=STRANGER)

    assert without_time(known) == without_time(unknown)
    assert known.status == 400


@pytest.mark.parametrize("is_down", [False, True], ids=["up", "down"])
async def test_a_key_that_a_member_has_given_up_says_no_more_than_any_other(
    attempt: Attempt, is_down: bool
) -> None:
    """Whoever finds an old device cannot tell whether it was a member's."""
    admit(attempt.node, attempt.wallet, key=b"n" * 32)
    attempt.node.engine.is_down = is_down

    former = await prove_as(attempt, attempt.wallet.device_key, by=attempt.wallet.device_key)
    unknown = await prove_as(attempt, UNKNOWN, by=UNKNOWN)

    assert without_time(former) == without_time(unknown)
    assert former.status == (503 if is_down else 400)


async def test_strangers_neither_see_nor_use_up_how_often_somebody_logs_in(
    attempt: Attempt,
) -> None:
    """Counted by its DID before the proof, it would show who was here a moment ago."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    login = attempt.node.context.login
    asked = login.store.find_request(
        ticket=attempt.address.rpartition("/")[2], now_s=login.clock.now_s()
    )
    assert asked is not None
    expected, statement = get_challenge(login, asked), await attempt.sign()
    for _ in range(LOGIN_PROOFS_PER_MINUTE):
        await check_statement(login, statement, expected=expected)

    known = await prove_as(attempt, attempt.wallet.device_key, by=STRANGER)
    unknown = await prove_as(attempt, UNKNOWN, by=STRANGER)

    assert without_time(known) == without_time(unknown)
    assert known.status == 400


async def test_forged_logins_do_not_lock_their_owner_out(attempt: Attempt) -> None:
    """A stranger who knows somebody's DID cannot keep them from logging in."""
    for _ in range(LOGIN_PROOFS_PER_MINUTE + 1):
        await prove_as(attempt, attempt.wallet.device_key, by=STRANGER)

    own = attempt.wallet.device_key
    assert (await prove_as(attempt, own, by=own)).status == 200


@pytest.mark.parametrize("handle", ["", "AAAAAAAAAAAAAAAAAAAAAA"], ids=["none", "another"])
async def test_a_passkeys_id_does_not_tell_whether_it_is_known(
    attempt: Attempt, handle: str
) -> None:
    """Known or not, an answer that its key did not sign is refused in the same words."""
    known, unknown = Authenticator(), Authenticator(id=b"passkey-unknown-")
    await add(attempt, known)
    replies = []
    for authenticator in (known, unknown):
        forged = replace(Authenticator(), id=authenticator.id, handle=handle)
        credential = forged.use(await ask(attempt))
        replies.append(await post(attempt, "/oauth/passkey", {"credential": credential}))

    assert without_time(replies[0]) == without_time(replies[1])
    assert replies[0].status == 400


def _sign_up(node: Any, key: KeyPair, *, nonce: int, invitation: str = "") -> str:
    claims = SignUpClaims(
        cooperative=node.context.registry.own.id.hex(),
        name="Ann",
        contact="",
        iat=node.context.clock.now_s(),
        nonce=f"{nonce:032x}",
        invitation=invitation,
    )
    kid = did_key_verification_method(key.public_key)
    return sign_jws(render_sign_up(claims), key=key, kid=kid, typ=SIGN_UP_TYPE)


def _set_policy(node: Any, policy: str) -> None:
    context = node.context
    context.settings = replace(context.settings, register=RegisterSection(sign_up=policy))


def _invite(node: Any, code: str) -> None:
    now_ms = node.context.clock.now_ms()
    connection = node.context.private.connection
    put_invitation(connection, code, until_ms=now_ms + 60_000, now_ms=now_ms)


@pytest.mark.parametrize(
    ("policy", "prepare", "invitation", "status"),
    [
        ("open", lambda _: None, "", 202),
        ("closed", lambda _: None, "", 422),
        ("invited", lambda _: None, "guessed", 422),
        ("invited", lambda node: _invite(node, "welcome"), "welcome", 202),
        ("open", lambda node: node.context.private.names.set_registrars([]), "", 503),
    ],
    ids=["open", "closed", "uninvited", "invited", "no-registrars"],
)
async def test_a_sign_up_is_answered_alike(
    attempt: Attempt, policy: str, prepare: Callable[[Any], None], invitation: str, status: int
) -> None:
    """Whoever signs up, and whatever the cooperative's policy, the answer is the same."""
    node = attempt.node
    node.context.private.names.set_registrars([compute_box_key(b"1" * 32)])
    _set_policy(node, policy)
    replies = []
    for nonce, key in enumerate((attempt.wallet.device_key, UNKNOWN)):
        prepare(node)
        statement = _sign_up(node, key, nonce=nonce, invitation=invitation)
        replies.append(await attempt.send("POST", "/api/v1/holders", data=statement))

    assert without_time(replies[0]) == without_time(replies[1])
    assert replies[0].status == status
    known = node.context.private.holders.find_by_did(did_key(UNKNOWN.public_key))
    assert (known is not None) == (status == 202)


Ask = Callable[[Attempt, KeyPair], Awaitable[Reply]]


def _get(make: Callable[[str, bytes], str]) -> Ask:
    async def ask_about(attempt: Attempt, key: KeyPair) -> Reply:
        path = make(did_key(key.public_key), key.public_key)
        reply = await attempt.send("GET", path)
        text = str(reply.body).replace(did_key(key.public_key), "DID")
        return replace(reply, body=text.replace(did_key(key.public_key)[8:], "KEY"))

    return ask_about


@pytest.mark.parametrize(
    "ask_about",
    [
        _get(lambda did, _: f"/.well-known/webfinger?resource={did}"),
        _get(lambda did, _: f"/.well-known/webfinger?resource=acct:{did[8:20]}@ash.test"),
        _get(lambda _, key: f"/api/applications/{key.hex()}"),
        _get(lambda _, key: f"/api/sessions/{key.hex()}"),
        _get(lambda did, _: f"/api/v1/holders/{did}"),
        _get(lambda did, _: f"/1.0/identifiers/{did}"),
    ],
    ids=["webfinger", "acct", "application", "session", "holder", "did"],
)
async def test_what_anybody_may_ask_says_the_same_of_everybody(
    attempt: Attempt, ask_about: Ask
) -> None:
    """A member's login DID and a stranger's."""
    known = without_time(await ask_about(attempt, attempt.wallet.device_key))
    unknown = without_time(await ask_about(attempt, UNKNOWN))

    if known[2] != unknown[2]:  # a resolved did:key holds its own key in other forms
        assert len(known[2]) == len(unknown[2])
        known, unknown = (*known[:2], ""), (*unknown[:2], "")
    assert known == unknown


async def test_an_application_is_answered_alike(attempt: Attempt) -> None:
    """Whoever applies: a member, or somebody whom nobody knows."""
    node, replies = attempt.node, []
    for wallet in (attempt.wallet, create_wallet(random=lambda count: b"u" * count)):
        jws = sign_application(
            key=wallet.device_key,
            inception=wallet.inception,
            cooperative_id=node.context.registry.own.id,
            name="Ann",
            contact="",
            iat_s=node.context.clock.now_s(),
            nonce=bytes(16),
        )
        reply = await attempt.send("POST", "/api/applications", data=jws)
        replies.append(replace(reply, body=(list(reply.body), len(reply.body["application"]))))

    assert without_time(replies[0]) == without_time(replies[1])
    assert replies[0].status == 202


async def test_a_status_list_does_not_tell_which_places_were_given_out(attempt: Attempt) -> None:
    """A place that holds and one that nobody has are the same bit."""

    async def read_lists() -> list[str]:
        bits = await attempt.send("GET", "/credentials/status/1-revocation")
        token = (await attempt.send("GET", "/credentials/status/1-token")).body
        told = json.loads(decode_base64url(token.split(".")[1]))
        document = json.loads(bits.body)
        return [document["credentialSubject"]["encodedList"], told["status_list"]["lst"]]

    before = await read_lists()
    for form in CredentialFormat:
        issue(attempt.node, attempt.wallet.device_key, form)

    assert await read_lists() == before
