"""Credentials secured by JOSE."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from did.base64url import encode_base64url
from did.credentials.compact import sign_compact
from did.credentials.refusals import CredentialError
from did.credentials.vc_jwt import envelop, issue_vc_jwt
from did.verification_keys import KeyKind, VerificationKey, render_multikey
from tests.did.credentials.parties import (
    HOLDER,
    ISSUER,
    NOW_S,
    OTHER,
    check,
    check_shown,
    date,
    did_of,
    make_credential,
    make_evidence,
    make_presentation,
    make_status,
    method_of,
    resolve,
    show,
)

JWT = issue_vc_jwt(make_credential(), key=ISSUER, verification_method=method_of(ISSUER))


def secure(claims: Any, **header: str) -> Any:
    """An envelope whose header or claims may be anything."""
    options = {"typ": "vc+jwt", "cty": "vc", "kid": method_of(ISSUER), **header}
    return envelop(sign_compact(claims, key=ISSUER, **options))


def test_an_enveloped_credential_passes_alone_and_in_a_presentation() -> None:
    """The caller gets what is in the envelope."""
    assert check(envelop(JWT)).subjects[0]["id"] == did_of(HOLDER)
    (credential,) = check_shown(show(make_presentation(envelop(JWT))))
    assert credential.issuer == did_of(ISSUER)


def test_a_p256_issuer_is_understood() -> None:
    """ES256, as most foreign issuers sign."""
    private = ec.derive_private_key(4_242, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    multikey = render_multikey(VerificationKey(KeyKind.P256, point))
    did = f"did:key:{multikey}"
    header = {"alg": "ES256", "typ": "vc+jwt", "kid": f"{did}#{multikey}"}
    message = ".".join(
        encode_base64url(json.dumps(part).encode())
        for part in (header, make_credential(issuer=did))
    )
    r, s = decode_dss_signature(private.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    jwt = f"{message}.{encode_base64url(r.to_bytes(32) + s.to_bytes(32))}"

    assert check(envelop(jwt), evidence=make_evidence(documents={did: resolve(did)})).issuer == did


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": did_of(OTHER)},
        {"sub": did_of(OTHER)},
        {"jti": "urn:uuid:other"},
        {"exp": NOW_S},
        {"nbf": NOW_S + 301},
        {"iat": NOW_S + 301},
        {"exp": "soon"},
        {"exp": True},
        {"vc": {}},
        {"vp": {}},
        {"proof": {"type": "DataIntegrityProof"}},
        {"validUntil": date()},
        {"credentialStatus": make_status()},
    ],
)
def test_refuses_claims_that_differ_or_have_ended(claims: dict[str, Any]) -> None:
    """A registered claim agrees with the credential; dates and status count as everywhere."""
    with pytest.raises(CredentialError):
        check(secure({**make_credential(), **claims}))


def test_agreeing_claims_are_fine() -> None:
    """What repeats the credential says nothing new."""
    claims = {"iss": did_of(ISSUER), "sub": did_of(HOLDER), "exp": NOW_S + 1, "nbf": NOW_S}

    check(secure({**make_credential(), **claims}))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "vp+jwt"},
        {"cty": "vp"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES256"},
        {"kid": method_of(OTHER)},
        {"kid": "#other"},
        {"crit": "b64"},
    ],
)
def test_refuses_other_headers(header: dict[str, str]) -> None:
    """Type, algorithm and key are the issuer's."""
    with pytest.raises(RefusedError):
        check(secure(make_credential(), **header))


@pytest.mark.parametrize(
    "change",
    [
        {"id": JWT},
        {"id": f"data:application/vc-ld+jwt,{JWT}"},
        {"id": "data:application/vc+jwt,a.b.c"},
        {"id": 5},
        {"type": ["EnvelopedVerifiableCredential", "VerifiableCredential"]},
        {"issuer": did_of(OTHER)},
        {"proof": {}},
    ],
)
def test_refuses_envelopes_that_say_more(change: dict[str, Any]) -> None:
    """Nothing outside the signature may look as if it were inside."""
    with pytest.raises(CredentialError):
        check({**envelop(JWT), **change})


def test_only_the_issuers_key_signs() -> None:
    """Issuing refuses what checking would."""
    with pytest.raises(CredentialError):
        issue_vc_jwt(make_credential(), key=OTHER, verification_method=method_of(OTHER))


@given(position=st.integers(0, len(JWT) - 1), character=st.sampled_from("Ab1-_."))
def test_any_change_of_a_character_is_refused(position: int, character: str) -> None:
    """Header, payload and signature are covered."""
    changed = JWT[:position] + character + JWT[position + 1 :]
    if changed == JWT:
        return

    with pytest.raises(RefusedError):
        check(envelop(changed))
