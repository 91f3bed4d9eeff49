"""The parts of credentials of the Data Model 1.1: JWTs, proofs, ids and dates.

Apart from `did.credentials_v1`, which says what they must amount to.
"""

import json
from dataclasses import dataclass

from config.did_limits import CREDENTIAL_V1_BYTES_MAX
from config.errors import RefusedError
from did.base64url import decode_base64url
from did.jcs import JsonObject, parse_json_object
from did.resolution.results import parse_utc
from did.resolution.syntax import parse_did_url
from did.verification_keys import ALGORITHMS

CONTEXT = "https://www.w3.org/2018/credentials/v1"
PROOF_TYPES = frozenset({"Ed25519Signature2020", "Ed25519Signature2018", "JsonWebSignature2020"})
_HEADER_BYTES_MAX = 2_048
_HEADER_FIELDS = frozenset({"alg", "typ", "kid"})
_YEAR_9999_S = 253_402_300_800


class CredentialV1Error(RefusedError):
    """Malformed, not in force, or not said by the one who may say it; the reason says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """A compact JWS with claims; its signature is not yet checked."""

    header: JsonObject
    payload: JsonObject

    @property
    def issuer(self) -> str:
        """The claim `iss`; empty if there is none."""
        issuer = self.payload.get("iss")
        return issuer if isinstance(issuer, str) else ""


def read_jwt(text: str) -> Jwt:
    """Read a JWT whose header says nothing but `alg`, `typ` and `kid`.

    Raises:
        CredentialV1Error: It is none, or is signed in another way.
    """
    parts = text.split(".") if len(text) <= CREDENTIAL_V1_BYTES_MAX else []
    if len(parts) != 3:
        raise CredentialV1Error("a credential is a JSON object or a JWT of three parts")
    try:
        header = parse_json_object(
            decode_base64url(parts[0]), bytes_max=_HEADER_BYTES_MAX, depth_max=1
        )
        payload = parse_json_object(decode_base64url(parts[1]), bytes_max=CREDENTIAL_V1_BYTES_MAX)
    except RefusedError as error:
        raise CredentialV1Error(f"the JWT is malformed: {error.reason}") from error
    if not _HEADER_FIELDS.issuperset(header) or header.get("alg") not in tuple(ALGORITHMS):
        raise CredentialV1Error("a JWT's header has alg (EdDSA, ES256, ES256K), typ and kid")
    return Jwt(header=header, payload=payload)


def parse_document(text: str) -> JsonObject:
    """Read a JSON document.

    Raises:
        CredentialV1Error: It is none, or is too long.
    """
    try:
        return parse_json_object(text.encode(), bytes_max=CREDENTIAL_V1_BYTES_MAX)
    except (RefusedError, UnicodeEncodeError) as error:
        raise CredentialV1Error("the credential is no JSON that everybody reads alike") from error


def write_inner(item: object) -> str:
    """What is inside of a presentation, as if it had come alone."""
    return item if isinstance(item, str) else json.dumps(item)


def read_proof(document: JsonObject, *, purpose: str) -> JsonObject:
    """The one proof of a document, of a kind that is accepted and for the purpose.

    Raises:
        CredentialV1Error: It has none, several, or one of another kind.
    """
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if not isinstance(proof, dict) or proof.get("type") not in tuple(PROOF_TYPES):
        raise CredentialV1Error(f"a document has one proof, of {', '.join(sorted(PROOF_TYPES))}")
    if proof.get("proofPurpose") != purpose:
        raise CredentialV1Error(f"the proof's purpose is not {purpose}")
    if not isinstance(proof.get("verificationMethod"), str):
        raise CredentialV1Error("the proof does not say who signed")
    return proof


def check_kind(document: JsonObject, kind: str) -> None:
    """Check context and type.

    Raises:
        CredentialV1Error: Of another data model, or of another kind.
    """
    contexts = as_list(document.get("@context"))
    if not contexts or contexts[0] != CONTEXT:
        raise CredentialV1Error(f"the first @context is not {CONTEXT}")
    if kind not in read_types(document):
        raise CredentialV1Error(f"this is no {kind}")


def check_method(method_id: object, *, did: str) -> str:
    """Check that who signed is a method of the one in whose name; the method.

    Raises:
        CredentialV1Error: It is not, or either is malformed.
    """
    try:
        url = parse_did_url(method_id if isinstance(method_id, str) else "")
    except RefusedError as error:
        raise CredentialV1Error("who signed is not named by a DID URL") from error
    if url.did.text != did or url.path or url.query is not None:
        raise CredentialV1Error("it is signed by somebody else than in whose name it speaks")
    return str(method_id)


def check_agreement(name: str, left: object, right: object) -> None:
    """Check that a JWT says the same thing in its claims and in its credential.

    Raises:
        CredentialV1Error: It does not.
    """
    if left != right:
        raise CredentialV1Error(f"the JWT names two different values of {name}")


def read_id(value: object) -> str:
    """The id of something that is given by its id or as an object.

    Raises:
        CredentialV1Error: It has none.
    """
    found = value.get("id") if isinstance(value, dict) else value
    if not isinstance(found, str):
        raise CredentialV1Error("an issuer or holder is a DID, or an object with its id")
    return found


def read_subjects(document: JsonObject) -> tuple[str, ...]:
    """Whom a credential is about, as far as they have ids.

    Raises:
        CredentialV1Error: It is about nothing.
    """
    subjects = read_objects(document.get("credentialSubject"))
    if not subjects:
        raise CredentialV1Error("a credential has a credentialSubject")
    return read_ids([item.get("id") for item in subjects])


def read_ids(values: list[object]) -> tuple[str, ...]:
    """Those of a list that are texts."""
    return tuple(value for value in values if isinstance(value, str))


def read_types(document: JsonObject) -> frozenset[str]:
    """The document's types."""
    return frozenset(read_ids(as_list(document.get("type"))))


def read_date(document: JsonObject, name: str) -> int | None:
    """A date in a document as Unix seconds; None if it has none.

    Raises:
        CredentialV1Error: It is not RFC 3339 in UTC.
    """
    if name not in document:
        return None
    time = parse_utc(document[name])
    if time is None:
        raise CredentialV1Error(f"{name} reads like 2026-11-20T10:00:00Z")
    return int(time.timestamp())


def read_number(payload: JsonObject, name: str) -> int | None:
    """A NumericDate of a JWT as Unix seconds; None if it has none. Some write 1.0 for 1.

    Raises:
        CredentialV1Error: It is none.
    """
    value = payload.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CredentialV1Error(f"{name} is a number of seconds")
    if not 0 <= value < _YEAR_9999_S:
        raise CredentialV1Error(f"{name} is beyond every calendar")
    return int(value)


def read_objects(value: object) -> tuple[JsonObject, ...]:
    """One object or several; empty if any is none."""
    items = as_list(value)
    objects = tuple(item for item in items if isinstance(item, dict))
    return objects if len(objects) == len(items) else ()


def as_list(value: object) -> list[object]:
    """One or several, as JSON-LD lets people write it."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
