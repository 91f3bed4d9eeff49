"""Keys of foreign wallets: their spellings, and what they signed."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from did.base64url import decode_base64url
from did.keys import KeyFormatError, KeyPair, encode_multikey
from did.verification_keys import (
    ALGORITHMS,
    KeyKind,
    VerificationKey,
    compute_thumbprint,
    parse_jwk,
    parse_multikey,
    render_jwk,
    render_multikey,
)

SPECCHECK = json.loads(
    (Path(__file__).parents[1] / "vectors" / "ed25519_speccheck.json").read_bytes()
)
SPECCHECK_VALID = {4}
"""Counted from 1; the same as the ledger's, because the same library decides."""

RFC8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC7515 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ALL_KINDS = pytest.mark.parametrize("kind", list(KeyKind))


def make_key(kind: KeyKind, secret: int = 7) -> VerificationKey:
    """A key of each kind."""
    if kind is KeyKind.ED25519:
        return VerificationKey(kind, KeyPair(secret.to_bytes(32, "big")).public_key)
    point = make_secret(kind, secret).public_key()
    return VerificationKey(kind, point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def make_secret(kind: KeyKind, secret: int = 7) -> ec.EllipticCurvePrivateKey:
    """The secret half of an elliptic key."""
    curve = ec.SECP256R1() if kind is KeyKind.P256 else ec.SECP256K1()
    return ec.derive_private_key(secret, curve)


def sign(kind: KeyKind, message: bytes, secret: int = 7) -> bytes:
    """A signature in JOSE's raw form."""
    if kind is KeyKind.ED25519:
        return KeyPair(secret.to_bytes(32, "big")).sign(message)
    r, s = decode_dss_signature(make_secret(kind, secret).sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("number", range(1, len(SPECCHECK) + 1))
def test_edge_cases_of_ed25519_are_decided_as_on_the_ledger(number: int) -> None:
    """The published cases on which libraries disagree."""
    case = {name: bytes.fromhex(value) for name, value in SPECCHECK[number - 1].items()}

    is_valid = VerificationKey(KeyKind.ED25519, case["pub_key"]).is_signature_valid(
        alg="EdDSA", message=case["message"], signature=case["signature"]
    )

    assert is_valid is (number in SPECCHECK_VALID)


def test_checks_the_example_of_rfc_8037() -> None:
    """RFC 8037, appendices A.3 and A.4."""
    signing_input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    signature = (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    key = parse_jwk(RFC8037)

    assert compute_thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert key.is_signature_valid(
        alg="EdDSA", message=signing_input.encode(), signature=decode_base64url(signature)
    )


def test_checks_the_example_of_rfc_7515() -> None:
    """RFC 7515, appendix A.3: ES256."""
    signing_input = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    signature = (
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )

    assert parse_jwk(RFC7515).is_signature_valid(
        alg="ES256", message=signing_input.encode(), signature=decode_base64url(signature)
    )


@ALL_KINDS
def test_every_spelling_leads_back_to_the_key(kind: KeyKind) -> None:
    """JWK and Multikey carry the same key."""
    key = make_key(kind)

    assert parse_jwk(render_jwk(key)) == key
    assert parse_multikey(render_multikey(key)) == key


def test_an_ed25519_multikey_is_the_ledgers() -> None:
    """One spelling for one key."""
    key = make_key(KeyKind.ED25519)

    assert render_multikey(key) == encode_multikey(key.public_key)


@ALL_KINDS
def test_a_signature_holds_for_its_key_message_and_algorithm_alone(kind: KeyKind) -> None:
    """Whatever the message's header prefers, the caller names the algorithm."""
    key, signature = make_key(kind), sign(kind, b"message")

    for alg in [*ALGORITHMS, "none", "HS256", ""]:
        is_valid = key.is_signature_valid(alg=alg, message=b"message", signature=signature)
        assert is_valid is (alg in key.algorithms)
    alg = key.algorithms[0]
    assert not key.is_signature_valid(alg=alg, message=b"massage", signature=signature)
    assert not make_key(kind, 8).is_signature_valid(
        alg=alg, message=b"message", signature=signature
    )


@ALL_KINDS
@given(data=st.binary(max_size=80))
def test_arbitrary_bytes_are_no_signature(kind: KeyKind, data: bytes) -> None:
    """Invalid, never an error: of any length, zero and beyond the group's order included."""
    key = make_key(kind)

    for signature in (data, bytes(64), b"\xff" * 64):
        assert not key.is_signature_valid(alg=key.algorithms[0], message=b"m", signature=signature)


@pytest.mark.parametrize(
    "change",
    [
        {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
        {"k": "AAAA"},
        {"kty": "OKP"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "Ed25519"},
        {"crv": ["P-256"]},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "ES256K"},
        {"alg": "none"},
        {"alg": ["ES256"]},
        {"x": RFC7515["y"]},
        {"y": RFC7515["x"]},
        {"y": None},
        {"x": RFC7515["x"] + "="},
        {"x": "AAAA"},
        {"x": "A" * 100_000},
        {"x": "*" * 43},
        {"x": 1},
    ],
)
def test_refuses_a_jwk_that_is_secret_or_malformed(change: dict[str, Any]) -> None:
    """A private member, another purpose, or no point of the curve."""
    with pytest.raises(KeyFormatError):
        parse_jwk({**RFC7515, **change})


def test_members_of_no_concern_are_passed_over() -> None:
    """RFC 7517 §4: what is not understood is ignored; what is understood must fit."""
    jwk = {**RFC7515, "kid": "1", "use": "sig", "alg": "ES256", "key_ops": ["verify"], "x-y": 1}

    assert parse_jwk(jwk) == parse_jwk(RFC7515)


@pytest.mark.parametrize("value", [None, [], "{}", 1])
def test_refuses_what_is_no_jwk(value: object) -> None:
    """A JWK is an object."""
    with pytest.raises(KeyFormatError):
        parse_jwk(value)


@pytest.mark.parametrize(
    "multikey",
    [
        None,
        "",
        "z",
        "mAAAA",
        "z0OIl",
        "z" * 65,
        render_multikey(make_key(KeyKind.P256))[:-1],
        "z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
    ],
)
def test_refuses_what_is_no_multikey(multikey: object) -> None:
    """Another base, another length, another kind of key."""
    with pytest.raises(KeyFormatError):
        parse_multikey(multikey)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (KeyKind.ED25519, b"\x02" + bytes(31)),
        (KeyKind.ED25519, bytes(31)),
        (KeyKind.P256, b"\x02" + b"\xff" * 32),
        (KeyKind.P256, b"\x04" + bytes(32)),
        (KeyKind.SECP256K1, b"\x02" + bytes(31) + b"\x05"),
        (KeyKind.SECP256K1, bytes(65)),
    ],
)
def test_a_key_is_a_point_of_its_curve(kind: KeyKind, data: bytes) -> None:
    """Refused where it is read, not where it is used."""
    with pytest.raises(KeyFormatError):
        VerificationKey(kind, data)
