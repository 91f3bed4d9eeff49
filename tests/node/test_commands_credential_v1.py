"""`rochdale credential check` with credentials of older wallets: every run ends well."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.didkit_bridge import DidkitBridge
from node.founding import complete_settings, create_node
from tests.node.test_credentials_v1 import CHALLENGE, DOMAIN, ISSUER_DID, issue, show

RUNS = int(os.environ.get("SOAK_RUNS", "8"))
_MAIN = "import sys; from testnet.cli import main; sys.exit(main())"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A node's home; nothing of it runs."""
    settings = complete_settings(
        {
            "node.name": "Ash",
            "node.origin": "https://ash.test",
            "network.chain_id": "test-check-1",
            "network.network": "test-check",
        }
    )
    create_node(tmp_path / "home", settings)
    return tmp_path / "home"


def check(home: Path, text: str, *options: str) -> tuple[int, str, str]:
    """Run the command in a process of its own; its exit code and what it said."""
    file = home.parent / "credential"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, "credential", "check", file, "--home", home, *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.timeout(0)
async def test_a_credential_holds_however_often_it_is_checked(home: Path) -> None:
    """Alone, didkit crashes at the end of one process in several (SOAK_RUNS)."""
    with DidkitBridge() as bridge:
        text = await issue(bridge)

    for _ in range(RUNS):
        assert check(home, text) == (0, f"holds: VerifiableCredential by {ISSUER_DID}\n", "")


async def test_what_does_not_hold_is_refused(home: Path) -> None:
    """Exit code 1, with the reason; a presentation is checked for its verifier."""
    with DidkitBridge() as bridge:
        expired = await issue(bridge, is_jwt=True, expirationDate="2026-01-02T00:00:00Z")
        shown = await show(bridge, await issue(bridge))

    code, _, error = check(home, expired)
    assert (code, "expired" in error) == (1, True)
    assert check(home, shown, "--challenge", CHALLENGE, "--domain", DOMAIN)[0] == 0
    code, _, error = check(home, shown, "--challenge", "other", "--domain", DOMAIN)
    assert (code, "another challenge" in error) == (1, True)
    assert check(home, shown)[0] == 1
