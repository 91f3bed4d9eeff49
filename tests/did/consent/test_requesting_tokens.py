"""Requesting party tokens: what they say, and whose they are."""

from dataclasses import replace

import pytest

from config.errors import RefusedError
from config.uma_limits import RPT_S
from did.consent.requesting_tokens import (
    RequestingToken,
    check_requesting_token,
    read_requesting_token,
    sign_requesting_token,
)
from did.consent.terms import Purpose
from did.consent.tickets import Permission
from did.keys import KeyPair
from did.login.access_tokens import AccessToken, check_access_token, sign_access_token

ISSUER, AUDIENCE = "https://ash.test", "https://ash.test/uma/resources"
KEY = KeyPair(b"k" * 32)
TOKEN = RequestingToken(
    id="12" * 16,
    audience=AUDIENCE,
    client_id="app",
    jkt="thumb",
    permissions=(Permission(resource_id="ab" * 16, resource_scopes=(Purpose.PAYMENT,)),),
    iat_s=1_000,
    exp_s=1_000 + RPT_S,
)


def sign(token: RequestingToken = TOKEN, *, key: KeyPair = KEY, issuer: str = ISSUER) -> str:
    return sign_requesting_token(token, issuer=issuer, key=key, kid="kid")


def check(text: str, *, audience: str = AUDIENCE, now_s: int = 1_001) -> RequestingToken:
    return check_requesting_token(
        text, issuer=ISSUER, audience=audience, public_key=KEY.public_key, now_s=now_s
    )


def test_a_token_is_read_back() -> None:
    """As it was signed."""
    assert check(sign()) == TOKEN


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (sign(), {"audience": "another"}),
        (sign(), {"now_s": TOKEN.exp_s}),
        (sign(replace(TOKEN, exp_s=9_000)), {}),
        (sign(key=KeyPair(b"x" * 32)), {}),
        (sign(issuer="https://birch.test"), {}),
        ("a.b.c", {}),
    ],
)
def test_refuses_another_servers_an_old_or_a_forged_token(text: str, change: dict) -> None:
    """Each for its own reason."""
    with pytest.raises(RefusedError):
        check(text, **change)


def test_access_tokens_and_requesting_tokens_are_never_mistaken() -> None:
    """Though one key signs both."""
    access = AccessToken(
        subject="s",
        client_id="app",
        scope="profile",
        grant="00",
        jkt="thumb",
        jti="j",
        iat_s=1_000,
        exp_s=1_200,
    )
    text = sign_access_token(access, issuer=ISSUER, key=KEY, kid="kid")

    with pytest.raises(RefusedError, match="no requesting party token"):
        read_requesting_token(text, issuer=ISSUER, public_key=KEY.public_key)
    with pytest.raises(RefusedError, match="another server"):
        check_access_token(sign(), issuer=ISSUER, public_key=KEY.public_key, now_s=1_001)
