"""`rochdale wallet notices`: what was done with your entry, or in your place."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from node.answer_shapes import Notices

_PATH = "/api/v1/holders/me/notices"


def notices(
    *,
    path: WalletArgument,
    show_all: Annotated[bool, typer.Option("--all", help="Also those that you have seen.")] = False,
    mark_seen: Annotated[
        bool, typer.Option("--seen", help="Show these no more the next time.")
    ] = False,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show your new notices: who opened the register, and what a steward decided for you."""
    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_fetch(wallet, node=node, show_all=show_all, mark_seen=mark_seen))
    if as_json:
        say_json(found)
        return
    for item in found["notices"]:
        say_plain(f"{item['number']:>4}  {item['at']}  {item['what']}")
        say_plain(f"      {item['detail']}")
    if not found["notices"]:
        say("Nothing new.")


async def _fetch(
    wallet: "Wallet", *, node: str | None, show_all: bool, mark_seen: bool
) -> "Notices":
    from node.answer_shapes import Notices, SeenNotices  # noqa: PLC0415

    scopes = ["profile", "profile.write"] if mark_seen else ["profile"]
    async with log_in(wallet, node=node, scopes=scopes) as client:
        found = await client.call("GET", _PATH, Notices)
        latest = max((item["number"] for item in found["notices"]), default=0)
        if mark_seen and latest > found["seen"]:
            body = b'{"number":%d}' % latest
            await client.call("POST", f"{_PATH}/seen", SeenNotices, body)
    new = [item for item in found["notices"] if show_all or item["number"] > found["seen"]]
    return {**found, "notices": new}
