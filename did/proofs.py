"""Data Integrity proofs inside JSON documents, cryptosuite eddsa-jcs-2022.

The whole document is signed in its canonical form, so nothing can be added to it unnoticed;
RDF canonicalization would silently drop terms it does not know. A document may carry
several proofs (FEP-8b32 allows it); each covers the document without any of them. Never
changes the caller's document, and never decides whose key counts.

Source: W3C Data Integrity EdDSA Cryptosuites v1.0 §3.3.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

import base58

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, PROOFS_MAX
from did.jcs import JsonObject, canonicalize
from did.keys import SIGNATURE_BYTES, KeyPair, is_signature_valid

DATA_INTEGRITY_CONTEXT = "https://w3id.org/security/data-integrity/v2"
"""Defines the proof's terms; documents name it through `context_extra`."""
_SUITE = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022"}
_PURPOSE = "assertionMethod"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
"""XML Schema's dateTimeStamp, without its year 10000 and hour 24."""


class ProofError(RefusedError):
    """No proof of the kind expected, or it does not hold for this document and key."""


def add_proof(
    document: JsonObject,
    *,
    key: KeyPair,
    verification_method: str,
    created: str,
    context_extra: Sequence[str] = (),
) -> JsonObject:
    """Sign a document; a copy of it with the proof added.

    Args:
        document: Kept as it is. A proof that it carries stays beside the new one.
        key: The signer's.
        verification_method: URL under which readers find the public key.
        created: When, as RFC 3339 in UTC: `2026-11-20T10:00:00Z`.
        context_extra: Contexts appended to the document's `@context` where absent; only for
            a document that carries no proof yet.

    Raises:
        ProofError: The date is malformed, the document is full of proofs, or `context_extra`
            would break a proof that it carries.
    """
    parse_proof_date(created)
    earlier = get_proofs(document)
    if len(earlier) >= PROOFS_MAX:
        raise ProofError(f"a document carries at most {PROOFS_MAX} proofs")
    unsecured = drop_proof(document)
    missing = [url for url in context_extra if url not in _contexts(document)]
    if missing:
        if earlier:
            raise ProofError("a signed document's context cannot be extended")
        unsecured["@context"] = [*_contexts(document), *missing]
    options: JsonObject = {
        **_SUITE,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": _PURPOSE,
    }
    if "@context" in unsecured:
        options["@context"] = unsecured["@context"]
    signature = key.sign(compute_jcs_hash(unsecured, options))
    proof = {**options, "proofValue": encode_proof_value(signature)}
    return {**unsecured, "proof": [*earlier, proof] if earlier else proof}


def check_proof(
    document: JsonObject,
    *,
    public_key: bytes,
    verification_method: str | None = None,
    now_s: int | None = None,
) -> None:
    """Check that a key signed the document as it stands.

    Args:
        document: With its proof or proofs; kept as it is.
        public_key: Whose proof is looked for; 32 bytes.
        verification_method: Only a proof that names this URL counts; None: any counts.
        now_s: Unix seconds. When given, a proof from the future or expired does not count.

    Raises:
        ProofError: No such proof holds.
    """
    proofs = [
        proof
        for proof in get_proofs(document)
        if verification_method is None or proof.get("verificationMethod") == verification_method
    ]
    if not proofs:
        raise ProofError("the document carries no proof by this verification method")
    failure: ProofError | None = None
    for proof in proofs:
        try:
            _check_one(document, proof, public_key=public_key, now_s=now_s)
        except ProofError as error:
            failure = error
        else:
            return
    assert failure is not None  # noqa: S101 - one proof at least was looked at
    raise failure


def get_proofs(document: JsonObject) -> tuple[JsonObject, ...]:
    """List the document's proofs, of whatever kind; empty when it has none.

    Raises:
        ProofError: `proof` is neither an object nor a list of at most `PROOFS_MAX` objects.
    """
    proof = document.get("proof")
    proofs = proof if isinstance(proof, list) else [] if proof is None else [proof]
    if len(proofs) > PROOFS_MAX or not all(isinstance(item, dict) for item in proofs):
        raise ProofError(f"proof is an object, or a list of at most {PROOFS_MAX}")
    return tuple(proofs)


def drop_proof(document: JsonObject) -> JsonObject:
    """The document without its proofs; a shallow copy."""
    return {name: value for name, value in document.items() if name != "proof"}


def check_proof_dates(proof: JsonObject, *, now_s: int | None) -> None:
    """Check `created` and `expires` where present; without a time, only their form.

    Raises:
        ProofError: Malformed, from the future, or expired.
    """
    created, expires = (
        parse_proof_date(proof[name]).timestamp() if name in proof else None
        for name in ("created", "expires")
    )
    if now_s is None:
        return
    if created is not None and created > now_s + CLOCK_SKEW_S_MAX:
        raise ProofError("the proof was created in the future: check both clocks")
    if expires is not None and expires <= now_s:
        raise ProofError("the proof has expired")


def parse_proof_date(text: object) -> datetime:
    """Read a date as proofs and credentials have them: RFC 3339 with a time zone.

    Raises:
        ProofError: It is not one.
    """
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ProofError("a date is RFC 3339 with a time zone: 2026-11-20T10:00:00Z")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ProofError("a date does not exist in the calendar") from error


def compute_signed_jcs(unsecured: JsonObject, proof: JsonObject) -> bytes:
    """What an eddsa-jcs-2022 proof signs of a document (§3.3.2).

    Raises:
        ProofError: The document's context does not begin with the proof's.
    """
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in options:
        # The document's context begins with the proof's, which alone is signed.
        signed = _contexts(options)
        if _contexts(unsecured)[: len(signed)] != signed:
            raise ProofError("the document's context does not begin with its proof's")
        unsecured = {**unsecured, "@context": options["@context"]}
    return compute_jcs_hash(unsecured, options)


def compute_jcs_hash(unsecured: JsonObject, options: JsonObject) -> bytes:
    """SHA-256 of the options and of the document, both canonical (§3.3.4); 64 bytes."""
    return b"".join(hashlib.sha256(canonicalize(part)).digest() for part in (options, unsecured))


def encode_proof_value(signature: bytes) -> str:
    """Write a signature as multibase base58btc."""
    return "z" + base58.b58encode(signature).decode()


def decode_proof_value(text: object) -> bytes:
    """Read a signature from multibase base58btc.

    Raises:
        ProofError: It is not that, or too long.
    """
    if not isinstance(text, str) or not text.startswith("z") or len(text) > 2 * SIGNATURE_BYTES:
        raise ProofError("proofValue is base58btc and starts with z")
    try:
        signature: bytes = base58.b58decode(text[1:])
    except ValueError as error:
        raise ProofError("proofValue is not base58btc") from error
    return signature


def _check_one(
    document: JsonObject, proof: JsonObject, *, public_key: bytes, now_s: int | None
) -> None:
    if any(proof.get(name) != value for name, value in _SUITE.items()):
        raise ProofError("only eddsa-jcs-2022 proofs are accepted")
    if proof.get("proofPurpose") != _PURPOSE:
        raise ProofError("the proof's purpose is not assertionMethod")
    if "previousProof" in proof:
        raise ProofError("chained proofs are not accepted")
    check_proof_dates(proof, now_s=now_s)
    if not is_signature_valid(
        public_key=public_key,
        message=compute_signed_jcs(drop_proof(document), proof),
        signature=decode_proof_value(proof.get("proofValue")),
    ):
        raise ProofError("the proof does not belong to this document and key")


def _contexts(document: JsonObject) -> list[object]:
    context = document.get("@context", [])
    return context if isinstance(context, list) else [context]
