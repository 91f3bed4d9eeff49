"""Fetching from and delivering to other nodes, and to nothing else.

Whoever names a URL could otherwise make this node reach into its operator's network. So:
https only, a named host, every address that the name resolves to must be public, and the
connection goes to exactly those addresses; redirects are checked anew. Sizes and times are
bounded, compressed answers are not read. On test chains, and only there, `.test` names lead
to the addresses that the settings give, in plain HTTP.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from activitypub.origins import get_origin
from config.errors import RefusedError, UnavailableError
from config.limits import (
    FETCH_BYTES_MAX,
    FETCH_CONNECT_TIMEOUT_S,
    FETCH_REDIRECTS_MAX,
    FETCH_TIMEOUT_S,
)

_CONNECTIONS_MAX = 128
_CONNECTIONS_PER_HOST_MAX = 8
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments, some clouds' metadata among them
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's own services, at a public address
        "64:ff9b::/96",  # NAT64: an IPv4 address, perhaps a private one, in IPv6's clothes
        "64:ff9b:1::/48",
        "fec0::/10",  # site-local, of old
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
    )
)
"""What the standard library takes for public and is not the Internet of everybody."""
_SOFTWARE = "Rochdale"


class FetchRefusedError(RefusedError):
    """The URL or the answer breaks a rule of this client; nothing was or will be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What another node answered."""

    status: int
    url: str
    """After redirects."""
    content_type: str
    """Without parameters, lower case; empty if absent."""
    retry_after: str | None
    body: bytes


class HttpClient:
    """The guarded client; use as `async with HttpClient(...) as client`.

    Every call ends within `FETCH_TIMEOUT_S` or raises. Cancelling one leaves nothing behind
    but what the other side may already have taken.
    """

    def __init__(self, *, test_hosts: Mapping[str, str], is_test_chain: bool) -> None:
        self._test_hosts = dict(test_hosts) if is_test_chain else {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(
            resolver=PublicResolver(),
            use_dns_cache=False,
            limit=_CONNECTIONS_MAX,
            limit_per_host=_CONNECTIONS_PER_HOST_MAX,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=FETCH_TIMEOUT_S, sock_connect=FETCH_CONNECT_TIMEOUT_S
            ),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": _SOFTWARE, "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        types: frozenset[str],
        bytes_max: int = FETCH_BYTES_MAX,
    ) -> Answer:
        """Fetch a document that must be there, following redirects within its own origin.

        Args:
            url: https, of a named public host.
            headers: To send; a signature belongs to the first request only.
            types: Content types that are read.
            bytes_max: Longest answer that is read.

        Raises:
            FetchRefusedError: A rule is broken, or the answer is not 200 of such a type.
            UnavailableError: No answer, or a busy one.
        """
        origin = get_origin(url)
        for _ in range(FETCH_REDIRECTS_MAX + 1):
            answer, location = await self._request(
                "GET", url, body=None, headers=headers, bytes_max=bytes_max
            )
            if answer.status not in _REDIRECTS:
                return _check_answer(answer, types=types)
            url = _follow(url, location or "")
            if get_origin(url) != origin:
                raise FetchRefusedError("redirected to another origin")
        raise FetchRefusedError(f"redirected more than {FETCH_REDIRECTS_MAX} times")

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a document; the answer whatever its status, redirects not followed.

        Raises:
            FetchRefusedError: A rule is broken.
            UnavailableError: No answer.
        """
        answer, _ = await self._request("POST", url, body=body, headers=headers)
        return answer

    async def _request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        bytes_max: int = FETCH_BYTES_MAX,
    ) -> tuple[Answer, str | None]:
        if self._session is None:
            raise UnavailableError("the HTTP client is not open")
        address, host = self._locate(url)
        try:
            async with self._session.request(
                method,
                address,
                data=body,
                headers={**headers, **({} if host is None else {"Host": host})},
                allow_redirects=False,
            ) as response:
                data = await _read_bounded(response, bytes_max=bytes_max)
                answer = Answer(
                    status=response.status,
                    url=url,
                    content_type=response.headers.get("Content-Type", "")
                    .partition(";")[0]
                    .strip()
                    .lower(),
                    retry_after=response.headers.get("Retry-After"),
                    body=data,
                )
                return answer, response.headers.get("Location")
        except FetchRefusedError:
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"{get_origin(url)} does not answer") from error

    def _locate(self, url: str) -> tuple[str, str | None]:
        """Where to connect for a URL, and the Host header if that differs."""
        get_origin(url)  # https, a lowercase name, no credentials, no address
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host.endswith(".test"):
            if host not in self._test_hosts:
                raise FetchRefusedError(f"{host} is a test name that is not known here")
            return parts._replace(scheme="http", netloc=self._test_hosts[host]).geturl(), (
                parts.netloc
            )
        if host == "localhost" or host.endswith(".localhost"):
            raise FetchRefusedError("this machine is not another node")
        return url, None


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses or not at all."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve a name; aiohttp connects to what this returns and nothing else.

        Raises:
            FetchRefusedError: One of its addresses is not public.
        """
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        found: list[ResolveResult] = []
        for info_family, _, protocol, _, address in infos:
            check_public_address(str(address[0]))
            found.append(
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=info_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return found

    async def close(self) -> None:
        """Nothing is kept."""


def check_public_address(text: str) -> None:
    """Check that an address belongs to the public Internet.

    Raises:
        FetchRefusedError: Private, loopback, link-local, reserved, multicast, or a translated
            or tunnelled IPv4 address that could be any of these.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError as error:
        raise FetchRefusedError("the host's address is malformed") from error
    is_public = (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _REFUSED)
    )
    if isinstance(address, ipaddress.IPv6Address):
        is_wrapped = (
            address.ipv4_mapped is not None
            or address.sixtofour is not None
            or address.teredo is not None
        )
        is_public = is_public and not is_wrapped
    if not is_public:
        raise FetchRefusedError("the host's address is not public")


def _follow(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchRefusedError("redirected to what is no URL") from error


def _check_answer(answer: Answer, *, types: frozenset[str]) -> Answer:
    if answer.status in {429, 502, 503, 504}:
        raise UnavailableError(f"{get_origin(answer.url)} is busy")
    if answer.status != 200:
        raise FetchRefusedError(f"{answer.url[:200]} answers with status {answer.status}")
    if answer.content_type not in types:
        raise FetchRefusedError(f"{answer.url[:200]} is of another type than asked for")
    return answer


async def _read_bounded(response: aiohttp.ClientResponse, *, bytes_max: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchRefusedError("compressed answers are not read")
    data = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        data += chunk
        if len(data) > bytes_max:
            raise FetchRefusedError(f"the answer is longer than {bytes_max} bytes")
    return bytes(data)
