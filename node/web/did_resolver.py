"""Resolving whatever DID comes along: one resolver per method, and a memory for answers.

Every part of the node that wants to know which keys speak for a DID asks here. Answers that
took a fetch are kept for as long as their method allows, refusals for a short while, so that
nobody can make this node hammer another one. What is remembered is answered no sooner than it
was at first, or the time would tell that somebody has just logged in by that DID. Never logs a
DID: whom we look up is personal.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from config.did_limits import (
    DID_ANSWERS_KEPT_MAX,
    DID_DEADLINE_S,
    DID_FETCHES_MAX,
    DID_REFUSAL_KEPT_S,
)
from config.errors import UnavailableError
from did.documents import DidDocument, read_did_document
from did.resolution.results import LATEST, Problem, Resolution, ResolutionError, Version
from did.resolution.self_certifying import resolve_jwk, resolve_key
from did.resolution.syntax import Did, parse_did


class Resolver(Protocol):
    """Resolves the DIDs of one method."""

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Resolve a DID.

        Raises:
            ResolutionError: It has no document that could be returned.
            UnavailableError: What would tell cannot be reached now.
        """


class PureResolver:
    """A method whose document follows from the DID alone."""

    def __init__(self, resolve: Callable[[Did, Version], Resolution]) -> None:
        self._resolve = resolve

    async def resolve(self, did: Did, version: Version) -> Resolution:
        """Compute the document."""
        return self._resolve(did, version)


PURE_METHODS: Mapping[str, Resolver] = {
    "key": PureResolver(resolve_key),
    "jwk": PureResolver(resolve_jwk),
}


class DidResolver:
    """All methods together; asks each DID's own, and remembers."""

    def __init__(self, methods: Mapping[str, Resolver], *, steady_s: Callable[[], float]) -> None:
        """Take the resolvers.

        Args:
            methods: Method name to its resolver.
            steady_s: A clock that never goes back.
        """
        self._methods = dict(methods)
        self._steady_s = steady_s
        self._kept: dict[tuple[str, Version], _Kept] = {}
        self._places = asyncio.Semaphore(DID_FETCHES_MAX)

    async def resolve(self, text: str, version: Version = LATEST) -> Resolution:
        """Resolve a DID.

        Raises:
            ResolutionError: It has no document that could be returned.
            UnavailableError: What would tell cannot be reached now, or too many ask at once.
        """
        did = parse_did(text)
        method = self._methods.get(did.method)
        if method is None:
            raise ResolutionError(
                Problem.METHOD_NOT_SUPPORTED,
                f"these methods are resolved: {', '.join(sorted(self._methods))}",
            )
        if isinstance(method, PureResolver):
            return await method.resolve(did, version)
        kept = self._kept.get((text, version))
        if kept is None or kept.until_s <= self._steady_s():
            kept = await self._ask(method, did, version)
        elif isinstance(kept.answer, Resolution):
            await asyncio.sleep(kept.took_s)
        if isinstance(kept.answer, ResolutionError):  # a new one: a raised error grows
            raise ResolutionError(kept.answer.problem, kept.answer.reason)
        return kept.answer

    async def get_document(self, text: str) -> DidDocument:
        """What the DID's latest document says about keys.

        Raises:
            ResolutionError: It has none, or is deactivated.
            DocumentError: The document is malformed.
            UnavailableError: As `resolve`.
        """
        resolution = await self.resolve(text)
        if resolution.document is None or resolution.is_deactivated:
            raise ResolutionError(Problem.NOT_FOUND, "the DID is deactivated: it speaks no more")
        return read_did_document(resolution.document, did=text)

    async def _ask(self, method: Resolver, did: Did, version: Version) -> "_Kept":
        if self._places.locked():
            raise UnavailableError("too many DIDs are being looked up: again in a moment")
        began_s = self._steady_s()
        async with self._places:
            answer: Resolution | ResolutionError
            try:
                async with asyncio.timeout(DID_DEADLINE_S):
                    answer = await method.resolve(did, version)
                kept_s = answer.fresh_s
            except TimeoutError:
                answer = ResolutionError(Problem.INTERNAL_ERROR, "the lookup took too long")
                kept_s = DID_REFUSAL_KEPT_S
            except ResolutionError as error:
                answer = error
                kept_s = DID_REFUSAL_KEPT_S
        now_s = self._steady_s()
        kept = _Kept(until_s=now_s + kept_s, took_s=now_s - began_s, answer=answer)
        self._kept.pop((did.text, version), None)
        if kept_s > 0:
            while len(self._kept) >= DID_ANSWERS_KEPT_MAX:
                self._kept.pop(next(iter(self._kept)))
            self._kept[did.text, version] = kept
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """An answer that is remembered."""

    until_s: float
    took_s: float
    """As long as the lookup took."""
    answer: Resolution | ResolutionError
