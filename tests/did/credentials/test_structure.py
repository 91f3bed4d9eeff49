"""The shape of credentials and presentations, by the sections of the data model."""

from typing import Any

import pytest

from did.credentials.contexts import CREDENTIALS_CONTEXT, get_own_context_url
from did.credentials.refusals import CredentialError
from did.credentials.structure import read_credential, read_presentation
from tests.did.credentials.parties import make_credential, make_presentation


@pytest.mark.parametrize(
    "change",
    [
        {"@context": []},
        {"id": "no url"},
        {"id": ["urn:a:1", "urn:a:2"]},
        {"id": None, "type": None},
        {"type": []},
        {"type": "MembershipCredential"},
        {"type": ["VerifiableCredential", 5]},
        {"issuer": None},
        {"issuer": {}},
        {"issuer": {"name": "x"}},
        {"issuer": {"id": "did:a:b", "name": 5}},
        {"credentialSubject": None},
        {"credentialSubject": {}},
        {"credentialSubject": []},
        {"credentialSubject": [{}]},
        {"credentialSubject": "did:example:1"},
        {"credentialSubject": {"id": "x"}},
        {"validFrom": "2026-11-20"},
        {"validFrom": "2026-11-20T10:00:00"},
        {"validFrom": "2026-13-20T10:00:00Z"},
        {"validFrom": ["2026-11-20T10:00:00Z"]},
        {"validUntil": 5},
        {"credentialStatus": "urn:x:1"},
        {"credentialStatus": {"id": "urn:x:1"}},
        {"credentialStatus": {"type": "X", "id": "x"}},
        {"credentialSchema": {"type": "JsonSchema"}},
        {"credentialSchema": {"id": "https://a.example/s"}},
        {"evidence": {"id": "urn:x:1"}},
        {"termsOfUse": {"id": "urn:x:1"}},
        {"refreshService": {"id": "urn:x:1"}},
        {"relatedResource": {"id": "https://a.example/x"}},
        {"relatedResource": [{"id": "https://a.example/x", "digestSRI": "x"}] * 2},
        {"name": 5},
        {"name": []},
        {"description": {"@language": "en"}},
        {"description": [{"@value": "a"}, 5]},
        {"description": {"@value": "a", "url": "x"}},
    ],
)
def test_refuses_malformed_credentials(change: dict[str, Any]) -> None:
    """Each sentence of §4 with a MUST that concerns a reader of JSON."""
    with pytest.raises(CredentialError):
        read_credential(make_credential(**change))


@pytest.mark.parametrize("host", ["", "[a.example", "a.example/x", "a b"])
def test_our_context_is_known_under_a_host_alone(host: str) -> None:
    """Its own bytes come with every node, wherever a URL says that they are."""
    for known in ("a.example", "b.example:8443"):
        own = [CREDENTIALS_CONTEXT, get_own_context_url(f"https://{known}")]
        read_credential(make_credential(**{"@context": own}))
    contexts = [CREDENTIALS_CONTEXT, get_own_context_url(f"https://{host}")]
    with pytest.raises(CredentialError):
        read_credential(make_credential(**{"@context": contexts}))


@pytest.mark.parametrize(
    "change",
    [
        {"id": None, "validFrom": None, "validUntil": None},
        {"issuer": {"id": "did:example:1", "name": "A"}},
        {"validFrom": "2026-11-20T10:00:00.123+02:00", "validUntil": None},
        {"credentialSchema": {"id": "https://a.example/s", "type": "JsonSchema"}},
        {"name": [{"@value": "a", "@language": "en"}], "description": "x"},
        {"relatedResource": {"id": "https://a.example/x", "digestSRI": "sha256-x"}},
        {"evidence": [{"type": "A"}, {"type": ["B"], "id": "urn:x:1"}]},
    ],
)
def test_reads_what_the_model_allows(change: dict[str, Any]) -> None:
    """Optional members may be left out or take each of their forms."""
    read_credential(make_credential(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"@context": "https://a.example/context"},
        {"id": "x"},
        {"type": "VerifiableCredential"},
        {"holder": "x"},
        {"holder": {}},
        {"verifiableCredential": ["eyJ"]},
        {"verifiableCredential": [make_credential()] * 9},
    ],
)
def test_refuses_malformed_presentations(change: dict[str, Any]) -> None:
    """§4.13; credentials in it are objects."""
    with pytest.raises(CredentialError):
        read_presentation(make_presentation(**change))
