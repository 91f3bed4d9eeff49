"""The authorization server: what it gives, and each way to break it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from config.limits import AUTHORIZATION_CODE_S
from did.keys import KeyPair
from did.login.client_proofs import DpopKey
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, REDIRECT, Attempt, enrol

OTHER_KEY = DpopKey(KeyPair(b"o" * 32))


@pytest.fixture
async def attempt(pair: Pair) -> AsyncIterator[Attempt]:
    """A person who is about to log in at ash."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Attempt(pair[0], http, enrol(pair[0]))


def move_clock(attempt: Attempt, *, by_s: int) -> None:
    """Let time pass at the node."""
    clock = attempt.node.context.clock
    attempt.node.context.login.clock = replace(clock, now_ms=lambda: clock.now_ms() + by_s * 1_000)


async def test_a_code_gives_tokens_for_its_key(attempt: Attempt) -> None:
    """RFC 9449 §5: the token's type is DPoP, and it opens what its scope says."""
    tokens = (await attempt.redeem(await attempt.get_code())).body
    called = await attempt.call(tokens["access_token"])

    assert tokens["token_type"] == "DPoP"
    assert tokens["expires_in"] == 300
    assert called.status == 200


async def test_a_replayed_code_ends_what_it_gave(attempt: Attempt) -> None:
    """OAuth 2.1 §4.1.3: the second use refuses and revokes."""
    code = await attempt.get_code()
    tokens = (await attempt.redeem(code)).body

    again = await attempt.redeem(code)
    called = await attempt.call(tokens["access_token"])

    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert called.status == 401


async def test_a_code_expires(attempt: Attempt) -> None:
    """A minute is enough for a program."""
    code = await attempt.get_code()
    move_clock(attempt, by_s=AUTHORIZATION_CODE_S + 1)

    reply = await attempt.redeem(code)

    assert reply.body["error"] == "invalid_grant"
    assert "expired" in reply.body["error_description"]


async def test_a_wrong_verifier_gets_nothing(attempt: Attempt) -> None:
    """RFC 7636 §4.6; and the code still serves who began."""
    code = await attempt.get_code()

    wrong = await attempt.redeem(code, code_verifier="A" * 43)
    right = await attempt.redeem(code)

    assert wrong.body["error"] == "invalid_grant"
    assert right.status == 200


@pytest.mark.parametrize("method", ["plain", None])
async def test_a_plain_challenge_is_refused(attempt: Attempt, method: str | None) -> None:
    """RFC 7636 §7.2: no downgrade; an absent method would mean plain."""
    reply = await attempt.push(code_challenge_method=method, code_challenge="A" * 43)

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_a_bound_code_serves_no_other_key(attempt: Attempt) -> None:
    """RFC 9449 §10: dpop_jkt binds the code itself."""
    code = await attempt.get_code(dpop_jkt=attempt.key.thumbprint)

    proof = attempt.prove_key("POST", "/oauth/token", by=OTHER_KEY)
    stolen = await attempt.redeem(code, proof=proof)
    own = await attempt.redeem(code)

    assert stolen.body["error"] == "invalid_grant"
    assert own.status == 200


async def test_a_token_without_proof_opens_nothing(attempt: Attempt) -> None:
    """RFC 9449 §7.1: bearer use of a bound token."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]

    bearer = await attempt.call(token, proof="", scheme="Bearer")
    bare = await attempt.call(token, proof="")

    assert (bearer.status, bearer.body["error"]) == (401, "invalid_token")
    assert bearer.headers["Www-Authenticate"].startswith("DPoP ")
    assert (bare.status, bare.body["error"]) == (401, "invalid_dpop_proof")


async def test_a_token_opens_nothing_for_another_key(attempt: Attempt) -> None:
    """A thief of the token has not the key."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    proof = attempt.prove_key("GET", "/api/sessions", access_token=token, by=OTHER_KEY)

    reply = await attempt.call(token, proof=proof)

    assert (reply.status, reply.body["error"]) == (401, "invalid_token")


