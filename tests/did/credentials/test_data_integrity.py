"""Both cryptosuites against the vectors of the Recommendation, byte for byte."""

import json
import sys
from pathlib import Path
from typing import Any

import base58
import pytest

from did.credentials.contexts import get_context_document
from did.credentials.data_integrity import check_document_proof, sign_document
from did.credentials.rdfc import canonicalize_rdf, compute_rdfc_hash
from did.credentials.refusals import CredentialError
from did.jcs import JsonObject, canonicalize
from did.keys import KeyPair
from did.proofs import get_proofs
from did.verification_keys import parse_multikey

VECTORS = Path(__file__).parents[2] / "vectors" / "vc-di-eddsa"
RDFC = VECTORS / "eddsa-rdfc-2022"
CHAIN = VECTORS / "proof-set-chain"
_CITIZENSHIP = Path(sys.prefix) / "foreign/identity/node_modules/@digitalbazaar/citizenship-context"


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


def load_context(url: str) -> object:
    """Also the contexts that only the vectors use."""
    if url == "https://www.w3.org/ns/credentials/examples/v2":
        return {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
    if url == "https://w3id.org/citizenship/v4rc1":
        return load(_CITIZENSHIP / "contexts" / "v4rc1.jsonld")
    return get_context_document(url)


def hash_rdf(document: JsonObject, options: JsonObject) -> bytes:
    return compute_rdfc_hash(document, options, load_context=load_context)


def read_key(pair: dict[str, str]) -> KeyPair:
    return KeyPair(base58.b58decode(pair["privateKeyMultibase"][1:])[2:])


KEY = read_key(load(VECTORS / "keyPair.json"))
CHAIN_KEYS = [read_key(pair) for pair in load(CHAIN / "multiKeyPairs.json").values()]
SIGNED = {
    "jcs": VECTORS / "eddsa-jcs-2022" / "signedJCS.json",
    "rdfc": RDFC / "signedDataInt.json",
    "rdfc employ": RDFC / "employ" / "signedDataInt.json",
    "set of 1": CHAIN / "signedProofSet1.json",
    "set of 2": CHAIN / "signedProofSet2.json",
    "chain of 3": CHAIN / "signedProofChain1.json",
    "chain of 4": CHAIN / "signedProofChain2.json",
}


def check(document: JsonObject, proof: JsonObject) -> None:
    check_document_proof(
        document,
        proof,
        key=parse_multikey(proof["verificationMethod"].partition("#")[2]),
        purpose="assertionMethod",
        now_s=None,
        hash_rdf=hash_rdf,
    )


@pytest.mark.parametrize("name", SIGNED)
def test_every_published_proof_holds(name: str) -> None:
    """Single, side by side, and one upon the other."""
    document = load(SIGNED[name])

    for proof in get_proofs(document):
        check(document, proof)


@pytest.mark.parametrize("name", SIGNED)
def test_signing_again_gives_the_published_bytes(name: str) -> None:
    """Ed25519 is deterministic: each step of each vector can be repeated exactly."""
    published = load(SIGNED[name])
    document = {key: value for key, value in published.items() if key != "proof"}
    keys = {key.public_key: key for key in (KEY, *CHAIN_KEYS)}

    for proof in get_proofs(published):
        method = proof["verificationMethod"]
        document = sign_document(
            document,
            key=keys[parse_multikey(method.partition("#")[2]).public_key],
            verification_method=method,
            created=proof["created"],
            proof_id=proof.get("id"),
            previous=proof.get("previousProof"),
            hash_rdf=None if name == "jcs" else hash_rdf,
        )

    proofs = get_proofs(published)
    again = {**published, "proof": list(proofs) if len(proofs) > 1 else proofs[0]}
    assert canonicalize(document) == canonicalize(again)


@pytest.mark.parametrize(
    ("folder", "document"),
    [(RDFC, VECTORS / "unsigned.json"), (RDFC / "employ", VECTORS / "employmentAuth.json")],
    ids=["alumni", "employment"],
)
def test_the_steps_of_rdfc_are_the_published_ones(folder: Path, document: Path) -> None:
    """N-Quads of the document and of the proof, and the hash of both."""
    unsecured = load(document)
    config = load(folder / "proofConfigDataInt.json")
    options = {name: value for name, value in config.items() if name != "@context"}

    canonical = canonicalize_rdf(unsecured, load_context=load_context)
    proof = canonicalize_rdf(config, load_context=load_context)

    assert canonical == (folder / "canonDocDataInt.txt").read_bytes()
    assert proof == (folder / "proofCanonDataInt.txt").read_bytes()
    combined = (folder / "combinedHashDataInt.txt").read_text().strip()
    assert hash_rdf(unsecured, options).hex() == combined


def test_a_chain_is_broken_by_any_missing_or_changed_link() -> None:
    """The last proof covers those that it names."""
    document = load(SIGNED["chain of 4"])
    *links, last = document["proof"]

    with pytest.raises(CredentialError, match="not here"):
        check({**document, "proof": [*links[:-1], last]}, last)
    changed = [{**link, "created": "2024-01-01T00:00:00Z"} for link in links]
    with pytest.raises(CredentialError, match="does not belong"):
        check({**document, "proof": [*changed, last]}, last)
    with pytest.raises(CredentialError, match="same id"):
        check({**document, "proof": [*links, links[0] | {"created": "x"}, last]}, last)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "ecdsa-rdfc-2019"},
        {"cryptosuite": "eddsa-2022"},
        {"proofPurpose": "authentication"},
        {"created": "2023-02-24"},
        {"proofValue": "z"},
        {"proofValue": 5},
        {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        {"domain": "https://a.example"},
    ],
)
def test_refuses_proofs_that_differ(change: dict[str, Any]) -> None:
    """Type, suite, purpose, date, value, context and every added member count."""
    document = load(SIGNED["rdfc"])
    proof = {**document["proof"], **change}

    with pytest.raises(CredentialError):
        check({**document, "proof": proof}, proof)


def test_rdf_is_refused_where_nobody_can_bound_it() -> None:
    """Without a hasher the suite is unknown."""
    document = load(SIGNED["rdfc"])
    with pytest.raises(CredentialError, match="only eddsa-jcs-2022"):
        check_document_proof(
            document,
            document["proof"],
            key=parse_multikey(document["proof"]["verificationMethod"].partition("#")[2]),
            purpose="assertionMethod",
            now_s=None,
            hash_rdf=None,
        )
