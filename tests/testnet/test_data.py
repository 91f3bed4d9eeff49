"""The real data that the test federation stands on."""

import hashlib
from pathlib import Path

import testnet

_DATA = Path(testnet.__file__).parent / "data"
_SHA256 = "574f2fa2b43012fa25fca4fcdb36bd7c6bccdd0af4242f6c0e4c8633c5a072ae"


def test_the_heart_disease_data_are_the_published_bytes() -> None:
    """The file is used as its source published it, and the README names the same hash."""
    data = (_DATA / "heart_disease_uci.csv").read_bytes()

    assert hashlib.sha256(data).hexdigest() == _SHA256
    assert _SHA256 in (_DATA / "README.md").read_text(encoding="utf-8")
