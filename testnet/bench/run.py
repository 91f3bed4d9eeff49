"""`rochdale bench ledger`: everything, in one run, and what it wrote on the way removed.

Owns the run's directory, the order of measurements and the ending: every process is ended
by its id and the directory is removed, whatever happens, Ctrl-C and SIGTERM included.
"""

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from config.errors import MisconfiguredError
from testnet.bench.bare import measure_bare_limits
from testnet.bench.chart import render_chart
from testnet.bench.disk import measure_disk
from testnet.bench.electorate import get_now_ms
from testnet.bench.machine import describe_machine
from testnet.bench.network import Contestant, check_kvstore
from testnet.bench.plan import FULL, QUICK, Bench, Plan, make_electorates
from testnet.bench.report import save_report, write_file
from testnet.bench.results import Results
from testnet.bench.sizes import measure_sizes
from testnet.bench.state_sync import measure_state_sync
from testnet.bench.tables import print_tables
from testnet.bench.throughput import run_rounds

_DISK_BYTES = 6 * 1024**3
_QUICK_DISK_BYTES = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """What the command line asks for."""

    is_quick: bool
    json_path: Path | None
    chart_path: Path | None
    directory: Path | None
    """Where chains and stores are written; None for a temporary directory."""


def run_ledger_benchmark(options: BenchOptions, console: Console) -> None:
    """Measure, show, and write what was asked for.

    Raises:
        MisconfiguredError: A program is missing, a file cannot be written, or the disk is full.
        UnavailableError: A process did not start or is late.
        InvariantError: A ballot was refused.
        KeyboardInterrupt: Ctrl-C or SIGTERM.
    """
    for path, flag in ((options.json_path, "--json"), (options.chart_path, "--chart")):
        check_writable(path, flag=flag)
    check_kvstore()
    directory = _make_directory(options)
    console.print(f"Chains and stores lie in {directory} until the end.", soft_wrap=True)
    try:
        results = Results(
            is_quick=options.is_quick,
            machine=describe_machine(directory),
            headline_keys=_get_plan(options).headline_keys,
        )
        try:
            asyncio.run(_measure(options, results, directory, console))
        except asyncio.CancelledError as error:  # SIGTERM; Ctrl-C comes as itself
            raise KeyboardInterrupt from error
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print_tables(results, console)
    if options.json_path is not None:
        save_report(results, options.json_path)
    if options.chart_path is not None:
        write_file(options.chart_path, render_chart(results), flag="--chart")


def check_writable(path: Path | None, *, flag: str) -> None:
    """Check before the work that its outcome can be kept.

    Raises:
        MisconfiguredError: The file cannot be written.
    """
    if path is None:
        return
    place = path if path.exists() else path.absolute().parent
    if path.is_dir() or not os.access(place, os.W_OK):
        raise MisconfiguredError(
            f"{path} cannot be written: name a file in a directory of yours with {flag}"
        )


def _get_plan(options: BenchOptions) -> Plan:
    return QUICK if options.is_quick else FULL


def _make_directory(options: BenchOptions) -> Path:
    parent = options.directory
    needed = _QUICK_DISK_BYTES if options.is_quick else _DISK_BYTES
    try:
        # Sockets lie in it, whose paths must be short.
        directory = Path(tempfile.mkdtemp(prefix="rb-", dir=parent))
    except OSError as error:
        raise MisconfiguredError(
            f"no directory can be made in {parent or tempfile.gettempdir()} ({error.strerror}): "
            "name another place with --dir"
        ) from error
    if shutil.disk_usage(directory).free < needed:
        directory.rmdir()
        raise MisconfiguredError(
            f"{directory.parent} has less than {needed // 1024**3} GiB free: free some, or name "
            f"another place with --dir (`df -h {shlex.quote(str(directory.parent))}` shows it)"
        )
    return directory


async def _measure(
    options: BenchOptions, results: Results, directory: Path, console: Console
) -> None:
    task = asyncio.current_task()
    if task is None:
        raise AssertionError("a benchmark runs as a task")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    began_s = time.monotonic()

    def tell(text: str) -> None:
        console.print(f"{time.monotonic() - began_s:5.0f} s  {text}", highlight=False)

    plan = _get_plan(options)
    bench = Bench(
        plan=plan,
        directory=directory,
        electorates=make_electorates(plan, now_ms=get_now_ms()),
        tell=tell,
    )
    results.bare = measure_bare_limits(directory)
    tell(f"PyNaCl alone verifies {results.bare.verify_per_s:,.0f} signatures/s on one thread")
    results.alone = await run_rounds(bench, plan.alone, tuple(Contestant))
    results.together = await run_rounds(
        bench, plan.together, (Contestant.KVSTORE_SOCKET, Contestant.ROCHDALE)
    )
    results.sizes = await measure_sizes(bench)
    if plan.sync_keys:
        results.state_sync = await measure_state_sync(bench)
    if plan.disk_txs:
        results.disk = await measure_disk(bench)
    results.seconds = time.monotonic() - began_s
