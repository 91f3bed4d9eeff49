"""A wallet's client at a node that answers nonsense: one sentence, whatever it is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from config.errors import RefusedError, RochdaleError, UnavailableError
from did.jcs import JsonObject
from did.wallets import Home, Wallet, bind_wallet, create_wallet
from node.login_answers import Tokens
from node.login_client import LoginClient
from tests.node.strange_nodes import (
    LOGIN,
    NOTICES,
    ORIGIN,
    PROTECTED,
    StrangeNode,
    list_changes,
    run_raw_server,
    run_strange_node,
)

STRANGE = "does not answer as a Rochdale node does"
ISSUANCE = (
    "POST /api/credential-offers",
    "GET /openid4vci/offers/o",
    "POST /openid4vci/nonce",
    "POST /openid4vci/credential",
)
_NOT_READ = ("client_name", "answers_to", "scopes")
"""Of a login: the person reads them, not the wallet that signs."""


@pytest.fixture
def node() -> Iterator[StrangeNode]:
    """One that answers as it should, until a test changes that."""
    with run_strange_node() as running:
        yield running


@pytest.fixture
def wallet() -> Wallet:
    """A member's of ash."""
    home = Home(network="test-a", cooperative_id=bytes(32), origin=ORIGIN)
    return bind_wallet(create_wallet(random=lambda size: b"w" * size), home)


async def log_in(node: StrangeNode, wallet: Wallet) -> Tokens | JsonObject:
    async with LoginClient(node.url, origin=ORIGIN) as client:
        await client.login(wallet)
        return client.tokens


async def fetch_credential(node: StrangeNode, wallet: Wallet) -> object:
    async with LoginClient(node.url, origin=ORIGIN) as client:
        await client.login(wallet)
        return await client.fetch_credential(wallet, configuration="membership_sd_jwt")


async def test_a_node_that_answers_as_it_should_lets_a_wallet_in(
    node: StrangeNode, wallet: Wallet
) -> None:
    """What is not read stays in the answers."""
    node.answers["POST /oauth/token"]["more"] = 1
    node.answers["GET /api/sessions"]["more"] = 2

    assert await log_in(node, wallet) == node.answers["POST /oauth/token"]
    assert await fetch_credential(node, wallet) == "a~b~"
    async with LoginClient(node.url, origin=ORIGIN) as client:
        await client.login(wallet)
        await client.refresh()
        assert (await client.call("GET", "/api/sessions", JsonObject))["more"] == 2
        await client.logout()
        assert client.tokens == {}


@pytest.mark.parametrize("step", LOGIN)
async def test_each_step_of_a_login_is_checked(
    node: StrangeNode, wallet: Wallet, step: str
) -> None:
    """A key less or another kind of value ends it in a sentence that shows nothing of it."""
    for what, body in list_changes(node.answers[step]):
        node.answers[step] = body
        if any(name in what for name in _NOT_READ):
            await log_in(node, wallet)
            continue
        with pytest.raises(UnavailableError, match=STRANGE) as raised:
            await log_in(node, wallet)
            pytest.fail(what)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("step", ISSUANCE)
async def test_each_step_to_a_credential_is_checked(
    node: StrangeNode, wallet: Wallet, step: str
) -> None:
    """As those of a login; a credential may be a document as well as a text."""
    for what, body in list_changes(PROTECTED[step]):
        node.answers[step] = body
        if isinstance(body, dict) and body.get("credentials") == [{"credential": {"x": "x"}}]:
            assert await fetch_credential(node, wallet) == {"x": "x"}
            continue
        with pytest.raises(UnavailableError, match=STRANGE):
            await fetch_credential(node, wallet)
            pytest.fail(what)


async def test_no_credential_at_all_is_no_answer(node: StrangeNode, wallet: Wallet) -> None:
    """An empty list is one, and yet none."""
    node.answers["POST /openid4vci/credential"] = {"credentials": []}

    with pytest.raises(UnavailableError, match="credentials is malformed"):
        await fetch_credential(node, wallet)


async def test_what_is_wrong_is_named_by_its_place(node: StrangeNode, wallet: Wallet) -> None:
    """And what stands there is not told: it may be a secret."""
    node.answers["POST /oauth/token"] = {"access_token": "a\nsecret", "refresh_token": "secret"}

    with pytest.raises(UnavailableError, match="access_token is malformed") as raised:
        await log_in(node, wallet)

    assert "secret" not in str(raised.value)


async def test_an_address_that_is_none_leads_nowhere(node: StrangeNode, wallet: Wallet) -> None:
    """A path that does not begin as one would become part of another node's name."""
    for address in ("https://[", "", "login", "https:@birch.test/login/t"):
        node.answers["GET /oauth/authorize"] = {"login": address}
        with pytest.raises(UnavailableError, match="login is no address"):
            await log_in(node, wallet)
    node.answers["GET /oauth/authorize"] = LOGIN["GET /oauth/authorize"]
    node.answers["POST /api/credential-offers"] = {"credential_offer_uri": "o", "tx_code": "1"}
    with pytest.raises(UnavailableError, match="credential_offer_uri is no address"):
        await fetch_credential(node, wallet)


