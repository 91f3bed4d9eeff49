"""Whether the chain moves, as this node sees it: nothing stored, only what is true now.

Apart from the read model, which knows blocks and not their absence. Times are the steady
clock's, so a jump of the wall clock is no outage.
"""

from dataclasses import dataclass, field

TEST_STANDSTILL_S_MIN = 5.0
_HEARTBEATS = 3


@dataclass(slots=True, kw_only=True)
class ChainState:
    """Updated by the ledger's follower, read by pages and API."""

    heartbeat_s: float
    """Longest time without a block on a healthy chain."""
    grew_at_s: float
    """Steady time at which the last block was seen; at first the process's start."""
    height: int = 0
    """The engine's latest height."""
    is_reachable: bool = False
    """Whether this node's own engine answers."""
    is_catching_up: bool = False
    """Whether the engine is still fetching old blocks."""
    voted: frozenset[bytes] = field(default_factory=frozenset)
    """Addresses of the validators that signed the last block."""
    absent: tuple[bytes, ...] = ()
    """Addresses of the validators that the chain waits for, while it stands still."""

    @property
    def standstill_s(self) -> float:
        """From how long without a block on the chain is said to stand still."""
        return max(TEST_STANDSTILL_S_MIN, _HEARTBEATS * self.heartbeat_s)

    def grow(self, height: int, *, now_s: float) -> None:
        """Note a new block."""
        if height > self.height:
            self.height = height
            self.grew_at_s = now_s
            self.absent = ()

    def stands_still(self, *, now_s: float) -> bool:
        """Whether a block is overdue although this node's own engine is there to see it."""
        return (
            self.is_reachable
            and not self.is_catching_up
            and now_s - self.grew_at_s > self.standstill_s
        )
