"""The benchmark of identities: at a real node, beside libsodium and didkit."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from testnet.bench.identity import FIGURES, run_identity_benchmark


@pytest.mark.timeout(180)
def test_a_quick_run_writes_what_it_measured(tmp_path: Path) -> None:
    """Keys as scripts expect them, with limit and peer in the same run."""
    path = tmp_path / "figures.json"

    run_identity_benchmark(is_quick=True, json_path=path, console=Console(quiet=True))

    document = json.loads(path.read_text())
    assert [figure.key for figure in FIGURES] == [
        "login_p95_ms",
        "resolve_p95_ms",
        "ed25519_per_s",
        "jcs_per_s",
        "sdjwt_per_s",
    ]
    assert all(document[figure.key] > 0 for figure in FIGURES)
    assert document["limit_per_s"] > document["ed25519_per_s"] / 2
    assert document["didkit_per_s"] > 0
