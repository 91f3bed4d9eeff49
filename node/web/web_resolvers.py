"""did:web and did:webvh: fetching what their documents and logs are, through the guarded client.

What is fetched is as unchecked as any answer; `did.resolution` reads it. A host that does not
answer is remembered as such for a short while, like every refusal. `.test` names resolve where
the settings of a test chain say so, and nowhere else.
"""

import asyncio
from collections.abc import Callable

from config.did_limits import DID_DOCUMENT_BYTES_MAX, DID_WEB_FRESH_S
from config.errors import RefusedError, UnavailableError
from config.limits import FETCH_BYTES_MAX
from did.documents import read_did_document
from did.jcs import JsonObject, parse_json_object
from did.resolution.locations import (
    locate_web_document,
    locate_webvh_log,
    locate_webvh_witness,
)
from did.resolution.results import (
    Problem,
    Resolution,
    ResolutionError,
    Version,
    check_unversioned,
)
from did.resolution.syntax import Did
from did.resolution.webvh import Log, read_log, resolve_log
from did.resolution.webvh_witnesses import check_witnesses
from node.web.clock import Clock
from node.web.http_client import HttpClient

_JSON_TYPES = frozenset(
    {
        "application/did",
        "application/did+json",
        "application/did+ld+json",
        "application/json",
        "application/ld+json",
    }
)
_LOG_TYPES = frozenset(
    {"text/jsonl", "application/jsonl", "text/plain", "application/octet-stream"}
)
"""Servers of plain files seldom know the first two; the bytes are checked anyway."""


class WebResolver:
    """did:web: a document on a web server, with no past."""

    def __init__(self, client: HttpClient, *, find_own: Callable[[str], JsonObject | None]) -> None:
        """Take what it asks.

        Args:
            client: For everybody else's documents.
            find_own: This node's own document for a DID, if it is its own.
        """
        self._client = client
        self._find_own = find_own

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Fetch the document and check that it is one and the DID's own.

        Raises:
            ResolutionError: Not there, not answering, malformed, or another DID's.
        """
        check_unversioned(version, method="web")
        own = self._find_own(did.text)
        if own is not None:
            return Resolution(document=own)
        data = await _fetch(
            self._client,
            locate_web_document(did),
            types=_JSON_TYPES,
            bytes_max=DID_DOCUMENT_BYTES_MAX,
        )
        try:
            document = parse_json_object(data, bytes_max=DID_DOCUMENT_BYTES_MAX)
            read_did_document(document, did=did.text)
        except RefusedError as error:
            raise ResolutionError(Problem.INVALID_DID_DOCUMENT, error.reason) from error
        return Resolution(document=document, fresh_s=DID_WEB_FRESH_S)


class WebvhResolver:
    """did:webvh: a signed history on a web server."""

    def __init__(self, client: HttpClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Fetch the log, and the witnesses' proofs if it needs any, and find the version.

        Raises:
            ResolutionError: Not there, not answering, or it does not hold.
        """
        data = await _fetch(
            self._client,
            locate_webvh_log(did),
            types=_LOG_TYPES | _JSON_TYPES,
            bytes_max=FETCH_BYTES_MAX,
        )
        # A long log takes a good part of a second to verify: not on the loop.
        log = await asyncio.to_thread(read_log, did, data, now_s=self._clock.now_s())
        if log.needs_witnesses:
            log = await self._check_witnesses(log)
        return resolve_log(log, version)

    async def _check_witnesses(self, log: Log) -> Log:
        proofs = await _fetch(
            self._client,
            locate_webvh_witness(log.did),
            types=_JSON_TYPES,
            bytes_max=FETCH_BYTES_MAX,
        )
        return await asyncio.to_thread(check_witnesses, log, proofs, now_s=self._clock.now_s())


async def _fetch(client: HttpClient, url: str, *, types: frozenset[str], bytes_max: int) -> bytes:
    accept = ", ".join(sorted(types))
    try:
        answer = await client.fetch(
            url, headers={"Accept": accept}, types=types, bytes_max=bytes_max
        )
    except RefusedError as error:
        raise ResolutionError(Problem.NOT_FOUND, error.reason) from error
    except UnavailableError as error:
        raise ResolutionError(Problem.INTERNAL_ERROR, str(error)) from error
    return answer.body
