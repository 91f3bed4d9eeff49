"""What tests of commands need: a terminal, a wallet, trust, a node that has made blocks."""

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from did.wallets import STRENGTH_TEST, create_wallet, save_wallet
from ledger.trust import write_trust_bundle
from tests.ledger import receipt_samples as samples
from tests.node.small_federation import Member, found_members, wait_until
from tests.node.terminal import PASSPHRASE, Terminal


@pytest.fixture
def member_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Terminal]:
    """Knows the wallets' passphrase, and nothing else of whoever runs the tests."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("ROCHDALE_")]:
            del os.environ[name]
        os.environ["ROCHDALE_WALLET_PASSPHRASE"] = PASSPHRASE
        yield Terminal(capsys, tmp_path)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Member]:
    """A chain of one validator that has run for a dozen blocks, with snapshots."""
    [member] = found_members(
        tmp_path_factory.mktemp("nodes"), 1, engine__snapshot_interval_blocks=5
    )
    with member:
        member.start()
        wait_until(lambda: member.height() > 12)
        member.stop()
        yield member


@pytest.fixture
def wallet(tmp_path: Path) -> Path:
    """One that was just made: bound to no cooperative, without a ballot."""
    path = tmp_path / "a.wallet"
    made = create_wallet(random=secrets.token_bytes)
    save_wallet(path, made, PASSPHRASE, random=secrets.token_bytes, strength=STRENGTH_TEST)
    return path


@pytest.fixture
def samples_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after the sample receipts were made."""
    monkeypatch.setattr(time, "time", lambda: samples.NOW_MS / 1_000)


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """The bundle of the validators that signed the sample receipts."""
    path = tmp_path / "trust.json"
    path.write_bytes(write_trust_bundle(samples.TRUST))
    return path
