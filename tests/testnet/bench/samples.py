"""Results as a run would leave them, with round figures."""

from testnet.bench.bare import BareLimits
from testnet.bench.burst import Burst
from testnet.bench.ledger_process import BlockTimes
from testnet.bench.machine import Machine
from testnet.bench.network import Contestant
from testnet.bench.plan import BurstPlan
from testnet.bench.profile import Profile
from testnet.bench.results import Results
from testnet.bench.sizes import Queries, SizeFigures
from testnet.bench.spread import Spread
from testnet.bench.throughput import Rounds, Session

MACHINE = Machine(
    processor="A & B <CPU>",
    cores=2,
    memory_gib=4.0,
    kernel="6.1",
    filesystem="ext4",
    load_before=0.1,
    python="3.11.7",
    engine="0.38.26",
    rochdale="0.1.0",
    libraries={"PyNaCl": "1.6.2"},
)
BARE = BareLimits(
    verify_per_s=18_000,
    verify_two_threads_per_s=29_000,
    leveldb_batches_per_s=400,
    leveldb_puts_per_s=800_000,
    protobuf_results_per_s=170_000,
    fsync_p50_ms=0.2,
    sha_us=0.5,
)


def make_burst(per_s: float) -> Burst:
    """A burst of a thousand at a rate."""
    return Burst(
        transactions=1_000,
        seconds=1_000 / per_s,
        blocks=2,
        engine_cpu_us=100,
        application_cpu_us=200,
        load_cpu_us=3,
    )


def make_session(
    per_s: float, *, latency_s: float = 1.0, profile: Profile | None = None
) -> Session:
    """A session with the same rate in both bursts."""
    return Session(
        asynchronous=make_burst(per_s),
        synchronous=make_burst(per_s / 2),
        latencies_s=(latency_s, latency_s, 9.0),
        profile=profile,
        application_mib=50,
        engine_mib=150,
    )


PROFILE = Profile(
    steps={"signatures": 60.0, "LevelDB": 20.0},
    calls={"finalize_block": 50.0},
    functions={"did.keys:is_signature_valid": 55.0},
    sampler_us=10.0,
    burst=make_burst(4_000),
)
PLAN = BurstPlan(
    validators_count=1, rounds=3, async_txs=1_000, sync_txs=500, probes=3, profiled_txs=100
)


def make_rounds(ours: list[float], **theirs: list[float]) -> Rounds:
    """Rounds with these rates, by the peer's name."""
    sessions = {
        Contestant[name]: [make_session(rate) for rate in rates] for name, rates in theirs.items()
    }
    sessions[Contestant.ROCHDALE] = [
        make_session(rate, latency_s=1.1, profile=PROFILE) for rate in ours
    ]
    return Rounds(plan=PLAN, sessions=sessions)


def make_size(keys: int, *, tree_cpu_us: float) -> SizeFigures:
    """What was measured at a size, with twenty blocks of 100 ms and one of 200 ms."""
    block = BlockTimes(check_s=0.05, propose_s=0.03, finalize_s=0.1, commit_s=0.02, cpu_s=0.1)
    slow = BlockTimes(check_s=0.05, propose_s=0.03, finalize_s=0.2, commit_s=0.02, cpu_s=0.1)
    return SizeFigures(
        keys=keys,
        tree_cpu_us=tree_cpu_us,
        reading_cpu_us=5,
        sha_us=0.5,
        blocks=(*[block] * 20, slow),
        recheck_s=Spread((0.3, 0.2, 0.4)),
        start_s=Spread((0.9, 1.1)),
        queries=Queries(
            latencies_s=(0.001,) * 99 + (0.5,),
            membership_bytes_max=1_400,
            absence_bytes_max=2_500,
        ),
        memory_mib=200,
        database_mib=150,
    )


def make_results(*, is_quick: bool = False) -> Results:
    """A whole run; a quick one stops at 100,000 keys."""
    sizes = [make_size(10_000, tree_cpu_us=30), make_size(100_000, tree_cpu_us=35)]
    if not is_quick:
        sizes.append(make_size(1_000_000, tree_cpu_us=45))
    return Results(
        is_quick=is_quick,
        machine=MACHINE,
        bare=BARE,
        alone=make_rounds(
            [3_000, 5_000, 4_000],
            KVSTORE_INPROC=[12_000, 12_000, 12_000],
            KVSTORE_SOCKET=[8_000, 10_000, 4_000],
        ),
        together=make_rounds([1_000, 1_000, 900], KVSTORE_SOCKET=[2_000, 1_000, 900]),
        sizes=sizes,
        headline_keys=100_000,
        seconds=60,
    )
