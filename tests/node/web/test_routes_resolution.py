"""The resolver's HTTP binding: types, statuses, versions."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import yarl
from structlog.testing import capture_logs

from did.resolution.results import Problem, Resolution, ResolutionError, Version
from did.resolution.syntax import Did
from node.web.did_resolver import DidResolver
from node.web.routes_resolution import choose_type
from tests.did.resolution.webvh_logs import multikey

RESULT = "application/did-resolution"
KEY_DID = f"did:key:{multikey(0)}"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(
    http: aiohttp.ClientSession, node: Any, path: str, *, accept: str | None = RESULT
) -> tuple[int, str, dict[str, Any]]:
    """Status, content type and body."""
    url = yarl.URL(f"{node.url}/1.0/identifiers/{path}", encoded=True)
    headers = {} if accept is None else {"Accept": accept}
    async with http.get(url, headers=headers) as answer:
        return answer.status, answer.content_type, json.loads(await answer.read())


async def test_a_did_resolves_as_universal_resolvers_expect_it(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """A result with document and both metadata; or the document alone."""
    status, kind, result = await ask(http, pair[0], KEY_DID)

    assert (status, kind) == (200, RESULT)
    assert result["didDocument"]["id"] == KEY_DID
    assert result["didResolutionMetadata"] == {"contentType": "application/did"}
    assert result["didDocumentMetadata"] == {}
    for accept in ("application/did", "application/did+ld+json", "application/did+json"):
        status, kind, document = await ask(http, pair[0], KEY_DID, accept=accept)
        assert (status, kind, document) == (200, accept, result["didDocument"])


async def test_another_cooperatives_did_web_is_fetched(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Over HTTP, from the other node, as its settings name it; however the path is encoded."""
    did = pair[1].context.registry.own.did

    for path in (did, quote(did, safe="")):
        status, _, result = await ask(http, pair[0], path)
        assert status == 200
        assert result["didDocument"]["id"] == did


async def test_the_nodes_own_document_is_the_one_that_it_publishes(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Whoever asks, and whichever way."""
    async with http.get(f"{pair[0].url}/.well-known/did.json") as answer:
        published = json.loads(await answer.read())

    for node in pair:
        _, _, document = await ask(http, node, published["id"], accept="application/did")
        assert document == published


async def test_the_log_does_not_say_whom_somebody_looked_up(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Being in a cooperative for an illness is health data; looking it up says as much."""
    with capture_logs() as lines:
        await ask(http, pair[0], KEY_DID)
        await ask(http, pair[0], "did:web:unknown.test")

    assert [line["path"] for line in lines if line["event"] == "request"] == [
        "/1.0/identifiers/{did}"
    ] * 2
    assert not any("did:" in str(line) for line in lines)


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [
        ("nonsense", RESULT, (400, "INVALID_DID")),
        ("did:key:zzz", RESULT, (400, "INVALID_DID")),
        ("did:web:127.0.0.1", RESULT, (400, "INVALID_DID")),
        (f"{KEY_DID}%23{multikey(0)}", RESULT, (400, "INVALID_DID")),
        (f"{KEY_DID}?versionTime=now", RESULT, (400, "INVALID_OPTIONS")),
        (f"{KEY_DID}?versionId=1&versionId=2", RESULT, (400, "INVALID_OPTIONS")),
        (
            f"{KEY_DID}?versionId=1&versionTime=2026-01-01T00:00:00Z",
            RESULT,
            (400, "INVALID_OPTIONS"),
        ),
        ("did:web:unknown.test", RESULT, (404, "NOT_FOUND")),
        (KEY_DID, "text/html", (406, "REPRESENTATION_NOT_SUPPORTED")),
        ("did:none:1", RESULT, (501, "METHOD_NOT_SUPPORTED")),
        (f"{KEY_DID}?versionId=1", RESULT, (501, "FEATURE_NOT_SUPPORTED")),
        (f"{KEY_DID}?service=files", RESULT, (501, "FEATURE_NOT_SUPPORTED")),
        ("did:none:1", "application/did", (501, "METHOD_NOT_SUPPORTED")),
    ],
)
async def test_a_problem_has_its_status_and_says_what_to_do(
    pair: Any, http: aiohttp.ClientSession, path: str, accept: str, expected: tuple[int, str]
) -> None:
    """DID Resolution §11.1, and errors as RFC 9457 has them."""
    status, problem = expected
    answered, kind, result = await ask(http, pair[0], path, accept=accept)

    assert (answered, kind) == (status, RESULT)
    error = result["didResolutionMetadata"]["error"]
    assert error["type"] == f"https://www.w3.org/ns/did#{problem}"
    assert error["title"] == Problem[problem].value
    assert error["detail"]
    assert result["didDocument"] is None
    assert result["didDocumentMetadata"] == {}


class Ledger:
    """A method with versions, an end, and proof."""

    async def resolve(self, did: Did, version: Version) -> Resolution:
        if did.rest == "malformed":
            raise ResolutionError(Problem.INVALID_DID_DOCUMENT, "it is malformed")
        earlier = version.version_id or str(version.time_s)
        return Resolution(
            document=None if version.is_latest else {"id": did.text, "version": earlier},
            document_metadata={"deactivated": True},
            resolution_metadata={"proof": ["x"]},
        )


async def test_an_ended_did_is_gone_and_its_past_is_not(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """410, with the document only where a version is asked for; metadata and proof go along."""
    pair[0].context.dids = DidResolver({"past": Ledger()}, steady_s=lambda: 0.0)

    status, kind, result = await ask(http, pair[0], "did:past:1", accept="application/did")
    assert (status, kind) == (410, RESULT)
    assert result["didDocument"] is None
    assert result["didDocumentMetadata"] == {"deactivated": True}
    assert result["didResolutionMetadata"] == {"proof": ["x"]}
    for query, version in (
        ("versionId=7", "7"),
        ("versionTime=1970-01-01T00:01:00Z", "60"),
    ):
        status, _, result = await ask(http, pair[0], f"did:past:1?{query}")
        assert status == 410
        assert result["didDocument"]["version"] == version
    status, _, _ = await ask(http, pair[0], "did:past:malformed")
    assert status == 500


async def test_percent_signs_within_a_did_are_part_of_it(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Decoded once if the DID was encoded for the path, and not at all if it was not."""
    asked: list[str] = []

    class Listening:
        async def resolve(self, did: Did, version: Version) -> Resolution:
            asked.append(did.text)
            return Resolution(document={"id": did.text})

    pair[0].context.dids = DidResolver({"web": Listening()}, steady_s=lambda: 0.0)
    did = "did:web:a.example%3A8443"

    for path in (did, quote(did, safe=""), quote(did, safe=":")):
        await ask(http, pair[0], path)

    assert asked == [did] * 3


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", RESULT),
        ("application/json", "application/json"),
        ('application/ld+json;profile="https://w3id.org/did-resolution"', RESULT),
        ("application/ld+json", "application/ld+json"),
        ("text/html, application/did;q=0.5, application/did+json;q=0.9", "application/did+json"),
        ("application/did;q=0, */*;q=0.1", RESULT),
        ("application/did;q=x, application/DID+JSON", "application/did+json"),
    ],
)
def test_the_most_preferred_type_that_is_served_is_chosen(accept: str, chosen: str) -> None:
    """RFC 9110 §12.5.1."""
    assert choose_type(accept) == chosen


@pytest.mark.parametrize("accept", ["", "text/html", "application/did;q=0", "x" * 100_000])
def test_refuses_types_that_are_not_served(accept: str) -> None:
    """The answer says which are."""
    with pytest.raises(ResolutionError):
        choose_type(accept)
