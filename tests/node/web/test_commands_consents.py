"""`rochdale wallet consents`, typed against a node that serves."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.node.terminal import Terminal
from tests.node.web.conftest import Pair
from tests.node.web.logins import enrol, save_bound_wallet


@pytest.fixture
def wallet(member_terminal: Terminal, pair: Pair) -> Path:
    """The wallet of somebody with an account at ash."""
    return save_bound_wallet(member_terminal, pair[0], enrol(pair[0]))


async def test_a_person_grants_lists_changes_and_revokes(
    member_terminal: Terminal, pair: Pair, wallet: Path
) -> None:
    """Each statement is signed by the wallet and numbered after the one before."""
    at = ("--node", pair[0].url)
    granted = await _ask(member_terminal, "grant", wallet, "--purpose", "DUO:0000006", *at)
    grant = granted["grants"][0]["id"]
    changed = await _ask(
        member_terminal, *("grant", wallet, "--purpose", "DUO:0000043", "--change", grant), *at
    )
    await _ask(member_terminal, "revoke", wallet, grant, *at)
    listed = await _ask(member_terminal, "list", wallet, "--after", "1", *at)

    assert changed["grants"][0]["purposes"] == ["DUO:0000043"]
    assert listed["grants"] == []
    assert [item["kind"] for item in listed["history"]] == ["change", "revocation"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--purpose", "odrl:sell"), "purposes are"),
        (("--purpose", "DUO:0000006", "--resource", "soul"), "resources are"),
        (("--purpose", "DUO:0000006", "--to", "everybody"), "a DID or a class"),
    ],
)
async def test_what_nobody_can_grant_is_refused_in_words(
    member_terminal: Terminal, pair: Pair, wallet: Path, words: tuple[str, ...], sentence: str
) -> None:
    """Nothing is permitted then."""
    said = await asyncio.to_thread(
        member_terminal.type,
        "wallet",
        *("consents", "grant", str(wallet), *words, "--node", pair[0].url),
    )
    listed = await _ask(member_terminal, "list", wallet, "--node", pair[0].url)

    assert sentence in said
    assert (listed["grants"], listed["history"]) == ([], [])


async def _ask(terminal: Terminal, *words: str | Path) -> Any:
    """What a command answers beside the node's log, which comes to the same place here."""
    said = await asyncio.to_thread(terminal.do, "wallet", "consents", *words, "--json")
    return json.loads(said[said.index("\n{") if not said.startswith("{") else 0 :])


async def test_consents_are_taken_away_as_fhir(
    member_terminal: Terminal, pair: Pair, wallet: Path
) -> None:
    """Live and past ones of the whole history, for their owner's eyes."""
    at, file = ("--node", pair[0].url), member_terminal.root / "consents.json"
    granted = await _ask(member_terminal, "grant", wallet, "--purpose", "DUO:0000006", *at)
    await _ask(member_terminal, "grant", wallet, "--purpose", "ActReason:HPAYMT", *at)
    await _ask(member_terminal, "revoke", wallet, granted["grants"][0]["id"], *at)

    exported = ("wallet", "consents", "export", wallet, "-o", file, *at)
    await asyncio.to_thread(member_terminal.do, *exported)

    found = [item["resource"] for item in json.loads(file.read_bytes())["entry"]]
    assert [item["status"] for item in found] == ["inactive", "active"]
    assert found[0]["organization"][0]["identifier"]["value"] == "did:web:ash.test"
    assert file.stat().st_mode & 0o077 == 0
