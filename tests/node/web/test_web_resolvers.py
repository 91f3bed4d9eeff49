"""did:web and did:webvh: what is fetched, and where the guarded client never goes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from config.did_limits import DID_DOCUMENT_BYTES_MAX
from did.resolution.results import LATEST, Problem, Resolution, ResolutionError, Version
from did.resolution.syntax import parse_did
from node.web.clock import Clock
from node.web.http_client import HttpClient
from node.web.web_resolvers import WebResolver, WebvhResolver
from tests.did.resolution.webvh_logs import LogWriter, multikey

DOCUMENT_TYPE = "application/did+json"


@dataclass
class Site:
    """A web server under a test name, and a client that finds it."""

    client: HttpClient
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
async def site(unused_tcp_port: int) -> AsyncIterator[Site]:
    """Serves the files that a test puts there."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found.asked.append(request.path)
        if request.path not in found.files:
            raise web.HTTPNotFound
        body, kind = found.files[request.path]
        if kind == "redirect":
            raise web.HTTPFound(body.decode())
        return web.Response(body=body, content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    hosts = {"a.test": f"127.0.0.1:{unused_tcp_port}"}
    async with HttpClient(test_hosts=hosts, is_test_chain=True) as client:
        found = Site(client)
        yield found
    await runner.cleanup()


def put(site: Site, document: object, *, path: str = "/.well-known/did.json") -> None:
    """Publish a document."""
    site.files[path] = (json.dumps(document).encode(), DOCUMENT_TYPE)


def find_nothing(did: str) -> None:
    """No DID is the node's own."""


async def resolve_web(site: Site, did: str, version: Version = LATEST) -> Resolution:
    """Resolve a did:web."""
    return await WebResolver(site.client, find_own=find_nothing).resolve(parse_did(did), version)


async def test_a_did_web_is_fetched_where_it_says(site: Site) -> None:
    """At the root, or under a path."""
    put(site, {"id": "did:web:a.test"})
    put(site, {"id": "did:web:a.test:b:c"}, path="/b/c/did.json")

    for did in ("did:web:a.test", "did:web:a.test:b:c"):
        resolution = await resolve_web(site, did)
        assert resolution.document == {"id": did}
        assert resolution.fresh_s > 0


async def test_this_nodes_own_did_is_not_fetched(site: Site) -> None:
    """What it issued is checked without the network."""
    own = {"id": "did:web:a.test"}
    resolver = WebResolver(site.client, find_own={"did:web:a.test": own}.get)

    resolution = await resolver.resolve(parse_did("did:web:a.test"), LATEST)

    assert resolution.document == own
    assert resolution.fresh_s == 0
    assert site.asked == []


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"", None, Problem.NOT_FOUND),
        (b'{"id": "did:web:a.test"}', "text/html", Problem.NOT_FOUND),
        (b" " * (DID_DOCUMENT_BYTES_MAX + 1), DOCUMENT_TYPE, Problem.NOT_FOUND),
        (b"https://b.test/did.json", "redirect", Problem.NOT_FOUND),
        (b"http://127.0.0.1/did.json", "redirect", Problem.NOT_FOUND),
        (b"/.well-known/did.json", "redirect", Problem.NOT_FOUND),
        (b'{"id": "did:web:b.test"}', DOCUMENT_TYPE, Problem.INVALID_DID_DOCUMENT),
        (b'{"id": "did:web:a.test", "id": "x"}', DOCUMENT_TYPE, Problem.INVALID_DID_DOCUMENT),
        (b"[" * 100, DOCUMENT_TYPE, Problem.INVALID_DID_DOCUMENT),
        (
            b'{"id": "did:web:a.test", "verificationMethod": 1}',
            DOCUMENT_TYPE,
            Problem.INVALID_DID_DOCUMENT,
        ),
    ],
)
async def test_refuses_what_is_not_the_dids_document(
    site: Site, body: bytes, kind: str | None, problem: Problem
) -> None:
    """Missing, elsewhere, too long, another's or malformed."""
    if kind is not None:
        site.files["/.well-known/did.json"] = (body, kind)

    with pytest.raises(ResolutionError) as caught:
        await resolve_web(site, "did:web:a.test")

    assert caught.value.problem is problem


async def test_a_did_web_has_no_past(site: Site) -> None:
    """Nothing is fetched for a version."""
    with pytest.raises(ResolutionError) as caught:
        await resolve_web(site, "did:web:a.test", Version(version_id="1"))

    assert caught.value.problem is Problem.FEATURE_NOT_SUPPORTED
    assert site.asked == []


