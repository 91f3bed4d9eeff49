"""Applications at the authorization server: foreign ones, their own keys, registration."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from did.jcs import canonicalize
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method
from did.login.client_assertions import ASSERTION_TYPE
from did.login.client_proofs import DpopKey
from did.login.clients import Client
from did.verification_keys import KeyKind, VerificationKey, render_jwk
from tests.did.foreign_peers import run_peer
from tests.node.web.conftest import Pair
from tests.node.web.logins import CLIENT, ORIGIN, Attempt, Reply, enrol

OTHER_KEY = DpopKey(KeyPair(b"o" * 32))


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person who is about to log in at ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Attempt(pair[0], http, enrol(pair[0]))


async def test_a_foreign_client_logs_in(attempt: Attempt) -> None:
    """oauth4webapi: discovery, PAR, PKCE, DPoP with nonces, refresh, revocation."""
    seen = await _run_foreign_client(attempt)

    assert seen == {
        "token_type": "dpop",
        "scope": "profile sessions",
        "nonceErrors": 1,
        "sessions": 1,
        "events": 3,
        "ended": {"status": 401, "error": "invalid_token"},
    }


async def test_a_foreign_client_refuses_a_mix_up(attempt: Attempt) -> None:
    """RFC 9207, as others check it."""
    seen = await _run_foreign_client(attempt, mixUp=True)

    assert "iss" in seen["refused"]


async def _run_foreign_client(attempt: Attempt, **more: bool) -> dict[str, object]:
    key = attempt.wallet.device_key
    value = {
        "url": attempt.node.url,
        "origin": ORIGIN,
        "seed": key.seed.hex(),
        "kid": did_key_verification_method(key.public_key),
        **more,
    }
    seen: dict[str, object] = await asyncio.to_thread(run_peer, "log_in.mjs", value)
    return seen


async def test_a_public_client_introspects_by_its_key(attempt: Attempt) -> None:
    """RFC 7662: only whoever proves the token's key learns what it is good for."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    form = {"client_id": CLIENT, "token": token}

    async def ask(**changes: DpopKey) -> Reply:
        proof = attempt.prove_key("POST", "/oauth/introspect", **changes)
        return await attempt.send("POST", "/oauth/introspect", data=form, headers={"DPoP": proof})

    own, strange = await ask(), await ask(by=OTHER_KEY)
    await attempt.send("POST", "/oauth/revoke", data=form)
    ended = await ask()

    assert own.body["active"] is True
    assert own.body["cnf"] == {"jkt": attempt.key.thumbprint}
    assert strange.body == {"active": False}
    assert ended.body == {"active": False}


async def test_a_client_with_keys_authenticates_itself(attempt: Attempt) -> None:
    """RFC 7523: by its own key, once, for this server; then it introspects any token."""
    key = KeyPair(b"c" * 32)
    jwk = render_jwk(VerificationKey(KeyKind.ED25519, key.public_key))
    login = attempt.node.context.login
    client = Client(id="server", name="A server", redirect_uris=(), scopes=(), jwks=(jwk,))
    login.store.put_client(client, now_s=0)
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]

    async def ask(**changes: object) -> Reply:
        claims = {
            "iss": "server",
            "sub": "server",
            "aud": ORIGIN,
            "jti": "1",
            "exp": login.clock.now_s() + 60,
            **changes,
        }
        form = {
            "client_id": "server",
            "token": token,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_jws(canonicalize(claims), key=key, kid="k", typ="JWT"),
        }
        return await attempt.send("POST", "/oauth/introspect", data=form)

    first, again = await ask(), await ask()
    strange = await ask(aud="https://birch.test", jti="2")
    other = await ask(iss="another", jti="3")
    bare = await attempt.send(
        "POST", "/oauth/introspect", data={"client_id": "server", "token": token}
    )

    assert first.body["active"] is True
    for reply in (again, strange, other, bare):
        assert (reply.status, reply.body["error"]) == (401, "invalid_client")


async def test_registration_is_the_operators_unless_the_policy_says_otherwise(
    attempt: Attempt,
) -> None:
    """RFC 7591, behind web.client_registration."""
    value = {"client_name": "App", "redirect_uris": ["https://app.example/cb"]}
    closed = await attempt.send("POST", "/oauth/register", json=value)
    attempt.node.context.login.may_register = True

    taken = await attempt.send("POST", "/oauth/register", json=value)
    bad = await attempt.send(
        "POST", "/oauth/register", json={"redirect_uris": ["http://app.example/cb"]}
    )
    pushed = await attempt.push(
        client_id=taken.body["client_id"], redirect_uri="https://app.example/cb"
    )

    assert closed.status == 403
    assert taken.status == 201
    assert bad.body["error"] == "invalid_redirect_uri"
    assert pushed.status == 201
