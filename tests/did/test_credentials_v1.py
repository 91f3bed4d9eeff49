"""Credentials of the Data Model 1.1 as they are read, before anybody looks at a signature."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.did_limits import CREDENTIAL_V1_BYTES_MAX
from config.errors import RefusedError
from did.base64url import encode_base64url
from did.credentials_v1 import (
    check_credential_v1,
    check_presentation_v1,
    is_of_model_v1,
    read_credential_v1,
    read_presentation_v1,
)
from did.credentials_v1_parts import CONTEXT, CredentialV1Error

NOW_S = 1_800_000_000
DID, OTHER = "did:example:1", "did:example:2"
PROOF = {
    "type": "Ed25519Signature2020",
    "proofPurpose": "assertionMethod",
    "verificationMethod": f"{DID}#a",
    "created": "2027-01-15T08:00:00Z",
}
DOCUMENT: dict[str, Any] = {
    "@context": [CONTEXT],
    "type": ["VerifiableCredential"],
    "issuer": DID,
    "issuanceDate": "2026-01-01T00:00:00Z",
    "credentialSubject": {"id": OTHER},
    "proof": PROOF,
}
CLAIMS: dict[str, Any] = {
    "iss": DID,
    "sub": OTHER,
    "nbf": 1_767_225_600,
    "vc": {name: DOCUMENT[name] for name in ("@context", "type", "credentialSubject")},
}
SHOWN: dict[str, Any] = {
    "@context": [CONTEXT],
    "type": ["VerifiablePresentation"],
    "holder": OTHER,
    "verifiableCredential": [DOCUMENT],
    "proof": {
        **PROOF,
        "proofPurpose": "authentication",
        "verificationMethod": f"{OTHER}#a",
        "challenge": "c",
        "domain": "d",
    },
}


def make_jwt(claims: object, **header: Any) -> str:
    """A JWT that nobody signed."""
    parts = [{"alg": "EdDSA", "kid": f"{DID}#a", **header}, claims]
    return ".".join([*(encode_base64url(json.dumps(part).encode()) for part in parts), "AAAA"])


def test_both_forms_say_the_same() -> None:
    """JSON and JWT of one credential."""
    document, jwt = read_credential_v1(json.dumps(DOCUMENT)), read_credential_v1(make_jwt(CLAIMS))

    for credential in (document, jwt):
        assert credential.issuer == DID
        assert credential.method_id == f"{DID}#a"
        assert credential.subject_ids == (OTHER,)
        assert credential.valid_from_s == CLAIMS["nbf"]
        check_credential_v1(credential, now_s=NOW_S)


@pytest.mark.parametrize(
    "change",
    [
        {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        {"@context": []},
        {"type": ["Other"]},
        {"type": None},
        {"issuer": OTHER},
        {"issuer": None},
        {"issuer": {"name": "x"}},
        {"issuanceDate": "yesterday"},
        {"issuanceDate": "2026-01-01T00:00:00+02:00"},
        {"issuanceDate": 1},
        {"issuanceDate": "2026-13-01T00:00:00Z"},
        {"expirationDate": "never"},
        {"credentialSubject": []},
        {"credentialSubject": "x"},
        {"proof": None},
        {"proof": []},
        {"proof": [PROOF, PROOF]},
        {"proof": {**PROOF, "type": "Eip712Signature2021"}},
        {"proof": {**PROOF, "type": ["Ed25519Signature2020"]}},
        {"proof": {**PROOF, "proofPurpose": "authentication"}},
        {"proof": {**PROOF, "verificationMethod": 1}},
        {"proof": {**PROOF, "verificationMethod": "x"}},
        {"proof": {**PROOF, "verificationMethod": f"{DID}/path#a"}},
    ],
)
def test_refuses_malformed_documents(change: dict[str, Any]) -> None:
    """Another model, nobody's word, or no date."""
    with pytest.raises(CredentialV1Error):
        read_credential_v1(json.dumps({**DOCUMENT, **change}))


