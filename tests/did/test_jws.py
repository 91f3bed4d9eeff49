"""Compact JWS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.base64url import decode_base64url, encode_base64url
from did.jcs import canonicalize
from did.jws import JwsError, check_jws, parse_jws, sign_jws
from did.keys import KeyPair

KEY = KeyPair(b"\x01" * 32)
TYPE = "example+jws"


def make(header: object, payload: bytes = b"{}") -> str:
    """Sign a statement with any header."""
    signing_input = f"{encode_base64url(canonicalize(header))}.{encode_base64url(payload)}"
    return f"{signing_input}.{encode_base64url(KEY.sign(signing_input.encode()))}"


def check(jws: str) -> bytes:
    """Read and check; the payload."""
    parsed = parse_jws(jws, typ=TYPE, bytes_max=4_096)
    check_jws(parsed, public_key=KEY.public_key)
    return parsed.payload


def test_verifies_the_example_of_the_rfc() -> None:
    """RFC 8037 appendix A.4: our parts of it, its key and its signature."""
    key = KeyPair(decode_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    signing_input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

    assert encode_base64url(key.sign(signing_input)) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_a_signed_statement_is_read_back_byte_for_byte() -> None:
    """Nothing is canonicalized on the way."""
    jws = sign_jws(b'{ "b":1,\n"a":2}', key=KEY, kid="did:example:1#k", typ=TYPE)

    assert check(jws) == b'{ "b":1,\n"a":2}'
    assert parse_jws(jws, typ=TYPE, bytes_max=4_096).kid == "did:example:1#k"


def test_the_newer_name_of_the_algorithm_is_accepted() -> None:
    """RFC 9864 calls it Ed25519."""
    assert check(make({"alg": "Ed25519", "kid": "k", "typ": TYPE})) == b"{}"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "k", "typ": TYPE},
        {"alg": "HS256", "kid": "k", "typ": TYPE},
        {"alg": "EdDSA", "kid": "k", "typ": "other+jws"},
        {"alg": "EdDSA", "kid": "k"},
        {"alg": "EdDSA", "typ": TYPE},
        {"alg": "EdDSA", "kid": 1, "typ": TYPE},
        {"alg": ["EdDSA"], "kid": "k", "typ": TYPE},
        {"alg": "EdDSA", "kid": "k", "typ": TYPE, "crit": ["b64"], "b64": False},
        {"alg": "EdDSA", "kid": "k", "typ": TYPE, "jwk": {}},
        [],
    ],
)
def test_refuses_any_other_header(header: object) -> None:
    """Only alg, kid and typ, each as expected."""
    with pytest.raises(JwsError):
        check(make(header))


def test_refuses_another_key() -> None:
    """The signature belongs to one key."""
    jws = parse_jws(
        sign_jws(b"{}", key=KeyPair(b"\x02" * 32), kid="k", typ=TYPE), typ=TYPE, bytes_max=4_096
    )

    with pytest.raises(JwsError):
        check_jws(jws, public_key=KEY.public_key)


@given(st.data())
def test_refuses_any_changed_character(data: st.DataObject) -> None:
    """One statement has one spelling, so every change breaks it."""
    jws = sign_jws(b'{"a":1}', key=KEY, kid="k", typ=TYPE)
    at = data.draw(st.integers(0, len(jws) - 1))
    character = data.draw(st.characters(max_codepoint=255).filter(lambda c: c != jws[at]))

    with pytest.raises(JwsError):
        check(jws[:at] + character + jws[at + 1 :])


@pytest.mark.parametrize("jws", ["", "a.b", "a.b.c.d", "é.e.e", "e" * 5_000])
def test_refuses_what_is_no_jws(jws: str) -> None:
    """Three parts, ASCII, within the limit."""
    with pytest.raises(JwsError):
        check(jws)


@given(st.binary())
def test_base64url_reads_back(data: bytes) -> None:
    """Encoding loses nothing."""
    assert decode_base64url(encode_base64url(data)) == data
