"""Strangers' RDF is hashed in a process that its kernel bounds."""

import time
from typing import Any

import pytest

from config.limits import RDF_PROOFS_PER_CHECK_MAX
from did.credentials.rdfc import compute_rdfc_hash
from did.credentials.refusals import CredentialError
from node.rdf_hashing import BoundedRdfHasher
from tests.did.credentials.parties import check, make_credential, make_evidence, sign

OPTIONS = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022"}


def test_the_worker_says_what_the_function_says() -> None:
    """The same bytes, and the same refusals."""
    hasher = BoundedRdfHasher()
    document = make_credential()

    assert hasher(document, OPTIONS) == compute_rdfc_hash(document, OPTIONS)
    with pytest.raises(CredentialError, match="defined by no context"):
        hasher({**document, "extra": "x"}, OPTIONS)


def test_a_foreign_proof_is_checked_through_the_worker() -> None:
    """From signing to checking."""
    signed = sign(make_credential(), hash_rdf=BoundedRdfHasher())

    check(signed, evidence=make_evidence(hash_rdf=BoundedRdfHasher()))


def make_poison(count: int) -> Any:
    """Blank nodes that all look alike, twice: each order of them is tried."""
    family = {"memberOf": [{"memberOf": {"role": "x"}} for _ in range(count)]}
    return make_credential(credentialSubject=[family, family])


def test_poison_ends_at_the_deadline() -> None:
    """A graph of blank nodes that all look alike would take years."""
    began_s = time.monotonic()

    with pytest.raises(CredentialError, match="too much time"):
        BoundedRdfHasher()(make_poison(9), OPTIONS)
    assert time.monotonic() - began_s < 15


def test_the_number_of_proofs_in_one_check_is_bounded() -> None:
    """However many a presentation holds."""
    hasher = BoundedRdfHasher()
    for _ in range(RDF_PROOFS_PER_CHECK_MAX):
        with pytest.raises(CredentialError, match="defined by no context"):
            hasher(make_credential(extra="x"), OPTIONS)
    with pytest.raises(CredentialError, match="at most"):
        hasher(make_credential(), OPTIONS)
