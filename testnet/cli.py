"""The console script: the node's commands, and `testnet`.

Here and not in `node`, because a node knows nothing of test networks.
"""

from pathlib import Path
from typing import Annotated

import typer

from node.cli import app, run

testnet_app = typer.Typer(no_args_is_help=True, help="Federations on this machine, to try.")
app.add_typer(testnet_app, name="testnet")


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


def main() -> None:
    """Run the command line."""
    raise SystemExit(run(app))
