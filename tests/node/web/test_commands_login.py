"""`rochdale wallet login`, `wallet sessions` and `client`: typed against a node that serves."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from node.web.login import PASSKEYS_CLIENT_ID
from node.web.login_records import Grant
from tests.node.terminal import Terminal
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, enrol, save_bound_wallet


@pytest.fixture
def wallet(member_terminal: Terminal, pair: Pair) -> Path:
    """The wallet of somebody with an account at ash."""
    return save_bound_wallet(member_terminal, pair[0], enrol(pair[0]))


async def test_the_command_line_answers_a_browsers_login(
    member_terminal: Terminal, pair: Pair, wallet: Path
) -> None:
    """The code that it prints lets the browser go on."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        browser = Attempt(pair[0], http, enrol(pair[0]))
        begun = await browser.begin((await browser.push()).body["request_uri"])

        answer = await _ask(
            member_terminal, "login", wallet, begun.body["login"], "--yes", "--node", pair[0].url
        )
        page = await browser.go_on(answer["response_code"])

    assert "form_token" in page.body


async def test_the_command_line_opens_the_page_of_passkeys(
    member_terminal: Terminal, pair: Pair, wallet: Path
) -> None:
    """It signs for that purpose, which it was told."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        browser = Attempt(pair[0], http, enrol(pair[0]))
        address = (await browser.send("GET", "/passkeys")).headers["Location"]
        secret = address.partition("request_uri=")[2]
        begun = await browser.begin(secret, client=PASSKEYS_CLIENT_ID)

        answer = await _ask(
            member_terminal, "login", wallet, begun.body["login"], "--yes", "--node", pair[0].url
        )
        page = await browser.go_on(answer["response_code"])

    assert "Add a passkey" in begun.body["scopes"][0]["allows"]
    assert page.body["passkeys"] == []


@pytest.mark.parametrize("address", ["https://evil.test/login/x", "https://[evil.test/x"])
async def test_another_nodes_login_is_not_answered(
    member_terminal: Terminal, pair: Pair, wallet: Path, address: str
) -> None:
    """Before anything is asked of anybody."""
    said = await asyncio.to_thread(
        member_terminal.type,
        *("wallet", "login", wallet, address, "--yes", "--node", pair[0].url),
    )

    assert "another node" in said


async def test_a_holder_lists_and_ends_sessions(
    member_terminal: Terminal, pair: Pair, wallet: Path
) -> None:
    """The command logs in for as long as it runs."""
    login = pair[0].context.login
    holder = login.holders.find_by_did(enrol(pair[0]).login_did)
    assert holder is not None
    now_s = login.clock.now_s()
    grant = Grant(
        id=b"g" * 16,
        holder=holder.id,
        client_id="app",
        scope="profile",
        jkt="x",
        method="did",
        created_at_s=now_s,
        expires_at_s=now_s + 600,
    )
    login.store.put_grant(grant, now_s=now_s)

    words = ("sessions", wallet, "--node", pair[0].url)
    before = await _ask(member_terminal, *words)
    after = await _ask(member_terminal, *words, "--end", grant.id.hex())

    assert {item["client_id"] for item in before["sessions"]} == {"app", "rochdale-wallet"}
    assert {item["client_id"] for item in after["sessions"]} == {"rochdale-wallet"}
    assert login.store.list_grants(holder.id, now_s=now_s) == []


async def test_the_operator_adds_and_removes_clients(member_terminal: Terminal, pair: Pair) -> None:
    """What is added may push a request at once, and what is removed may not."""
    home = pair[0].home.root
    added = member_terminal.ask(
        "client", "add", "App", "--redirect", "https://app.example/cb", "--home", home
    )
    listed = member_terminal.ask("client", "list", "--home", home)
    async with aiohttp.ClientSession() as http:
        app = Attempt(pair[0], http, enrol(pair[0]))
        changes = {"client_id": added["client_id"], "redirect_uri": "https://app.example/cb"}
        pushed = await app.push(**changes)
        member_terminal.do("client", "remove", added["client_id"], "--home", home)
        refused = await app.push(**changes)

    assert [item["client_name"] for item in listed] == ["App"]
    assert pushed.status == 201
    assert (refused.status, refused.body["error"]) == (401, "invalid_client")


async def _ask(terminal: Terminal, *arguments: str | Path) -> Any:
    """What a command answers beside the node's log, which comes to the same place here."""
    said = await asyncio.to_thread(terminal.do, "wallet", *arguments, "--json")
    return json.loads(said[said.index("\n{") if not said.startswith("{") else 0 :])
