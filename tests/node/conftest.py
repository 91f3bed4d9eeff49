"""A terminal for every test of a command, and a node that has made blocks."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

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
