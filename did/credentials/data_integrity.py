"""Proofs inside credentials and presentations: eddsa-jcs-2022 and eddsa-rdfc-2022.

Ours are eddsa-jcs-2022: the JSON is signed as it stands. The other suite is for what comes
from elsewhere, and its RDF is computed by whoever the caller passes in, since that work must
be bounded. Never decides whose key counts; see `did.credentials.checking`.

Source: W3C Verifiable Credential Data Integrity 1.0 §4; Data Integrity EdDSA Cryptosuites v1.0.
"""

from collections.abc import Callable
from typing import TypeAlias

from config.limits import PROOFS_MAX
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject
from did.keys import KeyPair
from did.proofs import (
    ProofError,
    check_proof_dates,
    compute_jcs_hash,
    compute_signed_jcs,
    decode_proof_value,
    drop_proof,
    encode_proof_value,
    get_proofs,
    parse_proof_date,
)
from did.verification_keys import VerificationKey

RdfHasher: TypeAlias = Callable[[JsonObject, JsonObject], bytes]
"""`did.credentials.rdfc.compute_rdfc_hash`, in a process that can be ended."""
JCS_SUITE = "eddsa-jcs-2022"
RDFC_SUITE = "eddsa-rdfc-2022"
PROOF_TYPE = "DataIntegrityProof"


def sign_document(
    document: JsonObject,
    *,
    key: KeyPair,
    verification_method: str,
    created: str,
    purpose: str = "assertionMethod",
    challenge: str | None = None,
    domain: str | None = None,
    proof_id: str | None = None,
    previous: str | list[str] | None = None,
    hash_rdf: RdfHasher | None = None,
) -> JsonObject:
    """Add a proof to a credential or presentation; a copy of it.

    Args:
        document: Kept as it is; proofs that it carries stay.
        key: The signer's.
        verification_method: URL under which readers find the public key.
        created: When, as RFC 3339 in UTC.
        purpose: `assertionMethod` for credentials, `authentication` for presentations.
        challenge: What the verifier asked with.
        domain: Who asked.
        proof_id: URL by which a later proof can name this one.
        previous: Proofs of the document that this one also covers.
        hash_rdf: When given the suite is eddsa-rdfc-2022, else eddsa-jcs-2022.

    Raises:
        CredentialError: A malformed date, too many proofs, an unknown previous one, or what
            the suite refuses.
    """
    options: JsonObject = {
        "type": PROOF_TYPE,
        "id": proof_id,
        "cryptosuite": JCS_SUITE if hash_rdf is None else RDFC_SUITE,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
        "challenge": challenge,
        "domain": domain,
        "previousProof": previous,
    }
    options = {name: value for name, value in options.items() if value is not None}
    try:
        parse_proof_date(created)
        return _add_proof(document, options, key=key, hash_rdf=hash_rdf)
    except ProofError as error:
        raise CredentialError(error.reason) from error


def check_document_proof(
    document: JsonObject,
    proof: JsonObject,
    *,
    key: VerificationKey,
    purpose: str,
    now_s: int | None,
    hash_rdf: RdfHasher | None,
) -> None:
    """Check that one proof of a document holds for a key.

    Args:
        document: With all its proofs; kept as it is.
        proof: One of them.
        key: Of the proof's verification method.
        purpose: The only one that counts.
        now_s: Unix seconds; None: dates are not compared with the time.
        hash_rdf: For eddsa-rdfc-2022; None: that suite is refused.

    Raises:
        CredentialError: Another kind of proof or purpose, a date, or a signature that does
            not hold.
    """
    if proof.get("type") != PROOF_TYPE:
        raise CredentialError("only proofs of type DataIntegrityProof are understood")
    if proof.get("proofPurpose") != purpose:
        raise CredentialError(f"the proof's purpose is not {purpose}")
    try:
        check_proof_dates(proof, now_s=now_s)
        signature = decode_proof_value(proof.get("proofValue"))
        signed = _compute_signed(document, proof, hash_rdf=hash_rdf)
    except ProofError as error:
        raise CredentialError(error.reason) from error
    if not key.is_signature_valid(alg="EdDSA", message=signed, signature=signature):
        raise CredentialError("the proof does not belong to this document and key")


def _add_proof(
    document: JsonObject, options: JsonObject, *, key: KeyPair, hash_rdf: RdfHasher | None
) -> JsonObject:
    earlier = get_proofs(document)
    if len(earlier) >= PROOFS_MAX:
        raise CredentialError(f"a document carries at most {PROOFS_MAX} proofs")
    covered = _cover(document, options)
    if hash_rdf is not None:
        signed = hash_rdf(covered, options)
    else:
        if "@context" in document:
            options["@context"] = document["@context"]
        signed = compute_jcs_hash(covered, options)
    proof = {**options, "proofValue": encode_proof_value(key.sign(signed))}
    return {**drop_proof(document), "proof": [*earlier, proof] if earlier else proof}


def _compute_signed(
    document: JsonObject, proof: JsonObject, *, hash_rdf: RdfHasher | None
) -> bytes:
    covered = _cover(document, proof)
    if proof.get("cryptosuite") == JCS_SUITE:
        return compute_signed_jcs(covered, proof)
    if proof.get("cryptosuite") != RDFC_SUITE or hash_rdf is None:
        raise CredentialError(f"only {JCS_SUITE} and {RDFC_SUITE} are understood")
    if "@context" in proof:
        raise CredentialError(f"a proof by {RDFC_SUITE} has the context of its document")
    return hash_rdf(covered, {name: value for name, value in proof.items() if name != "proofValue"})


def _cover(document: JsonObject, proof: JsonObject) -> JsonObject:
    """The part of a document that a proof covers: earlier proofs only where it names them."""
    named = proof.get("previousProof", [])
    names = named if isinstance(named, list) else [named]
    if not names:
        return drop_proof(document)
    by_id: dict[object, JsonObject] = {}
    for other in get_proofs(document):
        other_id = other.get("id")
        if isinstance(other_id, str) and by_id.setdefault(other_id, other) is not other:
            raise CredentialError("two proofs have the same id")
    if not all(isinstance(name, str) and name in by_id for name in names):
        raise CredentialError("a proof names a previous one that is not here")
    return {**drop_proof(document), "proof": [by_id[name] for name in names]}
