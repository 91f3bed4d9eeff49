"""How much is measured: a full run, or a quick one of a minute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from testnet.bench.electorate import Electorate, make_electorate

BLOCK_BALLOTS = 1_000
"""In each block that the ledger process is given by itself."""
RECHECKED = 5_000
"""Ballots that wait at the headline size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstPlan:
    """Bursts on one kind of network."""

    validators_count: int
    rounds: int
    """How often peer and product take turns."""
    async_txs: int
    sync_txs: int
    """0 for no such burst."""
    probes: int
    """Transactions sent one after the other, to time each; 0 for none."""
    profiled_txs: int
    """A last burst to see where our CPU goes; 0 for none."""

    @property
    def txs(self) -> int:
        """How many transactions one session sends at most."""
        return self.async_txs + self.sync_txs + self.probes + self.profiled_txs


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sizes and repetitions of everything."""

    is_quick: bool
    members_count: int
    alone: BurstPlan
    together: BurstPlan
    sizes: tuple[int, ...]
    """Keys in the tree at which the ledger process is looked at, ascending."""
    headline_keys: int
    """The size at which FinalizeBlock and recheck are judged."""
    headline_blocks: int
    """Blocks of a thousand ballots there."""
    blocks: int
    """Blocks of a thousand ballots at every other size."""
    tree_batches: int
    """Batches of a thousand keys that are timed at most: so many that LevelDB's merges, each of
    which costs as much as dozens of batches, are neither missed nor counted twice."""
    start_keys: int
    """The size at which the process is started several times; once at the others."""
    starts: int
    queries: int
    sync_keys: int
    """Ballots that a newcomer takes over in a snapshot; 0 for no newcomer."""
    disk_txs: int
    """Transactions in blocks of their own, to see what the disk needs; 0 for none."""

    def count_tree_batches(self, keys: int) -> int:
        """How many are timed at a size: half of their keys are new, and it should keep its name."""
        return max(1, min(self.tree_batches, keys // 1_000))

    def count_ballots(self) -> Mapping[int, int]:
        """How many ballots one chain takes at most, by its number of validators."""
        blocks = self.headline_blocks + self.blocks * (len(self.sizes) - 1)
        of_sizes = blocks * BLOCK_BALLOTS + RECHECKED
        return {
            self.alone.validators_count: max(self.alone.txs, of_sizes, self.sync_keys),
            self.together.validators_count: max(self.together.txs, self.disk_txs),
        }


FULL = Plan(
    is_quick=False,
    members_count=2_000,
    alone=BurstPlan(
        validators_count=1,
        rounds=5,
        async_txs=16_000,
        sync_txs=5_000,
        probes=0,
        profiled_txs=10_000,
    ),
    together=BurstPlan(
        validators_count=4,
        rounds=5,
        async_txs=10_000,
        sync_txs=2_000,
        probes=8,
        profiled_txs=0,
    ),
    sizes=(10_000, 100_000, 1_000_000, 3_000_000),
    headline_keys=100_000,
    headline_blocks=40,
    blocks=8,
    tree_batches=240,
    start_keys=1_000_000,
    starts=5,
    queries=2_000,
    sync_keys=100_000,
    disk_txs=60,
)
QUICK = Plan(
    is_quick=True,
    members_count=1_000,
    alone=BurstPlan(
        validators_count=1,
        rounds=1,
        async_txs=8_000,
        sync_txs=1_000,
        probes=0,
        profiled_txs=4_000,
    ),
    together=BurstPlan(
        validators_count=4,
        rounds=1,
        async_txs=3_000,
        sync_txs=0,
        probes=5,
        profiled_txs=0,
    ),
    sizes=(10_000, 100_000),
    headline_keys=100_000,
    headline_blocks=8,
    blocks=3,
    tree_batches=20,
    start_keys=1_000_000,
    starts=5,
    queries=300,
    sync_keys=0,
    disk_txs=0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every measurement is given."""

    plan: Plan
    directory: Path
    """For everything that is written; removed at the end."""
    electorates: Mapping[int, Electorate]
    """By the number of cooperatives and validators."""
    tell: Callable[[str], None]
    """Shows progress."""


def make_electorates(plan: Plan, *, now_ms: int) -> dict[int, Electorate]:
    """Members, and motions enough for each to vote on, by the number of validators."""
    return {
        count: make_electorate(
            plan.members_count,
            cooperatives_count=count,
            motions_count=-(-ballots // plan.members_count),
            now_ms=now_ms,
        )
        for count, ballots in plan.count_ballots().items()
    }
