"""`rochdale init`: a new node, alone, as a founder, or on a running chain."""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.limits import GENESIS_BYTES_MAX
from node.commands.options import (
    DEFAULT_BYLAWS,
    DEFAULT_HOME,
    BylawsOption,
    HomeOption,
    TimeScaleOption,
    render_fingerprint,
    say,
)

if TYPE_CHECKING:
    from config.settings import Settings
    from ledger.genesis import Genesis
    from ledger.trust import TrustBundle
    from node.home import Home
    from node.settings import Setting


def init(
    home: HomeOption = DEFAULT_HOME,
    *,
    founding: Annotated[
        bool, typer.Option("--founding", help="Found a chain together with others.")
    ] = False,
    join: Annotated[
        Path | None,
        typer.Option("--join", metavar="BUNDLE|GENESIS", help="Follow the chain of this file."),
    ] = None,
    genesis: Annotated[
        Path | None,
        typer.Option(
            "--genesis", help="With a trust bundle: its chain's genesis file; else fetched."
        ),
    ] = None,
    former: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="HOME", help="With --join: come from this home's sealed chain."
        ),
    ] = None,
    bylaws: BylawsOption = DEFAULT_BYLAWS,
    time_scale: TimeScaleOption = 1,
) -> None:
    """Make a new node; settings given as flags (`--node.name …`) go into its rochdale.toml.

    Alone, the node begins a chain of its own. With --founding it waits for a genesis file
    that several cooperatives make together. With --join it follows a chain that runs: given a
    trust bundle it takes over the state from a snapshot, given the genesis file it executes
    every block. With --from too it is the node of a cooperative whose own chain is sealed, with
    its keys, its settings and its members' register.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.settings import read_environment  # noqa: PLC0415

    if founding and join is not None:
        raise MisconfiguredError("choose one of --founding and --join")
    if join is None and (genesis or former):
        raise MisconfiguredError("--genesis and --from go with --join")
    values = read_environment(os.environ)
    if join is not None:
        _join(home, join, genesis, values, former=former)
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


def _join(
    root: Path,
    path: Path,
    beside: Path | None,
    values: "dict[str, Setting]",
    *,
    former: Path | None,
) -> None:
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.genesis import check_genesis  # noqa: PLC0415
    from node import founding as new  # noqa: PLC0415
    from node.chain import read_genesis_file  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.moving import move_to_chain, read_old_settings  # noqa: PLC0415

    old = None if former is None else open_home(former)
    if old is not None:
        values = {**read_old_settings(old), **values}

    trust = _read_trust(path)
    if trust is None and beside is not None:
        raise MisconfiguredError(
            f"{path} is a genesis file: name it alone, or a trust bundle with `--join`"
        )
    if trust is not None and beside is None:
        data = _fetch_genesis(trust, values)
    else:
        data = read_genesis_file(beside or path)
    genesis = check_genesis(data)
    _check_beginning(genesis, trust)
    values["network.chain_id"], values["network.network"] = genesis.chain_id, genesis.network
    if trust is not None:
        _use_bundle(trust, genesis, values)
    settings = new.complete_settings(values)
    if old is None:
        made, _ = new.join_chain(root, settings, data, trust=trust)
    else:
        made, _ = move_to_chain(root, settings, data, old=old, trust=trust)
    _greet(made, settings)
    if old is not None:
        say(f"Keys, settings and register are those of {old.root}, which stays as it is.")
    if trust is None:
        say("It will execute every block from the genesis on.")
    else:
        say(f"It will take over the state from a snapshot, believing block {trust.height}:")
        say(f"  fingerprint  {render_fingerprint(trust.header_hash)}")
        say("Compare that with the cooperative that gave you the bundle, by telephone.")
    say("Engines connect only with those of members and their guests.")
    say(f"Next, ask to join: [bold]rochdale federation request -o us.jws{_at(made)}[/]")
    say("Start the node once a member has proposed it and it, or its node, is admitted.")


def _check_beginning(genesis: "Genesis", trust: "TrustBundle | None") -> None:
    """Refuse to execute every block of a chain whose blocks do not tell all.

    Raises:
        MisconfiguredError: It goes on from another one's state, and there is no trust bundle.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if genesis.recovery is not None and trust is None:
        raise MisconfiguredError(
            f"{genesis.chain_id} goes on from the state of {genesis.recovery.former_chain_id}, "
            "which its blocks do not tell: name a trust bundle with `--join`, or make the home "
            "from an old one with `rochdale genesis recover adopt`"
        )


def _read_trust(path: Path) -> "TrustBundle | None":
    """A trust bundle's content; None if the file is none, but perhaps a genesis file."""
    from did.jcs import parse_json_object  # noqa: PLC0415
    from ledger.trust import parse_trust_bundle  # noqa: PLC0415
    from node.chain import read_genesis_file  # noqa: PLC0415
    from node.joining import check_fresh  # noqa: PLC0415

    document = parse_json_object(read_genesis_file(path), bytes_max=GENESIS_BYTES_MAX)
    if "genesis_hash" not in document:
        return None
    trust = parse_trust_bundle(document)
    check_fresh(trust, where=str(path))
    return trust


def _fetch_genesis(trust: "TrustBundle", values: "dict[str, Setting]") -> bytes:
    from node.joining_sources import fetch_genesis  # noqa: PLC0415
    from node.settings import build_settings  # noqa: PLC0415

    network = build_settings({**values, "network.chain_id": trust.chain_id}).network
    return asyncio.run(fetch_genesis(trust, network))


def _use_bundle(trust: "TrustBundle", genesis: "Genesis", values: "dict[str, Setting]") -> None:
    """Let the engine dial the bundle's nodes.

    Raises:
        RefusedError: The genesis file is another than the bundle says.
    """
    from config.errors import RefusedError  # noqa: PLC0415

    if (trust.chain_id, trust.genesis_hash) != (genesis.chain_id, genesis.genesis_hash):
        raise RefusedError(
            f"the genesis file of {genesis.chain_id} is not the one that the trust bundle of "
            f"{trust.chain_id} names: one of them is of another chain"
        )
    given = values.get("engine.persistent_peers", ())
    assert isinstance(given, tuple)  # noqa: S101 - narrows the type: the key's own
    peers = (f"{peer.node_id}@{peer.p2p_address}" for peer in trust.peers)
    values["engine.persistent_peers"] = tuple(dict.fromkeys((*given, *peers)))


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
