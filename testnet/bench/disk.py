"""How much disk a quiet federation needs: each transaction in a block of its own.

At ten transactions a minute every one gets its own block, and the block after it, because the
state has changed. Four validators, so that blocks carry a federation's signatures. What the
engine and the ledger wrote is counted as it lies in their files, before any merging; the
engine's consensus log is left out, since the engine bounds it (1 GiB).
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from testnet.bench.burst import commit_one, wait_until_idle
from testnet.bench.network import Contestant, NetworkPlan, run_network
from testnet.bench.plan import Bench
from testnet.bench.voting import open_voting

TX_PER_YEAR = 10 * 60 * 24 * 365
_TIMEOUT_COMMIT_MS = 20
"""Does not change what is written, only how long it takes."""
_CONSENSUS_LOG = "cs.wal"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """Bytes that one node writes for one transaction."""

    engine_bytes: float
    ledger_bytes: float

    @property
    def year_gib(self) -> float:
        """What a year at ten transactions a minute takes."""
        return (self.engine_bytes + self.ledger_bytes) * TX_PER_YEAR / 1024**3


async def measure_disk(bench: Bench) -> DiskUse:
    """Commit some transactions one by one.

    Raises:
        RochdaleError: The network does not run, or a ballot was refused.
    """
    count = bench.plan.disk_txs
    directory = bench.directory / "disk"
    electorate = bench.electorates[bench.plan.together.validators_count]
    plan = NetworkPlan(
        contestant=Contestant.ROCHDALE,
        directory=directory,
        electorate=electorate,
        timeout_commit_ms=_TIMEOUT_COMMIT_MS,
    )
    async with run_network(plan) as network:
        await open_voting(network.client, electorate)
        home = network.members[0].home
        await wait_until_idle(network.client)
        before = (measure_bytes(home.engine / "data"), measure_bytes(home.ledger))
        for ballot in electorate.sign_ballots(count):
            await commit_one(network.client, ballot)
            await wait_until_idle(network.client)
        after = (measure_bytes(home.engine / "data"), measure_bytes(home.ledger))
    shutil.rmtree(directory)
    engine_bytes, ledger_bytes = (
        (end - start) / count for start, end in zip(before, after, strict=True)
    )
    bench.tell(f"disk: {engine_bytes + ledger_bytes:,.0f} bytes for a transaction by itself")
    return DiskUse(engine_bytes=engine_bytes, ledger_bytes=ledger_bytes)


def measure_bytes(directory: Path) -> int:
    """All files below a directory, without the engine's consensus log."""
    return sum(
        file.stat().st_size
        for file in directory.rglob("*")
        if file.is_file() and _CONSENSUS_LOG not in file.parts
    )
