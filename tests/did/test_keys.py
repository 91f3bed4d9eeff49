"""Keys, their names, and the one way in which signatures are valid."""

import json
from pathlib import Path

import pytest

from did.keys import (
    KeyFormatError,
    KeyPair,
    decode_multikey,
    did_key,
    did_key_verification_method,
    encode_multikey,
    is_signature_valid,
)

CASES: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "ed25519_speccheck.json").read_bytes()
)
VALID_CASES = {4}
"""Counted from 1. A change here is a change of consensus: nodes would disagree."""


@pytest.mark.parametrize("number", range(1, len(CASES) + 1))
def test_edge_cases_are_valid_exactly_as_consensus_has_it(number: int) -> None:
    """The published cases on which libraries disagree."""
    case = CASES[number - 1]

    is_valid = is_signature_valid(
        public_key=bytes.fromhex(case["pub_key"]),
        message=bytes.fromhex(case["message"]),
        signature=bytes.fromhex(case["signature"]),
    )

    assert is_valid is (number in VALID_CASES)


def test_signs_as_the_rfc() -> None:
    """RFC 8032 §7.1, test 2."""
    key = KeyPair(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))

    assert key.public_key.hex() == (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    )
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


def test_a_signature_belongs_to_one_message_and_key() -> None:
    """Wrong lengths are simply invalid."""
    key, other = KeyPair(b"\x01" * 32), KeyPair(b"\x02" * 32)
    signature = key.sign(b"message")

    assert is_signature_valid(public_key=key.public_key, message=b"message", signature=signature)
    for public_key, message, given in (
        (other.public_key, b"message", signature),
        (key.public_key, b"messagE", signature),
        (key.public_key, b"message", signature[:-1]),
        (key.public_key[:-1], b"message", signature),
        (key.public_key, b"message", b""),
    ):
        assert not is_signature_valid(public_key=public_key, message=message, signature=given)


def test_names_of_a_key_lead_back_to_it() -> None:
    """The example key of the did:key specification."""
    multikey = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    public_key = decode_multikey(multikey)

    assert encode_multikey(public_key) == multikey
    assert did_key(public_key) == f"did:key:{multikey}"
    assert did_key_verification_method(public_key) == f"did:key:{multikey}#{multikey}"


@pytest.mark.parametrize(
    "multikey",
    ["", "6Mkha", "z", "z0OIl", "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv", "z" * 65],
)
def test_refuses_other_keys(multikey: str) -> None:
    """Ed25519 alone."""
    with pytest.raises(KeyFormatError):
        decode_multikey(multikey)


def test_a_seed_is_never_shown() -> None:
    """Nor taken in another length."""
    key = KeyPair(b"\x41" * 32)

    assert "AAAA" not in repr(key)
    with pytest.raises(KeyFormatError):
        KeyPair(b"\x01" * 31)
