"""`rochdale wallet login` and `sessions`: who may act for the wallet's holder.

The wallet signs a login that a browser shows, after saying for whom it is; or logs in itself
to list and end what was allowed before. Nothing that a session gives is ever stored.
"""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_client,
    open_wallet,
)
from node.plain_text import make_plain

if TYPE_CHECKING:
    from did.login.challenge import Purpose
    from did.wallets import Wallet
    from node.answer_shapes import Sessions
    from node.login_answers import LoginDescription, ProvedLogin


def login(
    *,
    path: WalletArgument,
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="What the login page shows: https://…/login/…")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer the login that your browser shows; prints the code to type there.

    Only for a login that you began yourself: whoever gets the code can act as you.
    """
    from rich.markup import escape  # noqa: PLC0415

    wallet = open_wallet(path, passphrase_file)
    answer = asyncio.run(_answer(wallet, address, node=node, is_sure=yes))
    if as_json:
        say_json(answer)
        return
    say("Type this code into the page where you began, and nowhere else:")
    say(f"  [bold]{escape(make_plain(answer['response_code']))}[/]")


def sessions(
    *,
    path: WalletArgument,
    end: Annotated[
        str | None, typer.Option("--end", metavar="ID", help="End this one first.")
    ] = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List which applications may act for you, and what they did; or end one."""
    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_list(wallet, node=node, end=end))
    if as_json:
        say_json(found)
        return
    for item in found["sessions"]:
        say_plain(f"{item['id']}  {item['client_id']}  until {item['until']}")
        say_plain(f"  may: {item['scope']}")
    for event in found["events"]:
        say_plain(f"{event['at']}  {event['what']}  {event['client_id']}  {event['detail']}")


async def _answer(
    wallet: "Wallet", address: str, *, node: str | None, is_sure: bool
) -> "ProvedLogin":
    from rich.markup import escape  # noqa: PLC0415

    from config.errors import RefusedError  # noqa: PLC0415

    origin = wallet.get_home().origin
    if not address.startswith(f"{origin}/"):
        raise RefusedError("this login is for another node than your cooperative's: do not answer")
    async with open_client(wallet, node=node) as client:
        asked = await client.describe_login(address)
        purpose = _read_purpose(asked)
        if not is_sure:
            if purpose == "add-passkey":
                say("[bold]You sign that a passkey is added: whoever has it logs in as you.[/]")
            name = escape(make_plain(asked["client_name"]))
            say(f"[bold]{name}[/] would be allowed to:")
            for scope in asked["scopes"]:
                say_plain(f"  - {scope['allows']}")
            say_plain(f"Its answer goes to {asked['answers_to']}")
            typer.confirm("Did you begin this login yourself just now?", abort=True, err=True)
        return await client.answer_challenge(address, wallet, purpose=purpose)


def _read_purpose(asked: "LoginDescription") -> "Purpose":
    from config.errors import RefusedError  # noqa: PLC0415
    from did.login.challenge import Purpose  # noqa: PLC0415

    try:
        return Purpose(asked["purpose"])
    except ValueError as error:
        raise RefusedError("this login is for something that this wallet does not know") from error


async def _list(wallet: "Wallet", *, node: str | None, end: str | None) -> "Sessions":
    from node.answer_shapes import EndedSession, Sessions  # noqa: PLC0415

    async with log_in(wallet, node=node, scopes=["sessions"]) as client:
        if end is not None:
            await client.call("DELETE", f"/api/sessions/{end}", EndedSession)
        return await client.call("GET", "/api/sessions", Sessions)
