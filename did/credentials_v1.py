"""Credentials of the Data Model 1.1, from older wallets: everything but the signature.

Two forms: JSON-LD with an Ed25519 proof, and JWT. Whether the signature holds is another's to
say (didkit does not look at dates, at who may sign for an issuer, at what is inside of a
presentation, or at a challenge that it is not told); here is the rest, and it fails closed.
New credentials are never of this kind.

Source: W3C Verifiable Credentials Data Model 1.1 §4, §6.3.1.
"""

from collections.abc import Callable
from dataclasses import dataclass

from config.did_limits import CREDENTIALS_V1_INNER_MAX
from config.limits import CLOCK_SKEW_S_MAX
from did.credentials_v1_parts import (
    CONTEXT,
    CredentialV1Error,
    as_list,
    check_agreement,
    check_kind,
    check_method,
    parse_document,
    read_date,
    read_id,
    read_ids,
    read_jwt,
    read_number,
    read_objects,
    read_proof,
    read_subjects,
    read_types,
    write_inner,
)
from did.jcs import JsonObject

StatusCheck = Callable[[tuple[JsonObject, ...]], None]
"""Checks a credential's `credentialStatus` entries, or raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialV1:
    """What a credential says; its signature is not yet checked."""

    text: str
    """As it came: JSON, or a JWT."""
    document: JsonObject
    """In the data model's terms; of a JWT: its `vc`."""
    is_jwt: bool
    issuer: str
    """DID."""
    method_id: str
    """Who it says signed: a DID URL under the issuer, or the issuer itself."""
    subject_ids: tuple[str, ...]
    types: frozenset[str]
    valid_from_s: int
    valid_until_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationV1:
    """What a presentation says; its signature is not yet checked."""

    text: str
    is_jwt: bool
    holder: str
    """DID."""
    challenge: str
    domain: str
    signed_at_s: int | None
    credentials: tuple[CredentialV1, ...]
    """Not yet checked either."""


def is_of_model_v1(text: str) -> bool:
    """Whether a text calls itself a credential or presentation of the Data Model 1.1.

    For choosing who checks it; says nothing about whether it is any good.
    """
    try:
        if text.lstrip().startswith("{"):
            contexts = as_list(parse_document(text).get("@context"))
            return contexts[:1] == [CONTEXT]
        payload = read_jwt(text).payload
    except CredentialV1Error:
        return False
    return isinstance(payload.get("vc", payload.get("vp")), dict)


def read_credential_v1(text: str) -> CredentialV1:
    """Read a credential.

    Raises:
        CredentialV1Error: Not of the data model 1.1, or signed for an issuer by somebody else.
    """
    if text.lstrip().startswith("{"):
        return _read_json_credential(text)
    jwt = read_jwt(text)
    document = jwt.payload.get("vc")
    if not isinstance(document, dict):
        raise CredentialV1Error("the JWT holds no credential (vc)")
    check_kind(document, "VerifiableCredential")
    issuer = jwt.issuer
    check_agreement("issuer", read_id(document.get("issuer", issuer)), issuer)
    subjects = read_subjects(document)
    if "sub" in jwt.payload and subjects:
        check_agreement("subject", list(subjects), [jwt.payload["sub"]])
    starts_s, ends_s = (read_number(jwt.payload, name) for name in ("nbf", "exp"))
    for name, time_s in (("issuanceDate", starts_s), ("expirationDate", ends_s)):
        if name in document and time_s is not None:
            check_agreement(name, read_date(document, name), time_s)
    if starts_s is None:
        starts_s = read_date(document, "issuanceDate")
    if starts_s is None:
        raise CredentialV1Error("the credential does not say since when it holds")
    return CredentialV1(
        text=text,
        document=document,
        is_jwt=True,
        issuer=issuer,
        method_id=check_method(jwt.header.get("kid", issuer), did=issuer),
        subject_ids=subjects or read_ids([jwt.payload.get("sub")]),
        types=read_types(document),
        valid_from_s=starts_s,
        valid_until_s=read_date(document, "expirationDate") if ends_s is None else ends_s,
    )


