"""What is to happen when: one queue, in an order that follows from the plan alone."""

import heapq
from collections.abc import Callable


class Agenda:
    """Actions by the time at which they are due; those of one time in the order of planning."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._planned = 0

    @property
    def next_ms(self) -> int | None:
        """When the next action is due; None if nothing is planned."""
        return self._waiting[0][0] if self._waiting else None

    def plan(self, time_ms: int, action: Callable[[], None]) -> None:
        """Let something happen then."""
        self._planned += 1
        heapq.heappush(self._waiting, (time_ms, self._planned, action))

    def plan_block(self, time_ms: int) -> None:
        """Let there be a block then, and nothing else."""
        self.plan(time_ms, _do_nothing)

    def do_due(self, time_ms: int) -> None:
        """Do what is due by then."""
        while self._waiting and self._waiting[0][0] <= time_ms:
            heapq.heappop(self._waiting)[2]()


def _do_nothing() -> None:
    """A block is all that is wanted."""
