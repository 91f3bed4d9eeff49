"""Whether a credential or a presentation is genuine, in force and shown by the right one.

One path for everything that arrives; it begins with refusing and believes nothing that was
not looked at. What had to be fetched is passed in: a document or list that is missing is a
refusal. Takes no position on what an issuer may state; the policy names whom to believe.

Source: W3C Verifiable Credentials Data Model v2.0 §7, §A (validation).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from config.limits import CLOCK_SKEW_S_MAX
from did.credentials.data_integrity import RdfHasher, check_document_proof
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import (
    StatusList,
    StatusReference,
    check_status,
    read_references,
)
from did.credentials.structure import (
    Credential,
    Presentation,
    read_credential,
    read_presentation,
)
from did.credentials.terms import check_terms
from did.credentials.vc_jwt import (
    REGISTERED_CLAIMS,
    check_vc_jwt,
    is_enveloped,
    open_envelope,
)
from did.documents import DidDocument
from did.jcs import JsonObject
from did.proofs import ProofError, get_proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the caller fetched for this check; nothing else is looked up."""

    documents: Mapping[str, DidDocument]
    """DID to its document, as it is now."""
    status_lists: Mapping[str, StatusList] = field(default_factory=lambda: MappingProxyType({}))
    """URL of a status list credential to its list, itself checked."""
    hash_rdf: RdfHasher | None = None
    """For eddsa-rdfc-2022; None: that suite is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialPolicy:
    """What the caller asks of a credential."""

    now_s: int
    """Unix seconds."""
    types: frozenset[str] = frozenset()
    """The credential has all of these."""
    issuers: frozenset[str] | None = None
    """Whom to believe; None: the caller decides itself, after the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationPolicy:
    """What the caller asks of a presentation, and of every credential in it."""

    challenge: str
    """What was sent to the holder, for this presentation alone."""
    domain: str
    """Who the verifier is, as the holder was told."""
    credentials: CredentialPolicy
    credentials_count_min: int = 1
    """How many it shows at least."""
    is_holder_subject: bool = True
    """Whether each credential must be about the one who shows it."""
    age_s_max: int = CLOCK_SKEW_S_MAX
    """Oldest proof that counts, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a check will ask for."""

    dids: frozenset[str]
    status_references: tuple[StatusReference, ...]


def find_needs(document: JsonObject) -> Needs:
    """List the DIDs and status lists that a credential's or presentation's check needs.

    Raises:
        CredentialError: It cannot pass, whatever is fetched.
    """
    credentials: tuple[JsonObject, ...] = (document,)
    dids: set[str] = set()
    references: list[StatusReference] = []
    if "VerifiablePresentation" in _list(document.get("type")):
        credentials = read_presentation(document).credentials
        dids.update(_get_controller(proof) for proof in _get_proofs(document))
    for inner in credentials:
        credential = read_credential(open_envelope(inner) if is_enveloped(inner) else inner)
        dids.add(credential.issuer)
        references.extend(read_references(credential.statuses))
    return Needs(dids=frozenset(dids), status_references=tuple(references))


def check_credential(
    document: JsonObject, *, policy: CredentialPolicy, evidence: Evidence
) -> Credential:
    """Check a credential from its shape to its status.

    Args:
        document: A credential with its proofs, or an EnvelopedVerifiableCredential.
        policy: What is asked of it.
        evidence: What was fetched for it.

    Returns:
        The credential; of an enveloped one, what is in the envelope.

    Raises:
        CredentialError: It is refused; the reason says why.
    """
    if is_enveloped(document):
        opened = open_envelope(document)
        credential = read_credential(opened)
        controller = _find_document(credential.issuer, evidence)
        check_vc_jwt(document, credential, controller=controller, now_s=policy.now_s)
        check_terms(opened, claims=REGISTERED_CLAIMS)
    else:
        credential = read_credential(document)
        _check_proofs(
            document,
            controller=credential.issuer,
            purpose="assertionMethod",
            now_s=policy.now_s,
            evidence=evidence,
        )
        check_terms(document)
    if policy.issuers is not None and credential.issuer not in policy.issuers:
        raise CredentialError("the credential is by an issuer that is not believed here")
    if not policy.types <= credential.types:
        raise CredentialError(f"the credential is none of {', '.join(sorted(policy.types))}")
    _check_dates(credential, now_s=policy.now_s)
    for reference in read_references(credential.statuses):
        check_status(
            reference,
            evidence.status_lists.get(reference.list_url),
            issuer=credential.issuer,
            now_s=policy.now_s,
        )
    return credential


