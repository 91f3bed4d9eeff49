"""What a member's or operator's command says to a node over HTTP.

The client trusts nothing that the node answers about the ledger: what matters comes as a
receipt and is checked against a trust bundle by `ledger.receipts`. What else is read has a shape
(`node/public_answers.py`), whoever's node it is. Plain HTTP is spoken to this machine only.
"""

import asyncio
import hashlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self, TypeVar
from urllib.parse import quote, urlsplit

import aiohttp

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import (
    FETCH_BYTES_MAX,
    FETCH_CONNECT_TIMEOUT_S,
    FETCH_TIMEOUT_S,
    TX_OFFERED_MS,
)
from did.jcs import JsonObject
from node.answers import Refusal, StrangeAnswerError, check_body, make_strange, parse_body
from node.plain_text import make_plain
from node.public_answers import (
    ApplicationState,
    FoundTransaction,
    InsightPage,
    NodeStatus,
    Proposal,
    ProposalPage,
    ResolutionResult,
    SentApplication,
    SentTransaction,
)

T = TypeVar("T")
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
        """What the node says about itself, its chain and its partners; has all of `NodeStatus`."""
        return {**await self._request("GET", "/api/status", NodeStatus)}

    async def get_ledger(self, method: str, **params: int) -> JsonObject:
        """One of the engine's read-only answers that light clients need."""
        query = "&".join(f"{name}={value}" for name, value in params.items())
        return await self._request("GET", f"/ledger/{method}?{query}", JsonObject)

    async def apply(self, application: str) -> str:
        """Hand in a signed membership application; its id."""
        answer = await self._request(
            "POST", "/api/applications", SentApplication, body=application.encode()
        )
        return answer["application"]

    async def get_application(self, application_id: str) -> ApplicationState:
        """How far an application is, and the account that it is for."""
        return await self._request("GET", f"/api/applications/{application_id}", ApplicationState)

    async def submit(self, transaction: bytes) -> str:
        """Hand in a signed transaction; its hash in hex.

        Raises:
            RefusedError: The rules refuse it; code and reason are the ledger's.
        """
        answer = await self._request("POST", "/api/transactions", SentTransaction, body=transaction)
        return answer["hash"]

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
                    reason=make_plain(answer["reason"]),
                )
            await asyncio.sleep(_POLL_S)
        raise UnavailableError(
            f"the transaction is in no block after {timeout_s:g} s; the chain may stand still: "
            f"see the node's page. It may still be taken for {TX_OFFERED_MS // 60_000} minutes "
            "once the chain goes on: look then whether it was, before you run the command again"
        )

    async def find_transaction(self, transaction_hash: str) -> FoundTransaction | None:
        """What became of a transaction; none if it is in no block."""
        return await self._find(f"/api/transactions/{transaction_hash}", FoundTransaction)

    async def put_text(self, digest: str, text: bytes) -> None:
        """Give the node a proposal's text; only its hash is on the ledger."""
        await self._request("PUT", f"/texts/{digest}", JsonObject, body=text)

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

    async def list_proposals(self, cooperative: bytes) -> list[Proposal]:
        """A cooperative's proposals, newest first, page by page: at most ten thousand."""
        found: list[Proposal] = []
        path = f"/api/proposals?cooperative={cooperative.hex()}"
        for _ in range(_PAGES_MAX):
            page = await self._request("GET", path, ProposalPage)
            found += page["proposals"]
            if page["next"] is None:
                break
            path = page["next"]
        return found

    async def find_proposal(self, proposal_id: str) -> Proposal | None:
        """One proposal as this node's read model has it, or none."""
        found = await self._find(f"/api/proposals/{proposal_id}", Proposal)
        if found is not None and found["id"] != proposal_id:
            raise make_strange(self._base, "the proposal is another than was asked for")
        return found

    async def read(self, path: str, shape: type[T]) -> T:
        """What the node's API has under a path below `/api/`; nothing that a wallet relies on.

        Args:
            path: With its query.
            shape: What the answer must have, as a `TypedDict`.

        Raises:
            RefusedError: Nothing is there.
            UnavailableError: The node does not answer, or with another shape.
        """
        return await self._request("GET", f"/api/{path}", shape)

    async def get_directory(self) -> JsonObject:
        """The signed cooperative records that the node has found."""
        return await self._request("GET", "/api/directory", JsonObject)

    async def list_insights(self) -> list[JsonObject]:
        """Every insight that the node has, its own and partners'."""
        return (await self._request("GET", "/api/insights", InsightPage))["insights"]

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
                return await self._request("GET", f"/api/receipts/{path}", JsonObject)
            except StrangeAnswerError:
                raise
            except UnavailableError:
                if time.monotonic() >= deadline_s:
                    raise
            await asyncio.sleep(_POLL_S)

    async def resolve_did(self, did: str, *, query: str = "") -> ResolutionResult:
        """What the node resolves a DID to: a DID resolution result, problems included.

        Args:
            did: Within the grammar of DIDs.
            query: `versionId=…` or `versionTime=…`.
        """
        path = f"/1.0/identifiers/{quote(did, safe=':')}" + (f"?{query}" if query else "")
        status, data = await self._exchange("GET", path)
        if status in {429, 503}:
            raise UnavailableError("the node cannot look this DID up now: again in a moment")
        return check_body(parse_body(data), ResolutionResult, node=self._base)

    async def _find(self, path: str, shape: type[T]) -> T | None:
        try:
            return await self._request("GET", path, shape)
        except NotFoundError:
            return None

    async def _request(
        self, method: str, path: str, shape: type[T], *, body: bytes | None = None
    ) -> T:
        """Ask, and check what is answered.

        Raises:
            RefusedError: The node refuses; says why.
            UnavailableError: It is busy or does not answer, or with another shape.
        """
        status, data = await self._exchange(method, path, body=body)
        answer = {} if status == 204 else parse_body(data)
        if status >= 300:
            _raise_refusal(status, answer, self._base)
        return check_body(answer, shape, node=self._base)

    async def _exchange(
        self, method: str, path: str, *, body: bytes | None = None
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise AssertionError("use the client as a context manager")
        try:
            async with self._session.request(
                method, self._base + path, data=body, allow_redirects=False
            ) as response:
                return response.status, await read_bounded(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(
                f"the node at {self._base} does not answer: is it running, is the address right?"
            ) from error


class NotFoundError(RefusedError):
    """The node knows nothing by that name, or not yet."""


async def read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """All of an answer: one read gives only what has come so far.

    Raises:
        UnavailableError: It is more than can be right.
    """
    data = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        data += chunk
        if len(data) > FETCH_BYTES_MAX:
            raise UnavailableError(f"{response.url} answered with more than can be right")
    return bytes(data)


def _raise_refusal(status: int, body: JsonObject | None, node: str) -> NoReturn:
    if body is None and status >= 500:  # a gateway before a node that begins
        raise UnavailableError(f"{node} does not answer as a node does (status {status})")
    told = check_body(body, Refusal, node=node)
    reason = make_plain(told.get("reason", f"status {status}"))
    if status == 404:
        raise NotFoundError(reason)
    if status in {429, 503} or status >= 500:
        raise UnavailableError(reason)
    raise RefusedError(reason, code=told.get("code", 1))
