"""What a member's or operator's command says to a node over HTTP.

The client trusts nothing that the node answers about the ledger: what matters comes as a
receipt and is checked against a trust bundle by `ledger.receipts`. Plain HTTP is spoken to
this machine only.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import aiohttp

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import (
    FETCH_BYTES_MAX,
    FETCH_CONNECT_TIMEOUT_S,
    FETCH_TIMEOUT_S,
    TX_OFFERED_MS,
)
from did.jcs import JsonObject, parse_json_object

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POLL_S = 0.1
_PAGES_MAX = 100
"""A node could go on for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A transaction in a block."""

    hash: str
    """Its name, in hex."""
    height: int
    code: int
    """0 if applied, else the refusal's number."""
    name: str
    reason: str


def check_node_url(url: str) -> None:
    """Check that an address may be spoken to.

    Raises:
        MisconfiguredError: Not an HTTPS URL, nor HTTP on this machine.
    """
    if not _is_node_url(url):
        raise MisconfiguredError(
            f"{url} is not a node's address: write https://… (plain http only for this machine)"
        )


def _is_node_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it refuses what is no number
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)


class NodeClient:
    """A connection to one node; use as `async with NodeClient(url) as node`."""

    def __init__(self, url: str) -> None:
        """Prepare a client for the node at a URL such as `https://node.example`.

        Raises:
            MisconfiguredError: Not an HTTPS URL, nor HTTP on this machine.
        """
        check_node_url(url)
        self._base = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S, sock_connect=FETCH_CONNECT_TIMEOUT_S)
        self._session = aiohttp.ClientSession(timeout=timeout)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get_status(self) -> JsonObject:
        """What the node says about itself, its chain and its partners."""
        return await self._request("GET", "/api/status")

    async def get_ledger(self, method: str, **params: int) -> JsonObject:
        """One of the engine's read-only answers that light clients need."""
        query = "&".join(f"{name}={value}" for name, value in params.items())
        return await self._request("GET", f"/ledger/{method}?{query}")

    async def apply(self, application: str) -> str:
        """Hand in a signed membership application; its id."""
        answer = await self._request("POST", "/api/applications", body=application.encode())
        return str(answer["application"])

    async def get_application(self, application_id: str) -> JsonObject:
        """How far an application is: `status`, and the account once admitted."""
        return await self._request("GET", f"/api/applications/{application_id}")

    async def submit(self, transaction: bytes) -> str:
        """Hand in a signed transaction; its hash in hex.

        Raises:
            RefusedError: The rules refuse it; code and reason are the ledger's.
        """
        answer = await self._request("POST", "/api/transactions", body=transaction)
        return str(answer["hash"])

    async def wait_committed(self, transaction_hash: str, *, timeout_s: float) -> Committed:
        """Wait until a transaction is in a block, which makes it final.

        Raises:
            UnavailableError: It is in none yet after that time.
        """
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            answer = await self.find_transaction(transaction_hash)
            if answer is not None:
                return Committed(
                    hash=transaction_hash,
                    height=answer["height"],
                    code=answer["code"],
                    name=answer["name"],
                    reason=answer["reason"],
                )
            await asyncio.sleep(_POLL_S)
        raise UnavailableError(
            f"the transaction is in no block after {timeout_s:g} s; the chain may stand still: "
            f"see the node's page. It may still be taken for {TX_OFFERED_MS // 60_000} minutes "
            "once the chain goes on: look then whether it was, before you run the command again"
        )

    async def find_transaction(self, transaction_hash: str) -> JsonObject | None:
        """What became of a transaction: `height`, `code`, `name`, `reason`; none if in no block."""
        return await self._find(f"/api/transactions/{transaction_hash}")

    async def put_text(self, digest: str, text: bytes) -> None:
        """Give the node a proposal's text; only its hash is on the ledger."""
        await self._request("PUT", f"/texts/{digest}", body=text)

    async def fetch_text(self, digest: str) -> str | None:
        """A proposal's text by its SHA-256 in hex; None if the node has it not, or altered."""
        status, data = await self._exchange("GET", f"/texts/{digest}")
        if status != 200 or hashlib.sha256(data).hexdigest() != digest:
            return None
        return data.decode(errors="replace")

    async def fetch_file(self, path: str) -> bytes:
        """A file or page as the node serves it.

        Raises:
            RefusedError: The node has none at this path.
            UnavailableError: The node does not answer.
        """
        status, data = await self._exchange("GET", path)
        if status != 200:
            raise RefusedError(f"the node has nothing at {path}: it may run an older version")
        return data

    async def list_proposals(self, cooperative: bytes) -> list[JsonObject]:
        """A cooperative's proposals, newest first, page by page: at most ten thousand."""
        found: list[JsonObject] = []
        path = f"/api/proposals?cooperative={cooperative.hex()}"
        for _ in range(_PAGES_MAX):
            page = await self._request("GET", path)
            rows, following = page.get("proposals"), page.get("next")
            if not isinstance(rows, list) or not isinstance(following, str | None):
                raise UnavailableError(f"the node at {self._base} does not list proposals")
            found += rows
            if following is None:
                break
            path = following
        return found

    async def find_proposal(self, proposal_id: str) -> JsonObject | None:
        """One proposal as this node's read model has it, or none."""
        return await self._find(f"/api/proposals/{proposal_id}")

    async def read(self, path: str) -> JsonObject:
        """What the node's API has under a path below `/api/`; nothing that a wallet relies on.

        Raises:
            RefusedError: Nothing is there.
            UnavailableError: The node does not answer.
        """
        return await self._request("GET", f"/api/{path}")

    async def get_directory(self) -> JsonObject:
        """The signed cooperative records that the node has found."""
        return await self._request("GET", "/api/directory")

    async def list_insights(self) -> list[JsonObject]:
        """Every insight that the node has, its own and partners'."""
        answer = await self._request("GET", "/api/insights")
        return list(answer["insights"])

    async def fetch_receipt(self, path: str, *, timeout_s: float) -> JsonObject:
        """Fetch a receipt as soon as the header that it needs exists.

        Args:
            path: Below `/api/receipts/`: `state/KEY`, `block/HEIGHT`,
                `ballot/PROPOSAL/BALLOT`, `counted/PROPOSAL/BALLOT`, or
                `page/LIST[/COOPERATIVE[/PROPOSAL]]` with a query.
            timeout_s: Seconds until giving up.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                return await self._request("GET", f"/api/receipts/{path}")
            except UnavailableError:
                if time.monotonic() >= deadline_s:
                    raise
            await asyncio.sleep(_POLL_S)

    async def resolve_did(self, did: str, *, query: str = "") -> JsonObject:
        """What the node resolves a DID to: a DID resolution result, problems included.

        Args:
            did: Within the grammar of DIDs.
            query: `versionId=…` or `versionTime=…`.
        """
        path = f"/1.0/identifiers/{quote(did, safe=':')}" + (f"?{query}" if query else "")
        status, data = await self._exchange("GET", path)
        if status in {429, 503}:
            raise UnavailableError("the node cannot look this DID up now: again in a moment")
        try:
            return parse_json_object(data, bytes_max=FETCH_BYTES_MAX)
        except RefusedError as error:
            raise UnavailableError(f"the node at {self._base} resolves no DIDs") from error

    async def _find(self, path: str) -> JsonObject | None:
        try:
            return await self._request("GET", path)
        except NotFoundError:
            return None

    async def _request(self, method: str, path: str, *, body: bytes | None = None) -> JsonObject:
        status, data = await self._exchange(method, path, body=body)
        return {} if status == 204 else _read_answer(status, data, self._base + path)

    async def _exchange(
        self, method: str, path: str, *, body: bytes | None = None
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise AssertionError("use the client as a context manager")
        try:
            async with self._session.request(
                method, self._base + path, data=body, allow_redirects=False
            ) as response:
                return response.status, await _read_bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(
                f"the node at {self._base} does not answer: is it running, is the address right?"
            ) from error


class NotFoundError(RefusedError):
    """The node knows nothing by that name, or not yet."""


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        data += chunk
        if len(data) > FETCH_BYTES_MAX:
            raise UnavailableError(f"{response.url} answered with more than can be right")
    return bytes(data)


def _read_answer(status: int, data: bytes, url: str) -> JsonObject:
    answer: dict[str, Any]
    try:
        answer = parse_json_object(data, bytes_max=FETCH_BYTES_MAX)
    except RefusedError as error:
        raise UnavailableError(f"{url} did not answer as a node does (status {status})") from error
    if status < 300:
        return answer
    reason = str(answer.get("reason", f"status {status}"))
    if status == 404:
        raise NotFoundError(reason)
    if status in {429, 503} or status >= 500:
        raise UnavailableError(reason)
    code = answer.get("code", 1)
    raise RefusedError(reason, code=code if isinstance(code, int) else 1)
