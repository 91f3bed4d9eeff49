"""`rochdale genesis recover`: a federation that lost too many validators goes on.

One drafts, beside its node that stands still; each who remains checks and signs; anybody
assembles; each makes the new home. docs/recovery.md leads through it.
"""

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.federation_node import open_node
from node.commands.genesis import genesis_app, parse_time_ms
from node.commands.options import DEFAULT_HOME, HomeOption, render_fingerprint, say
from node.commands.output_files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.settings import Settings
    from did.keys import KeyPair
    from governance.federal_view import FederalView
    from governance.recovery import Recovery
    from ledger.genesis import Genesis
    from node.home import Home

__all__ = ["genesis_app"]

recover_app = typer.Typer(
    no_args_is_help=True,
    help="Go on from the last agreed state when more than a third is lost for good.",
)
genesis_app.add_typer(recover_app, name="recover")

_RecoveryArgument = Annotated[
    Path, typer.Argument(metavar="RECOVERY", help="What `recover draft` wrote.")
]


@recover_app.command()
def draft(
    validator: Annotated[
        list[str],
        typer.Option("--validator", metavar="NAME", help="Goes on validating; once for each."),
    ],
    lost: Annotated[
        list[str] | None,
        typer.Option("--lost", metavar="NAME", help="Its membership ends; once for each."),
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--begins", help="When, such as 2027-01-31T12:00:00Z; else now.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path(
        "recovery.json"
    ),
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write down from which block, and with whom, the federation goes on."""
    from ledger.recovery import write_recovery  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node import recovering  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415

    opened, settings = open_node(home)
    genesis, begins_ms = load_genesis(opened), parse_time_ms(begins)

    async def make() -> "tuple[Recovery, FederalView]":
        async with EngineClient(opened.rpc_socket) as engine:
            made = await recovering.draft_recovery(
                engine,
                genesis,
                await recovering.read_agreed(engine, genesis, settings, now_s=time.time()),
                validators=validator,
                lost=lost or [],
                begins_ms=begins_ms,
            )
            return made, await recovering.fetch_state(engine)

    recovery, state = asyncio.run(make())
    write_file(output, write_recovery(recovery))
    _describe(recovery, state)
    say(f"Wrote {output}: send it to everybody. Each runs, beside its node:")
    say(f"  [bold]rochdale genesis recover sign {output.name} -o us.json[/]")


@recover_app.command()
def sign(
    recovery_file: _RecoveryArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help="Sign with this key's file and without a node: after the machine was lost, with "
            "the cooperative-next.key that was kept away from it.",
        ),
    ] = None,
    cooperative: Annotated[
        str | None,
        typer.Option("--cooperative", metavar="ID", help="With --key: whose key that is."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check a recovery against this node's own last block and state, and sign it."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.recovery import read_recovery, sign_recovery  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415
    from node.own_cooperative import load_own_cooperative  # noqa: PLC0415

    if (key is None) != (cooperative is None):
        raise MisconfiguredError("--key and --cooperative go together")
    recovery = read_recovery(read_given_file(recovery_file))
    if key is None or cooperative is None:
        opened, settings = open_node(home)
        who = load_own_cooperative(opened, settings).id
        signing, state = asyncio.run(_check_beside_node(opened, settings, recovery, who))
        said = "It is this node's own last block and state."
    else:
        who, signing, state = _read_id(cooperative), _load_key_file(key), None
        said = "Nothing was checked: compare the fingerprint with one who has a node."
    write_file(output, sign_recovery(recovery, cooperative=who, keys=[signing]))
    _describe(recovery, state)
    say(said)
    say(f"Signed. Send {output} to whoever assembles.")


@recover_app.command()
def assemble(
    recovery_file: _RecoveryArgument,
    signatures: Annotated[list[Path], typer.Argument(help="Everybody's signatures.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path(
        "genesis.json"
    ),
    former: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="HOME",
            help="Home of a node that runs on the chain that stands still: its state says whether "
            "enough have signed.",
        ),
    ] = None,
) -> None:
    """Make the new chain's genesis file of a recovery and its signatures."""
    from governance.recovery import check_signers  # noqa: PLC0415
    from ledger.genesis import check_genesis  # noqa: PLC0415
    from ledger.recovery import (  # noqa: PLC0415
        assemble_recovery_genesis,
        read_approvals,
        read_recovery,
    )
    from node.chain import read_given_file  # noqa: PLC0415

    recovery = read_recovery(read_given_file(recovery_file))
    approvals = [item for path in signatures for item in read_approvals(read_given_file(path))]
    signers = sorted({item.cooperative for item in approvals})
    check_signers(recovery, signers)
    data = assemble_recovery_genesis(recovery, approvals)
    state = None if former is None else asyncio.run(_check_enough(former, data))
    write_file(output, data)
    say(f"Wrote {output} for {recovery.chain_id}, signed by {len(signers)} cooperatives:")
    for line in _name_signers(recovery, signers, state):
        say(f"  {line}")
    say(f"  SHA-256  {check_genesis(data).genesis_hash.hex()}")
    if state is None:
        say("More than half of the members must be among them, each with keys of its own. Nobody")
        say("stops a node before somebody has checked that, by a node that runs:")
        say("  [bold]rochdale genesis recover assemble … --from HOME[/]")
        return
    say("They are enough. Each who validates stops its node, then runs:")
    say(f"  [bold]rochdale genesis recover adopt {output.name} --from OLD --home NEW[/]")


@recover_app.command()
def adopt(
    genesis: Annotated[Path, typer.Argument(help="The assembled file.")],
    former: Annotated[
        Path, typer.Option("--from", metavar="HOME", help="Home of the chain that stands still.")
    ],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make the home that goes on, from a stopped node's; refused unless enough have signed."""
    from node.chain import read_genesis_file  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.recovering import make_recovered  # noqa: PLC0415
    from node.settings import read_environment  # noqa: PLC0415

    made, adopted = make_recovered(
        home,
        read_genesis_file(genesis),
        old=open_home(former),
        values=read_environment(os.environ),
    )
    say(f"Made {made.root} for {adopted.chain_id}, with the state, keys and register of {former}.")
    say(f"  SHA-256  {adopted.genesis_hash.hex()}")
    say(f"{former} stays as it is, and its validator signs nothing any more.")
    if _is_lost(made, adopted):
        say(
            f"[yellow]Its cooperative is no member of {adopted.chain_id} any more[/]: by this "
            "recovery it is lost. The node follows that chain; to join again, run `rochdale "
            "federation request`."
        )
    say(
        f"Compare that number with the others, then run: [bold]rochdale start --home {made.root}[/]"
    )


def _is_lost(home: "Home", genesis: "Genesis") -> bool:
    """Whether a recovery ends the membership of a home's cooperative."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.own_cooperative import load_own_cooperative  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    settings = load_settings(home.settings_path, environ=os.environ)
    try:
        own = load_own_cooperative(home, settings).id
    except MisconfiguredError:  # it only looks on
        return False
    return genesis.recovery is not None and own in genesis.recovery.lost


async def _check_enough(former: Path, genesis: bytes) -> "FederalView":
    from ledger.recovery import check_recovery_genesis  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.recovering import check_enough  # noqa: PLC0415

    home = open_home(former)
    async with EngineClient(home.rpc_socket) as engine:
        return await check_enough(engine, load_genesis(home), check_recovery_genesis(genesis))


def _name_signers(
    recovery: "Recovery", signers: "Sequence[bytes]", state: "FederalView | None"
) -> "Iterator[str]":
    """By name where the recovery or a state has one."""
    names = {item.cooperative: item.name for item in recovery.validators}
    for signer in signers:
        found = None if state is None else state.get_cooperative(signer)
        name = names.get(signer, "") if found is None else found.name
        yield f"{signer.hex()[:16]} {name}".rstrip()


async def _check_beside_node(
    home: "Home", settings: "Settings", recovery: "Recovery", cooperative: bytes
) -> "tuple[KeyPair, FederalView]":
    """Check a recovery by this node's own state; the key to sign it with, and that state."""
    from governance.recovery import check_content  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node import recovering  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415

    genesis = load_genesis(home)
    async with EngineClient(home.rpc_socket) as engine:
        agreed = await recovering.read_agreed(engine, genesis, settings, now_s=time.time())
        recovering.check_agreed(recovery, agreed, genesis)
        state = await recovering.fetch_state(engine)
        check_content(state, recovery)
        return recovering.choose_root_key(state, home, cooperative), state


def _describe(recovery: "Recovery", state: "FederalView | None") -> None:
    """What people agree on; who is lost is known by name where there is a state to ask."""
    say(f"{recovery.former_chain_id} goes on as [bold]{recovery.chain_id}[/]")
    say(f"  after block  {recovery.height}, {recovery.header_hash.hex()}")
    say(f"  state        {recovery.app_hash.hex()}")
    for item in recovery.validators:
        say(f"  validates    {item.cooperative.hex()[:16]} {item.name}")
    for lost in recovery.lost:
        found = None if state is None else state.get_cooperative(lost)
        name = "" if found is None else f" {found.name}"
        say(f"  lost         {lost.hex()[:16]}{name}: its membership ends")
    say(f"  fingerprint  {render_fingerprint(recovery.compute_fingerprint())}")
    say("More than half of the members sign, and everybody who validates.")


def _read_id(text: str) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise MisconfiguredError("--cooperative is the id, 64 hexadecimal digits")
    return found


def _load_key_file(path: Path) -> "KeyPair":
    from did.keys import KeyPair  # noqa: PLC0415
    from node.keystore import load_secret_file  # noqa: PLC0415

    return KeyPair(load_secret_file(path))