def check_presentation(
    document: JsonObject, *, policy: PresentationPolicy, evidence: Evidence
) -> tuple[Credential, ...]:
    """Check a presentation, its holder's proof and each credential in it.

    Returns:
        The credentials in the order in which they are shown.

    Raises:
        CredentialError: It, or any credential in it, is refused.
    """
    presentation = read_presentation(document)
    if not policy.challenge or not policy.domain:
        raise CredentialError("a presentation is checked against a challenge and a domain")
    if len(presentation.credentials) < policy.credentials_count_min:
        raise CredentialError("the presentation shows no credential")
    holder = _check_holder(presentation, policy=policy, evidence=evidence)
    check_terms(document)
    credentials = tuple(
        check_credential(inner, policy=policy.credentials, evidence=evidence)
        for inner in presentation.credentials
    )
    if policy.is_holder_subject and any(
        subject.get("id") != holder for credential in credentials for subject in credential.subjects
    ):
        raise CredentialError("a credential is about somebody other than who shows it")
    return credentials


def _check_holder(
    presentation: Presentation, *, policy: PresentationPolicy, evidence: Evidence
) -> str:
    """Check who shows the presentation, here and now; the holder's DID."""
    proofs = _get_proofs(presentation.document)
    holder = _get_controller(proofs[0])
    if presentation.holder is not None and presentation.holder != holder:
        raise CredentialError("the presentation is signed by somebody other than its holder")
    for proof in proofs:
        if proof.get("challenge") != policy.challenge:
            raise CredentialError("the presentation answers another challenge")
        if proof.get("domain") != policy.domain:
            raise CredentialError("the presentation is for another domain")
        created = proof.get("created")
        if not isinstance(created, str):
            raise CredentialError("a presentation's proof says when it was created")
    _check_proofs(
        presentation.document,
        controller=holder,
        purpose="authentication",
        now_s=policy.credentials.now_s,
        evidence=evidence,
    )
    for proof in proofs:
        created_s = datetime.fromisoformat(proof["created"]).timestamp()
        if policy.credentials.now_s - created_s > policy.age_s_max:
            raise CredentialError("the presentation is old: ask for a new one")
    return holder


def _check_proofs(
    document: JsonObject, *, controller: str, purpose: str, now_s: int, evidence: Evidence
) -> None:
    """Check that every proof of a document holds, each by a key of the same party."""
    for proof in _get_proofs(document):
        if _get_controller(proof) != controller:
            raise CredentialError("a proof is by somebody other than the issuer or holder")
        method = proof["verificationMethod"]
        key = _find_document(controller, evidence).get_key(method, purpose=purpose)
        check_document_proof(
            document,
            proof,
            key=key,
            purpose=purpose,
            now_s=now_s,
            hash_rdf=evidence.hash_rdf,
        )


def _get_proofs(document: JsonObject) -> tuple[JsonObject, ...]:
    try:
        proofs = get_proofs(document)
    except ProofError as error:
        raise CredentialError(error.reason) from error
    if not proofs:
        raise CredentialError("the document carries no proof")
    return proofs


def _get_controller(proof: JsonObject) -> str:
    method = proof.get("verificationMethod")
    if not isinstance(method, str) or not method.startswith("did:") or "#" not in method:
        raise CredentialError("a proof's verificationMethod is a DID URL of a key")
    return method.partition("#")[0]


def _find_document(did: str, evidence: Evidence) -> DidDocument:
    found = evidence.documents.get(did)
    if found is None:
        raise CredentialError(f"the DID document of {did[:200]} was not found")
    return found


def _check_dates(credential: Credential, *, now_s: int) -> None:
    if (
        credential.valid_from is not None
        and credential.valid_from.timestamp() > now_s + CLOCK_SKEW_S_MAX
    ):
        raise CredentialError("the credential is not valid yet")
    if credential.valid_until is not None and credential.valid_until.timestamp() <= now_s:
        raise CredentialError("the credential has expired: ask its issuer for a new one")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
