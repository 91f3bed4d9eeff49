"""did:key and did:jwk, against published vectors and other people's resolvers."""

import json
from pathlib import Path
from typing import Any

import base58
import pytest

from did.base64url import encode_base64url
from did.documents import RELATIONSHIPS, read_did_document
from did.resolution.results import Problem, ResolutionError, Version
from did.resolution.self_certifying import resolve_jwk, resolve_key
from did.resolution.syntax import parse_did
from did.verification_keys import KeyKind, VerificationKey, parse_jwk
from tests.did.foreign_peers import run_peer

VECTORS = Path(__file__).parents[2] / "vectors" / "did_key"
PREFIXES = {"z6Mk": KeyKind.ED25519, "zDn": KeyKind.P256, "zQ3s": KeyKind.SECP256K1}
DIDS: dict[str, dict[str, Any]] = {
    did: value
    for path in sorted(VECTORS.glob("*.json"))
    for did, value in json.loads(path.read_bytes()).items()
}
OURS = [did for did in DIDS if did.removeprefix("did:key:").startswith(tuple(PREFIXES))]
OTHERS = [did for did in DIDS if did not in OURS]
P256 = (  # did:jwk method specification, examples
    "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3"
    "l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
)
X25519 = (
    "did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQ"
    "zdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9"
)


def read_expected_key(did: str) -> VerificationKey:
    """The key as the vector has it, in whichever older form."""
    method = DIDS[did]["didDocument"]["verificationMethod"][0]
    if "publicKeyJwk" in method:
        return parse_jwk(method["publicKeyJwk"])
    kind = next(kind for prefix, kind in PREFIXES.items() if f":{prefix}" in did)
    return VerificationKey(kind, base58.b58decode(method["publicKeyBase58"]))


def make_jwk_did(jwk: object) -> str:
    """A did:jwk of whatever."""
    return "did:jwk:" + encode_base64url(json.dumps(jwk).encode())


@pytest.mark.parametrize("did", OURS)
def test_a_published_did_key_has_its_key(did: str) -> None:
    """Newer documents use Multikey; key, method and relationships are the vectors'."""
    expected = DIDS[did]["didDocument"]
    document = resolve_key(parse_did(did)).document
    assert document is not None

    read = read_did_document(document, did=did)

    method_id = expected["verificationMethod"][0]["id"]
    for purpose in ("assertionMethod", "authentication", "capabilityInvocation"):
        assert expected[purpose] == document[purpose] == [method_id]
        assert read.get_key(method_id, purpose=purpose) == read_expected_key(did)


def test_the_vectors_cover_every_kind() -> None:
    """Otherwise the tests above could pass on nothing."""
    assert len(OURS) >= 9
    for prefix in PREFIXES:
        assert any(f":{prefix}" in did for did in OURS)
    assert OTHERS


@pytest.mark.parametrize(
    "did", [*OTHERS, "did:key:z", "did:key:abc", "did:key:1.1:z6Mk", OURS[0] + "z"]
)
def test_a_did_key_of_another_kind_does_not_resolve(did: str) -> None:
    """P-384 and the like are keys of nobody here."""
    with pytest.raises(ResolutionError) as caught:
        resolve_key(parse_did(did))

    assert caught.value.problem is Problem.INVALID_DID


def test_another_resolver_finds_the_same_keys() -> None:
    """key-did-resolver (npm) names the same method for the same purposes."""
    foreign = run_peer("resolve_did_key.mjs", OURS)

    for did, answer in zip(OURS, foreign, strict=True):
        document = resolve_key(parse_did(did)).document
        assert document is not None
        assert answer["id"] == did
        for purpose in ("assertionMethod", "authentication"):
            assert [name.rpartition("#")[2] for name in answer[purpose]] == [
                name.rpartition("#")[2] for name in document[purpose]
            ]


def test_the_specifications_did_jwk_of_a_signing_key() -> None:
    """Without `use`, the key is for everything."""
    document = resolve_jwk(parse_did(P256)).document
    assert document is not None

    read = read_did_document(document, did=P256)

    assert read.get_key(f"{P256}#0", purpose="authentication").kind is KeyKind.P256
    assert all(document[name] == [f"{P256}#0"] for name in RELATIONSHIPS)


def test_the_specifications_did_jwk_of_an_agreement_key() -> None:
    """`use: enc`: for key agreement alone, and of a kind that signs nothing."""
    document = resolve_jwk(parse_did(X25519)).document
    assert document is not None

    assert [name for name in RELATIONSHIPS if name in document] == ["keyAgreement"]
    assert document["verificationMethod"][0]["publicKeyJwk"]["crv"] == "X25519"
    assert not read_did_document(document, did=X25519).methods


def test_a_did_jwk_for_signatures_agrees_on_no_keys() -> None:
    """`use: sig`."""
    did = make_jwk_did({"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": "AAAA"})
    document = resolve_jwk(parse_did(did)).document

    assert document is not None
    assert "keyAgreement" not in document


@pytest.mark.parametrize(
    "did",
    [
        "did:jwk:x",
        "did:jwk:e30",
        make_jwk_did([]),
        make_jwk_did({"kty": 1}),
        make_jwk_did({"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"}),
        make_jwk_did({"kty": "oct", "k": "AAAA"}),
        make_jwk_did({"kty": "OKP", "x": [[["deep"]]]}),
    ],
)
def test_refuses_what_is_no_public_jwk(did: str) -> None:
    """Malformed, or a secret made public."""
    with pytest.raises(ResolutionError) as caught:
        resolve_jwk(parse_did(did))

    assert caught.value.problem is Problem.INVALID_DID


@pytest.mark.parametrize("resolve", [resolve_key, resolve_jwk])
def test_a_key_has_no_history(resolve: Any) -> None:
    """Asking for an earlier version is asking for what the method does not have."""
    for version in (Version(version_id="1"), Version(time_s=1)):
        with pytest.raises(ResolutionError) as caught:
            resolve(parse_did(OURS[0]), version)
        assert caught.value.problem is Problem.FEATURE_NOT_SUPPORTED
