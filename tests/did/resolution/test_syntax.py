"""DIDs, DID URLs and where they lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from did.resolution.locations import (
    locate_web_document,
    locate_webvh_log,
    locate_webvh_witness,
)
from did.resolution.results import Problem, ResolutionError, parse_version
from did.resolution.syntax import parse_did, parse_did_url

SCID = "QmPFhMuZH9gjY2JZgyyrgRuFTywQ4mDhoKGVoGE8uy7hFD"


@pytest.mark.parametrize(
    "text",
    ["did:web:a.example", "did:x:1", "did:x::1", "did:web:a.example%3A8443:b", "did:a1:A-._z"],
)
def test_a_did_is_taken_apart(text: str) -> None:
    """DID Core §3.1."""
    did = parse_did(text)

    assert f"did:{did.method}:{did.rest}" == did.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did",
        "did:x",
        "did:x:",
        "did:X:1",
        "DID:x:1",
        "did:x:1:",
        "did:x:%2",
        "did:x:%zz",
        "did:x:1#f",
        "did:x:1/p",
        "did:x:1?q",
        "did:x:1\n",
        "did:x: 1",
        "did:x:ü",
        "did::1",
        "did:x:" + "1" * 2_048,
    ],
)
def test_refuses_what_is_no_did(text: str) -> None:
    """Outside the grammar, or longer than is read."""
    with pytest.raises(ResolutionError) as caught:
        parse_did(text)

    assert caught.value.problem is Problem.INVALID_DID


def test_a_did_url_is_taken_apart() -> None:
    """DID Core §3.2; a bare DID is one."""
    url = parse_did_url("did:x:1:2/a/b?service=files&relativeRef=/c?d#key-1")

    assert url.did.text == "did:x:1:2"
    assert url.path == "/a/b"
    assert url.query == "service=files&relativeRef=/c?d"
    assert url.fragment == "key-1"
    bare = parse_did_url("did:x:1")
    assert (bare.path, bare.query, bare.fragment) == ("", None, None)


@pytest.mark.parametrize("text", ["x", "did:x:1#a#b", "did:x:1?a b", "did:x:1#%2", "did:x:#a"])
def test_refuses_what_is_no_did_url(text: str) -> None:
    """One fragment, no blanks, no broken percent."""
    with pytest.raises(ResolutionError) as caught:
        parse_did_url(text)

    assert caught.value.problem is Problem.INVALID_DID_URL


@given(text=st.text(max_size=60).map(lambda text: "did:web:" + text))
def test_arbitrary_text_leads_to_https_or_nowhere(text: str) -> None:
    """Never an error other than a refusal, never another scheme, never a climbing path."""
    try:
        url = locate_web_document(parse_did(text))
    except RefusedError:
        return

    assert url.startswith("https://")
    assert url.endswith("/did.json")
    assert "/../" not in url


@pytest.mark.parametrize(
    ("rest", "url"),
    [
        ("a.example", "https://a.example/.well-known/did.json"),
        ("a.example%3A8443", "https://a.example:8443/.well-known/did.json"),
        ("a.example%3a8443:b:c", "https://a.example:8443/b/c/did.json"),
        ("a.example:%7Euser", "https://a.example/~user/did.json"),
        ("a.example:%E7%94%A8", "https://a.example/%E7%94%A8/did.json"),
    ],
)
def test_a_did_web_leads_to_its_document(rest: str, url: str) -> None:
    """did:web §3.2."""
    assert locate_web_document(parse_did(f"did:web:{rest}")) == url


@pytest.mark.parametrize(
    "rest",
    [
        "A.example",
        "127.0.0.1",
        "1.2.3",
        "%5B::1%5D",
        "a.example%3A443",
        "a.example%3A0x50",
        "a.example%2Fb",
        "user%40a.example",
        "a.example:..:b",
        "a.example:%2E%2E:b",
        "a.example:.",
        "a.example::b",
        "a.example:b%2Fc",
        "a.example:b%5Cc",
        "a.example:%00",
        "a.example:%20b",
        "a.example:%ff",
        "%E7%94%A8.example",
        "a.example%3A1%3A2",
    ],
)
def test_a_did_that_leads_astray_is_refused(rest: str) -> None:
    """Addresses, other spellings of a host, and paths that climb."""
    for did in (f"did:web:{rest}", f"did:webvh:{SCID}:{rest}"):
        with pytest.raises(ResolutionError) as caught:
            locate_web_document(parse_did(did)) if ":web:" in did else locate_webvh_log(
                parse_did(did)
            )
        assert caught.value.problem is Problem.INVALID_DID


def test_a_did_webvh_leads_to_its_log_and_witnesses() -> None:
    """The SCID is no part of the way."""
    did = parse_did(f"did:webvh:{SCID}:a.example%3A3000:dids:issuer")

    assert locate_webvh_log(did) == "https://a.example:3000/dids/issuer/did.jsonl"
    assert locate_webvh_witness(did) == "https://a.example:3000/dids/issuer/did-witness.json"


@pytest.mark.parametrize(
    "rest", ["a.example", f"{SCID}", f"{SCID}:localhost", f"{SCID}0:a.example"]
)
def test_a_did_webvh_has_a_scid_and_a_domain(rest: str) -> None:
    """46 characters, then a host with a dot."""
    with pytest.raises(ResolutionError):
        locate_webvh_log(parse_did(f"did:webvh:{rest}"))


def test_a_version_is_asked_for_in_one_way() -> None:
    """By its id, or by a time in UTC."""
    assert parse_version(version_id=None, version_time=None).is_latest
    assert parse_version(version_id="1-x", version_time=None).version_id == "1-x"
    assert parse_version(version_id=None, version_time="1970-01-01T00:01:00Z").time_s == 60
    for version_id, time in (
        ("1", "1970-01-01T00:00:00Z"),
        (None, "yesterday"),
        (None, "1970-01-01T00:00:00"),
        (None, "1970-01-01T00:00:00+01:00"),
    ):
        with pytest.raises(ResolutionError) as caught:
            parse_version(version_id=version_id, version_time=time)
        assert caught.value.problem is Problem.INVALID_OPTIONS
