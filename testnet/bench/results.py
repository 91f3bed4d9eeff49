"""All that a run measured, and the figures that follow from it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from testnet.bench import figures
from testnet.bench.bare import BareLimits
from testnet.bench.disk import DiskUse
from testnet.bench.figures import Judged, Measured, not_measured
from testnet.bench.machine import Machine
from testnet.bench.network import Contestant
from testnet.bench.sizes import SizeFigures
from testnet.bench.spread import Spread, compute_percentile, compute_ratio
from testnet.bench.state_sync import StateSync
from testnet.bench.throughput import Rounds

_MILLION = 1_000_000


@dataclass(slots=True, kw_only=True)
class Results:
    """Filled in as the run goes on."""

    is_quick: bool
    machine: Machine
    bare: BareLimits | None = None
    alone: Rounds | None = None
    """One validator."""
    together: Rounds | None = None
    """Four validators."""
    sizes: list[SizeFigures] = field(default_factory=list)
    headline_keys: int = 0
    state_sync: StateSync | None = None
    disk: DiskUse | None = None
    seconds: float = 0.0

    def judge(self) -> Judged:
        """Every figure of the table, measured or not."""
        return {
            figures.RATIO_INPROC_1.key: _judge_ratio(self.alone, Contestant.KVSTORE_INPROC),
            figures.RATIO_SOCKET_1.key: _judge_ratio(self.alone, Contestant.KVSTORE_SOCKET),
            figures.RATIO_SOCKET_4.key: _judge_ratio(self.together, Contestant.KVSTORE_SOCKET),
            figures.LATENCY_RATIO_4.key: _judge_latency(self.together),
            **self._judge_headline(),
            **self._judge_million(),
            figures.STATE_SYNC_S.key: self._judge_state_sync(),
            figures.QUERY_MS.key: self._judge_query(),
        }

    def find_size(self, keys: int) -> SizeFigures | None:
        """What was measured at a size."""
        # Whole batches are written, so a size may be missed by a few keys.
        return next((item for item in self.sizes if 0 <= item.keys - keys < keys / 100), None)

    def _judge_headline(self) -> Judged:
        size = self.find_size(self.headline_keys)
        if size is None:
            missing = not_measured("the run did not get so far")
            return {figures.FINALIZE_MS.key: missing, figures.RECHECK_MS.key: missing}
        finalize_ms = [block.finalize_s * 1e3 for block in size.blocks]
        at = f"at {size.keys:,} keys"
        recheck = not_measured("no transactions were left waiting")
        if size.recheck_s is not None:
            recheck_ms = Spread(tuple(value * 1e3 for value in size.recheck_s.values))
            recheck = Measured(value=recheck_ms.median, spread=recheck_ms, note=at)
        return {
            figures.FINALIZE_MS.key: Measured(
                value=compute_percentile(finalize_ms, 95),
                spread=Spread(tuple(finalize_ms)),
                note=f"{len(finalize_ms)} blocks {at}",
            ),
            figures.RECHECK_MS.key: recheck,
        }

    def _judge_million(self) -> Judged:
        size = self.find_size(_MILLION)
        takers: dict[str, Callable[[SizeFigures], Measured]] = {
            figures.TREE_RATIO.key: lambda item: Measured(value=item.sha_ratio),
            figures.START_S.key: lambda item: Measured(
                value=item.start_s.median, spread=item.start_s
            ),
            figures.PROOF_BYTES.key: lambda item: Measured(
                value=float(item.queries.membership_bytes_max)
            ),
            figures.ABSENCE_BYTES.key: lambda item: Measured(
                value=float(item.queries.absence_bytes_max)
            ),
            figures.MEMORY_MIB.key: lambda item: Measured(value=item.memory_mib),
        }
        if size is None:
            why = "not in a quick run" if self.is_quick else "the run did not get so far"
            return {key: not_measured(why) for key in takers}
        return {key: take(size) for key, take in takers.items()}

    def _judge_state_sync(self) -> Measured:
        if self.state_sync is None:
            return not_measured(
                "not in a quick run" if self.is_quick else "the run did not get so far"
            )
        return Measured(
            value=self.state_sync.seconds,
            note=f"{self.state_sync.keys:,} ballots in {self.state_sync.snapshot_mib:.0f} MiB; 5 s "
            "of it is the engine's search for snapshots",
        )

    def _judge_query(self) -> Measured:
        size = self.find_size(_MILLION) or self.find_size(self.headline_keys)
        if size is None:
            return not_measured("the run did not get so far")
        latencies_ms = [value * 1e3 for value in size.queries.latencies_s]
        return Measured(
            value=compute_percentile(latencies_ms, 95),
            note=f"{len(latencies_ms)} questions at {size.keys:,} keys",
        )


def _judge_ratio(rounds: Rounds | None, peer: Contestant) -> Measured:
    if rounds is None:
        return not_measured("the run did not get so far")
    ours, theirs = rounds.get_async_per_s(Contestant.ROCHDALE), rounds.get_async_per_s(peer)
    return Measured(
        value=ours.median / theirs.median,
        spread=compute_ratio(ours, theirs),
        note=f"{ours.median:,.0f}/s ÷ {theirs.median:,.0f}/s",
    )


def _judge_latency(rounds: Rounds | None) -> Measured:
    if rounds is None:
        return not_measured("the run did not get so far")
    ours = rounds.get_latency_p50_s(Contestant.ROCHDALE)
    theirs = rounds.get_latency_p50_s(Contestant.KVSTORE_SOCKET)
    if ours is None or theirs is None:
        return not_measured("no transaction was timed by itself")
    return Measured(
        value=ours.median / theirs.median,
        spread=compute_ratio(ours, theirs),
        note=f"{ours.median:.2f} s ÷ {theirs.median:.2f} s",
    )