def check_credential_v1(
    credential: CredentialV1, *, now_s: int, check_status: StatusCheck | None = None
) -> None:
    """Check that a credential is in force.

    Args:
        credential: As read.
        now_s: Unix seconds.
        check_status: Looks its status up; None: a credential with a status is refused.

    Raises:
        CredentialV1Error: Not yet or no longer in force, or its status is unknown.
    """
    if credential.valid_from_s > now_s + CLOCK_SKEW_S_MAX:
        raise CredentialV1Error("the credential is not yet in force: check both clocks")
    if credential.valid_until_s is not None and credential.valid_until_s <= now_s:
        raise CredentialV1Error("the credential has expired: ask its issuer for a new one")
    if "credentialStatus" not in credential.document:
        return
    statuses = read_objects(credential.document["credentialStatus"])
    if check_status is None or not statuses:
        raise CredentialV1Error("the credential may be revoked, and nobody here can look it up")
    check_status(statuses)


def read_presentation_v1(text: str) -> PresentationV1:
    """Read a presentation with its credentials.

    Raises:
        CredentialV1Error: Not of the data model 1.1, not signed for its holder, without a
            challenge and domain, or with a malformed credential inside.
    """
    if text.lstrip().startswith("{"):
        parsed = parse_document(text)
        proof = read_proof(parsed, purpose="authentication")
        method_id = proof["verificationMethod"]
        holder = read_id(parsed.get("holder", method_id.partition("#")[0]))
        document: object = parsed
        signed_at_s = read_date(proof, "created")
        challenge, domain = proof.get("challenge"), proof.get("domain")
    else:
        jwt = read_jwt(text)
        document = jwt.payload.get("vp")
        holder, method_id = jwt.issuer, jwt.header.get("kid", jwt.issuer)
        signed_at_s = read_number(jwt.payload, "nbf") or read_number(jwt.payload, "iat")
        challenge, domain = jwt.payload.get("nonce"), jwt.payload.get("aud")
        if isinstance(domain, list) and len(domain) == 1:
            domain = domain[0]
    if not isinstance(document, dict):
        raise CredentialV1Error("the JWT holds no presentation (vp)")
    check_kind(document, "VerifiablePresentation")
    check_method(method_id, did=holder)
    if not isinstance(challenge, str) or not isinstance(domain, str):
        raise CredentialV1Error("the presentation answers no challenge of a named verifier")
    inner = as_list(document.get("verifiableCredential", []))
    if not 1 <= len(inner) <= CREDENTIALS_V1_INNER_MAX:
        raise CredentialV1Error(f"a presentation has 1 to {CREDENTIALS_V1_INNER_MAX} credentials")
    return PresentationV1(
        text=text,
        is_jwt=not text.lstrip().startswith("{"),
        holder=holder,
        challenge=challenge,
        domain=domain,
        signed_at_s=signed_at_s,
        credentials=tuple(read_credential_v1(write_inner(item)) for item in inner),
    )


def check_presentation_v1(
    presentation: PresentationV1, *, challenge: str, domain: str, now_s: int
) -> None:
    """Check that a presentation was made for this verifier, now, by whom its credentials are about.

    Raises:
        CredentialV1Error: For another challenge or verifier, too old, or about somebody else.
    """
    if not challenge or presentation.challenge != challenge:
        raise CredentialV1Error("the presentation answers another challenge")
    if not domain or presentation.domain != domain:
        raise CredentialV1Error("the presentation was made for another verifier")
    signed_at_s = presentation.signed_at_s
    if signed_at_s is None or abs(now_s - signed_at_s) > CLOCK_SKEW_S_MAX:
        raise CredentialV1Error("the presentation was not signed just now: check both clocks")
    for credential in presentation.credentials:
        if credential.subject_ids != (presentation.holder,):
            raise CredentialV1Error("a credential is not about the one who shows it")


def _read_json_credential(text: str) -> CredentialV1:
    document = parse_document(text)
    check_kind(document, "VerifiableCredential")
    proof = read_proof(document, purpose="assertionMethod")
    issuer = read_id(document.get("issuer"))
    starts_s = read_date(document, "issuanceDate")
    if starts_s is None:
        raise CredentialV1Error("the credential does not say since when it holds")
    return CredentialV1(
        text=text,
        document=document,
        is_jwt=False,
        issuer=issuer,
        method_id=check_method(proof["verificationMethod"], did=issuer),
        subject_ids=read_subjects(document),
        types=read_types(document),
        valid_from_s=starts_s,
        valid_until_s=read_date(document, "expirationDate"),
    )