async def test_a_proof_is_used_once(attempt: Attempt) -> None:
    """RFC 9449 §11.1."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    proof = attempt.prove_key("GET", "/api/sessions", access_token=token)

    first = await attempt.call(token, proof=proof)
    second = await attempt.call(token, proof=proof)

    assert first.status == 200
    assert (second.status, second.body["error"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "another"},
        {"url": f"{ORIGIN}/api/other"},
        {"method": "POST"},
        {"now_s": 1_700_000_000},
    ],
    ids=["token", "url", "method", "time"],
)
async def test_a_proof_for_something_else_is_refused(
    attempt: Attempt, change: dict[str, object]
) -> None:
    """RFC 9449 §4.3: ath, htu, htm, iat."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    now_s = attempt.node.context.clock.now_s()
    given = {
        "method": "GET",
        "url": f"{ORIGIN}/api/sessions",
        "access_token": token,
        "now_s": now_s,
        "jti": "other",
        "nonce": attempt.node.context.login.dpop.nonces.make(now_s=now_s),
        **change,
    }

    reply = await attempt.call(token, proof=attempt.key.prove(**given))  # type: ignore[arg-type]

    assert (reply.status, reply.body["error"]) == (401, "invalid_dpop_proof")


async def test_an_old_nonce_is_answered_with_a_new_one(attempt: Attempt) -> None:
    """RFC 9449 §8, §9: try again with what the answer gives."""
    code = await attempt.get_code()
    login = attempt.node.context.login
    old = login.dpop.nonces.make(now_s=login.clock.now_s() - 301)

    stale = await attempt.redeem(code, proof=attempt.prove_key("POST", "/oauth/token", nonce=old))
    nonce = stale.headers["Dpop-Nonce"]
    fresh = await attempt.redeem(code, proof=attempt.prove_key("POST", "/oauth/token", nonce=nonce))

    assert (stale.status, stale.body["error"]) == (400, "use_dpop_nonce")
    assert fresh.status == 200


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:4711/other",
        "http://127.0.0.1:4711/callback/",
        "http://127.0.0.1:4711/callback?x=1",
        "http://127.0.0.1:4711/callback#x",
        "http://localhost:4711/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:4711@evil.example/callback",
        "https://127.0.0.1/callback",
        "http://127.0.0.1:4711/../callback",
        "",
    ],
)
async def test_a_redirect_that_is_not_registered_is_refused(attempt: Attempt, uri: str) -> None:
    """OAuth 2.1 §2.3.1: exact, but for the port on one's own machine."""
    reply = await attempt.push(redirect_uri=uri)

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_a_code_is_redeemed_with_its_own_redirect(attempt: Attempt) -> None:
    """Another of the client's addresses is not the one that the code was sent to."""
    code = await attempt.get_code()

    reply = await attempt.redeem(code, redirect_uri=REDIRECT.replace("4711", "4712"))

    assert reply.body["error"] == "invalid_grant"


async def test_an_answer_names_its_issuer(attempt: Attempt) -> None:
    """RFC 9207: against mix-up; the client compares."""
    await attempt.begin((await attempt.push()).body["request_uri"])
    proved = (await attempt.prove(await attempt.sign())).body
    page = (await attempt.go_on(proved["response_code"])).body

    decided = await attempt.decide(page["form_token"])

    assert "iss=https%3A%2F%2Fash.test" in decided.headers["Location"]
    assert "state=xyz" in decided.headers["Location"]


async def test_another_nodes_token_opens_nothing(attempt: Attempt, pair: Pair) -> None:
    """RFC 9068 §4: issuer and audience, under a key of one's own."""
    enrol(pair[1])
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    other = Attempt(pair[1], attempt.http, attempt.wallet)
    now_s = pair[1].context.clock.now_s()
    proof = attempt.key.prove(
        method="GET",
        url="https://birch.test/api/sessions",
        now_s=now_s,
        jti="x",
        nonce=pair[1].context.login.dpop.nonces.make(now_s=now_s),
        access_token=token,
    )

    reply = await other.call(token, proof=proof)

    assert (reply.status, reply.body["error"]) == (401, "invalid_token")