def test_a_list_of_one_proof_is_a_proof() -> None:
    """As JSON-LD lets people write it."""
    document = {**DOCUMENT, "proof": [PROOF]}

    assert read_credential_v1(json.dumps(document)).method_id == f"{DID}#a"


def test_a_credential_says_since_when_it_holds() -> None:
    """The data model 1.1 demands `issuanceDate`."""
    document = {name: value for name, value in DOCUMENT.items() if name != "issuanceDate"}

    with pytest.raises(CredentialV1Error, match="since when"):
        read_credential_v1(json.dumps(document))


def test_a_status_is_looked_up_or_the_credential_is_refused() -> None:
    """What cannot be looked up is not in force; a malformed status is nobody's to look up."""
    status = {"id": "https://a.example/1", "type": "X"}
    credential = read_credential_v1(json.dumps({**DOCUMENT, "credentialStatus": status}))
    malformed = read_credential_v1(json.dumps({**DOCUMENT, "credentialStatus": ["x"]}))
    seen: list[Any] = []

    check_credential_v1(credential, now_s=NOW_S, check_status=seen.append)
    assert seen == [(status,)]
    with pytest.raises(CredentialV1Error):
        check_credential_v1(credential, now_s=NOW_S)
    with pytest.raises(CredentialV1Error):
        check_credential_v1(malformed, now_s=NOW_S, check_status=seen.append)


@pytest.mark.parametrize(
    "change",
    [
        {"issuanceDate": "2028-01-01T00:00:00Z"},
        {"expirationDate": "2027-01-15T08:00:00Z"},
        {"expirationDate": "2026-02-01T00:00:00Z"},
    ],
)
def test_a_credential_is_in_force_between_its_dates(change: dict[str, Any]) -> None:
    """Not before, and not at its end or later."""
    credential = read_credential_v1(json.dumps({**DOCUMENT, **change}))

    with pytest.raises(CredentialV1Error):
        check_credential_v1(credential, now_s=NOW_S)


@pytest.mark.parametrize(
    "change",
    [
        {"challenge": "x"},
        {"challenge": ""},
        {"domain": "x"},
        {"domain": ""},
        {"now_s": NOW_S + 301},
        {"now_s": NOW_S - 301},
    ],
)
def test_a_presentation_is_for_one_challenge_verifier_and_moment(change: dict[str, Any]) -> None:
    """An empty expectation is met by nothing."""
    presentation = read_presentation_v1(json.dumps(SHOWN))
    asked: dict[str, Any] = {"challenge": "c", "domain": "d", "now_s": NOW_S, **change}

    with pytest.raises(CredentialV1Error):
        check_presentation_v1(presentation, **asked)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": OTHER},
        {"iss": None},
        {"sub": DID},
        {"nbf": None},
        {"nbf": "1"},
        {"nbf": True},
        {"nbf": 1e300},
        {"exp": -1},
        {"vc": None},
        {"vc": {**CLAIMS["vc"], "issuer": OTHER}},
        {"vc": {**CLAIMS["vc"], "issuanceDate": "2026-01-02T00:00:00Z"}},
        {
            "exp": CLAIMS["nbf"] + 1,
            "vc": {**CLAIMS["vc"], "expirationDate": "2099-01-01T00:00:00Z"},
        },
    ],
)
def test_refuses_jwts_that_are_malformed_or_say_two_things(change: dict[str, Any]) -> None:
    """What claims and credential both say is the same."""
    with pytest.raises(CredentialV1Error):
        read_credential_v1(make_jwt({**CLAIMS, **change}))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": ["EdDSA"]},
        {"kid": f"{OTHER}#a"},
        {"kid": 1},
        {"jwk": {}},
        {"crit": ["b64"]},
    ],
)
def test_refuses_headers_that_bring_their_own_key_or_rules(header: dict[str, Any]) -> None:
    """A header names an algorithm and a key of the issuer's, and nothing more."""
    with pytest.raises(CredentialV1Error):
        read_credential_v1(make_jwt(CLAIMS, **header))


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        (json.dumps(DOCUMENT), True),
        (make_jwt(CLAIMS), True),
        (json.dumps(SHOWN), True),
        (make_jwt({"vp": {}}), True),
        (json.dumps({"@context": ["https://www.w3.org/ns/credentials/v2", CONTEXT]}), False),
        (make_jwt({"@context": ["https://www.w3.org/ns/credentials/v2"]}), False),
        ("{", False),
        ("a.b.c~d", False),
    ],
)
def test_who_checks_it_is_chosen_by_what_it_calls_itself(text: str, is_old: bool) -> None:
    """By its context, or by a JWT's claim."""
    assert is_of_model_v1(text) is is_old


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        "e30.e30.é",
        "{\ud800}",
        "{",
        '{"issuer": 1, "issuer": 2}',
        "{" + '"a":{' * 100,
        " " * (CREDENTIAL_V1_BYTES_MAX + 1),
        "{" + " " * CREDENTIAL_V1_BYTES_MAX,
    ],
)
def test_refuses_what_is_neither_form(text: str) -> None:
    """Too long, too deep, ambiguous or nothing at all; of both kinds."""
    for read in (read_credential_v1, read_presentation_v1):
        with pytest.raises(CredentialV1Error):
            read(text)


