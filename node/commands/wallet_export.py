"""`rochdale wallet export`: everything that the cooperative keeps about a person."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import say
from node.commands.output_files import write_private
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from node.answer_shapes import HolderExport


def export(
    path: WalletArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, for you alone.")],
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Take away everything that the cooperative keeps about you, as JSON.

    Your name and contact are opened here, with your key: the node cannot read them.
    """
    wallet = open_wallet(path, passphrase_file)
    kept = asyncio.run(_fetch(wallet, node=node))
    found = {**kept, "name_entry": _open_name(wallet, kept["name_box"])}
    write_private(out, json.dumps(found, indent=2, ensure_ascii=False).encode() + b"\n")
    say(f"Wrote {out}")


async def _fetch(wallet: "Wallet", *, node: str | None) -> "HolderExport":
    from node.answer_shapes import HolderExport  # noqa: PLC0415

    async with log_in(wallet, node=node, scopes=["export"]) as client:
        return await client.call("GET", "/api/v1/holders/me/export", HolderExport)


def _open_name(wallet: "Wallet", box: str) -> dict[str, Any] | None:
    """Entry, name and contact; none if the register holds none for this key."""
    from did.jcs import parse_json_object  # noqa: PLC0415
    from did.sealing import find_box_secret, open_box  # noqa: PLC0415

    if not box:
        return None
    return parse_json_object(
        open_box(bytes.fromhex(box), secret=find_box_secret(wallet.device_key))
    )
