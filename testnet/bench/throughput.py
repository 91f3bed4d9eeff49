"""Bursts on real networks: peer and product in turns, each time on a new chain.

One session is one network, started, loaded and ended: transactions one after the other for
latency, then a burst that does not wait for checks (`broadcast_tx_async`), then one that does
(`broadcast_tx_sync`). Ballots are the same bytes in every session, signed beforehand. After
everything else our last session takes one more burst, with the sampler looking.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from testnet.bench.burst import Burst, measure_latency, run_burst
from testnet.bench.electorate import make_pairs
from testnet.bench.load import write_bodies
from testnet.bench.network import Contestant, Network, NetworkPlan, run_network
from testnet.bench.plan import Bench, BurstPlan
from testnet.bench.profile import Profile, measure_profile
from testnet.bench.spread import Spread, compute_percentile, join_spread
from testnet.bench.voting import open_voting


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one network did."""

    asynchronous: Burst
    synchronous: Burst | None
    latencies_s: tuple[float, ...]
    profile: Profile | None
    application_mib: float
    """Memory of one application process after the bursts; 0 in the engine's process."""
    engine_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """All sessions on one kind of network, in the order of rounds."""

    plan: BurstPlan
    sessions: Mapping[Contestant, Sequence[Session]]

    def get_async_per_s(self, contestant: Contestant) -> Spread:
        """Committed per second without waiting for checks, round by round."""
        return Spread(tuple(item.asynchronous.per_s for item in self.sessions[contestant]))

    def get_sync_per_s(self, contestant: Contestant) -> Spread | None:
        """Committed per second, each submission answered after its check."""
        bursts = [item.synchronous for item in self.sessions[contestant]]
        return join_spread(burst.per_s for burst in bursts if burst is not None)

    def get_latency_p50_s(self, contestant: Contestant) -> Spread | None:
        """Median time from sending to commit, round by round."""
        return join_spread(
            compute_percentile(item.latencies_s, 50)
            for item in self.sessions[contestant]
            if item.latencies_s
        )

    @property
    def profile(self) -> Profile | None:
        """Where our CPU goes, if it was looked at."""
        found = [item.profile for items in self.sessions.values() for item in items]
        return next((item for item in found if item is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Transactions of one kind, rendered for the process that sends them."""

    probes: tuple[bytes, ...]
    asynchronous: Path
    synchronous: Path
    profiled: Path


def prepare_load(
    directory: Path, transactions: Sequence[bytes], plan: BurstPlan, *, name: str
) -> Load:
    """Write the requests of a session.

    Args:
        directory: Where to.
        transactions: As many as the plan counts, all different.
        plan: How many go where.
        name: Of the files.
    """
    ends = list(accumulate((plan.async_txs, plan.sync_txs, plan.profiled_txs, plan.probes)))
    load = Load(
        probes=tuple(transactions[ends[2] : ends[3]]),
        asynchronous=directory / f"{name}.async",
        synchronous=directory / f"{name}.sync",
        profiled=directory / f"{name}.profiled",
    )
    write_bodies(load.asynchronous, transactions[: ends[0]], method="broadcast_tx_async")
    write_bodies(load.synchronous, transactions[ends[0] : ends[1]], method="broadcast_tx_sync")
    write_bodies(load.profiled, transactions[ends[1] : ends[2]], method="broadcast_tx_async")
    return load


async def run_rounds(bench: Bench, plan: BurstPlan, contestants: Sequence[Contestant]) -> Rounds:
    """Let contestants take turns.

    Raises:
        InvariantError: A transaction was refused.
        UnavailableError: A network did not start, or a burst was not committed in time.
    """
    count = plan.txs
    signed = bench.electorates[plan.validators_count].sign_ballots(count)
    ballots = prepare_load(bench.directory, signed, plan, name="ballots")
    pairs = prepare_load(bench.directory, make_pairs(count), plan, name="pairs")
    sessions: dict[Contestant, list[Session]] = {contestant: [] for contestant in contestants}
    for number in range(1, plan.rounds + 1):
        for contestant in contestants:
            is_ours = contestant is Contestant.ROCHDALE
            session = await run_session(
                bench,
                plan,
                contestant,
                ballots if is_ours else pairs,
                is_profiled=is_ours and number == plan.rounds and plan.profiled_txs > 0,
            )
            sessions[contestant].append(session)
            bench.tell(
                f"{plan.validators_count} validator(s), round {number} of {plan.rounds}, "
                f"{contestant.value}: {session.asynchronous.per_s:,.0f} committed/s"
            )
    return Rounds(plan=plan, sessions=sessions)


async def run_session(
    bench: Bench, plan: BurstPlan, contestant: Contestant, load: Load, *, is_profiled: bool
) -> Session:
    """Start a network, load it, end it, and remove what it wrote."""
    directory = bench.directory / "network"
    electorate = bench.electorates[plan.validators_count]
    network_plan = NetworkPlan(
        contestant=contestant,
        directory=directory,
        electorate=electorate,
        is_sampled=is_profiled,
    )
    async with run_network(network_plan) as network:
        if contestant is Contestant.ROCHDALE:
            await open_voting(network.client, electorate)
        session = await _load(network, plan, load, is_profiled=is_profiled)
    shutil.rmtree(directory)
    return session


async def _load(network: Network, plan: BurstPlan, load: Load, *, is_profiled: bool) -> Session:
    latencies_s = await measure_latency(network, load.probes) if load.probes else []
    asynchronous = await run_burst(network, load.asynchronous, transactions=plan.async_txs)
    synchronous, profile = None, None
    if plan.sync_txs:
        synchronous = await run_burst(network, load.synchronous, transactions=plan.sync_txs)
    first = network.members[0]
    memory_mib = 0.0 if first.application is None else first.application.measure_memory_mib()
    engine_mib = first.engine.measure_memory_mib()
    if is_profiled:
        profile = await measure_profile(network, load.profiled, transactions=plan.profiled_txs)
    return Session(
        asynchronous=asynchronous,
        synchronous=synchronous,
        latencies_s=tuple(latencies_s),
        profile=profile,
        application_mib=memory_mib,
        engine_mib=engine_mib,
    )
