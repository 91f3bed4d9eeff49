"""`rochdale validator`: when this node's validator may sign, and when not."""

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, say

if TYPE_CHECKING:
    from config.settings import Settings
    from ledger.signing_state import SignedPoint
    from node.home import Home

validator_app = typer.Typer(
    help="Let this node's validator sign, or keep it from signing.", no_args_is_help=True
)


@validator_app.command()
def hold(
    home: HomeOption = DEFAULT_HOME,
    reason: Annotated[str, typer.Option("--reason", help="Shown by `rochdale status`.")] = (
        "its operator said so"
    ),
) -> None:
    """Keep the validator from signing: after restoring a disk or a virtual machine.

    The node goes on following the chain. Takes effect at once if it runs.
    """
    from node.home import open_home  # noqa: PLC0415
    from node.signing_guard import hold as hold_home  # noqa: PLC0415

    opened = open_home(home)
    hold_home(opened, reason)
    _restart_engine(opened)
    say("It signs nothing until `rochdale validator resume`.")


@validator_app.command()
def resume(
    home: HomeOption = DEFAULT_HOME,
    chain_waits: Annotated[
        bool,
        typer.Option("--chain-waits", help="The chain stands still until this validator is back."),
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="FILE", help="The newest priv_validator_state.json of this key."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Say beforehand that the other copy is off for good.")
    ] = False,
) -> None:
    """Let the validator sign again, once it is safe: listens for its key first.

    The node must run. It checks that nobody signs with this key, and asks whether the machine
    or copy that did before is off for good.
    """
    from node.home import open_home  # noqa: PLC0415
    from node.remote_signer import has_remote_signer  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415
    from node.signing_guard import check_releasable, load_guard, release  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    guard = load_guard(opened)
    check_releasable(guard)
    if guard.held:
        say(f"It does not sign: {guard.held}.")
    else:
        asyncio.run(_check_in_margin(opened, settings, chain_waits=chain_waits))
    if has_remote_signer(settings):
        _resume_remote(opened, yes=yes)
        return
    point = asyncio.run(_find_point(opened, settings, chain_waits=chain_waits, state=state))
    say(f"It would sign only above height {point.height}.")
    _confirm("Is every other machine, copy or disk image with this key off for good?", yes)
    release(opened, point)
    _restart_engine(opened)
    since = f"It signs from block {point.height + 1} on; until then the chain does without it."
    say(since if point.is_margin else "It signs again.")


async def _check_in_margin(home: "Home", settings: "Settings", *, chain_waits: bool) -> None:
    """Check that a validator which is not held waits for a block that may never come.

    Raises:
        RefusedError: It signs, or nobody has said that the chain waits for it.
        UnavailableError: The engine does not answer.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from config.limits import RESUME_MARGIN_BLOCKS  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from node.remote_signer import has_remote_signer  # noqa: PLC0415
    from node.signing_guard import read_margin  # noqa: PLC0415

    margin = 0 if has_remote_signer(settings) else read_margin(home)
    height = margin
    if margin:
        async with EngineClient(home.rpc_socket) as engine:
            height = (await engine.status()).height
    # A node whose last block is older than the margin has lost blocks: they are not signed anew.
    if not margin - RESUME_MARGIN_BLOCKS <= height < margin:
        raise RefusedError("the validator is not held: there is nothing to resume")
    said = f"it signs from block {margin + 1} on, and the chain's last is {height}"
    if not chain_waits:
        raise RefusedError(
            f"the validator is not held: {said}. If the chain stands still until it is back, run "
            "`rochdale validator resume --chain-waits`"
        )
    say(f"It does not sign yet: {said}.")


def _resume_remote(home: "Home", *, yes: bool) -> None:
    from node.signing_guard import release_remote  # noqa: PLC0415

    _confirm("Has the remote signer the only copy of the key, and all that it signed?", yes)
    release_remote(home)
    _restart_engine(home)
    say("The remote signer signs again.")


def _confirm(question: str, yes: bool) -> None:
    from config.errors import RefusedError  # noqa: PLC0415

    if not yes and not typer.confirm(question):
        raise RefusedError("then it must not sign: turn the other one off first")


async def _find_point(
    home: "Home", settings: "Settings", *, chain_waits: bool, state: Path | None
) -> "SignedPoint":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.headers import compute_address  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from ledger.signing_state import load_signed_point  # noqa: PLC0415
    from node import resuming  # noqa: PLC0415
    from node.keystore import load_key  # noqa: PLC0415

    address = compute_address(load_key(home.keys, "consensus").public_key)
    async with EngineClient(home.rpc_socket) as engine:
        if state is not None:
            point = load_signed_point(state)
            if point is None:
                raise MisconfiguredError(f"there is no {state}: name the file")
            await resuming.check_given_point(engine, point, address=address)
            return point
        return await resuming.find_safe_point(
            engine,
            address=address,
            standstill_s=max(5.0, 3 * settings.engine.heartbeat_ms / 1_000),
            chain_waits=chain_waits,
            tell=say,
        )


def _restart_engine(home: "Home") -> None:
    """End the engine, if it runs: the supervisor starts it again, by what holds now."""
    from node.commands.status import read_status  # noqa: PLC0415

    for process in read_status(home)["processes"]:
        if process["name"] == "engine" and process["pid"] is not None:
            os.kill(process["pid"], signal.SIGTERM)
