"""`rochdale wallet backup`, `restore`, `sign` and `check`."""

import os
import secrets
import stat
from pathlib import Path

import pytest

from did.sealed_exports import seal_export
from did.wallets import load_cold_keys, load_wallet, rotate_wallet
from node import exit_codes
from tests.node.terminal import PASSPHRASE, Terminal


@pytest.fixture
def wallet(member_terminal: Terminal) -> Path:
    """A wallet, and its cold file beside it."""
    path = member_terminal.root / "a.wallet"
    member_terminal.do("wallet", "new", path, "--test-chain")
    return path


def make_shares(terminal: Terminal, wallet: Path) -> list[Path]:
    """Two of three, in files."""
    cold = wallet.with_name("a.wallet.cold")
    terminal.do("wallet", "backup", cold, "-o", terminal.root / "share")
    return [terminal.root / f"share.{number}" for number in (1, 2, 3)]


def restore(terminal: Terminal, name: str, *files: Path) -> Path:
    """A wallet from shares."""
    options = [part for file in files for part in ("--share", file)]
    terminal.do("wallet", "restore", terminal.root / name, *options, "--test-chain")
    return terminal.root / name


def test_two_shares_bring_the_wallet_back(member_terminal: Terminal, wallet: Path) -> None:
    """The same account, and the cold keys too; one share does not."""
    shares = make_shares(member_terminal, wallet)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in shares)

    back = restore(member_terminal, "b.wallet", shares[2], shares[0])

    assert load_wallet(back, PASSPHRASE) == load_wallet(wallet, PASSPHRASE)
    assert load_cold_keys(back.with_name("b.wallet.cold"), PASSPHRASE) == load_cold_keys(
        wallet.with_name("a.wallet.cold"), PASSPHRASE
    )
    said = member_terminal.type(
        "wallet", "restore", member_terminal.root / "c.wallet", "--share", shares[0]
    )
    assert "2 shares are needed, 1 given" in said
    assert member_terminal.code == exit_codes.FAILED
    assert not (member_terminal.root / "c.wallet").exists()


def test_a_restored_wallet_can_be_one_that_was_rotated(
    member_terminal: Terminal, wallet: Path
) -> None:
    """The shares are as good after a rotation as before it."""
    shares = make_shares(member_terminal, wallet)
    cold = load_cold_keys(wallet.with_name("a.wallet.cold"), PASSPHRASE)
    path = member_terminal.root / "b.wallet"

    member_terminal.do(
        *("wallet", "restore", path, "--test-chain", "--rotations", "1"),
        *("--share", shares[0], "--share", shares[1]),
    )

    assert load_wallet(path, PASSPHRASE) == rotate_wallet(load_wallet(wallet, PASSPHRASE), cold)


def test_a_web_wallets_sealed_file_becomes_a_wallet(
    member_terminal: Terminal, wallet: Path
) -> None:
    """With the recovery key in a private file."""
    root = member_terminal.root
    cold = load_cold_keys(wallet.with_name("a.wallet.cold"), PASSPHRASE)
    export = seal_export(cold, random=secrets.token_bytes)
    (root / "sealed.json").write_bytes(export.file)
    (root / "key").write_text(export.recovery_key)
    (root / "key").chmod(0o600)

    member_terminal.do(
        *("wallet", "restore", root / "b.wallet", "--test-chain"),
        *("--sealed", root / "sealed.json", "--recovery-key-file", root / "key"),
    )

    assert load_wallet(root / "b.wallet", PASSPHRASE) == load_wallet(wallet, PASSPHRASE)


def test_the_cold_file_may_lie_elsewhere_with_its_own_passphrase(
    member_terminal: Terminal,
) -> None:
    """And no file of either kind is overwritten."""
    root = member_terminal.root
    (root / "stick").mkdir()
    (root / "other").write_text("another passphrase\n")
    (root / "other").chmod(0o600)
    place = ("--cold", root / "stick" / "cold", "--cold-passphrase-file", root / "other")

    member_terminal.do("wallet", "new", root / "b.wallet", "--test-chain", *place)

    assert load_cold_keys(root / "stick" / "cold", "another passphrase")
    said = member_terminal.type("wallet", "new", root / "c.wallet", *place)
    assert "exists" in said
    assert not (root / "c.wallet").exists()


def test_shares_are_not_shown_to_nobody(
    member_terminal: Terminal, wallet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that forgot `--output` does not leave them in its log; nor are files replaced."""
    shares = make_shares(member_terminal, wallet)
    before = shares[0].read_bytes()
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    cold = wallet.with_name("a.wallet.cold")

    assert "--output" in member_terminal.type("wallet", "backup", cold)
    assert "exists" in member_terminal.type(
        "wallet", "backup", cold, "-o", member_terminal.root / "share"
    )
    assert "--share" in member_terminal.type("wallet", "restore", member_terminal.root / "b.wallet")
    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert shares[0].read_bytes() == before
    assert "not its cold file" in member_terminal.type(
        "wallet", "backup", wallet, "-o", member_terminal.root / "else"
    )


def test_a_signed_file_is_checked_by_anybody(member_terminal: Terminal, wallet: Path) -> None:
    """Without the wallet or its passphrase; a changed file fails."""
    root = member_terminal.root
    (root / "letter").write_text("I agree.")

    member_terminal.do("wallet", "sign", wallet, root / "letter", "-o", root / "letter.sig")
    del os.environ["ROCHDALE_WALLET_PASSPHRASE"]
    found = member_terminal.ask("wallet", "check", root / "letter.sig", root / "letter")

    assert found["did"] == load_wallet(wallet, PASSPHRASE).login_did
    (root / "letter").write_text("I do not agree.")
    assert "another text" in member_terminal.type(
        "wallet", "check", root / "letter.sig", root / "letter"
    )
    assert member_terminal.code == exit_codes.FAILED
