"""SD-JWT VC: issued, shown in part, bound to its holder and a verifier."""

import json
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from did.base64url import decode_base64url, encode_base64url
from did.credentials.compact import sign_compact
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import (
    KeyBinding,
    check_sd_jwt_vc,
    issue_sd_jwt_vc,
    parse_sd_jwt_vc,
    present_sd_jwt_vc,
)
from did.jcs import JsonObject
from did.keys import KeyPair, did_key, did_key_verification_method
from did.verification_keys import KeyKind, VerificationKey

ISSUER = KeyPair(b"\x01" * 32)
HOLDER = KeyPair(b"\x02" * 32)
OTHER = KeyPair(b"\x03" * 32)
NOW_S = 1_800_000_000
ASKED = KeyBinding(audience="decentralized_identifier:did:web:a.example", nonce="n-0S6")
ISSUER_KEY = VerificationKey(KeyKind.ED25519, ISSUER.public_key)


def issue(**changes: Any) -> str:
    arguments: dict[str, Any] = {
        "vct": "https://a.example/membership",
        "issuer": did_key(ISSUER.public_key),
        "key": ISSUER,
        "verification_method": did_key_verification_method(ISSUER.public_key),
        "holder_key": VerificationKey(KeyKind.ED25519, HOLDER.public_key),
        "disclosable": [("since",), ("roles", None)],
        "issued_at_s": NOW_S - 100,
        "expires_at_s": NOW_S + 100,
        "random": secrets.token_bytes,
        **changes,
    }
    claims = {"since": "2024-05", "roles": ["board", "auditor"], "cooperative": "A"}
    return issue_sd_jwt_vc(claims, **arguments)


def show(sd_jwt: str, *disclose: Any, **changes: Any) -> str:
    arguments: dict[str, Any] = {
        "key": HOLDER,
        "audience": ASKED.audience,
        "nonce": ASKED.nonce,
        "now_s": NOW_S,
        **changes,
    }
    return present_sd_jwt_vc(sd_jwt, disclose=disclose, **arguments)


def check(presentation: str, **changes: Any) -> JsonObject:
    arguments: dict[str, Any] = {
        "issuer_key": ISSUER_KEY,
        "now_s": NOW_S,
        "key_binding": ASKED,
        **changes,
    }
    credential = parse_sd_jwt_vc(presentation)
    check_sd_jwt_vc(credential, **arguments)
    return credential.claims


def test_the_holder_shows_what_it_chooses() -> None:
    """What was not chosen is not in the presentation at all."""
    shown = show(issue(), ("roles", 1))

    claims = check(shown)

    assert claims["roles"] == ["auditor"]
    assert "since" not in claims
    assert encode_base64url(b"2024-05")[:4] not in shown.replace(shown.split("~")[0], "")


def test_a_credential_as_issued_needs_no_holder() -> None:
    """At its receipt a wallet checks the issuer alone, and sees everything."""
    claims = check(issue(), key_binding=None)

    assert claims["since"] == "2024-05"
    with pytest.raises(CredentialError, match="without proof of possession"):
        check(issue())
    with pytest.raises(CredentialError, match="not asked for"):
        check(show(issue()), key_binding=None)


def test_a_phone_s_p256_key_shows_it_too() -> None:
    """ES256 is what secure elements sign with."""
    private = ec.derive_private_key(12345, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    bound = issue(holder_key=VerificationKey(KeyKind.P256, point))
    sd_hash = parse_sd_jwt_vc(bound).sd_hash
    parts = (
        {"alg": "ES256", "typ": "kb+jwt"},
        {"iat": NOW_S, "aud": ASKED.audience, "nonce": ASKED.nonce, "sd_hash": sd_hash},
    )
    message = ".".join(encode_base64url(json.dumps(part).encode()) for part in parts)
    r, s = decode_dss_signature(private.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode_base64url(r.to_bytes(32) + s.to_bytes(32))

    assert check(f"{bound}{message}.{signature}")["since"] == "2024-05"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"audience": "decentralized_identifier:did:web:b.example"}, "another verifier"),
        ({"nonce": "other"}, "another request"),
        ({"now_s": NOW_S - 301}, "old"),
        ({"now_s": NOW_S + 301}, "future"),
    ],
)
def test_refuses_a_proof_for_another_occasion(changes: Any, reason: str) -> None:
    """Wrong audience, wrong nonce, old, from the future."""
    with pytest.raises(CredentialError, match=reason):
        check(show(issue(), **changes))


