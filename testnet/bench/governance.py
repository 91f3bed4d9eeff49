"""`rochdale bench governance`: what the rules cost, beside other counters of votes.

Figures of the pure core; nothing here signs, writes to disk or opens a socket.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from governance import machine
from governance.context import BlockContext
from governance.count.blt import parse_blt
from governance.count.stv import count_stv
from governance.proposal_records import Choice
from governance.queues import Turn, put_due
from governance.transactions import CastBallot
from governance.view import Savepoint, StateView
from testnet.bench.core_chain import CoreChain
from testnet.bench.counters import OTHER_COUNTERS, CounterMissingError
from testnet.bench.figure_table import show_figures
from testnet.bench.figures import Figure, Measured, not_measured
from testnet.bench.machine import describe_machine
from testnet.bench.report import write_file
from testnet.bench.run import check_writable
from testnet.bench.simulation import SIMULATION, measure_simulation

_SEED = 20_241
_CANDIDATES, _SEATS = 20, 9
_PAPERS = 100_000
_YEARS_AHEAD_MS = 10 * 365 * 86_400_000
DEADLINES = (10, 1_000, 10_000, 100_000)

APPLY = Figure(
    key="apply_per_s",
    title="ballots that the rules apply in a second; no signatures, no disk",
    at_least=25_000,
    aim=None,
    is_more_better=True,
)
STV = Figure(
    key="stv_100k_s",
    title="count of 100,000 full rankings, 20 candidates, 9 seats, with reading the file",
    at_least=2.0,
    aim=None,
    unit="s",
    decimals=2,
)
GROWTH = Figure(
    key="end_block_growth",
    title="a block with 100,000 open deadlines, divided by one with 10",
    at_least=1.5,
    aim=None,
    decimals=2,
)
FIGURES = (APPLY, STV, GROWTH, SIMULATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernanceFigures:
    """What a run found."""

    judged: dict[str, Measured]
    others_s: dict[str, float]
    """Other counters' time for the same papers."""
    block_us: dict[int, float]
    """Cost of an empty block by the number of open deadlines."""


