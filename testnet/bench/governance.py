"""`rochdale bench governance`: counting and the rules alone, in one run.

Nothing is written but the file that was asked for, and no process is started.
"""

import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from testnet.bench.election import (
    BALLOTS,
    SEATS,
    ElectionFigures,
    Peer,
    measure_election,
)
from testnet.bench.figures import Figure, Measured
from testnet.bench.governance_figures import (
    APPLY_PER_S,
    END_BLOCK_GROWTH,
    GOVERNANCE_FIGURES,
    STV_S,
)
from testnet.bench.machine import read_processor
from testnet.bench.report import write_file
from testnet.bench.rules import DEADLINES_FEW, DEADLINES_MANY, RulesFigures, measure_rules
from testnet.bench.run import check_writable

_ROUNDS = 7
_QUICK_ROUNDS = 3
_PEER_BALLOTS = BALLOTS
_QUICK_PEER_BALLOTS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernanceResults:
    """What a run found."""

    is_quick: bool
    election: ElectionFigures
    rules: RulesFigures
    load_before: float
    """How many processes wanted a core in the minute before."""
    seconds: float

    def judge(self) -> Mapping[str, Measured]:
        """What was measured, by the figure's key."""
        election, rules = self.election, self.rules
        growth = rules.block_many_us.median / rules.block_few_us.median
        return {
            STV_S.key: Measured(
                value=election.total_s.median,
                spread=election.total_s,
                note=f"{election.file_bytes / 1_000_000:.1f} MB, {election.different_ballots:,} "
                f"different rankings, {election.stages} stages; reading "
                f"{election.parse_s.median:.2f} s, counting {election.count_s.median:.2f} s",
            ),
            APPLY_PER_S.key: Measured(
                value=rules.applied_per_s.median,
                spread=rules.applied_per_s,
                note=f"{rules.ballots_count:,} ballots in one block, each in a savepoint; no "
                "signatures, no disk",
            ),
            END_BLOCK_GROWTH.key: Measured(
                value=growth,
                spread=rules.growth,
                note=f"{rules.block_many_us.median:.1f} µs with {DEADLINES_MANY:,} deadlines, "
                f"{rules.block_few_us.median:.1f} µs with {DEADLINES_FEW}; none falls due",
            ),
        }


def run_governance_benchmark(*, is_quick: bool, json_path: Path | None, console: Console) -> None:
    """Measure, show, and write what was asked for.

    Raises:
        MisconfiguredError: The file cannot be written.
        InvariantError: A transaction was refused.
    """
    check_writable(json_path, flag="--json")
    began_s, load = time.monotonic(), os.getloadavg()[0]
    rounds = _QUICK_ROUNDS if is_quick else _ROUNDS
    console.print("Ballots applied, and blocks with many deadlines …")
    rules = measure_rules(rounds=rounds)
    console.print(f"An election of {BALLOTS:,} ballots …")
    election = measure_election(
        rounds=rounds, peer_ballots=_QUICK_PEER_BALLOTS if is_quick else _PEER_BALLOTS
    )
    results = GovernanceResults(
        is_quick=is_quick,
        election=election,
        rules=rules,
        load_before=load,
        seconds=time.monotonic() - began_s,
    )
    _print_tables(results, console)
    if json_path is not None:
        write_file(json_path, json.dumps(render_json(results), indent=2) + "\n", flag="--json")


def render_json(results: GovernanceResults) -> dict[str, object]:
    """The JSON document."""
    judged = results.judge()
    return {
        **{figure.key: judged[figure.key].value for figure in GOVERNANCE_FIGURES},
        "mode": "quick" if results.is_quick else "full",
        "seconds": round(results.seconds, 1),
        "figures": {
            figure.key: _render_figure(figure, judged[figure.key]) for figure in GOVERNANCE_FIGURES
        },
        "peers": [
            asdict(peer) | {"scaled_s": peer.scaled_s, "is_scaled": peer.ballots_count != BALLOTS}
            for peer in results.election.peers
        ],
        "missing_peers": list(results.election.missing_peers),
        "machine": {
            "processor": read_processor(),
            "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(),
            "load_before": results.load_before,
            "python": platform.python_version(),
            "rochdale": version("rochdale"),
            "msgspec": version("msgspec"),
        },
    }


def _render_figure(figure: Figure, measured: Measured) -> dict[str, object]:
    return {
        "title": figure.title,
        "unit": figure.unit,
        "value": measured.value,
        "limit": figure.at_least,
        "aim": figure.aim,
        "is_more_better": figure.is_more_better,
        "held": figure.is_held(measured.value),
        "verdict": figure.judge(measured.value),
        "spread": None if measured.spread is None else measured.spread.to_json(),
        "note": measured.note,
    }


def _print_tables(results: GovernanceResults, console: Console) -> None:
    console.print()
    console.print(_make_figures(results))
    judged = results.judge()
    for figure in GOVERNANCE_FIGURES:
        note = judged[figure.key].note
        console.print(f"[bold]{figure.key}[/]: {figure.title}: {note}", highlight=False)
    console.print()
    console.print(_make_peers(results.election))
    console.print(
        "Counting alone, once the ballots are in memory; the others use fractions or floats and "
        "rules of their own.",
        highlight=False,
    )
    for name in results.election.missing_peers:
        console.print(f"{name} is not installed here: not measured.", highlight=False)
    console.print(
        f"\n{read_processor()}, {len(os.sched_getaffinity(0))} cores; Python "
        f"{platform.python_version()}; load before the run {results.load_before:.1f}; "
        f"{results.seconds:.0f} s.",
        highlight=False,
    )


def _make_figures(results: GovernanceResults) -> Table:
    table = Table(title="Counting and the rules alone", box=SIMPLE_HEAD, title_justify="left")
    table.add_column("figure", no_wrap=True)
    for name in ("limit", "aim", "measured", "least-most"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    judged = results.judge()
    for figure in GOVERNANCE_FIGURES:
        measured = judged[figure.key]
        sign = "≥" if figure.is_more_better else "≤"
        spread = measured.spread
        table.add_row(
            figure.key,
            f"{sign} {_render(figure, figure.at_least)}",
            _render(figure, figure.aim),
            _render(figure, measured.value),
            ""
            if spread is None
            else f"{_number(figure, spread.least)}-{_number(figure, spread.greatest)}",
            figure.judge(measured.value),
        )
    return table


def _make_peers(election: ElectionFigures) -> Table:
    title = f"The same {BALLOTS:,} ballots by others"
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("counter", no_wrap=True)
    for name in ("counts in s", "÷ ours", "same winners"):
        table.add_column(name, justify="right")
    table.add_column("how taken", no_wrap=True)
    ours_s = election.count_s.median
    table.add_row("Rochdale", f"{ours_s:.2f}", "1.0", "", "all ballots")
    for peer in election.peers:
        table.add_row(
            peer.name,
            f"{peer.scaled_s:.2f}",
            f"{peer.scaled_s / ours_s:.1f}",
            f"{peer.seats_in_common} of {SEATS}",
            _describe_sample(peer),
        )
    return table


def _describe_sample(peer: Peer) -> str:
    if peer.ballots_count == BALLOTS:
        return "all ballots"
    return f"{peer.ballots_count:,} ballots in {peer.sample_s:.2f} s, scaled up"


def _render(figure: Figure, value: float | None) -> str:
    return "-" if value is None else _number(figure, value)


def _number(figure: Figure, value: float) -> str:
    return f"{value:,.{figure.decimals}f}"
