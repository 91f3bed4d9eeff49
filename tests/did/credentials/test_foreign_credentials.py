"""VCDM 2.0 with Digital Bazaar's implementation, both ways and by both cryptosuites."""

import copy
import json
from typing import Any

import base58
import pytest

from config.limits import STATUS_LIST_ENTRIES
from did.credentials.contexts import CREDENTIALS_CONTEXT, OWN_CREDENTIAL_CONTEXTS
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import (
    StatusPurpose,
    encode_bits,
    pack_bits,
    render_status_list,
)
from did.jcs import JsonObject
from did.resolution.self_certifying import resolve_key
from did.resolution.syntax import parse_did
from tests.did.credentials.parties import (
    CHALLENGE,
    DOMAIN,
    HOLDER,
    ISSUER,
    LIST_URL,
    check,
    check_shown,
    date,
    did_of,
    make_credential,
    make_evidence,
    make_presentation,
    make_status,
    method_of,
    show,
    sign,
)
from tests.did.credentials.test_data_integrity import hash_rdf
from tests.did.foreign_peers import run_peer

pytestmark = pytest.mark.xdist_group("foreign")
_FAR = "2100-01-01T00:00:00Z"


def render_documents() -> dict[str, Any]:
    """What a reader would fetch: DID documents, their keys, our context, a status list."""
    documents: dict[str, Any] = {}
    for key in (ISSUER, HOLDER):
        document = resolve_key(parse_did(did_of(key))).document
        assert document is not None
        documents[did_of(key)] = document
        (method,) = document["verificationMethod"]
        context = "https://w3id.org/security/multikey/v1"
        documents[method["id"]] = {"@context": context, **method}
    (ours,) = OWN_CREDENTIAL_CONTEXTS.values()
    documents[make_credential()["@context"][1]] = json.loads(ours)
    status_list = render_status_list(
        url=LIST_URL,
        issuer=did_of(ISSUER),
        purpose=StatusPurpose.REVOCATION,
        indexes=[3],
        valid_from=date(-10),
        valid_until=_FAR,
        contexts=[CREDENTIALS_CONTEXT],
    )
    return {**documents, LIST_URL: sign(status_list)}


def change(document: JsonObject, name: str, value: object) -> JsonObject:
    changed = copy.deepcopy(document)
    changed["credentialSubject"][name] = value
    return changed


OURS = [sign(make_credential()), sign(make_credential(), hash_rdf=hash_rdf)]
BAD = [
    *(change(credential, "memberSince", "1844-12") for credential in OURS),
    sign(make_credential(validFrom=date(-2_000), validUntil=date(-1_000))),
    sign(make_credential(credentialStatus=make_status(3))),
]


@pytest.fixture(scope="module")
def answers() -> Any:
    """One run of the peer for all tests."""
    return run_peer(
        "exchange_credentials.mjs",
        {
            "now": date(),
            "documents": render_documents(),
            "credentials": [*OURS, sign(make_credential(credentialStatus=make_status(4))), *BAD],
            "presentations": [
                {
                    "presentation": show(make_presentation(*OURS)),
                    "challenge": challenge,
                    "domain": DOMAIN,
                }
                for challenge in (CHALLENGE, "other")
            ],
            "unsigned": make_credential(issuer=did_of(HOLDER)),
            "key": {
                "id": method_of(HOLDER),
                "controller": did_of(HOLDER),
                "publicKeyMultibase": did_of(HOLDER).removeprefix("did:key:"),
                "secretKeyMultibase": "z"
                + base58.b58encode(b"\x80\x26" + HOLDER.seed + HOLDER.public_key).decode(),
            },
            "challenge": CHALLENGE,
            "domain": DOMAIN,
            "lists": [
                {
                    "encodedList": encode_bits(pack_bits([0, 7, 8, 131_071])),
                    "indexes": [0, 1, 7, 8, 9, 131_070, 131_071],
                }
            ],
        },
    )


def test_they_accept_what_we_sign_and_refuse_what_was_changed(answers: Any) -> None:
    """Credentials by either suite, with and without a status; tampered, expired, revoked."""
    assert answers["credentials"][:3] == [True, True, True]
    assert len(answers["credentials"]) == 3 + len(BAD)
    assert all(answer is not True for answer in answers["credentials"][3:])


def test_they_accept_our_presentation_for_its_challenge_alone(answers: Any) -> None:
    """With a credential of either suite inside."""
    assert answers["presentations"][0] is True
    assert answers["presentations"][1] is not True


@pytest.mark.parametrize("suite", ["jcs", "rdfc"])
def test_we_accept_what_they_sign_and_refuse_what_is_changed(answers: Any, suite: str) -> None:
    """Credential and presentation, by either suite."""
    signed = answers["signed"][suite]
    evidence = make_evidence(hash_rdf=hash_rdf)

    assert check(signed["credential"], evidence=evidence).issuer == did_of(HOLDER)
    (inner,) = check_shown(signed["presentation"], evidence=evidence)
    assert inner.subjects[0]["memberSince"] == "2024-05"
    for name, value in (("memberSince", "1844-12"), ("role", "board"), ("unknown", "x")):
        with pytest.raises(CredentialError):
            check(change(signed["credential"], name, value), evidence=evidence)


def test_they_read_our_status_list(answers: Any) -> None:
    """Bit for bit, ends included."""
    (bits,) = answers["bits"]

    assert bits["length"] == STATUS_LIST_ENTRIES
    assert bits["set"] == [True, False, True, True, False, False, True]
