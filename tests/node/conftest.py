"""A terminal for every test of a command."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.node.terminal import PASSPHRASE, Terminal


@pytest.fixture
def member_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Terminal]:
    """Knows the wallets' passphrase, and nothing else of whoever runs the tests."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith("ROCHDALE_")]:
            del os.environ[name]
        os.environ["ROCHDALE_WALLET_PASSPHRASE"] = PASSPHRASE
        yield Terminal(capsys, tmp_path)
