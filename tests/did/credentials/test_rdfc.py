"""RDF says nothing of what it drops: so nothing may be dropped, or hidden by its shape."""

import copy
from typing import Any

import pytest

from did.credentials.contexts import CREDENTIALS_CONTEXT, get_own_context_url
from did.credentials.rdfc import canonicalize_rdf
from did.credentials.refusals import CredentialError
from tests.did.credentials.parties import make_credential, make_status, sign
from tests.did.credentials.test_data_integrity import hash_rdf


def change(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = make_credential(credentialStatus=make_status())
    target: Any = document
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return document


SUBJECT = "credentialSubject"
CREDENTIALS = "https://www.w3.org/2018/credentials#"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((SUBJECT, "role2"), "board"),
        (("role2",), "board"),
        (("credentialStatus", "extra"), "x"),
        ((SUBJECT, "type"), "Chair"),
        (("type",), ["VerifiableCredential", "UnknownCredential"]),
        (("type",), [f"{CREDENTIALS}VerifiableCredential", "./relative"]),
        ((SUBJECT, "id"), "relative/reference"),
        ((SUBJECT, "id"), "_:b0"),
        ((SUBJECT, "id"), ""),
        ((SUBJECT, "id"), "//evil.example/x"),
        ((SUBJECT, "id"), "#fragment"),
        ((SUBJECT, "id"), "?query"),
        ((SUBJECT, "id"), "../up"),
        (("issuer",), "issuer"),
        (("evidence",), None),
        (("evidence",), []),
        ((SUBJECT, "memberOf"), []),
        ((SUBJECT, "role"), None),
        ((SUBJECT, "@id"), "did:example:1"),
        ((SUBJECT, "@type"), "RoleCredential"),
        ((f"{CREDENTIALS}credentialStatus",), {"id": "urn:x:1"}),
        (("schema:name",), "x"),
        (("@graph",), [{"id": "urn:x:1"}]),
        (("@included",), [{"id": "urn:x:1"}]),
        (("@index",), "x"),
        (("@reverse",), {"issuer": "urn:x:1"}),
        (("name",), {"@value": "x", "@language": "en", "@direction": "ltr"}),
        (("name",), {"@value": 5}),
        ((SUBJECT, "@context"), {"role2": "https://evil.example/role"}),
        ((SUBJECT, "@context"), "https://evil.example/context"),
        ((SUBJECT, "@context"), None),
        (("@context",), [CREDENTIALS_CONTEXT]),
        (("@context",), [CREDENTIALS_CONTEXT, {"@vocab": "https://evil.example/"}]),
        (("relatedResource",), {"id": "urn:uuid:4f3a2b1c-0000-4000-8000-000000000001"}),
        ((SUBJECT, "role"), [["board"]]),
    ],
)
def test_refuses_what_would_be_lost_or_renamed(place: tuple[Any, ...], value: Any) -> None:
    """Undefined terms and types, IRIs as names, nulls, relative IRIs, other contexts."""
    with pytest.raises(CredentialError):
        canonicalize_rdf(change(place, value))


def test_what_is_defined_is_signed() -> None:
    """The document that those changes begin with has RDF, and says all of it."""
    text = canonicalize_rdf(make_credential(credentialStatus=make_status())).decode()

    for word in ("memberOf", "2024-05", "gYearMonth", "statusListIndex", "MembershipCredential"):
        assert word in text


def test_our_own_credentials_can_be_signed_by_rdf_too() -> None:
    """Each term of our context has a definition, so a foreign reader drops none."""
    signed = sign(make_credential(), hash_rdf=hash_rdf)

    assert signed["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert "@context" not in signed["proof"]


def test_the_context_is_ours_whoever_serves_it() -> None:
    """The hash in its name decides, not the host."""
    first, second = (
        canonicalize_rdf(
            make_credential(
                **{"@context": [CREDENTIALS_CONTEXT, get_own_context_url(f"https://{host}")]}
            )
        )
        for host in ("a.example", "b.example:8443")
    )

    assert first == second
    for url in ("http://a.example", "https://a.example/x", "https://", "https://a.example#"):
        with pytest.raises(CredentialError):
            canonicalize_rdf(
                make_credential(**{"@context": [CREDENTIALS_CONTEXT, get_own_context_url(url)]})
            )


def test_refuses_graphs_that_are_too_large() -> None:
    """Blank nodes are what makes canonicalization slow."""
    document = make_credential(credentialSubject=[{"role": str(number)} for number in range(300)])

    with pytest.raises(CredentialError, match="too much"):
        canonicalize_rdf(document)


def test_the_callers_document_is_kept() -> None:
    """Reading changes nothing."""
    document = make_credential()
    before = copy.deepcopy(document)

    canonicalize_rdf(document)

    assert document == before
