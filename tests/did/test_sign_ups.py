"""What somebody says to have an account."""

from typing import Any

import msgspec
import pytest

from config.errors import RefusedError
from did.jcs import canonicalize
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.sign_ups import SIGN_UP_TYPE, SignUpClaims, parse_sign_up, render_sign_up
from did.verification_keys import KeyKind, VerificationKey

KEY = KeyPair(b"k" * 32)
KID = did_key_verification_method(KEY.public_key)
COOPERATIVE = bytes(range(32))
CLAIMS = SignUpClaims(
    cooperative=COOPERATIVE.hex(), name="Ann", contact="by post", iat=1_000, nonce="ab" * 16
)


def sign(typ: str = SIGN_UP_TYPE, kid: str = KID, **changes: Any) -> str:
    claims = {**msgspec.to_builtins(CLAIMS), **changes}
    return sign_jws(canonicalize(claims), key=KEY, kid=kid, typ=typ)


def test_a_sign_up_is_read_as_it_was_signed() -> None:
    """The signature is the caller's to check, with the key of its DID."""
    text = sign_jws(render_sign_up(CLAIMS), key=KEY, kid=KID, typ=SIGN_UP_TYPE)

    found = parse_sign_up(text, cooperative_id=COOPERATIVE, now_s=1_000)

    assert found.claims == CLAIMS
    assert found.did == did_key(KEY.public_key)
    assert found.token.is_signed_by(VerificationKey(KeyKind.ED25519, KEY.public_key))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"typ": "rochdale-application+jws"}, "has the type"),
        ({"kid": "key-1"}, "verification method"),
        ({"kid": "did:key:z6Mk"}, "verification method"),
        ({"cooperative": "00" * 32}, "another cooperative"),
        ({"cooperative": "AB" * 32}, "malformed"),
        ({"iat": 1_000 - 601}, "stale"),
        ({"iat": 2_000}, "stale"),
        ({"iat": -1}, "malformed"),
        ({"iat": "1000"}, "malformed"),
        ({"name": "x" * 201}, "malformed"),
        ({"name": "two\nlines"}, "printable"),
        ({"contact": "\x1b[31m"}, "printable"),
        ({"nonce": "short"}, "malformed"),
        ({"more": 1}, "malformed"),
        ({"name": {"deep": []}}, "deep"),
    ],
)
def test_refuses_what_is_not_exactly_a_sign_up(changes: dict[str, Any], sentence: str) -> None:
    """Of another type, for another, stale, or not of its form."""
    with pytest.raises(RefusedError, match=sentence):
        parse_sign_up(sign(**changes), cooperative_id=COOPERATIVE, now_s=1_000)


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "é.a.b", "x" * 9_000])
def test_refuses_what_is_no_signed_statement(text: str) -> None:
    """Never a traceback."""
    with pytest.raises(RefusedError):
        parse_sign_up(text, cooperative_id=COOPERATIVE, now_s=1_000)
