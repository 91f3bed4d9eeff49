"""did:key and did:jwk: the DID is the key, so the document follows from the DID alone.

Such a DID cannot rotate or end; it fits devices and passing needs, not a person's years.

Sources: did:key method (W3C CCG) v0.9, did:jwk method specification.
"""

from config.errors import RefusedError
from did.base64url import decode_base64url
from did.documents import DID_CONTEXTS, RELATIONSHIPS
from did.jcs import JsonObject, parse_json_object
from did.keys import KeyFormatError
from did.resolution.results import (
    LATEST,
    Problem,
    Resolution,
    ResolutionError,
    Version,
    check_unversioned,
)
from did.resolution.syntax import Did
from did.verification_keys import PRIVATE_JWK_MEMBERS, parse_multikey

_JWK_BYTES_MAX = 2_048
_JWK_CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
_SIGNING = tuple(name for name in RELATIONSHIPS if name != "keyAgreement")


def resolve_key(did: Did, version: Version = LATEST) -> Resolution:
    """Resolve a did:key of one of our kinds of keys; the method is a Multikey for signatures.

    Raises:
        ResolutionError: invalidDid: no such key; featureNotSupported: a version is asked for.
    """
    check_unversioned(version, method="key")
    try:
        parse_multikey(did.rest)
    except KeyFormatError as error:
        raise ResolutionError(Problem.INVALID_DID, error.reason) from error
    method_id = f"{did.text}#{did.rest}"
    document: JsonObject = {
        "@context": list(DID_CONTEXTS),
        "id": did.text,
        "verificationMethod": [
            {
                "id": method_id,
                "type": "Multikey",
                "controller": did.text,
                "publicKeyMultibase": did.rest,
            }
        ],
        **{name: [method_id] for name in _SIGNING},
    }
    return Resolution(document=document)


def resolve_jwk(did: Did, version: Version = LATEST) -> Resolution:
    """Resolve a did:jwk of whatever kind of public key; its `use` says for what it is.

    Raises:
        ResolutionError: invalidDid: not a JWK, or one with a secret; featureNotSupported: a
            version is asked for.
    """
    check_unversioned(version, method="jwk")
    try:
        jwk = parse_json_object(decode_base64url(did.rest), bytes_max=_JWK_BYTES_MAX, depth_max=2)
    except RefusedError as error:
        raise ResolutionError(
            Problem.INVALID_DID, f"this did:jwk holds no JWK: {error.reason}"
        ) from error
    if not isinstance(jwk.get("kty"), str) or not PRIVATE_JWK_MEMBERS.isdisjoint(jwk):
        raise ResolutionError(Problem.INVALID_DID, "a did:jwk holds a public key and names its kty")
    use = jwk.get("use")
    uses = (() if use == "enc" else _SIGNING) + (() if use == "sig" else ("keyAgreement",))
    method_id = f"{did.text}#0"
    document: JsonObject = {
        "@context": list(_JWK_CONTEXTS),
        "id": did.text,
        "verificationMethod": [
            {
                "id": method_id,
                "type": "JsonWebKey2020",
                "controller": did.text,
                "publicKeyJwk": jwk,
            }
        ],
        **{name: [method_id] for name in uses},
    }
    return Resolution(document=document)