@pytest.mark.parametrize("cookie", ["", "=", "no cookie", 'a="\\012b"', 'a="\\303\\251"'])
async def test_a_cookie_that_cannot_be_sent_is_refused(
    node: StrangeNode, wallet: Wallet, cookie: str
) -> None:
    """Line ends would begin another header."""
    node.cookie = cookie

    with pytest.raises(UnavailableError, match="no cookie where one is needed"):
        await log_in(node, wallet)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda: web.Response(status=303), "no code for the login"),
        (lambda: web.Response(status=303, headers={"Location": "http://["}), "no code"),
        (lambda: web.Response(status=303, headers={"Location": "?code="}), "no code"),
        (lambda: web.Response(status=303, headers={"Location": "?code=%0A"}), "no code"),
        (lambda: web.json_response({"redirect_uri": "?code=c"}), "no code for the login"),
        (lambda: web.Response(status=404), "the node answers with status 404"),
    ],
)
async def test_a_redirect_without_a_code_ends_the_login(
    node: StrangeNode,
    wallet: Wallet,
    answer: Callable[[], web.Response],
    sentence: str,
) -> None:
    """No Location, none that is an address, or another answer."""
    node.made["POST /oauth/decide"] = answer

    with pytest.raises(RochdaleError, match=sentence):
        await log_in(node, wallet)


@pytest.mark.parametrize("changes", [{"state": "another"}, {"iss": "https://birch.test"}])
async def test_a_code_of_another_login_is_a_mix_up(
    node: StrangeNode, wallet: Wallet, changes: dict[str, str]
) -> None:
    """RFC 9207: by another node, or for another attempt."""
    node.made["POST /oauth/decide"] = lambda: node.redirect(
        **{"code": "c", "iss": ORIGIN, "state": node.state, **changes}
    )

    with pytest.raises(RefusedError, match="mix-up"):
        await log_in(node, wallet)


def answer_with(data: bytes, kind: str = "application/json", status: int = 200) -> Any:
    return lambda: web.Response(body=data, content_type=kind, status=status)


@pytest.mark.parametrize(
    "answer",
    [
        answer_with(b""),
        answer_with(b"{"),
        answer_with(b"[]"),
        answer_with(b'"text"'),
        answer_with(b'{"a": NaN}'),
        answer_with(b'{"a": 1, "a": 2}'),
        answer_with(b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
        answer_with(b"\xff"),
        answer_with(b"<html>", "text/html"),
        answer_with(b'{"notices": [], "seen": 1}', "text/plain"),
        answer_with(b"", status=204),
        answer_with(b"", status=302),
    ],
)
async def test_an_answer_that_is_no_object_is_refused(
    node: StrangeNode, wallet: Wallet, answer: Callable[[], web.Response]
) -> None:
    """Whatever else it is: once logged in as before."""
    node.made[f"GET {NOTICES}"] = answer
    async with LoginClient(node.url, origin=ORIGIN) as client:
        await client.login(wallet)
        with pytest.raises(UnavailableError, match=f"{node.url} {STRANGE}"):
            await client.call("GET", NOTICES, JsonObject)


async def test_a_nonce_that_no_proof_can_hold_is_refused(node: StrangeNode, wallet: Wallet) -> None:
    """It goes into a signed header."""
    headers = {"DPoP-Nonce": "\N{LATIN SMALL LETTER E WITH ACUTE}"}
    node.made["POST /oauth/par"] = lambda: web.json_response(
        LOGIN["POST /oauth/par"], headers=headers
    )

    with pytest.raises(UnavailableError, match="DPoP-Nonce is no nonce"):
        await log_in(node, wallet)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (403, {"reason": "not\x1bc for\nyou"}, "not\ufffdc for\ufffdyou$"),
        (400, {"error": "e", "error_description": "not now"}, "not now$"),
        (503, {"reason": "the engine\x07 rests"}, "cannot do this now: the engine\ufffd rests$"),
        (500, {}, "the node answers with status 500$"),
        (422, {"reason": 7}, "reason is no text"),
        (422, {"reason": "x" * 10_000}, "reason is malformed"),
        (503, {"error_description": ["x"]}, "error_description is no text"),
    ],
)
async def test_a_refusal_says_why_in_one_plain_line(
    node: StrangeNode, wallet: Wallet, status: int, body: JsonObject, sentence: str
) -> None:
    """What the node says is shown in a terminal."""
    node.made["POST /oauth/par"] = lambda: web.json_response(body, status=status)

    with pytest.raises(RochdaleError, match=sentence):
        await log_in(node, wallet)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: ;;;=\xff\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nDPoP-Nonce: \xff\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_what_is_no_http_is_no_answer(wallet: Wallet, data: bytes) -> None:
    """Bytes that end early, lie about their length, or are something else."""
    async with run_raw_server(data) as url, LoginClient(url, origin=ORIGIN) as client:
        with pytest.raises(UnavailableError, match="does not answer"):
            await client.login(wallet)


def test_honest_answers_are_json() -> None:
    """So that what tests change is what a node could say."""
    assert json.loads(json.dumps({**LOGIN, **PROTECTED})) == {**LOGIN, **PROTECTED}
