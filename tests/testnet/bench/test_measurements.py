"""Small real measurements: networks, ledger process, store. Seconds, so that none rots."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from testnet.bench.bare import measure_bare_limits
from testnet.bench.electorate import get_now_ms
from testnet.bench.machine import describe_machine
from testnet.bench.network import Contestant
from testnet.bench.plan import FULL, QUICK, Bench, BurstPlan, Plan, make_electorates
from testnet.bench.report import render_json
from testnet.bench.results import Results
from testnet.bench.sizes import measure_sizes
from testnet.bench.state_sync import measure_state_sync
from testnet.bench.throughput import run_rounds

TINY = BurstPlan(
    validators_count=1, rounds=1, async_txs=300, sync_txs=100, probes=1, profiled_txs=200
)
PLAN = Plan(
    is_quick=True,
    members_count=200,
    alone=TINY,
    together=replace(TINY, validators_count=4),
    sizes=(6_000, 8_000),
    headline_keys=8_000,
    headline_blocks=2,
    blocks=1,
    tree_batches=2,
    start_keys=8_000,
    starts=2,
    queries=20,
    sync_keys=600,
    disk_txs=0,
)


def make_bench(directory: Path, told: list[str]) -> Bench:
    electorates = make_electorates(PLAN, now_ms=get_now_ms())
    return Bench(plan=PLAN, directory=directory, electorates=electorates, tell=told.append)


def test_peer_and_product_commit_every_transaction(short_directory: Path) -> None:
    """Both kvstores and our ledger process under one engine each; nothing is left behind."""
    told: list[str] = []
    rounds = asyncio.run(run_rounds(make_bench(short_directory, told), TINY, tuple(Contestant)))

    assert len(told) == 3
    for contestant in Contestant:
        (session,) = rounds.sessions[contestant]
        assert session.asynchronous.transactions == 300
        assert session.asynchronous.per_s > 10
        assert session.synchronous is not None
        assert session.synchronous.transactions == 100
        assert len(session.latencies_s) == 1
        assert session.engine_mib > 10
    assert rounds.profile is not None
    assert rounds.profile.steps["signatures"] > 0
    assert {"finalize_block", "commit"} <= rounds.profile.calls.keys()
    assert not (short_directory / "network").exists()


def test_the_ledger_process_is_measured_at_every_size(short_directory: Path) -> None:
    """A real chain whose store grows between two sizes; all of it can be written as JSON."""
    bench = make_bench(short_directory, [])
    sizes = asyncio.run(measure_sizes(bench))
    results = Results(
        is_quick=True,
        machine=describe_machine(short_directory),
        bare=measure_bare_limits(short_directory),
        sizes=sizes,
        headline_keys=PLAN.headline_keys,
    )
    judged = results.judge()

    assert [size.keys for size in sizes] == [6_000, 8_000]
    assert [len(size.blocks) for size in sizes] == [1, 2]
    assert [len(size.start_s.values) for size in sizes] == [1, 2]
    for size in sizes:
        assert size.tree_cpu_us > size.sha_us
        assert size.ballots_per_s > 10
        assert size.memory_mib > 10
        assert size.start_s.least > 0.05
    assert judged["finalize_1000_p95_ms"].value is not None
    assert judged["recheck_5000_ms"].value is not None
    assert judged["proof_query_p95_ms"].value is not None
    assert json.loads(json.dumps(render_json(results)))["ratio_inproc_1"] is None


def test_a_newcomer_is_timed(short_directory: Path) -> None:
    """It gets the state by a snapshot, from real processes, and it is the validator's."""
    synced = asyncio.run(measure_state_sync(make_bench(short_directory, [])))

    assert synced.keys == 600
    assert synced.seconds > 5  # for so long the engine looks for snapshots
    assert synced.snapshot_mib > 0.1
    assert list(short_directory.iterdir()) == []


def test_the_plans_have_ballots_enough() -> None:
    """A plan that asks for more than its members can cast would fail after minutes."""
    for plan in (FULL, QUICK, PLAN):
        electorates = make_electorates(plan, now_ms=get_now_ms())
        for count, ballots in plan.count_ballots().items():
            assert ballots <= electorates[count].ballots_max