@given(text=st.text(max_size=200))
def test_arbitrary_text_is_refused(text: str) -> None:
    """Never another error."""
    for read in (read_credential_v1, read_presentation_v1):
        with pytest.raises(RefusedError):
            read(text)


def test_a_presentation_is_checked_for_whom_it_was_made() -> None:
    """Holder, challenge, domain, time."""
    presentation = read_presentation_v1(json.dumps(SHOWN))

    check_presentation_v1(presentation, challenge="c", domain="d", now_s=NOW_S)
    assert presentation.credentials[0].issuer == DID


def test_a_presentation_as_jwt_names_its_verifier() -> None:
    """`nonce` is the challenge, `aud` the domain, alone or as a list of one."""
    claims = {
        "iss": OTHER,
        "nbf": NOW_S,
        "nonce": "c",
        "vp": {name: SHOWN[name] for name in ("@context", "type", "verifiableCredential")},
    }
    header = {"kid": f"{OTHER}#a"}

    for audience in ("d", ["d"]):
        presentation = read_presentation_v1(make_jwt({**claims, "aud": audience}, **header))
        check_presentation_v1(presentation, challenge="c", domain="d", now_s=NOW_S)
    for change in ({"aud": ["d", "e"]}, {"aud": None}, {"aud": "d", "vp": "x"}):
        with pytest.raises(CredentialV1Error):
            read_presentation_v1(make_jwt({**claims, **change}, **header))


@pytest.mark.parametrize(
    "change",
    [
        {"type": ["VerifiableCredential"]},
        {"holder": DID},
        {"verifiableCredential": []},
        {"verifiableCredential": [DOCUMENT] * 9},
        {"verifiableCredential": [1]},
        {"verifiableCredential": [{**DOCUMENT, "proof": None}]},
        {"proof": PROOF},
        {"proof": {name: SHOWN["proof"][name] for name in SHOWN["proof"] if name != "challenge"}},
        {"proof": {**SHOWN["proof"], "domain": ["d"]}},
    ],
)
def test_refuses_malformed_presentations(change: dict[str, Any]) -> None:
    """Another's, empty, crowded, or made for nobody."""
    with pytest.raises(CredentialV1Error):
        read_presentation_v1(json.dumps({**SHOWN, **change}))


def test_a_presentation_without_a_time_was_not_made_just_now() -> None:
    """The proof must say when."""
    proof = {name: SHOWN["proof"][name] for name in SHOWN["proof"] if name != "created"}
    presentation = read_presentation_v1(json.dumps({**SHOWN, "proof": proof}))

    with pytest.raises(CredentialV1Error, match="just now"):
        check_presentation_v1(presentation, challenge="c", domain="d", now_s=NOW_S)
