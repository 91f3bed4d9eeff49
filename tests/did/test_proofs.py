"""Data Integrity proofs, against the vectors of the Recommendation."""

import copy
import json
from pathlib import Path
from typing import Any

import base58
import pytest

from did.jcs import canonicalize
from did.keys import KeyPair, decode_multikey
from did.proofs import DATA_INTEGRITY_CONTEXT, ProofError, add_proof, check_proof, get_proofs

VECTORS = Path(__file__).parents[1] / "vectors" / "vc-di-eddsa"
SIGNED: dict[str, Any] = json.loads((VECTORS / "eddsa-jcs-2022" / "signedJCS.json").read_bytes())
KEY_PAIR: dict[str, str] = json.loads((VECTORS / "keyPair.json").read_bytes())
KEY = KeyPair(base58.b58decode(KEY_PAIR["privateKeyMultibase"][1:])[2:])
METHOD = SIGNED["proof"]["verificationMethod"]
CREATED = "2026-11-20T10:00:00Z"
OTHER = KeyPair(b"\x07" * 32)


def sign_again(document: dict[str, Any]) -> dict[str, Any]:
    """Sign with the vectors' key."""
    return add_proof(document, key=KEY, verification_method=METHOD, created=CREATED)


def test_the_key_of_the_vectors_is_ours() -> None:
    """Both halves of the published pair agree."""
    assert decode_multikey(KEY_PAIR["publicKeyMultibase"]) == KEY.public_key


def test_signing_again_gives_the_published_bytes() -> None:
    """Ed25519 is deterministic: the same document, options and key give the same proof."""
    unsigned = json.loads((VECTORS / "unsigned.json").read_bytes())

    signed = add_proof(
        unsigned, key=KEY, verification_method=METHOD, created=SIGNED["proof"]["created"]
    )

    assert canonicalize(signed) == canonicalize(SIGNED)


def test_the_published_proof_holds() -> None:
    """And checking it changes nothing."""
    before = copy.deepcopy(SIGNED)

    check_proof(SIGNED, public_key=KEY.public_key)
    check_proof(SIGNED, public_key=KEY.public_key, verification_method=METHOD)

    assert before == SIGNED


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything that can be changed."""
    found = [path] if path else []
    if isinstance(value, dict):
        for name, item in value.items():
            found += leaves(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += leaves(item, (*path, index))
    return found


@pytest.mark.parametrize("path", leaves(SIGNED))
@pytest.mark.parametrize("change", ["replace", "remove"])
def test_refuses_any_change(path: tuple[Any, ...], change: str) -> None:
    """Every member and item is covered, the proof's own included."""
    document: Any = copy.deepcopy(SIGNED)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if change == "remove":
        del parent[path[-1]]
    else:
        parent[path[-1]] = "changed"

    with pytest.raises(ProofError):
        check_proof(document, public_key=KEY.public_key)


@pytest.mark.parametrize("place", [(), ("credentialSubject",), ("proof",)])
def test_refuses_any_addition(place: tuple[str, ...]) -> None:
    """A term unknown to every context is covered too."""
    document: Any = copy.deepcopy(SIGNED)
    target = document
    for step in place:
        target = target[step]
    target["role"] = "board"

    with pytest.raises(ProofError):
        check_proof(document, public_key=KEY.public_key)


def test_a_context_appended_later_is_not_part_of_the_proof() -> None:
    """vc-di-eddsa §3.3.2: the document's context begins with the proof's."""
    longer = {**SIGNED, "@context": [*SIGNED["@context"], DATA_INTEGRITY_CONTEXT]}
    first = {**SIGNED, "@context": [DATA_INTEGRITY_CONTEXT, *SIGNED["@context"]]}

    check_proof(longer, public_key=KEY.public_key)
    with pytest.raises(ProofError):
        check_proof(first, public_key=KEY.public_key)


