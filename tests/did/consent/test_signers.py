"""Whose signature a kept statement of consent bears, without asking anybody."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from config.errors import RefusedError
from did.base64url import encode_base64url
from did.consent.policies import CONSENT_TYPE, ConsentClaims, Revocation, render_consent
from did.consent.signers import Signature, check_signer
from did.jcs import canonicalize
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method, encode_multikey
from did.verification_keys import KeyKind, VerificationKey, render_jwk

MEMBER, OTHER = KeyPair(b"m" * 32), KeyPair(b"o" * 32)
DID_KEY = did_key_verification_method(MEMBER.public_key)
MULTIKEY = encode_multikey(MEMBER.public_key)
PAYLOAD = render_consent(
    ConsentClaims(cooperative="00" * 32, seq=1, iat=1_700_000_000, act=Revocation(id="ab" * 16))
)


def render_did_jwk(key: VerificationKey) -> str:
    return "did:jwk:" + encode_base64url(canonicalize(render_jwk(key)))


MEMBER_JWK = render_did_jwk(VerificationKey(KeyKind.ED25519, MEMBER.public_key))


@pytest.mark.parametrize(
    ("kid", "expected"),
    [
        (DID_KEY, Signature.VALID),
        (f"{MEMBER_JWK}#0", Signature.VALID),
        (f"did:rochdale:test:{'ab' * 32}#{MULTIKEY}", Signature.OF_NAMED_KEY),
        ("did:web:member.test#key-1", Signature.UNCHECKED),
    ],
)
def test_the_key_is_found_in_the_statement_where_it_can_be(kid: str, expected: Signature) -> None:
    """A did:key and did:jwk are keys; a did:rochdale's method names one; others lie elsewhere."""
    signed = sign_jws(PAYLOAD, key=MEMBER, kid=kid, typ=CONSENT_TYPE)

    assert check_signer(signed) == (kid, expected)


@pytest.mark.parametrize(
    "kid",
    [
        DID_KEY,
        f"{MEMBER_JWK}#0",
        f"did:rochdale:test:{'ab' * 32}#{MULTIKEY}",
        f"did:key:{MULTIKEY}#{encode_multikey(OTHER.public_key)}",
        f"{MEMBER_JWK}#1",
        f"did:rochdale:test:{'ab' * 32}#key-1",
        f"did:rochdale:test:{'ab' * 32}",
        f"{DID_KEY.replace('#', '?a=b#')}",
        "did:key:zNoKey#zNoKey",
        "somebody",
    ],
)
def test_what_another_key_signed_is_nobodys_statement(kid: str) -> None:
    """The cooperative that keeps statements could write them; never under the person's key."""
    signed = sign_jws(PAYLOAD, key=OTHER, kid=kid, typ=CONSENT_TYPE)

    assert check_signer(signed) == (kid, Signature.INVALID)


def test_a_statement_of_another_kind_is_no_consent() -> None:
    """What was signed as a login does not count for more."""
    signed = sign_jws(PAYLOAD, key=MEMBER, kid=DID_KEY, typ="rochdale-login+jws")

    assert check_signer(signed) == (DID_KEY, Signature.INVALID)


def test_a_changed_statement_is_not_the_signers() -> None:
    """Nor under a did:jwk or a did:rochdale."""
    header, _, signature = sign_jws(PAYLOAD, key=MEMBER, kid=DID_KEY, typ=CONSENT_TYPE).split(".")
    changed = PAYLOAD.replace(b"ab" * 16, b"ac" * 16)

    found = check_signer(f"{header}.{encode_base64url(changed)}.{signature}")

    assert changed != PAYLOAD
    assert found == (DID_KEY, Signature.INVALID)


def test_other_curves_count_as_well() -> None:
    """A foreign wallet signs with P-256 (RFC 7518 §3.4)."""
    private = ec.derive_private_key(7, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    did = render_did_jwk(VerificationKey(KeyKind.P256, point))
    header = canonicalize({"alg": "ES256", "kid": f"{did}#0", "typ": CONSENT_TYPE})
    signing_input = f"{encode_base64url(header)}.{encode_base64url(PAYLOAD)}"
    r, s = decode_dss_signature(private.sign(signing_input.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode_base64url(r.to_bytes(32) + s.to_bytes(32))

    assert check_signer(f"{signing_input}.{signature}") == (f"{did}#0", Signature.VALID)


def test_what_is_no_statement_is_refused() -> None:
    """There is nothing to say about it."""
    with pytest.raises(RefusedError):
        check_signer("no statement")
