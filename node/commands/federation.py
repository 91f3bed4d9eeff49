"""`rochdale federation`: what a cooperative does among the others, with its own key."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from node.commands.federation_node import (
    OldTrustOption,
    SealedOption,
    SealedTrustOption,
    check_sealed,
    now_ms,
    open_node,
)
from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

if TYPE_CHECKING:
    from config.settings import Settings
    from governance.acts import FederalAct
    from node.federation_office import FederationView, RootOffice
    from node.home import Home

T = TypeVar("T")
_Cooperative = Annotated[str, typer.Argument(help="Name, DID or the first digits of its id.")]
_WAITS = "It waits for the others: they see it with `rochdale federation list`."

federation_app = typer.Typer(
    no_args_is_help=True,
    help="Decide with the other cooperatives, join them, leave them; your validator and keys.",
)
propose_app = typer.Typer(no_args_is_help=True, help="Put a motion before the federation.")
federation_app.add_typer(propose_app, name="propose")


@federation_app.command("list")
def list_federation(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Show the cooperatives, who validates, and the motions with their approvals."""
    from node.commands.federation_list import describe, show  # noqa: PLC0415

    opened, settings = open_node(home)
    found = asyncio.run(_fetch(opened))
    if as_json:
        say_json(describe(found))
    else:
        show(found, chain_id=settings.network.chain_id)


@federation_app.command()
def request(
    *,
    home: HomeOption = DEFAULT_HOME,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else printed.")
    ] = None,
    validating: Annotated[
        bool, typer.Option("--validating", help="Ask to validate from the admission on.")
    ] = False,
    sealed: SealedOption = None,
    trust: SealedTrustOption = None,
    old_trust: OldTrustOption = False,
) -> None:
    """Sign this cooperative's request to join the chain that its node follows.

    With --sealed it brings the roll and the bylaws of its own chain, which is sealed for that.
    """
    from node.chain import load_genesis, make_request  # noqa: PLC0415
    from node.commands.output_files import write_file  # noqa: PLC0415

    opened, settings = open_node(home)
    load_genesis(opened)
    former = check_sealed(sealed, trust=trust, accepts_old_trust=old_trust)
    signed = make_request(opened, settings, is_validating=validating, sealed=former)
    if output is None:
        sys.stdout.write(f"{signed}\n")
        return
    write_file(output, f"{signed}\n".encode())
    say(f"Wrote {output}: send it to a member, who runs:")
    named = "" if sealed is None else f" --sealed {sealed.name}"
    named += "" if trust is None else " --trust FILE"
    say(f"  [bold]rochdale federation propose admit {output.name}{named}[/]")


@propose_app.command()
def admit(
    request_file: Annotated[Path, typer.Argument(metavar="REQUEST", help="The newcomer's file.")],
    home: HomeOption = DEFAULT_HOME,
    sealed: SealedOption = None,
    trust: SealedTrustOption = None,
    old_trust: OldTrustOption = False,
) -> None:
    """Admit a cooperative that asked to join."""
    from ledger.joining import check_request  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415
    from node.sealing import check_act  # noqa: PLC0415

    asked = check_request(read_given_file(request_file).decode("ascii", "replace"))
    check_act(asked.act, check_sealed(sealed, trust=trust, accepts_old_trust=old_trust))
    say(f"{asked.cooperative.name} ({asked.cooperative.did}) asks to join.")
    _propose(home, asked.act)


