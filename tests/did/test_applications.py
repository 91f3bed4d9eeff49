"""Membership applications."""

from typing import Any

import pytest

from config.errors import RefusedError
from did.accounts import Inception
from did.applications import APPLICATION_TYPE, check_application, sign_application
from did.jcs import canonicalize, parse_json_object
from did.jws import parse_jws, sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method

KEY = KeyPair(b"\x01" * 32)
INCEPTION = Inception(
    public_key=KEY.public_key, next_key_commitment=b"\x02" * 32, guardians_commitment=bytes(32)
)
COOPERATIVE = b"\x03" * 32
NOW_S = 1_800_000_000


def sign(**changes: Any) -> str:
    """An application, with anything in it changed."""
    fields: dict[str, Any] = {
        "key": KEY,
        "inception": INCEPTION,
        "cooperative_id": COOPERATIVE,
        "name": "Zoë",
        "contact": "zoe@a.example",
        "iat_s": NOW_S,
        "nonce": b"\x04" * 16,
    }
    return sign_application(**{**fields, **changes})


def sign_claims(change: dict[str, Any]) -> str:
    """An application whose claims are changed before it is signed."""
    parsed = parse_jws(sign(), typ=APPLICATION_TYPE, bytes_max=4_096)
    claims = {**parse_json_object(parsed.payload), **change}
    return sign_jws(canonicalize(claims), key=KEY, kid=parsed.kid, typ=APPLICATION_TYPE)


def test_an_application_is_read_back() -> None:
    """With the account that it begins and the DID to log in with."""
    application = check_application(sign(), cooperative_id=COOPERATIVE, now_s=NOW_S)

    assert application.did == did_key(KEY.public_key)
    assert application.inception == INCEPTION
    assert application.account_id == INCEPTION.compute_id()
    assert (application.name, application.contact) == ("Zoë", "zoe@a.example")


def test_refuses_a_key_that_does_not_begin_the_account() -> None:
    """Nobody applies with another's account."""
    thief = KeyPair(b"\x09" * 32)
    claimed = sign_jws(
        parse_jws(sign(), typ=APPLICATION_TYPE, bytes_max=4_096).payload,
        key=thief,
        kid=did_key_verification_method(KEY.public_key),
        typ=APPLICATION_TYPE,
    )

    for jws in (sign(key=thief), claimed):
        with pytest.raises(RefusedError):
            check_application(jws, cooperative_id=COOPERATIVE, now_s=NOW_S)


def test_refuses_an_application_for_another_cooperative() -> None:
    """It cannot be passed on."""
    with pytest.raises(RefusedError, match="another cooperative"):
        check_application(sign(), cooperative_id=b"\x05" * 32, now_s=NOW_S)


@pytest.mark.parametrize(
    ("age_s", "is_taken"), [(600, True), (601, False), (-300, True), (-301, False)]
)
def test_an_application_is_fresh(age_s: int, is_taken: bool) -> None:
    """Ten minutes, and some skew between clocks."""
    if is_taken:
        check_application(sign(), cooperative_id=COOPERATIVE, now_s=NOW_S + age_s)
    else:
        with pytest.raises(RefusedError, match="stale"):
            check_application(sign(), cooperative_id=COOPERATIVE, now_s=NOW_S + age_s)


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"iat": True},
        {"iat": "now"},
        {"name": 1},
        {"name": "x" * 201},
        {"name": "two\nlines"},
        {"contact": "\x1b[2J"},
        {"nonce": "00"},
        {"nonce": "AA" * 16},
        {"nonce": "zz" * 16},
        {"inception": []},
        {"inception": ["00", "00", "00"]},
        {"cooperative": 1},
    ],
)
def test_refuses_malformed_claims(change: dict[str, Any]) -> None:
    """Even when they are signed."""
    with pytest.raises(RefusedError):
        check_application(sign_claims(change), cooperative_id=COOPERATIVE, now_s=NOW_S)
