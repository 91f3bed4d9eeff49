"""What a run found, as tables for people; 80 columns are enough."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from testnet.bench.bare import BareLimits
from testnet.bench.chart import render_count
from testnet.bench.figures import FIGURES, Figure, Measured
from testnet.bench.network import Contestant
from testnet.bench.profile import Profile
from testnet.bench.report import COSMOS, COSMOS_SHARE, PYTHON_PEER, QUICK_CAVEAT
from testnet.bench.results import Results
from testnet.bench.sizes import SizeFigures
from testnet.bench.spread import Spread
from testnet.bench.throughput import Rounds, Session

_FUNCTIONS_SHOWN = 10


def print_tables(results: Results, console: Console) -> None:
    """Show everything, the judged figures last."""
    for rounds in (results.alone, results.together):
        if rounds is not None:
            console.print()
            console.print(_render_throughput(rounds))
            if rounds.profile is not None:
                _print_profile(rounds.profile, console)
    if results.sizes:
        console.print()
        console.print(_render_sizes(results.sizes))
    if results.bare is not None:
        console.print()
        console.print(_render_bare(results.bare))
    console.print()
    for line in (_render_disk(results), COSMOS, PYTHON_PEER):
        console.print(line, highlight=False)
    console.print()
    console.print(_render_figures(results))
    console.print()
    judged = results.judge()
    for figure in FIGURES:
        measured = judged[figure.key]
        note = f": {measured.note}" if measured.note else ""
        console.print(f"[bold]{figure.key}[/]: {figure.title}{note}", highlight=False)
    machine = results.machine
    console.print(
        f"\n{machine.processor}, {machine.cores} cores, {machine.memory_gib} GiB, "
        f"{machine.filesystem}; Python {machine.python}, engine {machine.engine}; load before "
        f"the run {machine.load_before:.1f}; {results.seconds:.0f} s.",
        highlight=False,
    )
    if results.is_quick:
        console.print(QUICK_CAVEAT, highlight=False)


def _render_figures(results: Results) -> Table:
    table = _make_table("The ledger's figures", "figure")
    for name in ("at least", "aim", "measured", "least-most"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    judged = results.judge()
    for figure in FIGURES:
        measured = judged[figure.key]
        sign = "" if figure.is_more_better else "≤ "
        table.add_row(
            figure.key,
            f"{sign}{_render_value(figure, figure.at_least)}",
            "" if figure.aim is None else _render_value(figure, figure.aim),
            "-" if measured.value is None else _render_value(figure, measured.value),
            _render_range(figure, measured),
            figure.judge(measured.value),
        )
    return table


def _render_value(figure: Figure, value: float) -> str:
    return f"{value:,.{figure.decimals}f} {figure.unit}".strip()


def _render_range(figure: Figure, measured: Measured) -> str:
    if measured.spread is None or len(measured.spread.values) == 1:
        return ""
    decimals = figure.decimals
    return f"{measured.spread.least:,.{decimals}f}-{measured.spread.greatest:,.{decimals}f}"


def _render_throughput(rounds: Rounds) -> Table:
    plan = rounds.plan
    title = (
        f"{plan.validators_count} validator(s), {plan.rounds} round(s) in turns: committed/s, "
        f"median and least-most;\nCPU is µs a transaction over all processes, without waiting for "
        "checks (async)"
    )
    table = _make_table(title, "application")
    for name in ("async", "sync", "p50\ncommit", "engine\nCPU", "app.\nCPU", "load\nCPU"):
        table.add_column(name, justify="right")
    for contestant, sessions in rounds.sessions.items():
        latency = rounds.get_latency_p50_s(contestant)
        table.add_row(
            contestant.value,
            _render_spread(rounds.get_async_per_s(contestant)),
            _render_spread(rounds.get_sync_per_s(contestant)),
            "" if latency is None else f"{latency.median:.2f} s",
            *(f"{cost_us:.0f}" for cost_us in _compute_cpu_us(sessions)),
        )
    _add_ratios(table, rounds)
    return table


def _compute_cpu_us(sessions: Sequence[Session]) -> tuple[float, float, float]:
    bursts = [item.asynchronous for item in sessions]
    return (
        Spread(tuple(burst.engine_cpu_us for burst in bursts)).median,
        Spread(tuple(burst.application_cpu_us for burst in bursts)).median,
        Spread(tuple(burst.load_cpu_us for burst in bursts)).median,
    )


def _add_ratios(table: Table, rounds: Rounds) -> None:
    ours = Contestant.ROCHDALE
    for peer in rounds.sessions:
        if peer is ours or ours not in rounds.sessions:
            continue
        cells = [f"{rounds.get_async_per_s(ours).median / rounds.get_async_per_s(peer).median:.2f}"]
        mine, other = rounds.get_sync_per_s(ours), rounds.get_sync_per_s(peer)
        cells.append("" if mine is None or other is None else f"{mine.median / other.median:.2f}")
        table.add_row(f"ours ÷ {peer.value}", *cells)
    if Contestant.KVSTORE_INPROC in rounds.sessions and ours in rounds.sessions:
        elsewhere = rounds.get_async_per_s(Contestant.KVSTORE_INPROC).median * COSMOS_SHARE
        times = rounds.get_async_per_s(ours).median / elsewhere
        table.add_row("ours ÷ Cosmos SDK (see below)", f"{times:.1f}")


def _render_spread(spread: Spread | None) -> str:
    if spread is None:
        return ""
    if len(spread.values) == 1:
        return f"{spread.median:,.0f}"
    return f"{spread.median:,.0f}\n{spread.least:,.0f}-{spread.greatest:,.0f}"


def _print_profile(profile: Profile, console: Console) -> None:
    title = (
        f"Where our CPU goes, µs a transaction, in a burst of {profile.burst.transactions:,}:\n"
        "each thread looked at every 2 ms, weighted by its own CPU "
        f"(looking: {profile.sampler_us:.0f} µs more)"
    )
    table = _make_table(title, "step")
    table.add_column("µs", justify="right")
    for name in ("innermost function of ours", "ABCI call"):
        table.add_column(name, overflow="fold")
        table.add_column("µs", justify="right")
    columns = [_sort(profile.steps), _sort(profile.functions), _sort(profile.calls)]
    for index in range(min(_FUNCTIONS_SHOWN, max(len(rows) for rows in columns))):
        cells: list[str] = []
        for rows in columns:
            cells += rows[index] if index < len(rows) else ("", "")
        table.add_row(*cells)
    console.print()
    console.print(table)


def _sort(costs_us: Mapping[str, float]) -> list[tuple[str, str]]:
    dearest = sorted(costs_us.items(), key=lambda item: -item[1])
    return [(name, f"{cost_us:.1f}") for name, cost_us in dearest]


def _render_sizes(sizes: list[SizeFigures]) -> Table:
    title = "The ledger process against the size of its state (µs of CPU; longest proofs)"
    table = _make_table(title, "keys")
    headers = (
        "a key\nµs",
        "÷ one\nSHA",
        "read\nµs",
        "alone\n/s",
        "ballot\nµs",
        "start",
        "MiB",
        "disk\nMiB",
        "proof\nB",
        "absent\nB",
    )
    for name in headers:
        table.add_column(name, justify="right")
    for size in sizes:
        queries = size.queries
        table.add_row(
            render_count(size.keys),
            f"{size.tree_cpu_us:.1f}",
            f"{size.sha_ratio:.0f}",
            f"{size.reading_cpu_us:.0f}",
            f"{size.ballots_per_s:,.0f}",
            f"{size.ballot_cpu_us:.0f}",
            f"{size.start_s.median:.2f} s",
            f"{size.memory_mib:.0f}",
            f"{size.database_mib:.0f}",
            f"{queries.membership_bytes_max}",
            f"{queries.absence_bytes_max}",
        )
    return table


def _render_bare(bare: BareLimits) -> Table:
    table = _make_table("The limits: libraries and disk alone", "what")
    table.add_column("", justify="right")
    for name, value in (
        ("PyNaCl verifies, 1 thread", f"{bare.verify_per_s:,.0f}/s"),
        ("PyNaCl verifies, 2 threads", f"{bare.verify_two_threads_per_s:,.0f}/s"),
        (
            "LevelDB, synced batches of 2,000 puts",
            f"{bare.leveldb_batches_per_s:,.0f}/s = {bare.leveldb_puts_per_s:,.0f} puts/s",
        ),
        ("protobuf builds and encodes results", f"{bare.protobuf_results_per_s:,.0f}/s"),
        ("4 KiB written and synced, p50", f"{bare.fsync_p50_ms:.2f} ms"),
        ("one SHA-256 of 65 bytes", f"{bare.sha_us:.2f} µs"),
    ):
        table.add_row(name, value)
    return table


def _render_disk(results: Results) -> str:
    disk = results.disk
    if disk is None:
        return "Disk per year: not measured in a quick run."
    return (
        f"Disk: a transaction by itself takes {disk.engine_bytes:,.0f} bytes in the engine's "
        f"stores and {disk.ledger_bytes:,.0f} in the ledger's: at ten a minute "
        f"{disk.year_gib:.0f} GiB a year with nothing pruned, and at most 1 GiB of the engine's "
        "consensus log."
    )


def _make_table(title: str, first: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    table.add_column(first, overflow="fold")
    return table
