"""An issuer, a holder and a verifier with real keys and documents, for the tests beside this."""

from datetime import UTC, datetime
from typing import Any

from did.credentials.checking import (
    CredentialPolicy,
    Evidence,
    PresentationPolicy,
    check_credential,
    check_presentation,
)
from did.credentials.contexts import CREDENTIALS_CONTEXT, get_own_context_url
from did.credentials.data_integrity import sign_document
from did.credentials.status_lists import (
    StatusList,
    StatusPurpose,
    StatusReference,
    pack_bits,
    render_reference,
)
from did.credentials.structure import Credential
from did.documents import DidDocument, read_did_document
from did.jcs import JsonObject
from did.keys import KeyPair, did_key, did_key_verification_method
from did.resolution.self_certifying import resolve_key
from did.resolution.syntax import parse_did

ISSUER = KeyPair(b"\x01" * 32)
HOLDER = KeyPair(b"\x02" * 32)
OTHER = KeyPair(b"\x03" * 32)
NOW_S = 1_795_168_800
DOMAIN = "https://verifier.example"
CHALLENGE = "c2f1f2ab"
LIST_URL = "https://a.example/credentials/status/1"


def did_of(key: KeyPair) -> str:
    return did_key(key.public_key)


def method_of(key: KeyPair) -> str:
    return did_key_verification_method(key.public_key)


def resolve(did: str) -> DidDocument:
    document = resolve_key(parse_did(did)).document
    assert document is not None
    return read_did_document(document, did=did)


def date(offset_s: int = 0) -> str:
    return datetime.fromtimestamp(NOW_S + offset_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_credential(**changes: Any) -> JsonObject:
    credential = {
        "@context": [CREDENTIALS_CONTEXT, get_own_context_url("https://a.example")],
        "id": "urn:uuid:4f3a2b1c-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential", "MembershipCredential"],
        "issuer": did_of(ISSUER),
        "validFrom": date(-100),
        "validUntil": date(100),
        "credentialSubject": {
            "id": did_of(HOLDER),
            "memberOf": did_of(ISSUER),
            "memberSince": "2024-05",
        },
        **changes,
    }
    return {name: value for name, value in credential.items() if value is not None}


def sign(document: JsonObject, key: KeyPair = ISSUER, **arguments: Any) -> JsonObject:
    return sign_document(
        document,
        key=key,
        verification_method=arguments.pop("verification_method", method_of(key)),
        created=arguments.pop("created", date(-50)),
        **arguments,
    )


def make_presentation(*credentials: JsonObject, **changes: Any) -> JsonObject:
    presentation = {
        "@context": [CREDENTIALS_CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": did_of(HOLDER),
        "verifiableCredential": list(credentials),
        **changes,
    }
    return {name: value for name, value in presentation.items() if value is not None}


def show(presentation: JsonObject, key: KeyPair = HOLDER, **arguments: Any) -> JsonObject:
    options = {
        "purpose": "authentication",
        "challenge": CHALLENGE,
        "domain": DOMAIN,
        "created": date(-1),
        **arguments,
    }
    return sign(presentation, key, **options)


def make_status(index: int = 7, purpose: StatusPurpose = StatusPurpose.REVOCATION) -> JsonObject:
    return render_reference(StatusReference(list_url=LIST_URL, index=index, purpose=purpose))


def make_list(*indexes: int, issuer: KeyPair = ISSUER, **changes: Any) -> StatusList:
    arguments: dict[str, Any] = {
        "issuer": did_of(issuer),
        "purposes": frozenset({"revocation"}),
        "bits": pack_bits(indexes),
        **changes,
    }
    return StatusList(**arguments)


def make_evidence(**changes: Any) -> Evidence:
    documents = {did_of(key): resolve(did_of(key)) for key in (ISSUER, HOLDER, OTHER)}
    return Evidence(**{"documents": documents, **changes})


EVIDENCE = make_evidence()


def check(document: JsonObject, *, evidence: Evidence = EVIDENCE, **policy: Any) -> Credential:
    return check_credential(
        document, policy=CredentialPolicy(**{"now_s": NOW_S, **policy}), evidence=evidence
    )


def check_shown(
    document: JsonObject, *, evidence: Evidence = EVIDENCE, **policy: Any
) -> tuple[Credential, ...]:
    arguments: dict[str, Any] = {
        "challenge": CHALLENGE,
        "domain": DOMAIN,
        "credentials": CredentialPolicy(now_s=NOW_S),
        **policy,
    }
    return check_presentation(document, policy=PresentationPolicy(**arguments), evidence=evidence)
