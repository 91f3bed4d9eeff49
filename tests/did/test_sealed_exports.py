"""What a web wallet gives its owner to keep."""

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.sealed_exports import open_export, seal_export
from did.wallet_files import WalletError
from did.wallets import ColdKeys


@given(master=st.binary(min_size=32, max_size=32))
def test_an_export_opens_with_its_recovery_key(master: bytes) -> None:
    """As typed: any case, with spaces, without hyphens, O for 0 and l for 1."""
    export = seal_export(ColdKeys(master=master), random=secrets.token_bytes)
    typed = export.recovery_key.replace("-", " ").lower().replace("0", "o").replace("1", "l")

    assert open_export(export.file, export.recovery_key).master == master
    assert open_export(export.file, typed).master == master


def test_mistakes_are_told_apart() -> None:
    """A slip of the pen, another file's key, an altered file, another file."""
    one, other = (
        seal_export(ColdKeys(master=bytes(32)), random=secrets.token_bytes) for _ in range(2)
    )
    last = "0" if one.recovery_key[-1] != "0" else "1"
    altered = json.dumps(json.loads(one.file) | {"nonce": "00" * 12}).encode()

    for file, key, said in (
        (one.file, one.recovery_key[:-1] + last, "mistyped"),
        (one.file, "", "mistyped"),
        (one.file, "ü" * 40, "mistyped"),
        (one.file, other.recovery_key, "another file's"),
        (altered, one.recovery_key, "altered"),
        (b"{}", one.recovery_key, "not a web wallet's"),
        (b"\xff", one.recovery_key, "not a web wallet's"),
        (json.dumps(json.loads(one.file) | {"nonce": "00"}).encode(), one.recovery_key, "damaged"),
        (json.dumps(json.loads(one.file) | {"nonce": 1}).encode(), one.recovery_key, "not a web"),
        (
            json.dumps(json.loads(one.file) | {"sealed": "*"}).encode(),
            one.recovery_key,
            "not a web",
        ),
    ):
        with pytest.raises(WalletError, match=said):
            open_export(file, key)
