"""Whether the chain moves, as this node sees it: nothing stored, only what is true now.

Apart from the read model, which knows blocks and not their absence. Times are the steady
clock's, so a jump of the wall clock is no outage.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ledger.headers import parse_time_ns
from ledger.rpc_answers import ConsensusRound
from node.web.registry import KnownCooperative

TEST_STANDSTILL_S_MIN = 5.0
_HEARTBEATS = 3
VOTES_LOOKED_AT = 8
"""Blocks in one of which a validator must be seen; two thirds make a commit, not all."""


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
    halted: str = ""
    """Why it answers no more before a person acts; empty unless this node has halted."""
    is_catching_up: bool = False
    """Whether the engine is still fetching old blocks."""
    voted_heights: dict[bytes, int] = field(default_factory=dict)
    """Address of each validator to the last block that it was seen to sign."""
    absent: tuple[bytes, ...] = ()
    """Addresses of the validators that the chain waits for, while it stands still."""

    @property
    def standstill_s(self) -> float:
        """From how long without a block on the chain is said to stand still."""
        return compute_standstill_s(self.heartbeat_s)

    def grow(self, height: int, *, now_s: float) -> None:
        """Note a new block."""
        if height > self.height:
            self.height = height
            self.grew_at_s = now_s
            self.absent = ()

    def note_votes(self, height: int, addresses: Iterable[bytes]) -> None:
        """Note whose votes a block's commit holds; a commit needs not all of them."""
        for address in addresses:
            self.voted_heights[address] = max(height, self.voted_heights.get(address, 0))

    def takes_part(self, address: bytes) -> bool:
        """Whether a validator signed one of the last blocks."""
        return self.voted_heights.get(address, 0) > max(0, self.height - VOTES_LOOKED_AT)

    def stands_still(self, *, now_s: float) -> bool:
        """Whether a block is overdue although this node's own engine is there to see it."""
        return (
            self.is_reachable
            and not self.is_catching_up
            and now_s - self.grew_at_s > self.standstill_s
        )


def compute_standstill_s(heartbeat_s: float) -> float:
    """From how long without a block a chain is said to stand still."""
    return max(TEST_STANDSTILL_S_MIN, _HEARTBEATS * heartbeat_s)


def is_late(time: str, *, heartbeat_s: float, now_s: float) -> bool:
    """Whether a newer block than the engine's latest is overdue, by the wall clock.

    Args:
        time: Header time of the latest, RFC 3339.
        heartbeat_s: Longest time without a block on a healthy chain.
        now_s: Seconds since 1970.
    """
    # A header's time is when the block before it was decided: a heartbeat earlier at most.
    late_s = now_s - parse_time_ns(time) / 1_000_000_000 - heartbeat_s
    return late_s > compute_standstill_s(heartbeat_s)


def list_silent(
    consensus: ConsensusRound, cooperatives: Iterable[KnownCooperative], *, own_node_id: str
) -> list[KnownCooperative]:
    """Whose validators an overdue block waits for.

    One that voted in the open round and then went away is not absent from it: that its engine
    is not connected with this one is all that tells.

    Args:
        consensus: Asked of the engine now.
        cooperatives: Of the chain.
        own_node_id: The engine's.
    """
    here = {own_node_id, *consensus.connected}
    return [
        item
        for item in cooperatives
        if item.validator_address in consensus.absent
        or (item.is_member and item.is_validating and item.node_id not in here)
    ]


def is_behind(height: int, consensus: ConsensusRound) -> bool:
    """Whether the others have blocks that the engine lacks, although it is not catching up.

    A validator that they cannot do without takes part in consensus from its start, and fetches
    blocks there. What peers say is not proved: good enough to show, not to decide by.

    Args:
        height: Of the engine's latest block.
        consensus: Asked of it after that.
    """
    return max(consensus.height, consensus.peers_height) > height + 1
