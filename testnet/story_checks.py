"""Claims and waiting: what every step uses to say that something is so, or is not.

Apart from the story, so that the people in it can use it too.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from config.errors import RochdaleError

_POLL_S = 0.2


class StepFailedError(RochdaleError):
    """Something that the story claims was not so."""


def check(claim: bool, otherwise: str) -> None:
    """Fail the step unless a claim holds.

    Raises:
        StepFailedError: It does not; says what was found instead.
    """
    if not claim:
        raise StepFailedError(otherwise)


async def wait_until(
    probe: Callable[[], Awaitable[str | None]], *, timeout_s: float, poll_s: float = _POLL_S
) -> None:
    """Wait until a probe finds nothing missing.

    Args:
        probe: Says what is still missing, or none.
        timeout_s: Seconds until giving up.
        poll_s: Seconds between two looks.

    Raises:
        StepFailedError: Something was still missing; says what.
    """
    deadline_s = time.monotonic() + timeout_s
    while (missing := await probe()) is not None:
        if time.monotonic() >= deadline_s:
            raise StepFailedError(f"{missing}, after {timeout_s:g} s")
        await asyncio.sleep(poll_s)


async def for_each(actions: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do things side by side; the first failure ends all and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for action in actions:
                group.create_task(action)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
