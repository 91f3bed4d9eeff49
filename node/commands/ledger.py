"""`rochdale ledger` on a stopped node's state, or on a copy of it."""

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node import exit_codes
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json
from node.commands.receipts import ledger_app

if TYPE_CHECKING:
    from ledger.comparison import Comparison, StoreSummary
    from ledger.disk import CommitRecord
    from node.home import Home

__all__ = ["ledger_app"]

StoreArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[PATH]", help="A home, or a copy of its `ledger` directory; else this node's."
    ),
]
_TELL_EVERY_BLOCKS = 1_000


@ledger_app.command()
def scrub(
    path: StoreArgument = None, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False
) -> None:
    """Read every record of a state with its checksum, and make its tree anew from the values.

    Not looked at is what LevelDB can do without, such as its tables' filters.
    """
    from ledger.maintenance import scrub as scrub_store  # noqa: PLC0415
    from ledger.restoring import check_whole  # noqa: PLC0415

    store = _find_store(path, home)
    found = scrub_store(store)
    check_whole(store)
    if as_json:
        say_json(
            {
                "height": found.record.height,
                "app_hash": found.record.app_hash.hex(),
                "keys": found.keys_count,
                "derived": found.derived_count,
                "rollback_from_height": found.undo_from_height,
            }
        )
        return
    say(f"Sound: {store}, height {found.record.height}, app hash {found.record.app_hash.hex()}")
    say(f"{found.keys_count} keys, {found.derived_count} derived records")
    say(f"`rochdale ledger rollback` can go back to height {found.undo_from_height}")


