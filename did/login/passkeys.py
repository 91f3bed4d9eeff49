"""Passkeys: what a browser is asked for, and the check of what its authenticator answers.

A passkey logs a person in and signs nothing else. Every answer is for this origin, by a person
whom the authenticator has recognised, over a challenge that counts once. Makers of
authenticators are not asked who they are: attestation is refused, not believed.

Source: Web Authentication Level 3 §7.1, §7.2.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat

from config.did_limits import PASSKEY_ID_BYTES_MAX, PASSKEY_KEY_BYTES_MAX
from config.errors import RefusedError
from did.base64url import decode_base64url, encode_base64url
from did.jcs import JsonObject
from did.login.errors import OAuthError

PASSKEY_TIMEOUT_MS = 120_000
"""How long a browser asks its person."""
_ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_DAMAGED = (
    RefusedError,
    WebAuthnException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    struct.error,
)
"""What the library raises for answers that are malformed or do not hold."""


class CopiedPasskeyError(OAuthError):
    """An authenticator's count went back, as that of a copy does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey's public part."""

    id: bytes
    """The credential's, chosen by the authenticator; at most 1,023 bytes."""
    public_key: bytes
    """As COSE spells it (RFC 9052 §7)."""
    sign_count: int
    """The authenticator's own count of uses; stays 0 where it keeps none."""


def render_creation(
    *, origin: str, name: str, user: bytes, challenge: bytes, known: Sequence[bytes]
) -> JsonObject:
    """What a browser needs to make a passkey.

    Args:
        origin: This node's.
        name: The cooperative's, shown by the authenticator.
        user: The holder's own id; says nothing about them.
        challenge: That counts once.
        known: Ids of the holder's passkeys: no authenticator makes a second one.

    Source: Web Authentication Level 3 §5.4, in the JSON of §5.1.9.
    """
    return {
        "rp": {"id": get_rp_id(origin), "name": name},
        "user": {"id": encode_base64url(user), "name": name, "displayName": name},
        "challenge": encode_base64url(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": int(item)} for item in _ALGORITHMS],
        "timeout": PASSKEY_TIMEOUT_MS,
        "attestation": "none",
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "excludeCredentials": [
            {"type": "public-key", "id": encode_base64url(item)} for item in known
        ],
        "extensions": {"credProps": True},
    }


def render_use(*, origin: str, challenge: bytes) -> JsonObject:
    """What a browser needs to use a passkey; which ones there are, nobody is told.

    Source: Web Authentication Level 3 §5.5, in the JSON of §5.1.10.
    """
    return {
        "rpId": get_rp_id(origin),
        "challenge": encode_base64url(challenge),
        "timeout": PASSKEY_TIMEOUT_MS,
        "userVerification": "required",
    }


def check_creation(credential: JsonObject, *, origin: str, challenge: bytes) -> Passkey:
    """Check that an authenticator has made a passkey for this node, just now.

    Raises:
        OAuthError: Malformed, for another origin or challenge, without the person, or with a
            key or attestation that is not taken.

    Source: Web Authentication Level 3 §7.1.
    """
    try:
        made = verify_registration_response(
            credential=_refuse_attested(credential),
            expected_challenge=challenge,
            expected_rp_id=get_rp_id(origin),
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _DAMAGED as error:
        raise OAuthError("access_denied", "the passkey was not made as it must be") from error
    is_large = len(made.credential_public_key) > PASSKEY_KEY_BYTES_MAX
    if is_large or len(made.credential_id) > PASSKEY_ID_BYTES_MAX:
        raise OAuthError("access_denied", "the passkey's id or key is too long")
    if decode_base64url(get_id(credential)) != made.credential_id:
        raise OAuthError("access_denied", "the answer names another passkey than it made")
    return Passkey(
        id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )


def check_use(credential: JsonObject, *, origin: str, challenge: bytes, passkey: Passkey) -> int:
    """Check that a person has used their passkey for this node, just now.

    Returns:
        The authenticator's new count of uses.

    Raises:
        CopiedPasskeyError: Its count did not grow.
        OAuthError: It does not hold.

    Source: Web Authentication Level 3 §7.2.
    """
    try:
        used = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=get_rp_id(origin),
            expected_origin=origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # the rule is below, to tell a copy from the rest
            require_user_verification=True,
        )
    except _DAMAGED as error:
        raise OAuthError(
            "access_denied",
            "this passkey logs nobody in here now: log in another way, and add it again if it"
            " was removed",
        ) from error
    if used.credential_id != passkey.id:  # pragma: no cover - found by this very id
        raise OAuthError("access_denied", "this use is of another passkey")
    if (used.new_sign_count or passkey.sign_count) and used.new_sign_count <= passkey.sign_count:
        raise CopiedPasskeyError(
            "access_denied",
            "this passkey may have been copied, for its count did not grow: log in another way"
            " and remove it",
        )
    return used.new_sign_count


def get_id(credential: JsonObject) -> str:
    """The id that an answer names, base64url.

    Raises:
        OAuthError: It names none.
    """
    text = credential.get("id")
    if not isinstance(text, str) or not text or len(text) > 2 * PASSKEY_ID_BYTES_MAX:
        raise OAuthError("invalid_request", "the answer names no passkey")
    return text


def get_rp_id(origin: str) -> str:
    """The host of an origin: passkeys are for it alone."""
    return urlsplit(origin).hostname or ""


def _refuse_attested(credential: JsonObject) -> JsonObject:
    """None was asked for, and certificates of strangers are not read."""
    response = credential["response"]
    if not isinstance(response, dict):
        raise TypeError("no response")
    data = decode_base64url(response["attestationObject"])
    if parse_attestation_object(data).fmt != AttestationFormat.NONE:
        raise ValueError("attested")
    return dict(credential)
