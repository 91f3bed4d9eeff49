"""Names and types that no context defines."""

from typing import Any

import pytest

from did.credentials.contexts import CREDENTIALS_CONTEXT
from did.credentials.rdfc import canonicalize_rdf, compute_rdfc_hash
from did.credentials.refusals import CredentialError
from did.credentials.structure import read_credential
from did.credentials.terms import check_terms
from did.credentials.vc_jwt import envelop
from tests.did.credentials.parties import (
    check,
    check_shown,
    make_credential,
    make_evidence,
    make_presentation,
    make_status,
    show,
    sign,
)
from tests.did.credentials.test_vc_jwt import secure

SUBJECT = make_credential()["credentialSubject"]


@pytest.mark.parametrize(
    "change",
    [
        {"role2": "board"},
        {"credentialSubject": {**SUBJECT, "role2": "board"}},
        {"credentialSubject": [SUBJECT, {"memberOf": {"deep": {"er": "x"}}}]},
        {"credentialSubject": {**SUBJECT, "type": "Chair"}},
        {"type": ["VerifiableCredential", "UnknownCredential"]},
        {"credentialStatus": make_status() | {"extra": 1}},
        {"https://schema.org/name": "x"},
        {"@id": "urn:x:1"},
        {"@context": [CREDENTIALS_CONTEXT]},
        {"name": {"@value": "x", "@type": "y"}},
    ],
)
def test_refuses_undefined_terms_though_the_issuer_signed_them(change: dict[str, Any]) -> None:
    """By data integrity, in a token, and within a presentation."""
    document = make_credential(**change)

    for refused in (sign(document), secure(document)):
        with pytest.raises(CredentialError):
            check(refused)
        with pytest.raises(CredentialError):
            check_shown(show(make_presentation(refused)))


def test_refuses_undefined_terms_around_good_credentials() -> None:
    """What the holder adds to a presentation."""
    with pytest.raises(CredentialError, match="defined by no context"):
        check_shown(show(make_presentation(sign(make_credential()), extra="x")))


def test_takes_what_has_a_meaning_of_its_own() -> None:
    """Texts in languages, absolute types, JSON for its own sake, registered claims."""
    name = {"@value": "x", "@language": "en", "@direction": "ltr"}
    check(sign(make_credential(name=name)))
    check(sign(make_credential(type=["VerifiableCredential", "https://a.example/Type"])))
    schema = {"id": "urn:x:1", "type": "JsonSchemaCredential", "jsonSchema": {"any": {"x": 1}}}
    check_terms(make_credential(credentialSubject=schema))
    claims = {**make_credential(), "jti": make_credential()["id"]}
    check(secure(claims))
    with pytest.raises(CredentialError):
        check_terms(claims)


def test_a_context_holds_where_it_stands() -> None:
    """A credential's terms are not those of the presentation around it."""
    inner = make_credential()
    check_terms(make_presentation(inner, envelop("a.b.c")))

    with pytest.raises(CredentialError, match="MembershipCredential"):
        check_terms(make_presentation({**inner, "@context": CREDENTIALS_CONTEXT}))
    with pytest.raises(CredentialError, match="names types"):
        check_terms(make_presentation({**inner, "@context": {"@vocab": "https://evil.example/"}}))
    with pytest.raises(CredentialError, match="not known"):
        check_terms(make_presentation({**inner, "@context": "https://evil.example/"}))


TYPE = {"ClinicVisit": "https://clinic.example/terms#ClinicVisit"}


@pytest.mark.parametrize(
    "context",
    [TYPE, {"@protected": True, **TYPE}, {"ClinicVisit": "urn:example:ClinicVisit"}],
)
def test_a_document_may_name_types_of_its_own(context: dict[str, Any]) -> None:
    """VCDM 2.0 section 4.3: contexts are URLs and objects. By both suites."""
    own = make_credential()["@context"]
    document = make_credential(
        **{"@context": [*own, context]}, type=["VerifiableCredential", "ClinicVisit"]
    )

    check(sign(document))
    evidence = make_evidence(hash_rdf=compute_rdfc_hash)
    check(sign(document, hash_rdf=compute_rdfc_hash), evidence=evidence)


@pytest.mark.parametrize(
    "context",
    [
        {"memberOf": "https://evil.example/x"},
        {"VerifiableCredential": "https://evil.example/x"},
        {"MembershipCredential": "https://evil.example/x"},
        {"proofValue": "https://evil.example/x"},
        {"x": {"@id": "https://evil.example/x"}},
        {"x": None},
        {"x": "memberOf"},
        {"x": "cred:memberOf"},
        {"x": "@type"},
        {"x": "/relative"},
        {"x:y": "https://evil.example/x"},
        {"@vocab": "https://evil.example/"},
        {"@base": "https://evil.example/"},
        {"@import": "https://evil.example/"},
        {"@protected": False},
        {"@version": 1.1},
        {"": "https://evil.example/x"},
        {f"n{number}": "https://evil.example/x" for number in range(33)},
        [TYPE, {"ClinicVisit": "https://clinic.example/terms#Another"}],
        [[TYPE]],
        [None],
        [7],
    ],
)
def test_a_context_in_a_document_renames_nothing(context: Any) -> None:
    """It is not covered by a proof over RDF: who shows the document could change it."""
    contexts = [
        *make_credential()["@context"],
        *(context if isinstance(context, list) else [context]),
    ]
    document = make_credential(**{"@context": contexts})

    with pytest.raises(CredentialError):
        read_credential(document)
    with pytest.raises(CredentialError):
        check_terms(document)
    with pytest.raises(CredentialError):
        canonicalize_rdf(document)


def test_a_name_of_a_document_is_no_name_of_a_claim() -> None:
    """Two names of claims could be swapped, and with them what JSON readers see."""
    contexts = [*make_credential()["@context"], TYPE]
    subject = {**make_credential()["credentialSubject"], "ClinicVisit": "x"}
    document = make_credential(**{"@context": contexts}, credentialSubject=subject)

    with pytest.raises(CredentialError, match="ClinicVisit"):
        check_terms(document)
    with pytest.raises(CredentialError, match="ClinicVisit"):
        canonicalize_rdf(document)


def test_a_name_of_a_type_is_not_one_outside_of_its_document() -> None:
    """A credential's own names are none in the presentation around it."""
    contexts = [*make_credential()["@context"], TYPE]
    inner = make_credential(**{"@context": contexts}, type=["VerifiableCredential", "ClinicVisit"])
    check_terms(make_presentation(inner))

    with pytest.raises(CredentialError, match="ClinicVisit"):
        check_terms({**make_presentation(inner), "type": ["VerifiablePresentation", "ClinicVisit"]})