@propose_app.command()
def node(
    request_file: Annotated[Path, typer.Argument(metavar="REQUEST", help="The newcomer's file.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a newcomer's node connect for 30 days, so that it can catch up before it joins."""
    from governance.acts import AdmitNode  # noqa: PLC0415
    from ledger.joining import check_request  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    asked = check_request(read_given_file(request_file).decode("ascii", "replace"))
    _propose(home, AdmitNode(node_id=bytes.fromhex(asked.cooperative.node_id)))


@propose_app.command()
def validator(home: HomeOption = DEFAULT_HOME) -> None:
    """Make this cooperative a validator, with the consensus key of this node."""
    from governance.acts import AppointValidator  # noqa: PLC0415
    from node.key_changes import appoint_key  # noqa: PLC0415

    async def make_act(office: "RootOffice") -> "FederalAct":
        opened, settings = open_node(home)
        key = await appoint_key(opened, settings, office, random=secrets.token_bytes)
        return AppointValidator(consensus_key=key)

    _propose(home, make_act)


@propose_app.command()
def stop(cooperative: _Cooperative, home: HomeOption = DEFAULT_HOME) -> None:
    """End a member's validating; it stays a member."""
    from governance.acts import StopValidator  # noqa: PLC0415

    _propose(home, lambda office: _about(office, cooperative, StopValidator))


@propose_app.command()
def expel(cooperative: _Cooperative, home: HomeOption = DEFAULT_HOME) -> None:
    """End a cooperative's membership at once."""
    from governance.acts import ExpelCooperative  # noqa: PLC0415

    _propose(home, lambda office: _about(office, cooperative, ExpelCooperative))


@propose_app.command()
def lift(cooperative: _Cooperative, home: HomeOption = DEFAULT_HOME) -> None:
    """Let a suspended validator sign again."""
    from governance.acts import LiftSuspension  # noqa: PLC0415

    _propose(home, lambda office: _about(office, cooperative, LiftSuspension))


@propose_app.command()
def upgrade(
    height: Annotated[int, typer.Option("--height", min=1, help="First block under them.")],
    rules: Annotated[int, typer.Option("--rules", min=1, help="Version of the rules.")],
    software: Annotated[str, typer.Option("--software", help="Least version, such as 1.4.0.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Change the rules at a height."""
    from governance.acts import ScheduleUpgrade  # noqa: PLC0415
    from governance.records import Upgrade  # noqa: PLC0415

    change = Upgrade(height=height, rules_version=rules, software_version_min=software)
    _propose(home, ScheduleUpgrade(upgrade=change))


@propose_app.command("withdraw-upgrade")
def withdraw_upgrade(home: HomeOption = DEFAULT_HOME) -> None:
    """Take a scheduled change of the rules back."""
    from governance.acts import WithdrawUpgrade  # noqa: PLC0415

    _propose(home, WithdrawUpgrade())


@federation_app.command()
def approve(
    motion: Annotated[str, typer.Argument(help="First digits, from `federation list`.")],
    home: HomeOption = DEFAULT_HOME,
    sealed: SealedOption = None,
    trust: SealedTrustOption = None,
    old_trust: OldTrustOption = False,
) -> None:
    """Approve a motion in the name of this cooperative."""
    from governance.federal_records import MotionStatus  # noqa: PLC0415
    from node.federation_office import fetch_federation  # noqa: PLC0415
    from node.sealing import check_act  # noqa: PLC0415

    former = check_sealed(sealed, trust=trust, accepts_old_trust=old_trust)

    async def run(office: "RootOffice") -> bool:
        found = (await fetch_federation(office.engine)).find_motion(motion)
        check_act(found.act, former)
        await office.approve(found.id)
        after = (await fetch_federation(office.engine)).find_motion(found.id.hex())
        return after.status is MotionStatus.ENACTED

    say("Approved: the motion is enacted." if _run(home, run) else f"Approved. {_WAITS}")


@federation_app.command("return")
def return_to_duty(home: HomeOption = DEFAULT_HOME) -> None:
    """Say that this cooperative's validator, suspended for silence, is back."""
    from governance.transactions import ReturnToDuty  # noqa: PLC0415

    result = _run(home, lambda office: office.send(ReturnToDuty()))
    say(f"In block {result.height}: the validator signs again two blocks later.")


@federation_app.command()
def leave(
    sure: Annotated[bool, typer.Option("--yes", help="Yes, this cooperative leaves.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give notice: after 30 days this cooperative is no longer a member. Nobody can refuse it."""
    from datetime import UTC, datetime  # noqa: PLC0415

    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.transactions import GiveNotice  # noqa: PLC0415

    if not sure:
        raise MisconfiguredError(
            "leaving cannot be taken back: say `--yes` if the cooperative has decided on it"
        )

    async def run(office: "RootOffice") -> int:
        await office.send(GiveNotice())
        return (await office.read_own()).leaves_at_ms

    when = datetime.fromtimestamp(_run(home, run) / 1_000, tz=UTC)
    say(f"The notice ends on {when:%Y-%m-%d %H:%M} UTC. Keep the node running until then and")
    say("until `rochdale federation list` shows that this cooperative has left: its validator")
    say("signs for one more block. Members' accounts and all history stay on the chain.")


@federation_app.command()
def update(home: HomeOption = DEFAULT_HOME) -> None:
    """Tell the federation this node's present name, origin, address, node and assertion keys."""
    from did.documents import did_web_for_origin  # noqa: PLC0415
    from governance.transactions import UpdateCooperative  # noqa: PLC0415
    from ledger.engine import compute_node_id  # noqa: PLC0415
    from node.keystore import load_key  # noqa: PLC0415

    opened, settings = open_node(home)
    payload = UpdateCooperative(
        did=did_web_for_origin(settings.node.origin),
        assertion_key=load_key(opened.keys, "assertion").public_key,
        node_id=bytes.fromhex(compute_node_id(load_key(opened.keys, "node").public_key)),
        name=settings.node.name,
        p2p_address=settings.engine.p2p_advertise or settings.engine.p2p_listen,
    )
    result = _run(home, lambda office: office.send(payload))
    say(f"In block {result.height}.")


@federation_app.command("rotate-validator")
def rotate_validator(
    home: HomeOption = DEFAULT_HOME,
    public_key: Annotated[
        str,
        typer.Option(
            "--public-key", metavar="HEX", help="The next key of a remote signer, which has it."
        ),
    ] = "",
) -> None:
    """Give this cooperative's validator a new key and restart its engine with it."""
    from node import key_changes  # noqa: PLC0415
    from node.remote_signer import has_remote_signer  # noqa: PLC0415

    opened, settings = open_node(home)
    if has_remote_signer(settings) or public_key:
        _rotate_remote(opened, settings, public_key)
        return
    first = asyncio.run(
        key_changes.rotate_validator(
            opened, settings, now_ms=now_ms, random=secrets.token_bytes, tell=_tell
        )
    )
    say(f"The new key signs from block {first} on. The old one is kept in {opened.keys}.")


def _rotate_remote(home: "Home", settings: "Settings", public_key: str) -> None:
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node import key_changes  # noqa: PLC0415
    from node.remote_signer import has_remote_signer  # noqa: PLC0415
    from node.settings_check import is_public_key  # noqa: PLC0415

    if not has_remote_signer(settings) or not is_public_key(public_key):
        raise MisconfiguredError(
            "--public-key HEX goes with a remote signer (engine.priv_validator_laddr): its next "
            "public key, 64 of 0-9 and a-f"
        )
    rotating = key_changes.rotate_remote_validator(
        home, settings, bytes.fromhex(public_key), now_ms=now_ms, tell=_tell
    )
    first = asyncio.run(rotating)
    say(f"The new key signs from block {first} on: let the signer use it now, set")
    say(f"engine.validator_public_key to {public_key}, and start the node again.")


@federation_app.command("replace-registrar")
def replace_registrar(home: HomeOption = DEFAULT_HOME) -> None:
    """Give the registrar's office a new key; the old one stops at once."""
    from node import key_changes  # noqa: PLC0415

    opened, settings = open_node(home)
    asyncio.run(
        key_changes.replace_registrar(opened, settings, now_ms=now_ms, random=secrets.token_bytes)
    )
    say(f"The registrar signs with the new {opened.keys / 'registrar.key'} from now on.")


@federation_app.command("rotate-root")
def rotate_root(home: HomeOption = DEFAULT_HOME) -> None:
    """Let `cooperative-next` take over as the cooperative's key; a new next one is made."""
    from node import key_changes  # noqa: PLC0415

    opened, settings = open_node(home)
    asyncio.run(
        key_changes.rotate_root(opened, settings, now_ms=now_ms, random=secrets.token_bytes)
    )
    say("The cooperative's key is replaced; the old one no longer counts.")
    say(f"Move the new {opened.keys / 'cooperative-next.key'} away from this machine.")


def _propose(
    home: Path,
    act: "FederalAct | Callable[[RootOffice], Coroutine[Any, Any, FederalAct]]",
) -> None:
    from node.federation_office import fetch_federation  # noqa: PLC0415

    async def run(office: "RootOffice") -> "tuple[bytes, FederationView]":
        made = await act(office) if callable(act) else act
        proposed = await office.propose(made)
        return proposed.motion, await fetch_federation(office.engine)

    motion_id, found = _run(home, run)
    motion = found.find_motion(motion_id.hex())
    say(f"Motion {motion_id.hex()[:16]} is before the federation.")
    if motion.enacted_height:
        say("It is enacted: no other approval was needed.")
        return
    say(f"{found.count_approvals(motion)} of {found.needed_count} needed approvals. {_WAITS}")
    say(f"They approve it with: [bold]rochdale federation approve {motion_id.hex()[:16]}[/]")


async def _about(
    office: "RootOffice", cooperative: str, act: "Callable[..., FederalAct]"
) -> "FederalAct":
    from node.federation_office import fetch_federation  # noqa: PLC0415

    found = (await fetch_federation(office.engine)).find_cooperative(cooperative)
    return act(cooperative=found.id)


async def _fetch(home: "Home") -> "FederationView":
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.federation_office import fetch_federation  # noqa: PLC0415

    async with EngineClient(home.rpc_socket) as engine:
        return await fetch_federation(engine)


def _run(home: Path, act: "Callable[[RootOffice], Coroutine[Any, Any, T]]") -> T:
    from node.federation_office import open_office  # noqa: PLC0415

    async def run() -> T:
        opened, settings = open_node(home)
        async with open_office(opened, settings, now_ms=now_ms) as office:
            return await act(office)

    return asyncio.run(run())


def _tell(sentence: str) -> None:
    say(f"[dim]{sentence} …[/]")