@ledger_app.command()
def rollback(
    height: Annotated[int, typer.Argument(min=0, help="Of the block to go back to.")],
    path: StoreArgument = None,
    home: HomeOption = DEFAULT_HOME,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a state back to an earlier block; best on a copy."""
    from config.errors import RefusedError  # noqa: PLC0415
    from ledger.maintenance import rollback as roll_back  # noqa: PLC0415

    store = _find_store(path, home)
    is_own = _is_of_home(store)
    if is_own and not yes and not typer.confirm(f"Take this node's own {store} back?"):
        raise RefusedError("copy the ledger directory first, and name the copy")
    record = roll_back(store, height)
    say(f"{store} is at height {record.height}, app hash {record.app_hash.hex()}")
    if is_own:
        say(
            "At its next start the node executes the later blocks again. To undo block "
            f"{height + 1} in the engine too, after a wrong app hash, run before that, once for "
            f"each block: cometbft rollback --home {store.parent / 'engine'} (with --hard to drop "
            "the block itself)"
        )


@ledger_app.command()
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    path: StoreArgument = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a state as lines of canonical JSON, for an audit or a new beginning."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.export import export_state  # noqa: PLC0415

    try:
        done = export_state(_find_store(path, home), output)
    except OSError as error:
        raise MisconfiguredError(
            f"{output} cannot be written ({error.strerror}): name a new file"
        ) from error
    say(f"Wrote {output}: height {done.record.height}, {done.records_count} records")
    say(f"app hash {done.record.app_hash.hex()}")
    say(f"SHA-256  {done.sha256.hex()}")


@ledger_app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A home, or a copy of its `ledger` directory.")],
    second: Annotated[Path, typer.Argument(help="Another.")],
    as_json: JsonOption = False,
) -> None:
    """Say where two states differ; exit code 1 if they do, or are of different chains."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.comparison import compare_stores  # noqa: PLC0415

    left, right = _find_store(first, first), _find_store(second, second)
    if left.resolve() == right.resolve():
        raise MisconfiguredError(f"both are {left}: name two, such as a home and a copy of another")
    found = compare_stores(left, right)
    if as_json:
        _print_comparison_json(found)
    else:
        _print_comparison(found)
    if not found.is_equal:
        raise typer.Exit(exit_codes.FAILED)


@ledger_app.command()
def replay(
    home: HomeOption = DEFAULT_HOME,
    snapshot: Annotated[
        Path | None,
        typer.Option("--from", metavar="SNAPSHOT", help="Begin from a snapshot's directory."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Keep the state that comes out in a new directory."),
    ] = None,
) -> None:
    """Execute the stopped node's blocks again, from nothing, comparing every app hash."""
    import shutil  # noqa: PLC0415

    from node.logs import configure_logging  # noqa: PLC0415
    from node.replaying import clear_place  # noqa: PLC0415
    from node.replaying import replay as replay_blocks  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = _open(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    store = opened.ledger
    own = _read_record(store)
    place = output or opened.root / "replay"
    if output is None:
        clear_place(place)
    configure_logging(process="replay", level="critical")  # what fails is raised
    told = 0

    def tell(height: int) -> None:
        nonlocal told
        if height - told >= _TELL_EVERY_BLOCKS:
            told = height
            say(f"block {height} of {own.height}")

    done = replay_blocks(opened, settings, snapshot=snapshot, output=place, tell=tell)
    same = done.height != own.height or done.app_hash == own.app_hash
    say(f"Replayed to height {done.height} in {done.took_s:.0f} s, app hash {done.app_hash.hex()}")
    if output is None and same:
        shutil.rmtree(place, ignore_errors=True)
    if not same:
        say(
            f"[red]This node's own state is another[/] (app hash {own.app_hash.hex()}): see "
            f"`rochdale ledger diff {place / 'ledger'} {store}`"
        )
        raise typer.Exit(exit_codes.FAILED)
    say("Every app hash on the way is the one that the next header has.")
    if output is not None:
        say(f"The state is in {place / 'ledger'}.")


@ledger_app.command("verify-snapshot")
def verify_snapshot(
    snapshot: Annotated[Path, typer.Argument(help="A directory below `snapshots/`, or a copy.")],
    app_hash: Annotated[
        str | None,
        typer.Option("--app-hash", metavar="HEX", help="That the chain has there, as you know."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Check that a snapshot is the chain's state, chunk by chunk; exit code 1 if it is not.

    What the chain's app hash is, this machine's running node is asked, whose headers are checked
    from the genesis on; or you name it.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.restoring import check_snapshot  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.state_copies import Committed, check_committed, fetch_committed  # noqa: PLC0415

    if not snapshot.is_dir():
        raise MisconfiguredError(f"{snapshot} is no directory: name one below `snapshots/`")
    expected = None if app_hash is None else app_hash.strip().lower()
    if expected is not None and not re.fullmatch("[0-9a-f]{64}", expected):
        raise MisconfiguredError("an app hash has 64 hexadecimal digits: copy all of it")
    try:
        info = check_snapshot(snapshot)
    except FileNotFoundError as error:
        raise MisconfiguredError(
            f"{error.filename} is missing: copy the whole snapshot again"
        ) from error
    if expected is None:
        fetching = fetch_committed(open_home(home), info.chain_id, height=info.height)
        committed = asyncio.run(fetching)
    else:
        committed = Committed(app_hash=bytes.fromhex(expected), time_ms=None)
    check_committed(info, committed, snapshot=snapshot)
    if as_json:
        say_json(
            {
                "chain_id": info.chain_id,
                "height": info.height,
                "app_hash": info.app_hash.hex(),
                "chunks": len(info.chunks),
                "hash": info.hash.hex(),
            }
        )
        return
    say(f"The snapshot is the state of {info.chain_id} at height {info.height}.")
    unit = "chunk" if len(info.chunks) == 1 else "chunks"
    say(f"{len(info.chunks)} {unit}, app hash {info.app_hash.hex()}")


@ledger_app.command()
def reset(
    home: HomeOption = DEFAULT_HOME,
    keep_blocks: Annotated[
        bool,
        typer.Option("--keep-blocks", help="Make the state anew from this node's own blocks."),
    ] = False,
    others_have_blocks: Annotated[
        bool,
        typer.Option(
            "--others-have-blocks", help="Though the chain began with this node's validator alone."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Set this node's state and blocks aside; at its next start it takes them from the chain.

    What its validator signed last stays, so it goes on signing when it has caught up. A node
    that is alone on its chain has no others to take blocks from: keep them.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from node.resetting import check_reset, set_aside  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = _open(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    check_reset(opened, settings, keep_blocks=keep_blocks, others_have_blocks=others_have_blocks)
    question = (
        f"Set the ledger of {opened.root} aside, and make it anew from its blocks?"
        if keep_blocks
        else f"Set the ledger and the blocks of {opened.root} aside? Others must have the blocks."
    )
    if not yes and not typer.confirm(question):
        raise RefusedError("nothing was changed")
    aside = set_aside(opened, keep_blocks=keep_blocks)
    say(f"What was there is in {aside}: delete it when the node has caught up.")


def _open(home: Path, *, has_path: bool = False) -> "Home":
    """A home that does not run; `has_path` if the command takes a copy of its ledger as well."""
    from config.errors import UnavailableError  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.lock import is_locked  # noqa: PLC0415

    opened = open_home(home)
    if is_locked(opened.lock_path):
        other = f", or work on a copy of {opened.ledger}" if has_path else ""
        raise UnavailableError(
            f"the node at {opened.root} is running: stop it with `rochdale stop --home "
            f"{opened.root}`{other}"
        )
    return opened


def _find_store(path: Path | None, home: Path) -> Path:
    """The store of a home that does not run, or a store's own directory."""
    if path is None or _is_home(path):
        return _open(path or home, has_path=True).ledger
    if _is_of_home(path):
        return _open(path.resolve().parent, has_path=True).ledger
    return path


def _is_of_home(store: Path) -> bool:
    """Whether a store is a node's own, and no copy."""
    return store.resolve().name == "ledger" and _is_home(store.resolve().parent)


def _is_home(path: Path) -> bool:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        return (path / "rochdale.toml").exists()
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be read ({error.strerror}): run this as the user who owns it"
        ) from error


def _read_record(store: Path) -> "CommitRecord":
    from ledger.store import Store  # noqa: PLC0415

    opened = Store.open(store)
    try:
        return opened.record
    finally:
        opened.close()


def _print_comparison_json(found: "Comparison") -> None:
    difference = found.first_difference
    say_json(
        {
            "equal": found.is_equal,
            "stores": [_render_summary(found.first), _render_summary(found.second)],
            "first_difference": None
            if difference is None
            else {
                "namespace": difference.namespace,
                "collection": difference.collection,
                "id": difference.id,
                "values": [None if value is None else value.hex() for value in found.values],
            },
            "differing_keys": dict(sorted(found.counts.items())),
        }
    )


def _render_summary(summary: "StoreSummary") -> dict[str, object]:
    record, parts = summary.record, summary.parts
    return {
        "chain_id": record.chain_id,
        "height": record.height,
        "app_hash": record.app_hash.hex(),
        "state_root": parts.state_root.hex(),
        "log_root": parts.log_root.hex(),
        "params_root": parts.params_root.hex(),
    }


def _print_comparison(found: "Comparison") -> None:
    first, second = _render_summary(found.first), _render_summary(found.second)
    for name, value in first.items():
        other = second[name]
        words = name.replace("_", " ")
        say(f"{words:<11} {value}" if value == other else f"{words:<11} {value} | {other}")
    if not found.is_of_one_chain:
        say("[red]The states are of different chains.[/]")
    if found.first_difference is None:
        say("All values are the same.")
        return
    say(f"First difference: {found.first_difference}")
    for label, value in zip(("first ", "second"), found.values, strict=True):
        say(f"  {label} {'nothing' if value is None else value.hex()}")
    counts = ", ".join(f"{name} {count}" for name, count in sorted(found.counts.items()))
    say(f"Keys that differ: {counts}")