def test_refuses_another_key_or_method() -> None:
    """The proof belongs to one key, and names it."""
    with pytest.raises(ProofError):
        check_proof(SIGNED, public_key=OTHER.public_key)
    with pytest.raises(ProofError):
        check_proof(SIGNED, public_key=KEY.public_key, verification_method="did:example:1#k")


def test_two_proofs_stand_side_by_side() -> None:
    """FEP-8b32: each covers the document without any of them."""
    both = add_proof(
        sign_again({"name": "x"}), key=OTHER, verification_method="did:example:2#k", created=CREATED
    )

    assert len(get_proofs(both)) == 2
    check_proof(both, public_key=KEY.public_key)
    check_proof(both, public_key=OTHER.public_key, verification_method="did:example:2#k")
    with pytest.raises(ProofError):
        check_proof(both, public_key=OTHER.public_key, verification_method=METHOD)


def test_the_callers_document_is_kept() -> None:
    """Signing works on a copy."""
    document = {"@context": ["https://a.example/c"], "name": "x"}

    signed = add_proof(
        document,
        key=KEY,
        verification_method=METHOD,
        created=CREATED,
        context_extra=(DATA_INTEGRITY_CONTEXT,),
    )

    assert document == {"@context": ["https://a.example/c"], "name": "x"}
    assert signed["@context"] == ["https://a.example/c", DATA_INTEGRITY_CONTEXT]
    check_proof(signed, public_key=KEY.public_key)
    with pytest.raises(ProofError):
        add_proof(
            signed,
            key=OTHER,
            verification_method=METHOD,
            created=CREATED,
            context_extra=("https://b.example/c",),
        )


def test_the_number_of_proofs_is_limited() -> None:
    """Neither written nor read beyond the limit."""
    document = {"name": "x"}
    for _ in range(8):
        document = sign_again(document)

    with pytest.raises(ProofError):
        sign_again(document)
    with pytest.raises(ProofError):
        get_proofs({"proof": [{}] * 9})
    with pytest.raises(ProofError):
        get_proofs({"proof": "z"})


def test_dates_count_when_the_time_is_given() -> None:
    """A proof from the future, or after its expiry, does not count."""
    signed = sign_again({"name": "x"})
    created_s = 1_795_168_800

    check_proof(signed, public_key=KEY.public_key, now_s=created_s)
    check_proof(signed, public_key=KEY.public_key, now_s=created_s - 300)
    with pytest.raises(ProofError):
        check_proof(signed, public_key=KEY.public_key, now_s=created_s - 301)
    expired = copy.deepcopy(signed)
    expired["proof"]["expires"] = CREATED
    with pytest.raises(ProofError, match="expired"):
        check_proof(expired, public_key=KEY.public_key, now_s=created_s)


@pytest.mark.parametrize("created", ["", "yesterday", "2026-11-20T10:00:00", 5])
def test_refuses_malformed_dates(created: Any) -> None:
    """RFC 3339 with a time zone, when signing and when checking."""
    with pytest.raises(ProofError):
        add_proof({}, key=KEY, verification_method=METHOD, created=created)
    signed = sign_again({"name": "x"})
    signed["proof"]["created"] = created
    with pytest.raises(ProofError):
        check_proof(signed, public_key=KEY.public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"type": "Ed25519Signature2020"},
        {"proofPurpose": "authentication"},
        {"previousProof": "urn:uuid:1"},
        {"proofValue": "u" + "A" * 86},
        {"proofValue": "z0"},
        {"proofValue": None},
    ],
)
def test_refuses_proofs_of_another_kind(change: dict[str, Any]) -> None:
    """One cryptosuite, one purpose, no chains."""
    signed = sign_again({"name": "x"})

    with pytest.raises(ProofError):
        check_proof({**signed, "proof": {**signed["proof"], **change}}, public_key=KEY.public_key)


def test_an_unsigned_document_has_no_proof() -> None:
    """Nothing to check is a refusal."""
    with pytest.raises(ProofError):
        check_proof({"name": "x"}, public_key=KEY.public_key)
