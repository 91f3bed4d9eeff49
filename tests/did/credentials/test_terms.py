"""Names and types that no context defines."""

from typing import Any

import pytest

from did.credentials.contexts import CREDENTIALS_CONTEXT
from did.credentials.refusals import CredentialError
from did.credentials.terms import check_terms
from did.credentials.vc_jwt import envelop
from tests.did.credentials.parties import (
    check,
    check_shown,
    make_credential,
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
    with pytest.raises(CredentialError, match="never written out"):
        check_terms(make_presentation({**inner, "@context": {"@vocab": "https://evil.example/"}}))
    with pytest.raises(CredentialError, match="not known"):
        check_terms(make_presentation({**inner, "@context": "https://evil.example/"}))
