"""The console script: the node's commands, `testnet` and `bench`.

Here and not in `node`, because a node knows nothing of test networks.
"""

from pathlib import Path
from typing import Annotated

import typer

from node.cli import app, run

testnet_app = typer.Typer(no_args_is_help=True, help="Federations on this machine, to try.")
app.add_typer(testnet_app, name="testnet")
bench_app = typer.Typer(no_args_is_help=True, help="Figures of this software on this machine.")
app.add_typer(bench_app, name="bench")


@testnet_app.callback()
def testnet() -> None:
    """Federations on this machine, to try."""


@testnet_app.command("run")
def run_testnet(  # noqa: PLR0917 - options, which typer passes by name
    once: Annotated[bool, typer.Option("--once", help="End after the summary.")] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write steps and figures to this file.")
    ] = None,
    cooperatives: Annotated[
        int | None, typer.Option("--cooperatives", help="How many, 1 to 10; else as the manifest.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="TOML file; the heart-disease sites if none.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="New or empty; a temporary one if not given.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the directory afterwards.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", help="First of 40 ports; free ones if not given.")
    ] = None,
) -> None:
    """Tell the story: a federation from genesis to crashes, every step checked."""
    from rich.console import Console  # noqa: PLC0415 - commands import what they need

    from testnet.manifest import DEFAULT_MANIFEST, load_manifest, resize  # noqa: PLC0415
    from testnet.ports import choose_ports  # noqa: PLC0415
    from testnet.run import RunOptions, run_story  # noqa: PLC0415

    plan = load_manifest(manifest or DEFAULT_MANIFEST)
    if cooperatives is not None:
        plan = resize(plan, cooperatives)
    options = RunOptions(
        manifest=plan,
        ports=choose_ports(len(plan.cooperatives), base=port),
        directory=directory,
        is_kept=keep,
        is_once=once,
        json_path=json,
    )
    if not run_story(options, Console()):
        raise typer.Exit(1)


@testnet_app.command("quarter")
def run_quarter(
    *,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="New or empty; a temporary one if not given.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the directory afterwards.")] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write steps and figures to this file.")
    ] = None,
) -> None:
    """Live through a quarter on four nodes: elections, a veto, an emergency, a distribution."""
    from rich.console import Console  # noqa: PLC0415 - commands import what they need

    from testnet.manifest import QUARTER_MANIFEST, load_manifest  # noqa: PLC0415
    from testnet.ports import choose_ports  # noqa: PLC0415
    from testnet.run import QUARTER_STEPS, RunOptions, run_story  # noqa: PLC0415

    plan = load_manifest(QUARTER_MANIFEST)
    options = RunOptions(
        manifest=plan,
        ports=choose_ports(len(plan.cooperatives), base=None),
        directory=directory,
        is_kept=keep,
        is_once=True,
        json_path=json,
        steps=QUARTER_STEPS,
        story_s_max=600.0,
    )
    if not run_story(options, Console()):
        raise typer.Exit(1)


@bench_app.callback()
def bench() -> None:
    """Figures of this software on this machine."""


@bench_app.command("ledger")
def bench_ledger(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="About a minute: fewer and smaller measurements.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="Write cost against state size as SVG.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where to write meanwhile; else a temporary one.")
    ] = None,
) -> None:
    """Measure the ledger beside the engine's key-value example: up to 15 minutes of load."""
    from rich.console import Console  # noqa: PLC0415 - commands import what they need

    from testnet.bench.run import BenchOptions, run_ledger_benchmark  # noqa: PLC0415

    options = BenchOptions(is_quick=quick, json_path=json, chart_path=chart, directory=directory)
    run_ledger_benchmark(options, Console())


@bench_app.command("governance")
def bench_governance(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few seconds: fewer and smaller measurements.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
) -> None:
    """Measure the rules alone, beside other counters of votes: about a minute."""
    from rich.console import Console  # noqa: PLC0415 - commands import what they need

    from testnet.bench.governance import run_governance_benchmark  # noqa: PLC0415

    run_governance_benchmark(is_quick=quick, json_path=json, console=Console())


@bench_app.command("identity")
def bench_identity(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Some ten seconds: fewer and smaller measurements.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
) -> None:
    """Measure logins, resolutions and credentials, beside libsodium and didkit: half a minute."""
    from rich.console import Console  # noqa: PLC0415

    from testnet.bench.identity import run_identity_benchmark  # noqa: PLC0415

    run_identity_benchmark(is_quick=quick, json_path=json, console=Console())


def main() -> None:
    """Run the command line."""
    raise SystemExit(run(app))
