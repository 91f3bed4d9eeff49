"""`rochdale wallet mandates`: deciding about consent in another's place, as they let you.

Who lets you gives you a handle. The wallet logs in as you, asks what the mandate covers, signs
what you decide, and hands it in; the other person is told of each decision and can end it.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet import WalletArgument
from node.commands.wallet_consents import (
    ChangeOption,
    DaysOption,
    GranteeOption,
    PurposesOption,
    ResourcesOption,
    make_grant,
    say_grants,
    sign_consent,
)
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.consent.policies import ConsentClaims, Grant
    from did.wallets import Wallet
    from node.answer_shapes import Decided, Stewardship

_HANDLE_BYTES = 16

HandleArgument = Annotated[
    str, typer.Argument(metavar="HANDLE", help="Of the mandate; who gave it to you has it.")
]

mandates_app = typer.Typer(
    no_args_is_help=True, help="What others let you decide about their consent."
)


@mandates_app.command()
def show(
    *,
    path: WalletArgument,
    handle: HandleArgument,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what you may decide under a mandate, and what you granted."""
    wallet = open_wallet(path, passphrase_file)
    _show(asyncio.run(_fetch(wallet, handle, node=node)), as_json=as_json)


@mandates_app.command()
def decide(
    *,
    path: WalletArgument,
    handle: HandleArgument,
    purposes: PurposesOption,
    resources: ResourcesOption = None,
    grantee: GranteeOption = "class:own-cooperative",
    days: DaysOption = 30,
    change: ChangeOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Permit a use in the other person's place; it holds at once, and they are told."""
    act = make_grant(
        grantee=grantee, purposes=purposes, resources=resources, days=days, change=change
    )
    wallet = open_wallet(path, passphrase_file)
    _show(asyncio.run(_decide(wallet, handle, act, node=node)), as_json=as_json)


def _show(found: "Stewardship | Decided", *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    mandate = found.get("mandate")
    if mandate is None:
        say("The mandate has ended: you may grant nothing more under it.")
    else:
        until = time.strftime("%Y-%m-%d", time.gmtime(mandate["until_s"]))
        terms = ", ".join([*mandate["purposes"], *mandate["resources"]])
        say_plain(f"Until {until} you may grant: {terms}")
    say_grants(found.get("grants", []), none="You granted nothing that still holds.")
    say_plain(found["note"])


async def _fetch(wallet: "Wallet", handle: str, *, node: str | None) -> "Stewardship":
    from node.answer_shapes import Stewardship  # noqa: PLC0415

    async with log_in(wallet, node=node, scopes=["mandates"]) as client:
        return await client.call("GET", _make_path(handle), Stewardship)


async def _decide(wallet: "Wallet", handle: str, act: "Grant", *, node: str | None) -> "Decided":
    from node.answer_shapes import Decided, Stewardship  # noqa: PLC0415

    path = _make_path(handle)
    async with log_in(wallet, node=node, scopes=["mandates"]) as client:
        found = await client.call("GET", path, Stewardship)
        jws = sign_consent(
            wallet, _make_claims(wallet, found, act), did=found["mandate"]["steward"]
        )
        return await client.call("POST", f"{path}/decisions", Decided, jws.encode())


def _make_claims(wallet: "Wallet", found: "Stewardship", act: "Grant") -> "ConsentClaims":
    from did.consent.policies import ConsentClaims  # noqa: PLC0415

    return ConsentClaims(
        cooperative=wallet.get_home().cooperative_id.hex(),
        seq=found["seq"] + 1,
        iat=int(time.time()),
        act=act,
        mandate=found["mandate"]["id"],
    )


def _make_path(handle: str) -> str:
    from config.errors import RefusedError  # noqa: PLC0415

    if len(handle) != 2 * _HANDLE_BYTES or not set(handle) <= set("0123456789abcdef"):
        raise RefusedError("a handle has 32 digits, 0 to 9 and a to f: copy all of it")
    return f"/api/v1/mandates/{handle}"
