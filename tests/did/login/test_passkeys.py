"""Passkeys without a node: what browsers are asked, and that nothing malformed is believed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import encode_cbor

from did.base64url import decode_base64url, encode_base64url
from did.login.errors import OAuthError
from did.login.passkeys import (
    Passkey,
    check_creation,
    check_use,
    get_id,
    render_creation,
    render_use,
)
from tests.node.web.authenticators import Authenticator

ORIGIN = "https://ash.test"
CHALLENGE = b"c" * 32
CREATION = render_creation(
    origin=ORIGIN, name="Ash", user=b"u" * 16, challenge=CHALLENGE, known=[b"old"]
)
USE = render_use(origin=ORIGIN, challenge=CHALLENGE)


def make() -> tuple[Authenticator, Passkey]:
    authenticator = Authenticator()
    made = check_creation(authenticator.make(CREATION), origin=ORIGIN, challenge=CHALLENGE)
    return authenticator, made


def test_a_browser_is_asked_for_this_host_and_its_person() -> None:
    """No attestation, the person recognised, and no second passkey on one device."""
    assert CREATION["rp"] == {"id": "ash.test", "name": "Ash"}
    assert CREATION["attestation"] == "none"
    assert CREATION["authenticatorSelection"]["userVerification"] == "required"
    assert CREATION["excludeCredentials"][0]["id"] == encode_base64url(b"old")
    assert (USE["rpId"], USE["userVerification"]) == ("ash.test", "required")


def test_a_port_is_no_part_of_the_host() -> None:
    """Web Authentication Level 3 §5.1.2: the RP ID is a domain."""
    assert render_use(origin="http://localhost:8080", challenge=CHALLENGE)["rpId"] == "localhost"


def test_another_challenge_is_refused() -> None:
    """For making as for using."""
    authenticator, passkey = make()

    with pytest.raises(OAuthError, match="not made as"):
        check_creation(authenticator.make(CREATION), origin=ORIGIN, challenge=b"d" * 32)
    with pytest.raises(OAuthError, match="logs nobody in here"):
        check_use(authenticator.use(USE), origin=ORIGIN, challenge=b"d" * 32, passkey=passkey)


def test_an_answer_to_the_one_is_none_to_the_other() -> None:
    """The type stands in what is signed."""
    authenticator, passkey = make()

    with pytest.raises(OAuthError):
        check_creation(authenticator.use(USE), origin=ORIGIN, challenge=CHALLENGE)
    with pytest.raises(OAuthError):
        check_use(authenticator.make(CREATION), origin=ORIGIN, challenge=CHALLENGE, passkey=passkey)


def test_the_id_that_is_named_is_the_one_that_was_made() -> None:
    """Else somebody could lay hold of another's id."""
    made = Authenticator().make(CREATION)
    text = encode_base64url(b"another")

    with pytest.raises(OAuthError, match="names another"):
        check_creation({**made, "id": text, "rawId": text}, origin=ORIGIN, challenge=CHALLENGE)


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 7},
        {"id": ""},
        {"id": "!"},
        {"id": "eA", "response": None},
        {"id": "eA", "response": {"attestationObject": 7}},
        {"id": "eA", "rawId": "eA", "type": "public-key", "response": {"clientDataJSON": "e30"}},
    ],
)
def test_malformed_answers_are_refused(credential: Any) -> None:
    """With a reason, and not by a defect."""
    _, passkey = make()

    with pytest.raises(OAuthError):
        check_creation(credential, origin=ORIGIN, challenge=CHALLENGE)
    with pytest.raises(OAuthError):
        check_use(credential, origin=ORIGIN, challenge=CHALLENGE, passkey=passkey)


@pytest.mark.parametrize("value", [{}, {"id": 7}, {"id": ""}, {"id": "x" * 3_000}])
def test_an_answer_without_an_id_is_refused(value: Any) -> None:
    """A passkey is looked up by it."""
    with pytest.raises(OAuthError, match="names no passkey"):
        get_id(value)


@given(place=st.integers(0, 10_000), byte=st.integers(1, 255), name=st.sampled_from(["a", "s"]))
def test_no_changed_byte_is_believed(place: int, byte: int, name: str) -> None:
    """What the authenticator signed, and its signature."""
    authenticator, passkey = AUTHENTICATOR
    used = authenticator.use(USE)
    field = {"a": "authenticatorData", "s": "signature"}[name]
    data = bytearray(decode_base64url(used["response"][field]))
    data[place % len(data)] ^= byte
    used["response"][field] = encode_base64url(bytes(data))

    with pytest.raises(OAuthError):
        check_use(used, origin=ORIGIN, challenge=CHALLENGE, passkey=passkey)


@given(data=st.binary(max_size=300))
def test_no_bytes_make_a_passkey_by_chance(data: bytes) -> None:
    """Nor do they make a defect: as the whole, and as the authenticator's part of it."""
    made = Authenticator(key=AUTHENTICATOR[0].key).make(CREATION)
    for value in (data, encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})):
        made["response"]["attestationObject"] = encode_base64url(value)
        with pytest.raises(OAuthError):
            check_creation(made, origin=ORIGIN, challenge=CHALLENGE)


def test_deep_nesting_is_refused() -> None:
    """Sixteen thousand lists in lists."""
    made = Authenticator().make(CREATION)
    made["response"]["attestationObject"] = encode_base64url(b"\x81" * 12_000)

    with pytest.raises(OAuthError):
        check_creation(made, origin=ORIGIN, challenge=CHALLENGE)


@given(key=st.dictionaries(st.integers(-5, 5), st.one_of(st.integers(), st.binary()), max_size=6))
def test_a_foreign_key_is_refused(key: dict[int, Any]) -> None:
    """Whatever stands in the place of the public key."""
    authenticator = Authenticator(key=AUTHENTICATOR[0].key)
    made = authenticator.make(CREATION)
    prefix = authenticator.describe_made()
    value = {"fmt": "none", "attStmt": {}, "authData": prefix + encode_cbor(key)}
    made["response"]["attestationObject"] = encode_base64url(encode_cbor(value))

    with pytest.raises(OAuthError):
        check_creation(made, origin=ORIGIN, challenge=CHALLENGE)


AUTHENTICATOR = make()
