"""`rochdale wallet`: what a member types before there is any node."""

import json
import os
import secrets
import stat
from pathlib import Path

import pytest

from did.wallets import STRENGTH, STRENGTH_TEST, Home, bind_wallet, load_wallet, save_wallet
from node import exit_codes
from node.commands.wallet import choose_strength
from tests.node.terminal import PASSPHRASE, Terminal


@pytest.fixture
def wallet(member_terminal: Terminal) -> Path:
    """A wallet that belongs to no cooperative yet."""
    path = member_terminal.root / "a.wallet"
    member_terminal.do("wallet", "new", path, "--test-chain")
    return path


def test_a_new_wallet_is_for_its_owner_alone(member_terminal: Terminal, wallet: Path) -> None:
    """Mode 0600, and no secret is shown."""
    kept = load_wallet(wallet, PASSPHRASE)
    shown = member_terminal.ask("wallet", "show", wallet)

    assert stat.S_IMODE(wallet.stat().st_mode) == 0o600
    assert shown["did"] == kept.login_did
    assert shown["cooperative"] is None
    assert kept.device_seed.hex() not in json.dumps(shown)
    assert kept.login_did in member_terminal.do("wallet", "show", wallet)


def test_a_bound_wallet_shows_its_cooperative(member_terminal: Terminal, wallet: Path) -> None:
    """And the ledger account's DID."""
    home = Home(network="test-a", cooperative_id=bytes(32), origin="https://a.test")
    bound = bind_wallet(load_wallet(wallet, PASSPHRASE), home)
    save_wallet(
        wallet,
        bound,
        PASSPHRASE,
        random=secrets.token_bytes,
        strength=STRENGTH_TEST,
        may_replace=True,
    )

    said = member_terminal.do("wallet", "show", wallet)

    assert bound.account_did in said
    assert "https://a.test" in said


def test_a_wrong_passphrase_is_said_to_be_wrong(member_terminal: Terminal, wallet: Path) -> None:
    """Refused, exit code 1."""
    os.environ["ROCHDALE_WALLET_PASSPHRASE"] = "another passphrase"

    assert "the passphrase is wrong" in member_terminal.type("wallet", "show", wallet)
    assert member_terminal.code == exit_codes.FAILED


def test_a_passphrase_comes_from_a_private_file(member_terminal: Terminal, wallet: Path) -> None:
    """Its first line; a file that others can read is refused with the command that mends it."""
    del os.environ["ROCHDALE_WALLET_PASSPHRASE"]
    file = member_terminal.root / "passphrase"
    file.write_text(f"{PASSPHRASE}\nnot this\n")
    file.chmod(0o600)

    member_terminal.do("wallet", "show", wallet, "--passphrase-file", file)
    file.chmod(0o644)
    said = member_terminal.type("wallet", "show", wallet, "--passphrase-file", file)

    assert f"chmod 600 {file}" in said
    assert member_terminal.code == exit_codes.MISCONFIGURED


