"""Resolving DIDs: what is remembered, and what is bounded."""

import asyncio
from dataclasses import dataclass, field

import pytest

from config.did_limits import DID_ANSWERS_KEPT_MAX, DID_FETCHES_MAX
from config.errors import UnavailableError
from did.resolution.results import (
    Problem,
    Resolution,
    ResolutionError,
    Version,
)
from did.resolution.syntax import Did
from node.web import did_resolver
from node.web.did_resolver import PURE_METHODS, DidResolver
from tests.did.resolution.webvh_logs import multikey


@dataclass
class CountingResolver:
    """Counts how often it is asked; refuses `did:count:no`, and waits where a test wants it."""

    fresh_s: int = 60
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def resolve(self, did: Did, version: Version) -> Resolution:
        self.asked.append(did.text)
        if self.gate is not None:
            await self.gate.wait()
        if did.rest == "no":
            raise ResolutionError(Problem.NOT_FOUND, "there is none")
        is_over = did.rest == "over"
        return Resolution(
            document=None if is_over else {"id": did.text},
            document_metadata={"deactivated": is_over},
            fresh_s=self.fresh_s,
        )


@dataclass
class Steady:
    """A clock that a test moves."""

    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_an_answer_is_kept_for_as_long_as_it_may_be() -> None:
    """One question, however many ask; each version is an answer of its own."""
    steady, method = Steady(), CountingResolver()
    dids = DidResolver({"count": method}, steady_s=steady)

    for _ in range(3):
        await dids.resolve("did:count:a")
    await dids.resolve("did:count:a", Version(version_id="1"))
    assert len(method.asked) == 2
    steady.now_s = 61
    await dids.resolve("did:count:a")
    assert len(method.asked) == 3


async def test_a_refusal_is_kept_for_a_short_while() -> None:
    """So that nobody makes us ask a stranger again and again."""
    steady, method = Steady(), CountingResolver()
    dids = DidResolver({"count": method}, steady_s=steady)

    for _ in range(3):
        with pytest.raises(ResolutionError) as caught:
            await dids.resolve("did:count:no")
        assert caught.value.problem is Problem.NOT_FOUND
    assert len(method.asked) == 1
    steady.now_s = 31
    with pytest.raises(ResolutionError):
        await dids.resolve("did:count:no")
    assert len(method.asked) == 2


async def test_what_may_not_be_kept_is_asked_for_again() -> None:
    """`fresh_s` 0, as the ledger's answers are."""
    method = CountingResolver(fresh_s=0)
    dids = DidResolver({"count": method}, steady_s=Steady())

    await dids.resolve("did:count:a")
    await dids.resolve("did:count:a")

    assert len(method.asked) == 2


async def test_memory_is_bounded_and_the_oldest_answer_goes() -> None:
    """However many DIDs somebody asks for."""
    method = CountingResolver()
    dids = DidResolver({"count": method}, steady_s=Steady())

    for number in range(DID_ANSWERS_KEPT_MAX + 1):
        await dids.resolve(f"did:count:{number}")
    await dids.resolve("did:count:1")
    assert len(method.asked) == DID_ANSWERS_KEPT_MAX + 1
    await dids.resolve("did:count:0")

    assert len(method.asked) == DID_ANSWERS_KEPT_MAX + 2


async def test_lookups_at_once_are_bounded_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks beyond the bound comes back; a lookup that hangs is given up."""
    monkeypatch.setattr(did_resolver, "DID_DEADLINE_S", 0.2)
    method = CountingResolver(gate=asyncio.Event())
    dids = DidResolver({"count": method, **PURE_METHODS}, steady_s=Steady())
    waiting = [
        asyncio.create_task(dids.resolve(f"did:count:{number}"))
        for number in range(DID_FETCHES_MAX)
    ]
    await asyncio.sleep(0)

    with pytest.raises(UnavailableError):
        await dids.resolve("did:count:more")
    assert (await dids.resolve(f"did:key:{multikey(0)}")).document is not None
    for answer in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(answer, ResolutionError)
        assert answer.problem is Problem.INTERNAL_ERROR


async def test_an_ended_did_speaks_no_more() -> None:
    """Its keys are nobody's."""
    dids = DidResolver({"count": CountingResolver()}, steady_s=Steady())

    assert (await dids.get_document("did:count:a")).did == "did:count:a"
    with pytest.raises(ResolutionError):
        await dids.get_document("did:count:over")


@pytest.mark.parametrize(
    ("did", "problem"),
    [("did:none:a", Problem.METHOD_NOT_SUPPORTED), ("nonsense", Problem.INVALID_DID)],
)
async def test_refuses_what_no_method_is_for(did: str, problem: Problem) -> None:
    """Before anything is asked."""
    with pytest.raises(ResolutionError) as caught:
        await DidResolver(PURE_METHODS, steady_s=Steady()).resolve(did)

    assert caught.value.problem is problem


async def test_an_answer_from_memory_takes_as_long_as_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a stranger who asks learns that somebody has just logged in by this DID."""
    steady, method = Steady(), CountingResolver(gate=asyncio.Event())
    dids = DidResolver({"count": method}, steady_s=steady)
    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)

    first = asyncio.create_task(dids.resolve("did:count:a"))
    await asyncio.sleep(0)
    steady.now_s = 0.3
    assert method.gate is not None
    method.gate.set()
    await first
    monkeypatch.setattr(did_resolver.asyncio, "sleep", sleep)
    await dids.resolve("did:count:a")

    assert method.asked == ["did:count:a"]
    assert slept == [0.3]