def run_governance_benchmark(*, is_quick: bool, json_path: Path | None, console: Console) -> None:
    """Measure, show, and write what was asked for.

    Raises:
        MisconfiguredError: The file cannot be written.
    """
    check_writable(json_path, flag="--json")
    machine_now = describe_machine(Path.cwd())
    scale = 10 if is_quick else 1
    others, notes = _measure_others(papers_count=_PAPERS // scale)
    blocks = {count: _measure_block(count, rounds=200 // scale) for count in DEADLINES}
    found = GovernanceFigures(
        judged={
            APPLY.key: _measure_apply(ballots_count=20_000 // scale),
            STV.key: _measure_stv(papers_count=_PAPERS // scale, notes=notes),
            GROWTH.key: Measured(value=blocks[DEADLINES[-1]] / blocks[DEADLINES[0]]),
            SIMULATION.key: measure_simulation(is_quick=is_quick),
        },
        others_s=others,
        block_us=blocks,
    )
    _show(found, console)
    console.print(
        f"\n{machine_now.processor}, {machine_now.cores} cores; Python {machine_now.python}; load "
        f"before the run {machine_now.load_before:.1f}.",
        highlight=False,
    )
    if json_path is not None:
        document = {
            **{figure.key: found.judged[figure.key].value for figure in FIGURES},
            "mode": "quick" if is_quick else "full",
            "others_s": found.others_s,
            "block_us": {str(count): cost for count, cost in found.block_us.items()},
            "notes": {key: measured.note for key, measured in found.judged.items()},
        }
        write_file(json_path, json.dumps(document, indent=2) + "\n", flag="--json")


def make_rankings(papers_count: int) -> list[list[int]]:
    """Full rankings by chance, in which some candidates are liked more: the same each time."""
    chance = random.Random(_SEED)  # noqa: S311 - opinions, not keys
    weights = [1.0 / (place + 2) for place in range(_CANDIDATES)]
    return [
        sorted(range(_CANDIDATES), key=lambda one: chance.expovariate(weights[one]))
        for _ in range(papers_count)
    ]


def render_blt(rankings: Sequence[Sequence[int]]) -> str:
    """Rankings as a file of ballots."""
    lines = [f"{_CANDIDATES} {_SEATS}"]
    lines += ["1 " + " ".join(str(one + 1) for one in ranking) + " 0" for ranking in rankings]
    lines += ["0", *(f'"Candidate {place}"' for place in range(_CANDIDATES)), '"Benchmark"']
    return "\n".join(lines) + "\n"


def _measure_apply(*, ballots_count: int) -> Measured:
    chain = CoreChain(members_count=ballots_count)
    proposal_id = chain.open_vote()
    ballots = tuple(
        (
            member,
            CastBallot(
                cooperative=chain.cooperative,
                proposal_id=proposal_id,
                choice=Choice.YES if place % 3 else Choice.NO,
            ),
        )
        for place, member in enumerate(chain.members)
    )
    seconds = _time(lambda: chain.apply(ballots), times=3)
    return Measured(
        value=ballots_count / seconds,
        note=f"best of three times {ballots_count:,} ballots; {seconds / ballots_count * 1e6:.1f} "
        "µs each",
    )


def _measure_stv(*, papers_count: int, notes: list[str]) -> Measured:
    text = render_blt(make_rankings(papers_count))

    def count() -> None:
        election = parse_blt(text)
        count_stv(
            election.papers,
            candidates_count=_CANDIDATES,
            seats_count=_SEATS,
            withdrawn=election.withdrawn,
            lot=bytes(range(_CANDIDATES)),
        )

    seconds = _time(count, times=3)
    if papers_count != _PAPERS:
        return not_measured(f"a quick run counts {papers_count:,} papers: {seconds:.3f} s")
    return Measured(value=seconds, note="; ".join(["best of three", *notes]))


def _measure_others(*, papers_count: int) -> tuple[dict[str, float], list[str]]:
    """Other counters on the same papers, without reading a file."""
    rankings = make_rankings(papers_count)
    found, notes = {}, []
    for name, count in OTHER_COUNTERS.items():
        try:
            found[name] = _time(lambda: count(rankings, _SEATS), times=1)  # noqa: B023
        except CounterMissingError as error:
            notes.append(str(error))
            continue
        notes.append(f"{name} {found[name]:.1f} s")
    return found, notes


def _measure_block(deadlines_count: int, *, rounds: int) -> float:
    """What an empty block costs while so many deadlines are open, in microseconds."""
    chain = CoreChain(members_count=1)
    view = StateView(chain.kv)
    for number in range(deadlines_count):
        put_due(
            view,
            Turn.PROPOSAL,
            due_ms=chain.time_ms + _YEARS_AHEAD_MS + number,
            cooperative=chain.cooperative,
            subject=number.to_bytes(32, "big"),
        )
    chain.run(after_ms=1)

    def run_blocks() -> None:
        for number in range(rounds):
            block = BlockContext(
                height=chain.height + number, time_ms=chain.time_ms + number, chain_id="test-core"
            )
            staged = Savepoint(chain.kv)
            machine.begin_block(staged, block)
            machine.end_block(staged, block)

    return _time(run_blocks, times=5) / rounds * 1e6


def _time(work: Callable[[], None], *, times: int) -> float:
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def _show(found: GovernanceFigures, console: Console) -> None:
    show_figures("What the rules cost", FIGURES, found.judged, console)
    most = max(found.block_us.values())
    console.print("\nAn empty block, by the number of open deadlines:")
    for count, cost in found.block_us.items():
        console.print(f"{count:>9,}  {'█' * round(40 * cost / most):40}  {cost:,.1f} µs")