async def test_an_access_token_expires(attempt: Attempt) -> None:
    """RFC 9068: five minutes."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    move_clock(attempt, by_s=301)

    reply = await attempt.call(token)

    assert (reply.status, reply.body["error"]) == (401, "invalid_token")


async def test_a_scope_that_was_not_given_opens_nothing(attempt: Attempt) -> None:
    """RFC 6750 §3.1: 403 insufficient_scope."""
    token = (await attempt.redeem(await attempt.get_code(scope="profile"))).body["access_token"]

    reply = await attempt.call(token)

    assert (reply.status, reply.body["error"]) == (403, "insufficient_scope")


async def test_a_refresh_token_that_comes_twice_ends_its_family(attempt: Attempt) -> None:
    """RFC 9700 §4.14.2."""
    first = (await attempt.redeem(await attempt.get_code())).body
    second = (await attempt.refresh(first["refresh_token"])).body

    again = await attempt.refresh(first["refresh_token"])
    newest = await attempt.refresh(second["refresh_token"])
    called = await attempt.call(second["access_token"])

    assert again.body["error"] == "invalid_grant"
    assert newest.body["error"] == "invalid_grant"
    assert called.status == 401


async def test_a_stolen_refresh_token_serves_no_other_key(attempt: Attempt) -> None:
    """RFC 9449 §5: bound; and a stranger's try does not end the family."""
    tokens = (await attempt.redeem(await attempt.get_code())).body
    proof = attempt.prove_key("POST", "/oauth/token", by=OTHER_KEY)

    stolen = await attempt.refresh(tokens["refresh_token"], proof=proof)
    own = await attempt.refresh(tokens["refresh_token"])

    assert stolen.body["error"] == "invalid_grant"
    assert own.status == 200


async def test_a_refresh_may_narrow_but_not_widen(attempt: Attempt) -> None:
    """OAuth 2.1 §4.3.1."""
    tokens = (await attempt.redeem(await attempt.get_code())).body

    wider = await attempt.refresh(tokens["refresh_token"], scope="profile export")
    narrower = await attempt.refresh(tokens["refresh_token"], scope="profile")

    assert wider.body["error"] == "invalid_scope"
    assert narrower.body["scope"] == "profile"


async def test_a_pushed_request_is_opened_by_one_browser(attempt: Attempt) -> None:
    """RFC 9126 §4: the request URI is for one use."""
    uri = (await attempt.push()).body["request_uri"]
    await attempt.begin(uri)
    attempt.cookie = ""

    again = await attempt.begin(uri)

    assert (again.status, again.body["error"]) == (400, "invalid_request")


async def test_a_pushed_request_serves_no_other_client(attempt: Attempt) -> None:
    """RFC 9126 §2.2: bound to who pushed it."""
    uri = (await attempt.push()).body["request_uri"]

    reply = await attempt.begin(uri, client="rochdale-web")

    assert (reply.status, reply.body["error"]) == (400, "invalid_request")


async def test_a_code_serves_no_other_client(attempt: Attempt) -> None:
    """OAuth 2.1 §4.1.3."""
    reply = await attempt.redeem(await attempt.get_code(), client_id="rochdale-web")

    assert reply.body["error"] == "invalid_grant"


async def test_an_erased_holder_leaves_nothing(attempt: Attempt) -> None:
    """Grants, codes and the audit trail go with the person's key."""
    token = (await attempt.redeem(await attempt.get_code())).body["access_token"]
    context = attempt.node.context
    holder = context.private.holders.find_by_did(attempt.did)
    assert holder is not None
    context.private.holders.delete(holder.id)

    called = await attempt.call(token)

    assert called.status == 401
    for table in ("login_grants", "login_codes", "login_events"):
        rows = context.private.connection.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
        assert rows.fetchone()[0] == 0
