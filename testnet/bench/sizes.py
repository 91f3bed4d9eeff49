"""The ledger process at several sizes of state: what grows with the state, and what does not.

One chain whose store is filled up between measurements (`testnet.bench.grow`); at each size
the tree is timed, the process is started, given blocks of a thousand ballots, and asked for
proofs.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tendermint.abci import types_pb2 as abci

from config.errors import InvariantError
from ledger.app_hash import STATE_PART
from ledger.ics23 import SMT, TENDERMINT, check_absence, check_membership, decode_existence
from ledger.queries import SIMPLE_PROOF, SMT_PROOF, STATE_PATH
from node.home import Home
from testnet.bench.children import Child
from testnet.bench.electorate import get_now_ms, render_genesis
from testnet.bench.filler import make_filler_key
from testnet.bench.ledger_process import BlockTimes, LedgerProcess, run_ledger_process
from testnet.bench.network import create_ledger_home
from testnet.bench.plan import BLOCK_BALLOTS, RECHECKED, Bench
from testnet.bench.spread import Spread

_GROW_TIMEOUT_S = 900.0
_FIRST_PORT = 26_656
_STRIDE = 7_919


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Questions with proof, one after the other, of a process that does nothing else."""

    latencies_s: tuple[float, ...]
    membership_bytes_max: int
    """Longest proof in the tree that a key has its value."""
    absence_bytes_max: int
    """Longest proof that it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFigures:
    """What was measured at one size."""

    keys: int
    tree_cpu_us: float
    """CPU of one changed key in batches of a thousand, to disk."""
    reading_cpu_us: float
    """CPU of reading it before, as the rules do."""
    sha_us: float
    """CPU of one SHA-256 of 65 bytes, at the same time."""
    blocks: tuple[BlockTimes, ...]
    """Of a thousand ballots each."""
    recheck_s: Spread | None
    start_s: Spread
    queries: Queries
    memory_mib: float
    database_mib: float

    @property
    def sha_ratio(self) -> float:
        """How many hashes a changed key costs."""
        return self.tree_cpu_us / self.sha_us

    @property
    def ballots_per_s(self) -> float:
        """Ballots that the process alone checks, proposes, executes and commits in a second."""
        return len(self.blocks) * BLOCK_BALLOTS / sum(block.all_s for block in self.blocks)

    @property
    def ballot_cpu_us(self) -> float:
        """CPU of the process for one of them."""
        ballots = len(self.blocks) * BLOCK_BALLOTS
        return sum(block.cpu_s for block in self.blocks) * 1e6 / ballots


async def measure_sizes(bench: Bench) -> list[SizeFigures]:
    """Measure at every size of the plan, ascending.

    Raises:
        RochdaleError: A ballot was refused, or a process failed.
    """
    plan, electorate = bench.plan, bench.electorates[1]
    time_ms = get_now_ms()
    genesis = render_genesis(electorate, engine_ports=[_FIRST_PORT], genesis_time_ms=time_ms)
    home = create_ledger_home(bench.directory / "sizes", genesis, chain_id=electorate.chain_id)
    async with run_ledger_process(home) as process:
        process.begin_chain(genesis, time_ms=time_ms)
        process.open_voting(electorate)
        time_ms = process.time_ms
    figures = []
    first = 0
    for keys in plan.sizes:
        is_headline = keys == plan.headline_keys
        blocks = plan.headline_blocks if is_headline else plan.blocks
        rechecked = RECHECKED if is_headline else 0
        ballots = electorate.sign_ballots(blocks * BLOCK_BALLOTS + rechecked, first=first)
        first += len(ballots)
        found, time_ms = await _measure(
            bench, home, keys=keys, ballots=ballots, rechecked=rechecked, time_ms=time_ms
        )
        figures.append(found)
        bench.tell(
            f"{keys:,} keys: {found.tree_cpu_us:.0f} µs CPU a key, {found.ballots_per_s:,.0f} "
            f"ballots/s in the process alone, started in {found.start_s.median:.2f} s"
        )
    return figures


async def _measure(
    bench: Bench,
    home: Home,
    *,
    keys: int,
    ballots: Sequence[bytes],
    rechecked: int,
    time_ms: int,
) -> tuple[SizeFigures, int]:
    plan = bench.plan
    grown = await _grow(home, keys=keys, batches=plan.count_tree_batches(keys))
    starts_s = []
    for _ in range(plan.starts - 1 if keys == plan.start_keys else 0):
        async with run_ledger_process(home) as process:
            starts_s.append(process.started_s)
    async with run_ledger_process(home) as process:
        starts_s.append(process.started_s)
        process.go_on(time_ms=time_ms)
        queries = ask_with_proof(process, count=plan.queries, keys=keys)
        waiting, blocks = ballots[:rechecked], ballots[rechecked:]
        recheck_s = measure_recheck(process, waiting) if waiting else None
        times = [
            process.run_block(blocks[start : start + BLOCK_BALLOTS])
            for start in range(0, len(blocks), BLOCK_BALLOTS)
        ]
        figures = SizeFigures(
            keys=int(grown["keys"]),
            tree_cpu_us=grown["cpu_us_per_key"],
            reading_cpu_us=grown["reading_us_per_key"],
            sha_us=grown["sha_us"],
            blocks=tuple(times),
            recheck_s=recheck_s,
            start_s=Spread(tuple(starts_s)),
            queries=queries,
            memory_mib=process.child.measure_memory_mib(),
            database_mib=measure_directory_mib(home),
        )
        return figures, process.time_ms


def measure_recheck(process: LedgerProcess, waiting: Sequence[bytes]) -> Spread:
    """Let transactions wait, and look at all of them again after each of three empty blocks."""
    process.check(waiting)
    taken_s = []
    for _ in range(3):
        process.run_block([])
        taken_s.append(process.check(waiting, is_recheck=True))
    return Spread(tuple(taken_s))


def ask_with_proof(process: LedgerProcess, *, count: int, keys: int) -> Queries:
    """Ask for filler that is there, and for as much that is not, spread over the state.

    Raises:
        RefusedError: A question was refused, or a proof does not hold.
        InvariantError: There is a value where there should be none, or the other way round.
    """
    app_hash = process.client.ask(abci.Request(info=abci.RequestInfo())).info.last_block_app_hash
    latencies_s = []
    longest = {True: 0, False: 0}
    for number in range(count):
        is_present = number % 2 == 0
        # The first half of the filler is everywhere in the tree; none has a negative number.
        key = make_filler_key(number * _STRIDE % (keys // 2) if is_present else -1 - number)
        request = abci.RequestQuery(path=STATE_PATH, data=key, prove=True)
        began_s = time.monotonic()
        answer = process.client.ask(abci.Request(query=request)).query
        latencies_s.append(time.monotonic() - began_s)
        if bool(answer.value) is not is_present:
            raise InvariantError(f"a question was answered wrongly: {answer.log}")
        proof = check_answer(answer, app_hash=app_hash)
        longest[is_present] = max(longest[is_present], len(proof))
    return Queries(
        latencies_s=tuple(latencies_s),
        membership_bytes_max=longest[True],
        absence_bytes_max=longest[False],
    )


def check_answer(answer: abci.ResponseQuery, *, app_hash: bytes) -> bytes:
    """Check an answer's proofs up to the app hash, as a light client does.

    Returns:
        The proof in the tree.

    Raises:
        RefusedError: A proof is missing or does not hold.
    """
    proofs = {item.type: item.data for item in answer.proof_ops.ops}
    in_tree, of_root = proofs.get(SMT_PROOF, b""), proofs.get(SIMPLE_PROOF, b"")
    root = decode_existence(of_root, spec=TENDERMINT).value
    check_membership(spec=TENDERMINT, root=app_hash, key=STATE_PART, value=root, proof=of_root)
    if answer.value:
        check_membership(spec=SMT, root=root, key=answer.key, value=answer.value, proof=in_tree)
    else:
        check_absence(root=root, key=answer.key, proof=in_tree)
    return in_tree


def measure_directory_mib(home: Home) -> float:
    """Size of the ledger's files."""
    return sum(file.stat().st_size for file in home.ledger.iterdir()) / 1_048_576


async def _grow(home: Home, *, keys: int, batches: int) -> dict[str, float]:
    argv = [sys.executable, "-P", "-m", "testnet.bench.grow", str(home.root), str(keys)]
    with Child([*argv, str(batches)], name="grow", log_path=home.logs / "grow.log") as child:
        line = await child.wait_for_end(timeout_s=_GROW_TIMEOUT_S)
    figures: dict[str, float] = json.loads(line)
    return figures
