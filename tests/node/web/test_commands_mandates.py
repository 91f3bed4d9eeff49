"""`rochdale wallet consents mandate`, `mandates` and `notices`, typed against a node."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

from did.wallets import STRENGTH_TEST, Home, Wallet, bind_wallet, save_wallet
from tests.node.terminal import PASSPHRASE, Terminal
from tests.node.web.conftest import Pair
from tests.node.web.logins import ORIGIN, enrol


def keep(terminal: Terminal, pair: Pair, name: str, *, seed: int) -> tuple[Path, Wallet]:
    """The wallet of somebody with an account at ash."""
    path = terminal.root / f"{name}.wallet"
    home = Home(network="test-web", cooperative_id=pair[0].context.registry.own.id, origin=ORIGIN)
    bound = bind_wallet(enrol(pair[0], seed=seed), home)
    save_wallet(path, bound, PASSPHRASE, random=secrets.token_bytes, strength=STRENGTH_TEST)
    return path, bound


async def test_a_steward_decides_and_the_person_sees_and_ends_it(
    member_terminal: Terminal, pair: Pair
) -> None:
    """From the mandate to the end of the decision, each with their own wallet."""
    at = ("--node", pair[0].url)
    ada, _ = keep(member_terminal, pair, "ada", seed=1)
    ben, steward = keep(member_terminal, pair, "ben", seed=2)
    purpose = ("--purpose", "DUO:0000006")
    given = await _ask(
        member_terminal, "consents", "mandate", ada, "--steward", steward.login_did, *purpose, *at
    )
    (mandate,) = given["mandates"]
    decided = await _ask(
        member_terminal, "mandates", "decide", ben, mandate["handle"], *purpose, *at
    )
    (grant,) = decided["grants"]
    told = await _ask(member_terminal, "notices", ada, "--seen", *at)
    after = await _ask(member_terminal, "notices", ada, *at)
    every = await _ask(member_terminal, "notices", ada, "--all", *at)
    said = await asyncio.to_thread(member_terminal.do, "wallet", "consents", "list", str(ada), *at)
    ended = await _ask(member_terminal, "consents", "revoke", ada, grant["id"], *at)
    shown = await _ask(member_terminal, "mandates", "show", ben, mandate["handle"], *at)

    assert [item["what"] for item in told["notices"]] == ["steward-decided"]
    assert grant["id"] in told["notices"][0]["detail"]
    assert (after["notices"], every["notices"]) == ([], told["notices"])
    assert f"their handle: {mandate['handle']}" in said
    assert (ended["grants"], shown["grants"]) == ([], [])


async def test_what_leads_nowhere_is_said_in_words(member_terminal: Terminal, pair: Pair) -> None:
    """A handle that is another's, or none."""
    ben, _ = keep(member_terminal, pair, "ben", seed=2)
    at = ("--node", pair[0].url)

    short = await asyncio.to_thread(
        member_terminal.type, "wallet", "mandates", "show", str(ben), "5f0c", *at
    )
    strange = await asyncio.to_thread(
        member_terminal.type, "wallet", "mandates", "show", str(ben), "ab" * 16, *at
    )

    assert "32 digits" in short
    assert "no mandate of yours" in " ".join(strange.split())


async def _ask(terminal: Terminal, *words: str | Path) -> Any:
    """What a command answers beside the node's log, which comes to the same place here."""
    said = await asyncio.to_thread(terminal.do, "wallet", *words, "--json")
    return json.loads(said[said.index("\n{") if not said.startswith("{") else 0 :])
