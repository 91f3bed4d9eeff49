"""did:rochdale: what it looks like, and which document follows from keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.accounts import render_account_did
from did.documents import read_did_document
from did.keys import KeyPair, encode_multikey
from did.ledger_method import KeyVersion, describe_version, parse_ledger_did
from did.resolution.results import Problem, ResolutionError
from did.resolution.syntax import parse_did

ACCOUNT = bytes(range(100, 132))
DID = render_account_did(network="heart", account_id=ACCOUNT)
KEYS = tuple(sorted(KeyPair(bytes([number]) * 32).public_key for number in (1, 2)))


def version(**changes: object) -> KeyVersion:
    fields = {
        "number": 2,
        "keys": KEYS[:1],
        "signatures_required": 1,
        "since_ms": 1_800_000_000_999,
        "until_ms": None,
        "created_ms": 1_700_000_000_001,
        **changes,
    }
    return KeyVersion(**fields)  # type: ignore[arg-type]


@given(st.binary(min_size=32, max_size=32))
def test_a_did_names_its_account_and_no_other(account: bytes) -> None:
    """Leading zeros included."""
    did = parse_did(render_account_did(network="a-1", account_id=account))

    named = parse_ledger_did(did)

    assert (named.network, named.account) == ("a-1", account)


@pytest.mark.parametrize(
    "text",
    [
        DID + "1",
        DID[:-3],
        DID.replace("heart", "He"),
        DID.replace("heart:", ""),
        DID.replace(":z", ":"),
        DID.replace(":z", ":Z"),
        DID + ":more",
        "did:rochdale:heart:z" + "1" * 900,
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    """One account has one DID."""
    with pytest.raises(ResolutionError) as caught:
        parse_ledger_did(parse_did(text))

    assert caught.value.problem is Problem.INVALID_DID


def test_the_key_speaks_for_the_account() -> None:
    """Our own reader of documents agrees."""
    resolution = describe_version(DID, version())
    assert resolution.document is not None

    document = read_did_document(resolution.document, did=DID)

    method = f"{DID}#{encode_multikey(KEYS[0])}"
    for purpose in ("authentication", "assertionMethod"):
        assert document.get_key(method, purpose=purpose).public_key == KEYS[0]
    assert resolution.document_metadata == {
        "versionId": "2",
        "canonicalId": DID,
        "created": "2023-11-14T22:13:20Z",
        "updated": "2027-01-15T08:00:00Z",
    }


def test_where_several_must_sign_none_speaks_alone() -> None:
    """They are listed, without a purpose."""
    resolution = describe_version(DID, version(keys=KEYS, signatures_required=2))

    assert resolution.document is not None
    assert len(resolution.document["verificationMethod"]) == 2
    assert "authentication" not in resolution.document


def test_a_former_version_has_a_successor_and_the_first_was_never_updated() -> None:
    """DID Core 1.1 §7.1.3: `created` is the DID's, in each version's metadata."""
    metadata = describe_version(DID, version(number=0, until_ms=1_800_000_100_000))

    assert metadata.document_metadata == {
        "versionId": "0",
        "canonicalId": DID,
        "created": "2023-11-14T22:13:20Z",
        "nextUpdate": "2027-01-15T08:01:40Z",
        "nextVersionId": "1",
    }


def test_an_ended_account_has_no_document() -> None:
    """Only the word that it has ended."""
    resolution = describe_version(DID, version(is_deactivated=True))

    assert resolution.document is None
    assert resolution.is_deactivated


def test_a_cooperatives_document_says_its_other_name() -> None:
    """A person's says none: whose it is would be told with it."""
    web = "did:web:ash.example"
    told = describe_version(DID, version(also_known_as=(web,))).document
    silent = describe_version(DID, version()).document
    assert told is not None
    assert silent is not None

    assert read_did_document(told, did=DID).also_known_as == (web,)
    assert "alsoKnownAs" not in silent
