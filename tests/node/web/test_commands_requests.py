"""`rochdale wallet consents requests|answer|resources`, typed against a node that serves."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.node.terminal import Terminal
from tests.node.web.conftest import Pair
from tests.node.web.logins import Attempt, enrol, save_bound_wallet
from tests.node.web.uma_apps import ASKER_DID, CARE, App, advance


@pytest.fixture
def wallet(member_terminal: Terminal, pair: Pair) -> Path:
    """The wallet of somebody with an account at ash."""
    return save_bound_wallet(member_terminal, pair[0], enrol(pair[0]))


@pytest.fixture
async def app(pair: Pair) -> AsyncIterator[App]:
    """An application for somebody else."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield App(Attempt(pair[0], http, enrol(pair[0], seed=2)))


async def test_a_person_permits_what_they_are_asked(
    member_terminal: Terminal, pair: Pair, wallet: Path, app: App
) -> None:
    """By the address that they gave away; no more than was asked is signed."""
    at = ("--node", pair[0].url)
    owned = await _ask(member_terminal, "resources", wallet, *at)
    entry = next(item for item in owned["resources"] if item["resource"] == "register-entry")
    waits = await app.seek_with_credential(await app.knock(entry["id"]))
    shown = await _say(member_terminal, "requests", wallet, *at)
    asked = await _ask(member_terminal, "requests", wallet, *at)
    name = asked["requests"][0]["id"]
    granted = await _ask(member_terminal, "answer", wallet, name, "--grant", *at)
    advance(pair[0], waits.body["interval"])
    given = await app.seek(waits.body["ticket"])

    assert ASKER_DID in shown
    assert f"asks for register-entry  for {CARE}" in shown
    assert granted["grants"][0]["grantee"] == ASKER_DID
    assert granted["grants"][0]["purposes"] == [CARE]
    assert granted["grants"][0]["resources"] == ["register-entry"]
    assert given.status == 200
    assert (await app.read(entry["id"], given.body["access_token"])).status == 200


async def test_a_person_refuses_what_they_are_asked(
    member_terminal: Terminal, pair: Pair, wallet: Path, app: App
) -> None:
    """Nothing waits then, and the history has it."""
    at = ("--node", pair[0].url)
    owned = await _ask(member_terminal, "resources", wallet, *at)
    await app.seek_with_credential(await app.knock(owned["resources"][0]["id"]))
    asked = await _ask(member_terminal, "requests", wallet, *at)
    said = await _say(
        member_terminal, "answer", wallet, asked["requests"][0]["id"], "--refuse", *at
    )
    listed = await _ask(member_terminal, "list", wallet, *at)

    assert "Refused." in said
    assert "Nobody waits" in await _say(member_terminal, "requests", wallet, *at)
    assert [item["kind"] for item in listed["history"]] == ["refusal"]
    assert listed["history"][0]["content"]["grantee"] == ASKER_DID


@pytest.mark.parametrize("choice", ["--grant", "--refuse"])
@pytest.mark.parametrize("name", ["ab" * 16, "x"])
async def test_an_unknown_request_is_refused_in_words(
    member_terminal: Terminal, pair: Pair, wallet: Path, choice: str, name: str
) -> None:
    """Nothing is signed."""
    words = ("consents", "answer", str(wallet), name, choice, "--node", pair[0].url)
    said = await asyncio.to_thread(member_terminal.type, "wallet", *words)

    assert "nobody asks you for this" in said or "32 hexadecimal digits" in said


async def _ask(terminal: Terminal, *words: str | Path) -> Any:
    """What a command answers beside the node's log, which comes to the same place here."""
    said = await _say(terminal, *words, "--json")
    return json.loads(said[said.index("\n{") if not said.startswith("{") else 0 :])


async def _say(terminal: Terminal, *words: str | Path) -> str:
    return str(await asyncio.to_thread(terminal.do, "wallet", "consents", *words))
