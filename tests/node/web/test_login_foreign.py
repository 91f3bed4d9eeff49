"""Logging in with a foreign wallet whose DID is on P-256, signed by jose."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from did.sealing import compute_box_key
from tests.did.foreign_peers import run_peer
from tests.did.login.test_challenge import RFC7515_D, describe
from tests.did.test_verification_keys import RFC7515
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, enrol


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """Somebody whose browser is about to log in at ash."""
    pair[0].context.private.names.set_registrars([compute_box_key(b"1" * 32)])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Attempt(pair[0], http, enrol(pair[0]))


async def sign(attempt: Attempt, kid: str, **changes: Any) -> str:
    """What the foreign wallet makes of the challenge."""
    asked = (await attempt.send("GET", attempt.address)).body
    now_s = attempt.node.context.clock.now_s()
    claims = {name: asked[name] for name in ("aud", "nonce", "client", "purpose")}
    value = {
        "jwk": {**RFC7515, "d": RFC7515_D},
        "alg": "ES256",
        "kid": kid,
        "typ": asked["type"],
        "claims": {**claims, "iat": now_s, "exp": now_s + 60, **changes},
    }
    statement: str = await asyncio.to_thread(run_peer, "sign_login.mjs", value)
    return statement


@pytest.mark.parametrize("method", ["key", "jwk"])
async def test_a_p256_wallet_logs_in(attempt: Attempt, method: str) -> None:
    """By did:key and did:jwk, with ES256, to the page on which its holder agrees."""
    did, kid = describe(method)
    attempt.node.context.private.holders.create(did)
    await attempt.begin((await attempt.push()).body["request_uri"])

    proved = await attempt.prove(await sign(attempt, kid))
    page = (await attempt.go_on(proved.body["response_code"])).body
    decided = await attempt.decide(page["form_token"])

    assert proved.status == 200
    assert "code=" in decided.headers["Location"]


async def test_a_p256_wallet_without_account_logs_in_nowhere(attempt: Attempt) -> None:
    """As with every other key: only who has an account."""
    await attempt.begin((await attempt.push()).body["request_uri"])

    reply = await attempt.prove(await sign(attempt, describe("jwk")[1]))

    assert "nobody logs in here with this DID" in reply.body["error_description"]


async def test_another_dids_kid_does_not_log_in(attempt: Attempt) -> None:
    """The key speaks for its own DID alone."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    own = attempt.wallet.login_did

    reply = await attempt.prove(await sign(attempt, f"{own}#{own.removeprefix('did:key:')}"))

    assert "not by this DID's key" in reply.body["error_description"]
