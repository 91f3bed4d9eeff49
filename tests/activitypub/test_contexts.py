"""Pinned JSON-LD contexts."""

import hashlib
from typing import Any

import pytest

from activitypub.contexts import (
    ACTIVITYSTREAMS_CONTEXT,
    INSIGHT_CONTEXT_FILE,
    OWN_CONTEXTS,
    ContextError,
    check_contexts,
    get_insight_context_url,
    is_known_context,
)
from did.jcs import parse_json_object

AS2 = ACTIVITYSTREAMS_CONTEXT
OURS = get_insight_context_url("https://a.example")


def test_our_context_is_named_by_its_hash() -> None:
    """So the name can never mean other bytes."""
    data = OWN_CONTEXTS[INSIGHT_CONTEXT_FILE]

    assert hashlib.sha256(data).hexdigest()[:16] in INSIGHT_CONTEXT_FILE
    assert "@context" in parse_json_object(data)


@pytest.mark.parametrize(
    ("url", "is_known"),
    [
        (AS2, True),
        (OURS, True),
        (get_insight_context_url("https://b.example:8443"), True),
        ("https://a.example/contexts/health-insight-0000000000000000.jsonld", False),
        (f"https://a.example/x/{INSIGHT_CONTEXT_FILE}", False),
        (OURS.replace("https", "http"), False),
        (OURS + "?x", False),
        ("https://evil.example/context", False),
        ("", False),
    ],
)
def test_contexts_are_known_or_not(url: str, is_known: bool) -> None:
    """Ours counts whoever serves it."""
    assert is_known_context(url) is is_known


@pytest.mark.parametrize(
    "document",
    [
        {"@context": AS2, "type": "Follow"},
        {"@context": [AS2, OURS], "object": [{"@context": [AS2], "type": "Note"}]},
        {"@context": [AS2], "contentMap": {"en": "<p>x: @y</p>"}},
    ],
)
def test_documents_that_all_read_alike_are_accepted(document: dict[str, Any]) -> None:
    """Known contexts only, here and below."""
    check_contexts(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"@context": []},
        {"@context": [OURS, AS2]},
        {"@context": "https://evil.example/context"},
        {"@context": [AS2, "https://evil.example/context"]},
        {"@context": [AS2, {"actor": "as:object", "object": "as:actor"}]},
        {"@context": [AS2] * 9},
        {"@context": AS2, "object": {"@context": {"x": "y"}}},
        {"@context": AS2, "object": [{"a": {"@context": None}}]},
        {"@context": AS2, "@id": "https://a.example/1"},
        {"@context": AS2, "@graph": []},
        {"@context": AS2, "https://www.w3.org/ns/activitystreams#actor": "x"},
        {"@context": AS2, "object": {"as:actor": "x"}},
    ],
)
def test_refuses_documents_that_readers_understand_differently(document: dict[str, Any]) -> None:
    """The class of CVE-2026-46349."""
    with pytest.raises(ContextError):
        check_contexts(document)