def test_refuses_a_thief() -> None:
    """Another wallet can neither present it, nor forge the proof, nor take off the binding."""
    with pytest.raises(CredentialError, match="not bound"):
        show(issue(), key=OTHER)
    stolen = issue()
    claims = {
        "iat": NOW_S,
        "aud": ASKED.audience,
        "nonce": ASKED.nonce,
        "sd_hash": parse_sd_jwt_vc(stolen).sd_hash,
    }
    with pytest.raises(CredentialError, match="signature"):
        check(stolen + sign_compact(claims, key=OTHER, typ="kb+jwt"))
    with pytest.raises(CredentialError, match="without proof"):
        check(show(issue(holder_key=None), key=None) + show(issue()).rpartition("~")[2])


def test_refuses_a_proof_over_another_choice_of_claims() -> None:
    """A disclosure added or taken away after the holder signed."""
    whole = issue()
    token, first, *_ = whole.split("~")
    shown = show(whole)

    with pytest.raises(CredentialError, match="another choice"):
        check(shown.replace(token + "~", f"{token}~{first}~", 1))


def test_refuses_another_issuer_key() -> None:
    """The signature counts only under the key that the DID's document has."""
    with pytest.raises(CredentialError, match="signature"):
        check(show(issue()), issuer_key=VerificationKey(KeyKind.ED25519, OTHER.public_key))
    foreign = issue(verification_method=did_key_verification_method(OTHER.public_key))
    with pytest.raises(CredentialError, match="somebody other"):
        parse_sd_jwt_vc(foreign)


def test_refuses_expired_and_future_credentials() -> None:
    """The last second is the one before `exp`."""
    check(show(issue(expires_at_s=NOW_S + 1)))
    with pytest.raises(CredentialError, match="expired"):
        check(show(issue(expires_at_s=NOW_S)))
    check(show(issue(issued_at_s=NOW_S + 300)))
    with pytest.raises(CredentialError, match="not valid yet"):
        check(show(issue(issued_at_s=NOW_S + 301)))


@pytest.mark.parametrize("name", ["iss", "exp", "vct", "cnf", "status"])
def test_refuses_to_hide_what_decides(name: str) -> None:
    """Neither issued nor read."""
    with pytest.raises(CredentialError):
        issue(disclosable=[(name,)], status={})


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "vc+sd-jwt"},
        {"typ": "JWT"},
        {"crit": "x"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256K"},
        {"kid": ""},
    ],
)
def test_refuses_other_headers(change: dict[str, str]) -> None:
    """One type, three algorithms, no extensions."""
    header = {"typ": "dc+sd-jwt", "kid": did_key_verification_method(ISSUER.public_key), **change}
    claims = {"iss": did_key(ISSUER.public_key), "vct": "x"}
    token = sign_compact(claims, key=ISSUER, **header)

    with pytest.raises(CredentialError):
        parse_sd_jwt_vc(token + "~")


@pytest.mark.parametrize("text", ["", "~", "a.b.c", "a.b.c~", "a~~", "é~", "~" * 70_000, "a.b~c.d"])
def test_refuses_what_is_no_sd_jwt(text: str) -> None:
    """Always a refusal, never a traceback."""
    with pytest.raises(CredentialError):
        parse_sd_jwt_vc(text)


SHOWN = show(issue(), ("since",))


@given(position=st.integers(0, len(SHOWN) - 1), character=st.sampled_from("Ab1-_.~="))
def test_any_change_of_a_character_is_refused(position: int, character: str) -> None:
    """Token, disclosure and proof are covered to the last bit."""
    changed = SHOWN[:position] + character + SHOWN[position + 1 :]
    if changed == SHOWN:
        return

    with pytest.raises(CredentialError):
        check(changed)


def test_what_is_signed_stays_small() -> None:
    """A wallet's QR code and a header have little room."""
    assert len(issue()) < 1_200
    assert json.loads(decode_base64url(SHOWN.split(".")[0]))["typ"] == "dc+sd-jwt"
