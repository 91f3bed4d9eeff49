"""What a person permits, used, anchored and shown later, at one real node with commands alone."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node import exit_codes
from node.home import open_home
from node.lock import is_locked
from node.web.consent_anchoring_loop import run_anchoring
from tests.node.terminal import Terminal, free_ports
from tests.node.web.javascript import ask_verifier, make_question


@pytest.fixture
def node(member_terminal: Terminal) -> Iterator[Terminal]:
    """One node alone, running; ended even if the test fails."""
    home = member_terminal.root / "home"
    member_terminal.do("init", "--home", home, *free_ports(), "--engine.timeout_commit_ms=300")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "node.supervisor", str(home)], stdout=subprocess.DEVNULL
    )
    try:
        _wait_for_blocks(home)
        yield member_terminal
    finally:
        member_terminal.type("stop", "--home", home)
        process.terminate()
        process.wait(20)
    assert not is_locked(home / "node.lock")


@pytest.mark.timeout(120)
def test_a_receipt_shows_what_was_permitted_and_revoked(node: Terminal) -> None:
    """Two periods, each with its file; both hold offline, and changed ones are refused."""
    home, wallet, files = node.root / "home", node.root / "a.wallet", node.root / "receipts"
    url = _get_url(home)
    files.mkdir()
    node.do("wallet", "new", wallet, "--test-chain")
    node.do("wallet", "apply", wallet, "--node", url, "--name", "Ada")
    node.do("member", "admit", "--all", "--home", home)
    granted = _say(node, wallet, url, "grant", "--purpose", "DUO:0000006")
    grant = granted["grants"][0]["id"]
    none = node.do("wallet", "consents", "receipts", wallet, "--node", url)

    first = node.ask("consent", "anchor", "--home", home)
    _say(node, wallet, url, "revoke", grant)
    assert asyncio.run(run_anchoring(open_home(home))), "as the node does it itself"
    got = node.ask("wallet", "consents", "receipts", wallet, "--node", url, "-o", files)
    again = node.ask("wallet", "consents", "receipts", wallet, "--node", url, "-o", files)

    assert "No root on the ledger covers your history yet" in none
    assert first["period"] == 1
    assert [item["period"] for item in got["periods"]] == [2, 1]
    assert (len(got["files"]), again["files"]) == (2, [])
    _check_files(node, home, files, grant=grant)


def _check_files(node: Terminal, home: Path, files: Path, *, grant: str) -> None:
    trust = ("--trust", home / "genesis.json")
    earlier, later = files / "consents-1.json", files / "consents-2.json"
    assert later.stat().st_mode & 0o077 == 0
    said = node.do("ledger", "verify", later, *trust)
    told = node.ask("ledger", "verify", later, *trust)
    before = node.ask("ledger", "verify", earlier, *trust)

    assert f"granted {grant}: class:own-cooperative may use records for DUO:0000006" in said
    assert f"revoked {grant}" in said
    assert "by which the root of period 2" in said
    assert [item["kind"] for item in told["consents"]["entries"]] == ["grant", "revocation"]
    assert [item["kind"] for item in before["consents"]["entries"]] == ["grant"]
    (answer,) = ask_verifier(
        [
            make_question(
                later.read_bytes(),
                (home / "genesis.json").read_bytes(),
                now_ms=int(time.time() * 1_000),
            )
        ]
    )
    assert answer.holds["meaning"] == told["meaning"]

    changed: dict[str, Any] = json.loads(later.read_bytes())
    changed["extra"]["entries"] = changed["extra"]["entries"][:1]
    later.write_text(json.dumps(changed))
    refused = node.type("ledger", "verify", later, *trust)
    assert "the history does not lead to the period's root" in refused
    assert node.code == exit_codes.FAILED


def _say(node: Terminal, wallet: Path, url: str, act: str, *words: str) -> Any:
    return node.ask("wallet", "consents", act, wallet, *words, "--node", url)


def _get_url(home: Path) -> str:
    status = json.loads(open_home(home).status_path.read_bytes())
    return str(status["address"]).rstrip("/")


def _wait_for_blocks(home: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{_get_url(home)}/api/status", timeout=5) as answer:  # noqa: S310 - our own address
                if json.load(answer)["height"] > 0:
                    return
        except (OSError, ValueError, KeyError):
            time.sleep(0.2)
    raise AssertionError("the node made no block")
