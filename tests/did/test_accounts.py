"""Ledger accounts."""

from typing import Any

import pytest

from config.errors import RefusedError
from did.accounts import (
    Inception,
    compute_key_commitment,
    is_network_name,
    render_account_did,
)
from did.codec import encode

INCEPTION = Inception(
    public_key=b"\x01" * 32, next_key_commitment=b"\x02" * 32, guardians_commitment=bytes(32)
)


def test_an_id_follows_from_its_inception() -> None:
    """Each field counts, and the value is fixed for ever."""
    assert INCEPTION.compute_id().hex() == (
        "2e2e85671781756ceb32d631f530082b3f095b17750a89ba1e7a5ce4967653f4"
    )
    assert Inception.parse(INCEPTION.encode()) == INCEPTION
    assert compute_key_commitment(b"\x01" * 32) != compute_key_commitment(b"\x02" * 32)


@pytest.mark.parametrize("value", [None, [], [b"\x01" * 32] * 2, [b"\x01" * 31] * 3, ["a"] * 3])
def test_refuses_what_is_no_inception(value: Any) -> None:
    """Three fields of 32 bytes."""
    with pytest.raises(RefusedError):
        Inception.parse(encode(value))


def test_a_did_names_network_and_id() -> None:
    """In base58btc; leading zero bytes are kept."""
    assert render_account_did(network="test-heart", account_id=bytes(32)) == (
        "did:rochdale:test-heart:z" + "1" * 32
    )


@pytest.mark.parametrize(
    ("name", "is_name"),
    [
        ("a", True),
        ("test-heart", True),
        ("a" * 32, True),
        ("a" * 33, False),
        ("-a", False),
        ("a-", False),
        ("A", False),
        ("", False),
        ("a\n", False),
    ],
)
def test_network_names_are_short_and_plain(name: str, is_name: bool) -> None:
    """They are part of DIDs."""
    assert is_network_name(name) is is_name
