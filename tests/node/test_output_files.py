"""Files that commands write: nothing else is lost to a mistyped name."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from ledger.trust import read_trust_bundle, write_trust_bundle
from node import exit_codes
from node.commands.output_files import (
    check_target,
    write_file,
    write_private,
    write_receipt,
)
from tests.ledger import receipt_samples as samples
from tests.node.terminal import Terminal

RECEIPT = samples.render(samples.make_ballot_receipt())
OTHER_RECEIPT = samples.render(samples.make_counted_receipt(0))


@pytest.mark.parametrize("write", [write_private, write_file, write_receipt])
def test_a_wallet_is_never_written_over(
    wallet: Path, write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    """Whatever a command was to write there; nor is what a link leads to."""
    before = wallet.read_bytes()
    link, dangling = tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(wallet)
    dangling.symlink_to(tmp_path / "nothing")

    for path in (wallet, link, dangling, tmp_path):
        with pytest.raises(MisconfiguredError, match="name a new file, or move it away"):
            write(path, RECEIPT)

    assert wallet.read_bytes() == before
    assert not (tmp_path / "nothing").exists()


def test_an_older_receipt_is_replaced(tmp_path: Path) -> None:
    """It tells how somebody voted: it is their own as before, also if it was open."""
    path = tmp_path / "ballot.json"
    write_receipt(path, RECEIPT)
    path.chmod(0o644)

    write_receipt(path, OTHER_RECEIPT)

    assert path.read_bytes() == OTHER_RECEIPT
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MisconfiguredError, match="something else"):
        write_private(path, b"an export")


def test_a_trust_bundle_is_replaced_by_a_newer_one_alone(tmp_path: Path) -> None:
    """Others read it, so it is not closed to them."""
    path = tmp_path / "trust.json"
    older, newer = (write_trust_bundle(samples.CHAIN.get_trust(height)) for height in (2, 9))
    write_file(path, older, replaces=read_trust_bundle)

    write_file(path, newer, replaces=read_trust_bundle)

    assert path.read_bytes() == newer
    write_file(path, newer)  # what is there already says just that
    with pytest.raises(MisconfiguredError, match="something else"):
        write_receipt(path, RECEIPT)


def test_a_file_that_cannot_be_written_whole_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt would take its remains for something else."""
    path = tmp_path / "all.json"

    def fail(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fchmod", fail)
    with pytest.raises(MisconfiguredError, match=r"No space left .*choose another place"):
        write_private(path, b"x")

    assert not path.exists()


def test_what_can_not_be_done_again_is_checked_before(tmp_path: Path, wallet: Path) -> None:
    """Where it would go, and that there is such a directory."""
    check_target(tmp_path / "new")
    for path, reason in (
        (tmp_path / "none" / "new", "is no directory; make it"),
        (wallet / "new", "is no directory; make it"),
        (wallet, "name a new file"),
    ):
        with pytest.raises(MisconfiguredError, match=reason):
            check_target(path)


def test_no_vote_is_cast_whose_receipt_has_no_place(
    member_terminal: Terminal, wallet: Path
) -> None:
    """The ballot would be on the ledger, and the command say that it failed."""
    said = member_terminal.type(
        *("wallet", "vote", "yes", "-w", wallet, "--node", "http://127.0.0.1:9"),
        *("--receipt", wallet),
    )

    assert member_terminal.code == exit_codes.MISCONFIGURED
    assert "is there already and something else" in said
