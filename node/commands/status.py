"""`rochdale status` and `rochdale settings`: what runs, and on which settings."""

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING, Any

import typer

from node import exit_codes
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from config.settings import Settings
    from ledger.rpc import EngineClient
    from node.home import Home


def status(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show the node's processes and where its ledger stands.

    Exit code 3 if it is not running, 4 if it has halted until another version is installed, 70
    if it has halted because its state is not what the others have agreed on.
    """
    from node.disk_space import find_full_disk  # noqa: PLC0415
    from node.halting import find_exit_code  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.joining import read_progress  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    found = read_status(opened)
    found |= {
        "name": settings.node.name,
        "chain_id": settings.network.chain_id,
        "origin": settings.node.origin,
    }
    found["bootstrap"] = _list_own_addresses(opened, settings)
    found["signing"] = _read_signing(opened, settings)
    found["joining"] = read_progress(opened)
    found["obstacle"] = find_full_disk(opened) or None
    found["ledger"] = None
    if found["running"]:
        found["ledger"] = asyncio.run(_ask_engine(opened, settings, up_s=found["uptime_s"]))
    if as_json:
        say_json(found)
    else:
        _show(found)
    if not found["running"]:
        raise typer.Exit(exit_codes.UNAVAILABLE)
    if found["halted"]:
        raise typer.Exit(find_exit_code(found["processes"]))


def show_settings(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show every setting that holds and where it comes from."""
    from node.home import open_home  # noqa: PLC0415
    from node.settings import (  # noqa: PLC0415
        iterate_keys,
        load_settings,
        read_environment,
        read_file,
    )
    from node.settings_file import render_value  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    in_file, outside = read_file(opened.settings_path), read_environment(os.environ)
    rows = []
    for dotted, _, default in iterate_keys():
        section, _, key = dotted.partition(".")
        value = getattr(getattr(settings, section), key)
        source = "environment or flag" if dotted in outside else "file"
        if dotted not in in_file and dotted not in outside:
            source = "default"
        rows.append({"key": dotted, "value": value, "default": default, "source": source})
    if as_json:
        say_json(rows)
        return
    from rich.markup import escape  # noqa: PLC0415

    for row in rows:
        line = escape(f"{row['key']} = {render_value(row['value'])}")
        say(line if row["source"] == "file" else f"{line}  [dim]# {row['source']}[/]")


def read_status(home: "Home") -> dict[str, Any]:
    """What the supervisor says of its processes; `running` tells if it is alive."""
    from node.lock import find_supervisor  # noqa: PLC0415

    pid = find_supervisor(home.lock_path)
    found: dict[str, Any] = {"running": pid is not None, "home": str(home.root)}
    try:
        told = json.loads(home.status_path.read_bytes())
    except (OSError, ValueError):
        told = {}
    if pid is None or told.get("pid") != pid:
        return found | {
            "pid": pid,
            "address": None,
            "uptime_s": None,
            "halted": [],
            "processes": [],
        }
    return found | {
        "pid": pid,
        "address": told["address"],
        "uptime_s": max(0, int(time.time() - told["started_at_ms"] / 1000)),
        "halted": told["halted"],
        "processes": told["processes"],
    }


def _list_own_addresses(home: "Home", settings: "Settings") -> list[str]:
    """What others write into `discovery.bootstrap` to begin with this node."""
    from federation.record import compute_peer_id  # noqa: PLC0415
    from node.keystore import load_key  # noqa: PLC0415

    peer_id = compute_peer_id(load_key(home.keys, "libp2p").public_key)
    addresses = settings.discovery.announce or (settings.discovery.listen,)
    return [f"{address}/p2p/{peer_id}" for address in addresses]


def _read_signing(home: "Home", settings: "Settings") -> dict[str, Any]:
    """Whether the node may sign blocks, should it be a validator."""
    from node.signing_guard import load_guard, read_margin  # noqa: PLC0415

    guard = load_guard(home)
    return {
        "held": guard.held or None,
        "successor": guard.successor or None,
        "signed_height": guard.signed_height,
        "signs_from": read_margin(home) + 1,
        "validator_address": guard.address or None,
        "remote_signer": settings.engine.priv_validator_laddr or None,
    }


async def _ask_engine(home: "Home", settings: "Settings", *, up_s: float) -> dict[str, Any] | None:
    from config.errors import RochdaleError  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415
    from node.standstill import find_standing  # noqa: PLC0415
    from node.web.registry import read_founder  # noqa: PLC0415

    try:
        async with EngineClient(home.rpc_socket, timeout_s=3) as engine:
            told = await engine.status()
            connected = await engine.connected_node_ids()
            upgrade = await _ask_upgrade(engine)
            founders = list(map(read_founder, load_genesis(home).founders))
            standing = await find_standing(
                *(engine, told, settings), founders=founders, now_s=time.time(), up_s=up_s
            )
    except RochdaleError:  # it may be between two starts
        return None
    return {
        "upgrade": upgrade,
        "height": told.height,
        "time": told.time if told.height else None,
        "app_hash": told.app_hash.hex(),
        "catching_up": standing.is_catching_up,
        "others_height": standing.others_height,
        "consensus_peers": len(connected),
        "stands_still": standing.missing is not None,
        "missing": standing.missing or [],
    }


async def _ask_upgrade(engine: "EngineClient") -> dict[str, Any] | None:
    """The change of the rules that is to come, and if this software is fit for it."""
    from importlib.metadata import version  # noqa: PLC0415

    from governance.records import Parameters  # noqa: PLC0415
    from governance.state_keys import FEDERATION, Collection, state_key  # noqa: PLC0415
    from ledger.upgrades import RulesTable  # noqa: PLC0415

    answer = await engine.abci_query("/state", state_key(FEDERATION, Collection.PARAMETERS, b""))
    upgrade = Parameters.parse(answer.value).upgrade if answer.value else None
    if upgrade is None:
        return None
    return {
        "height": upgrade.height,
        "rules_version": upgrade.rules_version,
        "software_version_min": upgrade.software_version_min,
        "is_ready": RulesTable(software_version=version("rochdale")).is_ready_for(upgrade),
    }


def _describe_upgrade(upgrade: dict[str, Any]) -> str:
    coming = f"the rules change at height {upgrade['height']}"
    if upgrade["is_ready"]:
        return f"{coming}: this software is ready for it"
    return (
        f"[yellow]{coming}[/]: install Rochdale {upgrade['software_version_min']} or later "
        "before that, or this node halts there"
    )


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from node.joining import describe  # noqa: PLC0415

    say(f"[bold]{escape(found['name'])}[/] on {found['chain_id']}, {found['home']}")
    if not found["running"]:
        say(f"[yellow]not running[/]: start it with `rochdale start --home {found['home']}`")
        return
    say(f"running for {found['uptime_s']} s (process {found['pid']}), pages at {found['address']}")
    ledger, progress = found["ledger"], found["joining"]
    has_joined = progress and progress["is_done"] and ledger and not ledger["catching_up"]
    if progress is not None and not has_joined:
        say(f"[bold]joining[/]: {escape(describe(progress))}")
    _show_ailments(found)
    signer = found["signing"]["remote_signer"]
    if found["ledger"] is not None:
        _show_ledger(found["ledger"], signed_height=found["signing"]["signed_height"])
    elif not found["halted"] and not found["obstacle"]:
        waits = f" (it waits for the remote signer at {signer}?)" if signer else ""
        say(f"[yellow]the engine does not answer{waits}[/]: see logs/engine.log")
    if found["signing"]["held"]:
        successor = found["signing"]["successor"]
        ends = (
            f"start {successor} instead" if successor else "`rochdale validator resume` ends that"
        )
        say(f"[yellow]signs no blocks[/]: {escape(found['signing']['held'])}; {escape(ends)}")
    elif signer:
        say(f"a remote signer signs its blocks, at {signer}")
    elif found["ledger"] and found["signing"]["signs_from"] > found["ledger"]["height"] + 1:
        say(f"[yellow]signs from block {found['signing']['signs_from']} on[/]")
    for address in found["bootstrap"]:
        say(f"others begin with {address}")
    table = Table(box=None, pad_edge=False)
    for column in ("process", "state", "id", "restarts", "last exit"):
        table.add_column(column)
    for row in found["processes"]:
        keys = ("name", "state", "pid", "restarts", "last_exit")
        table.add_row(*("" if row[key] is None else str(row[key]) for key in keys))
    Console(highlight=False, emoji=False).print(table)


def _show_ailments(found: dict[str, Any]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    for sentence in found["halted"]:
        say(f"[red]halted[/]: {escape(sentence)}")
    if found["obstacle"]:
        say(f"[red]waiting[/]: {escape(found['obstacle'])}")
    for row in found["processes"]:
        if row["said"] and row["said"] not in found["halted"]:
            say(f"[yellow]{row['name']} ended lately[/]: {escape(row['said'])}")


def _show_ledger(ledger: dict[str, Any], *, signed_height: int) -> None:
    from rich.markup import escape  # noqa: PLC0415

    peers = ledger["consensus_peers"]
    fetching = "catching up" if peers else "no peer to fetch blocks from"
    if ledger["others_height"]:
        fetching = f"catching up: others say to have block {ledger['others_height']}"
    doing = f", {fetching}" if ledger["catching_up"] else ""
    if ledger["height"]:
        say(f"height {ledger['height']} of {ledger['time']}{doing or ', up to date'}")
        say(f"app hash {ledger['app_hash']}, {peers} consensus peers")
    else:
        say(f"no block yet{doing}, {peers} consensus peers")
    if not ledger["height"] and not peers and signed_height > 1:
        say(
            f"[red]it has lost its blocks[/]: its validator signed up to block {signed_height}, "
            "and none of these again. If no other node is to hand them over, stop it and put "
            "`ledger` and what was in `engine/data` back, from `aside-N` or a backup"
        )
    if ledger["stands_still"]:
        waits = " and ".join(ledger["missing"]) or "validators that it cannot name"
        say(f"[red]the chain stands still[/]: it waits for {escape(waits)}")
    if ledger["upgrade"] is not None:
        say(_describe_upgrade(ledger["upgrade"]))