def test_nobody_is_asked_where_nobody_sits(
    member_terminal: Terminal, wallet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script gets a sentence, not a prompt that waits for ever."""
    del os.environ["ROCHDALE_WALLET_PASSPHRASE"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    assert "--passphrase-file" in member_terminal.type("wallet", "show", wallet)
    assert member_terminal.code == exit_codes.MISCONFIGURED


def test_a_wallet_that_others_can_read_is_refused(member_terminal: Terminal, wallet: Path) -> None:
    """With the command that mends it."""
    wallet.chmod(0o640)

    assert f"chmod 600 {wallet}" in member_terminal.type("wallet", "show", wallet)
    assert member_terminal.code == exit_codes.MISCONFIGURED


def test_a_damaged_wallet_is_named_so(member_terminal: Terminal, wallet: Path) -> None:
    """Not as a wrong passphrase."""
    document = json.loads(wallet.read_bytes())
    document["nonce"] = "00" * 24
    wallet.write_text(json.dumps(document))

    assert "altered or damaged" in member_terminal.type("wallet", "show", wallet)
    assert member_terminal.code == exit_codes.FAILED


def test_never_overwrites_a_wallet(member_terminal: Terminal, wallet: Path) -> None:
    """Its keys are in it."""
    before = wallet.read_bytes()

    assert "exists" in member_terminal.type("wallet", "new", wallet)
    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert wallet.read_bytes() == before


def test_a_short_passphrase_makes_no_wallet(member_terminal: Terminal) -> None:
    """Refused before anything is written."""
    os.environ["ROCHDALE_WALLET_PASSPHRASE"] = "short"
    path = member_terminal.root / "b.wallet"

    assert "at least 8 characters" in member_terminal.type("wallet", "new", path)
    assert member_terminal.code == exit_codes.FAILED
    assert not path.exists()


def test_a_wallet_is_fully_protected_unless_asked_otherwise(member_terminal: Terminal) -> None:
    """256 MiB for each guess."""
    path = member_terminal.root / "b.wallet"

    member_terminal.do("wallet", "new", path)

    assert json.loads(path.read_bytes())["memory_bytes"] == STRENGTH.memory_bytes


def test_a_real_chain_ends_a_tests_protection() -> None:
    """And no node's word weakens a wallet."""
    assert choose_strength(STRENGTH_TEST, chain_id="test-a-1") == STRENGTH_TEST
    assert choose_strength(STRENGTH_TEST, chain_id="a-1") == STRENGTH
    assert choose_strength(STRENGTH, chain_id="test-a-1") == STRENGTH


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["wallet", "show", "/nowhere"], 2, "rochdale wallet new /nowhere"),
        (["wallet", "apply", "/nowhere", "--node", "http://a.example"], 2, "there is no wallet"),
        (["wallet", "apply", "WALLET", "--node", "http://a.example"], 2, "write https://…"),
        (["wallet", "apply", "WALLET", "--node", "https://[a.example"], 2, "write https://…"),
        (["wallet", "apply", "WALLET", "--node", "http://127.0.0.1:9"], 3, "does not answer"),
        (["wallet", "status", "WALLET"], 2, "run `rochdale wallet apply`"),
        (["wallet", "vote", "yes", "-w", "WALLET"], 2, "run `rochdale wallet apply`"),
        (["wallet", "vote", "perhaps", "-w", "WALLET"], 2, "or no, or abstain"),
        (["wallet", "vote", "a", "b", "yes", "-w", "WALLET"], 2, "or no, or abstain"),
        (["wallet", "receipts", "WALLET"], 2, "name whom you believe with `--trust`"),
        (["wallet", "receipts", "WALLET", "--trust", "/nowhere"], 2, "/nowhere"),
        (["wallet", "receipts", "WALLET", "-o", "/nowhere"], 2, "/nowhere is no directory"),
        (["wallet", "propose", "-w", "WALLET"], 2, "give the proposal's text"),
        (
            ["wallet", "propose", "text", "--file", "x", "-w", "WALLET"],
            2,
            "give the proposal's text",
        ),
        (["wallet", "propose", "--file", "/nowhere", "-w", "WALLET"], 2, "/nowhere cannot be read"),
        (["wallet", "propose", "text", "--insight", "12", "-w", "WALLET"], 2, "64 hex digits"),
        (["wallet", "propose", "text", "-w", "WALLET"], 2, "run `rochdale wallet apply`"),
        (["receipt", "fetch", "other", "00" * 32], 2, "ballot, counted, state"),
        (["receipt", "fetch", "ballot", "00"], 2, "64 hex digits"),
        (["receipt", "fetch", "ballot", "00" * 32], 2, "name the ballot"),
        (["receipt", "fetch", "ballot", "00" * 32, "00" * 32], 2, "name a node"),
        (["receipt", "fetch", "state", "zz"], 2, "a state key is hexadecimal"),
        (["receipt", "fetch", "state", "00" * 257], 2, "a state key is hexadecimal"),
        (["receipt", "fetch", "state", "00", "00" * 32], 2, "a state key or a height is all"),
        (["receipt", "fetch", "state", "00" * 33], 2, "name a node"),
        (["receipt", "fetch", "block", "-1"], 2, "No such option"),
        (["receipt", "fetch", "block", "ten"], 2, "a block's height is a whole number"),
        (["receipt", "fetch", "block", "1", "00" * 32], 2, "a state key or a height is all"),
        (["receipt", "fetch", "block", "1"], 2, "name a node"),
    ],
)
def test_every_mistake_has_a_sentence_and_a_code(
    member_terminal: Terminal, wallet: Path, arguments: list[str], code: int, sentence: str
) -> None:
    """Never a traceback."""
    said = member_terminal.type(*(str(wallet) if item == "WALLET" else item for item in arguments))

    assert sentence in said
    assert member_terminal.code == code
