"""Who signed a statement of consent that was kept, as far as the statement itself shows.

A did:key or did:jwk is its key. A method of did:rochdale names its key as a Multikey, so that
what it signed is checked; whether it was the account's at the time, the ledger says. Any other
DID's key lies elsewhere. Never resolves a DID: a receipt is read without a network.
"""

from enum import StrEnum

from config.did_limits import CONSENT_STATEMENT_BYTES_MAX
from config.errors import RefusedError
from did.consent.policies import CONSENT_TYPE
from did.documents import DocumentError, read_did_document
from did.ledger_method import METHOD
from did.login.signed_proofs import parse_signed_token
from did.resolution.self_certifying import resolve_jwk, resolve_key
from did.resolution.syntax import DidUrl, parse_did_url
from did.verification_keys import VerificationKey, parse_multikey

_PURPOSE = "authentication"


class Signature(StrEnum):
    """What is known of a signature without asking anybody."""

    VALID = "valid"
    """The DID signed."""
    OF_NAMED_KEY = "of-named-key"
    """The key signed that the statement names; whether it was the DID's, the ledger says."""
    UNCHECKED = "unchecked"
    """The key has to be looked up."""
    INVALID = "invalid"
    """The DID that the statement names did not sign it."""


def check_signer(text: str) -> tuple[str, Signature]:
    """Look at the signature of a statement that was kept, whatever its age.

    Args:
        text: Compact JWS.

    Returns:
        The verification method that it names, or what it has instead, and what is known of it.

    Raises:
        RefusedError: It cannot be read at all.
    """
    token = parse_signed_token(text, bytes_max=CONSENT_STATEMENT_BYTES_MAX)
    kid = str(token.header.get("kid"))
    try:
        url = parse_did_url(kid)
        key = _find_key(url)
    except RefusedError:
        return kid, Signature.INVALID
    if token.header.get("typ") != CONSENT_TYPE:
        return kid, Signature.INVALID
    if key is None:
        return kid, Signature.UNCHECKED
    if not token.is_signed_by(key):
        return kid, Signature.INVALID
    return kid, Signature.OF_NAMED_KEY if url.did.method == METHOD else Signature.VALID


def _find_key(url: DidUrl) -> VerificationKey | None:
    """The key that a method names; None if only its DID's document tells.

    Raises:
        RefusedError: The method is none of its DID.
    """
    if url.path or url.query is not None or url.fragment is None:
        raise DocumentError("a verification method is a DID and a fragment")
    if url.did.method == METHOD:
        return parse_multikey(url.fragment)
    resolve = {"key": resolve_key, "jwk": resolve_jwk}.get(url.did.method)
    if resolve is None:
        return None
    did = url.did.text
    document = read_did_document(resolve(url.did).document or {}, did=did)
    return document.get_key(f"{did}#{url.fragment}", purpose=_PURPOSE)