async def test_a_host_that_does_not_answer_is_no_defect_of_the_did() -> None:
    """An internal error, which is remembered for a short while like any refusal."""
    async with HttpClient(test_hosts={"a.test": "127.0.0.1:9"}, is_test_chain=True) as client:
        with pytest.raises(ResolutionError) as caught:
            await WebResolver(client, find_own=find_nothing).resolve(
                parse_did("did:web:a.test"), LATEST
            )

    assert caught.value.problem is Problem.INTERNAL_ERROR


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "0x7f000001", "unknown.test", "metadata"]
)
async def test_a_did_web_reaches_nothing_private(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of this machine, odd spellings of its address, and a name of the metadata service."""
    answer_with(monkeypatch, {"metadata": ["169.254.169.254"]})
    async with HttpClient(test_hosts={}, is_test_chain=True) as client:
        with pytest.raises(ResolutionError) as caught:
            await WebResolver(client, find_own=find_nothing).resolve(
                parse_did(f"did:web:{host}"), LATEST
            )

    assert caught.value.problem is Problem.NOT_FOUND


Lookup = Callable[..., Awaitable[list[Any]]]


def answer_with(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """Let the system's resolver know some names; what was asked for is listed."""
    loop, asked = asyncio.get_running_loop(), list[str]()
    real: Lookup = loop.getaddrinfo

    async def look_up(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        if host not in names:
            return await real(host, port, **options)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in names[host]
        ]

    monkeypatch.setattr(loop, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700:4700::1111", "::1"],
        ["8.8.8.8", "10.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["::ffff:127.0.0.1"],
    ],
)
async def test_one_private_address_among_many_is_enough_to_refuse(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a name's addresses are looked at before any is connected to, A and AAAA."""
    answer_with(monkeypatch, {"rebinding.example": addresses})
    async with HttpClient(test_hosts={}, is_test_chain=False) as client:
        with pytest.raises(ResolutionError) as caught:
            await WebResolver(client, find_own=find_nothing).resolve(
                parse_did("did:web:rebinding.example"), LATEST
            )

    assert caught.value.problem is Problem.NOT_FOUND
    assert "public" in caught.value.reason


async def test_a_name_is_looked_up_once_and_the_connection_goes_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second answer, private by then, is never asked for (DNS rebinding)."""
    asked = answer_with(monkeypatch, {"rebinding.example": ["192.0.2.1"]})
    connected: list[str] = []

    async def connect(sock: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr("node.web.http_client.check_public_address", lambda text: None)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    async with HttpClient(test_hosts={}, is_test_chain=False) as client:
        with pytest.raises(ResolutionError):
            await WebResolver(client, find_own=find_nothing).resolve(
                parse_did("did:web:rebinding.example"), LATEST
            )

    assert asked == ["rebinding.example"]
    assert connected == ["192.0.2.1"]


def publish(site: Site, log: LogWriter, witness: object = None) -> None:
    """Publish a did:webvh."""
    site.files["/.well-known/did.jsonl"] = (log.data, "text/jsonl")
    if witness is not None:
        put(site, witness, path="/.well-known/did-witness.json")


async def test_a_did_webvh_is_fetched_and_verified(site: Site) -> None:
    """Its log alone; how long the answer is kept is for the owner to say, within bounds."""
    log = LogWriter(host="a.test", ttl=60)
    publish(site, log)
    resolver = WebvhResolver(site.client, clock=Clock())

    resolution = await resolver.resolve(log.did, LATEST)

    assert resolution.document == log.entries[0]["state"]
    assert resolution.fresh_s == 60
    assert site.asked == ["/.well-known/did.jsonl"]


async def test_witnesses_are_fetched_where_they_are_needed(site: Site) -> None:
    """Without their file the DID does not resolve."""
    witness = {"threshold": 1, "witnesses": [{"id": f"did:key:{multikey(5)}"}]}
    log = LogWriter(host="a.test", witness=witness)
    publish(site, log)
    resolver = WebvhResolver(site.client, clock=Clock())

    with pytest.raises(ResolutionError) as caught:
        await resolver.resolve(log.did, LATEST)
    assert caught.value.problem is Problem.NOT_FOUND
    publish(site, log, [log.witness(0, 5)])

    assert (await resolver.resolve(log.did, LATEST)).document is not None
