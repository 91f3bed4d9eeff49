"""The guarded HTTP client: what it refuses to connect to and to read."""

import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from config.errors import RefusedError, UnavailableError
from config.limits import FETCH_BYTES_MAX
from node.web.http_client import (
    FetchRefusedError,
    HttpClient,
    PublicResolver,
    check_public_address,
)
from tests.node.web.conftest import Pair

TYPES = frozenset({"application/json"})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "64:ff9b:1::7f00:1",
        "::127.0.0.1",
        "fec0::1",
        "192.88.99.1",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "192.0.2.1",
        "203.0.113.1",
        "240.0.0.1",
        "fd00:ec2::254",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "100::1",
        "ff02::1",
    ],
)
def test_refuses_every_address_that_is_not_public(address: str) -> None:
    """Own network, own machine, metadata services, and IPv4 in IPv6's clothes."""
    with pytest.raises(FetchRefusedError):
        check_public_address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_a_public_address_is_reached(address: str) -> None:
    """The rule leaves the Internet open."""
    check_public_address(address)


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f000001"])
async def test_a_name_for_this_machine_is_refused_after_resolution(name: str) -> None:
    """What counts is where the name leads, not how it is spelled."""
    with pytest.raises(FetchRefusedError):
        await PublicResolver().resolve(name, 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://user@example.org/",
        "https://localhost/",
        "https://a.localhost/",
        "https://unknown.test/",
        "ftp://example.org/",
        "https://example.org\\@127.0.0.1/",
    ],
)
async def test_refuses_urls_that_lead_astray(url: str) -> None:
    """Nothing is even resolved for these."""
    async with HttpClient(test_hosts={}, is_test_chain=True) as client:
        with pytest.raises(RefusedError):
            await client.fetch(url, headers={}, types=TYPES)


async def test_nothing_is_signed_for_what_is_no_url(pair: Pair) -> None:
    """Such as the address in an actor's document."""
    with pytest.raises(RefusedError):
        await pair[0].context.client.fetch("https://[a.test/actor")


async def test_test_names_are_honoured_on_test_chains_only() -> None:
    """A real chain's node never connects to what the settings call a test name."""
    async with HttpClient(test_hosts={"a.test": "127.0.0.1:9"}, is_test_chain=False) as client:
        with pytest.raises(FetchRefusedError):
            await client.fetch("https://a.test/", headers={}, types=TYPES)


@pytest.fixture
async def client(unused_tcp_port: int) -> AsyncIterator[HttpClient]:
    """A client for a server that misbehaves in every way."""

    async def answer(request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        if kind == "large":
            return web.Response(body=b" " * (FETCH_BYTES_MAX + 1), content_type="application/json")
        if kind == "html":
            return web.Response(text="{}", content_type="text/html")
        if kind == "zipped":
            return web.Response(
                body=gzip.compress(b"{}"),
                content_type="application/json",
                headers={"Content-Encoding": "gzip"},
            )
        if kind == "loop":
            raise web.HTTPFound("/loop")
        if kind == "nowhere":
            return web.Response(status=302, headers={"Location": "https://[a.test/"})
        if kind == "away":
            raise web.HTTPFound("https://b.test/fine")
        if kind == "inside":
            raise web.HTTPFound("/fine")
        if kind == "busy":
            return web.Response(status=503)
        assert request.host == "a.test"
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/{kind}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    hosts = {"a.test": f"127.0.0.1:{unused_tcp_port}", "b.test": f"127.0.0.1:{unused_tcp_port}"}
    async with HttpClient(test_hosts=hosts, is_test_chain=True) as opened:
        yield opened
    await runner.cleanup()


@pytest.mark.parametrize("kind", ["large", "html", "zipped", "loop", "nowhere", "away"])
async def test_refuses_answers_that_break_a_rule(client: HttpClient, kind: str) -> None:
    """Too long, of another type, compressed, or redirected for ever, to nowhere or elsewhere."""
    with pytest.raises(FetchRefusedError):
        await client.fetch(f"https://a.test/{kind}", headers={}, types=TYPES)


@pytest.mark.parametrize("kind", ["fine", "inside"])
async def test_a_document_is_fetched_under_its_public_name(client: HttpClient, kind: str) -> None:
    """The server sees its own host name; redirects within an origin are followed."""
    answer = await client.fetch(f"https://a.test/{kind}", headers={}, types=TYPES)

    assert (answer.status, answer.body) == (200, b"{}")


async def test_a_busy_or_dead_server_is_unavailable(client: HttpClient) -> None:
    """The same call may succeed later."""
    with pytest.raises(UnavailableError):
        await client.fetch("https://a.test/busy", headers={}, types=TYPES)
    async with HttpClient(test_hosts={"c.test": "127.0.0.1:9"}, is_test_chain=True) as dead:
        with pytest.raises(UnavailableError):
            await dead.fetch("https://c.test/", headers={}, types=TYPES)
