"""What the steps of the story share, and running them in order.

A step claims something, checks it on every node from outside, and tells what it saw. A claim
that does not hold ends the story.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from config.errors import RochdaleError
from testnet.community import Community
from testnet.federation import LocalFederation
from testnet.officers import Officer
from testnet.report import Report, StepResult

STEP_TIMEOUT_S = 120.0


@dataclass(slots=True)
class Story:
    """A federation, its people, and what was seen of them."""

    federation: LocalFederation
    community: Community
    tell: Callable[[str], None]
    """Says something that was seen and checked."""
    announce: Callable[[str], None]
    """Takes what is being done now."""
    report: Report = field(default_factory=Report)
    officers: list[Officer] = field(default_factory=list)
    """Whoever has an office account in the first cooperative."""
    started_s: float = 0.0
    """Monotonic time at which the nodes were started."""


Step = Callable[[Story], Awaitable[None]]


async def run_steps(story: Story, steps: Sequence[tuple[str, Step]]) -> None:
    """Run steps until the end or the first that fails; the report says which."""
    began_s = time.monotonic()
    for name, step in steps:
        story.tell(f"[bold]{name}[/]")
        story.announce(f"{name} …")
        step_began_s = time.monotonic()
        error: str | None = None
        try:
            async with asyncio.timeout(STEP_TIMEOUT_S):
                await step(story)
        except TimeoutError:
            error = f"not done after {STEP_TIMEOUT_S:g} s"
        except RochdaleError as refused:
            error = str(refused)
        story.report.steps.append(
            StepResult(
                name=name,
                ok=error is None,
                seconds=round(time.monotonic() - step_began_s, 3),
                error=error,
            )
        )
        if error is not None:
            story.tell(f"[red]{error}[/]")
            return
    story.report.figures.story_s = round(time.monotonic() - began_s, 3)
