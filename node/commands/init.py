"""`rochdale init`: a new node, alone, as a founder, or on a running chain."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import (
    DEFAULT_BYLAWS,
    DEFAULT_HOME,
    BylawsOption,
    HomeOption,
    TimeScaleOption,
    say,
)

if TYPE_CHECKING:
    from config.settings import Settings
    from node.home import Home
    from node.settings import Setting


def init(
    home: HomeOption = DEFAULT_HOME,
    founding: Annotated[
        bool, typer.Option("--founding", help="Found a chain together with others.")
    ] = False,
    join: Annotated[
        Path | None,
        typer.Option("--join", metavar="GENESIS", help="Follow the chain of this genesis file."),
    ] = None,
    bylaws: BylawsOption = DEFAULT_BYLAWS,
    time_scale: TimeScaleOption = 1,
) -> None:
    """Make a new node; settings given as flags (`--node.name …`) go into its rochdale.toml.

    Alone, the node begins a chain of its own. With --founding it waits for a genesis file
    that several cooperatives make together. With --join it follows a chain that runs.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.settings import read_environment  # noqa: PLC0415

    if founding and join is not None:
        raise MisconfiguredError("choose one of --founding and --join")
    values = read_environment(os.environ)
    if join is not None:
        _join(home, join, values)
    elif founding:
        _found_with_others(home, values)
    else:
        _found_alone(home, values, bylaws=bylaws, time_scale=time_scale)


def _found_alone(root: Path, values: "dict[str, Setting]", *, bylaws: str, time_scale: int) -> None:
    from node import founding as new  # noqa: PLC0415
    from node.chain import load_bylaws  # noqa: PLC0415
    from node.preflight import check_ports  # noqa: PLC0415

    settings = new.complete_settings(values)
    check_ports(settings)
    made, _ = new.found_alone(
        root,
        settings,
        bylaws=load_bylaws(bylaws),
        time_scale=time_scale,
        genesis_time_ms=int(time.time() * 1000),
    )
    _greet(made, settings)
    if settings.network.is_test_chain:
        say(
            "It is a test chain. For a real one, begin with your public address: "
            "rochdale init --node.origin https://…"
        )
    say(f"Next: [bold]rochdale start{_at(made)}[/]")


def _found_with_others(root: Path, values: "dict[str, Setting]") -> None:
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node import founding as new  # noqa: PLC0415

    if "network.chain_id" not in values:
        raise MisconfiguredError(
            "founders agree on the chain's id first: add `--network.chain_id NAME-1`"
        )
    settings = new.complete_settings(values)
    made = new.create_node(root, settings)
    _greet(made, settings)
    say(f"Next, give the others your offer: [bold]rochdale genesis offer{_at(made)}[/]")


def _join(root: Path, path: Path, values: "dict[str, Setting]") -> None:
    from ledger.genesis import check_genesis  # noqa: PLC0415
    from node import founding as new  # noqa: PLC0415
    from node.chain import read_genesis_file  # noqa: PLC0415

    data = read_genesis_file(path)
    genesis = check_genesis(data)
    values["network.chain_id"], values["network.network"] = genesis.chain_id, genesis.network
    settings = new.complete_settings(values)
    made, _ = new.join_chain(root, settings, data)
    _greet(made, settings)
    say("Engines connect only with those of members and their guests.")
    say(f"Next, ask to join: [bold]rochdale federation request -o us.jws{_at(made)}[/]")
    say("Start the node once a member has proposed it and it, or its node, is admitted.")


def _greet(home: "Home", settings: "Settings") -> None:
    from rich.markup import escape  # noqa: PLC0415

    say(f"Made a node for [bold]{escape(settings.node.name)}[/] in {home.root}")
    say(f"  chain    {settings.network.chain_id}")
    say(f"  origin   {settings.node.origin}")
    say(f"  settings {home.settings_path}")
    say(
        f"Keep {home.keys / 'cooperative-next.key'} away from this machine: "
        "it replaces the cooperative's key if that is ever lost."
    )


def _at(home: "Home") -> str:
    return "" if home.root == DEFAULT_HOME.expanduser().resolve() else f" --home {home.root}"
