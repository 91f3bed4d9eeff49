"""At a real node: a member is another's steward, whatever becomes of their keys."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from did.wallets import Wallet, load_wallet
from node.answer_shapes import Sessions
from node.login_client import LoginClient
from tests.bylaws import make_bylaws, render_toml
from tests.node.full_nodes import get_height, get_url, running, wait_until
from tests.node.terminal import PASSPHRASE, Terminal, free_ports

PURPOSE = ("--purpose", "DUO:0000006")


def start(terminal: Terminal, home: Path) -> None:
    bylaws = terminal.root / "bylaws.toml"
    bylaws.write_text(render_toml(make_bylaws()))
    terminal.do(
        *("init", "--home", home, "--bylaws", bylaws, *free_ports()),
        "--engine.timeout_commit_ms=300",
    )


def join(terminal: Terminal, home: Path, url: str, name: str) -> Path:
    wallet = terminal.root / f"{name}.wallet"
    terminal.do("wallet", "new", wallet, "--test-chain")
    terminal.do("wallet", "apply", wallet, "--node", url, "--name", name)
    terminal.do("member", "admit", "--all", "--home", home)
    wait_until(lambda: terminal.ask("wallet", "status", wallet)["is_member"])
    return wallet


def ask(terminal: Terminal, *words: object) -> Any:
    return terminal.ask("wallet", *words)


@pytest.mark.timeout(240)
def test_a_members_mandate_outlasts_their_keys_and_logins_do_not(
    member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steward is named by the account's DID; what they allowed ends with the old key."""
    terminal, home = member_terminal, member_terminal.root / "home"
    start(terminal, home)
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        url = get_url(home)
        monkeypatch.setenv("ROCHDALE_NODE", url)
        ada, ben = (join(terminal, home, url, name) for name in ("ada", "ben"))
        steward = str(ask(terminal, "show", ben)["account_did"])
        given = ask(terminal, "consents", "mandate", ada, "--steward", steward, *PURPOSE)
        handle = given["mandates"][0]["handle"]
        first = ask(terminal, "mandates", "decide", ben, handle, *PURPOSE)

        asyncio.run(rotate_meanwhile(terminal, ben, url, other=ada))
        second = ask(terminal, "mandates", "decide", ben, handle, *PURPOSE)

        assert (len(first["grants"]), len(second["grants"])) == (1, 2)
        notices = ask(terminal, "notices", ada)["notices"]
        own = [item for item in notices if not item["concerns_everybody"]]
        assert [item["what"] for item in own] == ["steward-decided"] * 2
        assert all(steward in item["detail"] for item in own)


async def rotate_meanwhile(terminal: Terminal, path: Path, url: str, *, other: Path) -> None:
    """An application that is logged in with the old key loses its access, not later than soon."""
    wallet: Wallet = load_wallet(path, PASSPHRASE)
    async with LoginClient(url, origin=wallet.get_home().origin) as client:
        await client.login(wallet, scopes=["sessions"])
        assert "sessions" in await client.call("GET", "/api/sessions", Sessions)
        # Times are told apart by whole seconds, and a block's is when the one before was voted on:
        # what was begun since then ends only when it is renewed.
        await asyncio.sleep(1.1)
        for rotated in (other, path):
            await asyncio.to_thread(terminal.do, "wallet", "rotate", rotated)

        async with asyncio.timeout(20):
            while await is_let_in(client):
                await asyncio.sleep(0.2)
        with pytest.raises(RefusedError, match="not good, or has ended"):
            await client.refresh()


async def is_let_in(client: LoginClient) -> bool:
    try:
        await client.call("GET", "/api/sessions", Sessions)
    except RefusedError:
        return False
    return True
