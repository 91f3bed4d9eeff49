"""Login statements of foreign wallets: P-256, and each way in which one does not hold."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from config.errors import RefusedError
from config.limits import LOGIN_STATEMENT_BYTES_MAX
from did.base64url import decode_base64url, encode_base64url
from did.documents import read_did_document
from did.keys import KeyPair, did_key_verification_method
from did.login.challenge import (
    LOGIN_TYPE,
    Challenge,
    LoginStatement,
    Purpose,
    parse_statement,
    render_challenge,
)
from did.login.errors import OAuthError
from did.resolution.self_certifying import resolve_jwk, resolve_key
from did.resolution.syntax import parse_did
from did.verification_keys import VerificationKey, parse_jwk, render_jwk, render_multikey
from tests.did.foreign_peers import run_peer
from tests.did.test_verification_keys import RFC7515

RFC7515_D = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
"""The private part of the key of RFC 7515, appendix A.3.1."""
NOW_S = 1_800_000_000
ASKED = Challenge(
    audience="https://ash.test", nonce="n-1", client_id="an-app", purpose=Purpose.LOGIN
)
KEY = parse_jwk(RFC7515)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def describe(method: str) -> tuple[str, str]:
    """The DID and verification method of the RFC's key, as foreign wallets write them."""
    if method == "key":
        multikey = render_multikey(KEY)
        return f"did:key:{multikey}", f"did:key:{multikey}#{multikey}"
    did = f"did:jwk:{encode_base64url(json.dumps(render_jwk(KEY)).encode())}"
    return did, f"{did}#0"


def find_key(did: str, method: str) -> VerificationKey:
    """As a node does."""
    parsed = parse_did(did)
    resolved = resolve_key(parsed) if parsed.method == "key" else resolve_jwk(parsed)
    assert resolved.document is not None
    return read_did_document(resolved.document, did=did).get_key(method, purpose="authentication")


def check(statement: str) -> bool:
    """Read a statement, resolve its DID, check its signature."""
    parsed = parse_statement(statement, expected=ASKED, now_s=NOW_S)
    return parsed.token.is_signed_by(find_key(parsed.did, parsed.kid))


def sign(change: Callable[[bytes], bytes] = bytes, *, header: dict[str, Any] | None = None) -> str:
    """A statement by the RFC's key, whose raw signature a test may change."""
    _, kid = describe("key")
    told = {"alg": "ES256", "kid": kid, "typ": LOGIN_TYPE, **(header or {})}
    parts = (json.dumps(told).encode(), render_challenge(ASKED, now_s=NOW_S))
    signing_input = ".".join(map(encode_base64url, parts))
    private = ec.derive_private_key(int.from_bytes(decode_base64url(RFC7515_D)), ec.SECP256R1())
    r, s = decode_dss_signature(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signing_input}.{encode_base64url(change(r.to_bytes(32) + s.to_bytes(32)))}"


@pytest.mark.parametrize("method", ["key", "jwk"])
def test_a_foreign_signers_statement_holds(method: str) -> None:
    """Jose signs with the key of RFC 7515, A.3, under both methods."""
    did, kid = describe(method)
    statement = run_peer(
        "sign_login.mjs",
        {
            "jwk": {**RFC7515, "d": RFC7515_D},
            "alg": "ES256",
            "kid": kid,
            "typ": LOGIN_TYPE,
            "claims": json.loads(render_challenge(ASKED, now_s=NOW_S)),
        },
    )

    parsed = parse_statement(statement, expected=ASKED, now_s=NOW_S)

    assert isinstance(parsed, LoginStatement)
    assert (parsed.did, parsed.kid) == (did, kid)
    assert parsed.token.is_signed_by(find_key(did, kid))
    assert parsed.token.is_signed_by(KEY)


def test_a_raw_signature_holds() -> None:
    """So that the changes below are what is refused."""
    assert check(sign())


def _to_der(raw: bytes) -> bytes:
    """As X.509 writes it, and some libraries by mistake."""
    body = b"".join(
        b"\x02" + bytes([len(part)]) + part for part in (b"\x00" + raw[:32], b"\x00" + raw[32:])
    )
    return b"\x30" + bytes([len(body)]) + body


@pytest.mark.parametrize(
    "change",
    [
        _to_der,
        lambda raw: raw[:63],
        lambda raw: raw + b"\x00",
        lambda raw: b"\x00" + raw,
        lambda _: b"",
        lambda raw: bytes(32) + raw[32:],
        lambda raw: raw[:32] + bytes(32),
        lambda _: bytes(64),
        lambda raw: raw[:32] + ORDER.to_bytes(32),
        lambda raw: (ORDER + 1).to_bytes(32) + raw[32:],
        lambda raw: raw[32:] + raw[:32],
        lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
        lambda _: b"\xff" * 64,
    ],
    ids=[
        *("der", "short", "long", "padded", "empty", "r-zero", "s-zero", "zero"),
        *("s-order", "r-order", "swapped", "flipped", "ones"),
    ],
)
def test_refuses_every_other_form_of_a_signature(change: Callable[[bytes], bytes]) -> None:
    """RFC 7518 §3.4: r and s, 32 bytes each, both below the group's order and above zero."""
    assert not check(sign(change))


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519", "ES256K", "HS256", "none", "ES384", 7, None])
def test_the_algorithm_is_that_of_the_key(alg: object) -> None:
    """Never the one that the header prefers."""
    assert not check(sign(header={"alg": alg}))


def test_another_keys_statement_does_not_hold() -> None:
    """The kid names the key that must have signed."""
    other = did_key_verification_method(KeyPair(b"o" * 32).public_key)

    assert not check(sign(header={"kid": other}))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "rochdale-sign-up+jws"},
        {"jwk": RFC7515},
        {"crit": ["b64"], "b64": False},
        {"x5c": []},
        {"kid": "did:key:zDn"},
        {"kid": "#0"},
        {"kid": 7},
    ],
)
def test_a_header_says_alg_kid_and_type(header: dict[str, object]) -> None:
    """Keys and certificates in it would be the signer's own word."""
    with pytest.raises(OAuthError):
        check(sign(header=header))


def test_a_statement_has_a_size() -> None:
    """Before anything is decoded."""
    with pytest.raises(OAuthError, match="at most"):
        parse_statement("a" * (LOGIN_STATEMENT_BYTES_MAX + 1), expected=ASKED, now_s=NOW_S)


@pytest.mark.parametrize(
    "jwk",
    [
        {**RFC7515, "y": RFC7515["x"]},
        {**RFC7515, "x": encode_base64url(b"\xff" * 32)},
        {**RFC7515, "x": encode_base64url(bytes(33))},
        {**RFC7515, "d": RFC7515_D},
        {**RFC7515, "crv": "P-384"},
        {**RFC7515, "use": "enc"},
        {**RFC7515, "alg": "ES384"},
    ],
    ids=["off-curve", "field", "length", "secret", "curve", "use", "alg"],
)
def test_a_jwk_that_is_no_point_for_signatures_logs_nobody_in(jwk: dict[str, str]) -> None:
    """Invalid-curve keys, secrets and keys for something else."""
    did = f"did:jwk:{encode_base64url(json.dumps(jwk).encode())}"

    with pytest.raises(RefusedError):
        find_key(did, f"{did}#0")
