"""What the log files of a real node say of its people: nothing."""

import json
from pathlib import Path

import pytest

from did.accounts import render_account_did
from did.wallets import Wallet
from node.commands.wallet_options import open_wallet
from node.home import open_home
from node.registrar import open_register
from tests.node.full_nodes import fetch, get_height, running, wait_until
from tests.node.terminal import Terminal, free_ports
from tests.node.test_elections_node import get_url

NAME, CONTACT = "Zdenka Quux-Vivier", "zdenka@quux.example"


@pytest.mark.timeout(180)
def test_no_log_names_a_person_at_any_level(member_terminal: Terminal) -> None:
    """An application, an admission, logins, an export, an opened name; then every file is read."""
    terminal, home = member_terminal, member_terminal.root / "home"
    terminal.do("init", "--home", home, *free_ports(), "--log.level=debug")
    path = terminal.root / "zdenka.wallet"
    with running(terminal, home):
        wait_until(lambda: get_height(terminal, home) > 0)
        application = _take_part(terminal, home, path)
    wallet = open_wallet(path, None)
    with open_register(open_home(home)) as store:
        holder = store.holders.find_by_did(wallet.login_did)
    assert holder is not None
    names = _list_names(wallet, holder_id=holder.id, application=application)

    logs = {item.name: item.read_text(errors="replace") for item in home.glob("logs/*")}

    assert {"web.log", "engine.log", "ledger.log", "discovery.log"} <= logs.keys()
    assert "/oauth/par" in logs["web.log"]
    found = [
        (file, name, next(line for line in text.splitlines() if name.lower() in line.lower()))
        for file, text in logs.items()
        for name in names
        if name.lower() in text.lower()
    ]
    assert found == []


def _take_part(terminal: Terminal, home: Path, path: Path) -> str:
    """What a member and a registrar do; the application's id."""
    url, key = get_url(home), terminal.root / "ruth.key"
    public = terminal.do("register", "key", key).strip()
    terminal.do("register", "registrars", public, "--alone", "--home", home)
    terminal.do("wallet", "new", path, "--test-chain")
    applied = terminal.ask(
        *("wallet", "apply", path, "--node", url, "--name", NAME, "--contact", CONTACT)
    )
    terminal.do("member", "admit", "--all", "--home", home)
    terminal.do("wallet", "status", path, "--node", url)
    terminal.do("wallet", "sessions", path, "--node", url)
    terminal.do("wallet", "export", path, "--node", url, "-o", terminal.root / "all.json")
    box = json.loads((terminal.root / "all.json").read_text())["name_entry"]
    assert box["name"] == NAME
    because = ["--reason", "a check", "--home", home, "--key", key]
    terminal.do("register", "inspect", *because)
    request = terminal.root / "request.json"
    terminal.do("register", "open", NAME, *because, "-o", request)
    terminal.do("register", "complete", request, "--key", key, "--yes", "--home", home)
    did = open_wallet(path, None).login_did
    fetch(home, f"/1.0/identifiers/{did}")
    for unserved in (f"/people/{did}", f"/1.0/identifier/{did}", f"/api/v1/holders/{did}"):
        fetch(home, unserved)
    return str(applied["application"])


def _list_names(wallet: Wallet, *, holder_id: bytes, application: str) -> list[str]:
    """By which somebody could be known, in each spelling."""
    account = render_account_did(network="x", account_id=wallet.account_id)
    return [
        *NAME.split(),
        CONTACT,
        wallet.login_did.removeprefix("did:key:"),
        wallet.device_key.public_key.hex(),
        wallet.account_id.hex(),
        account.rpartition(":")[2],
        holder_id.hex(),
        application,
    ]
