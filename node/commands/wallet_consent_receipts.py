"""`rochdale wallet consents receipts`: what shows later what you had permitted."""

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json
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
    from node.answer_shapes import Period, ReceiptFile

_PATH = "/api/v1/consents/receipts"


def receipts(
    *,
    path: WalletArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Directory for those not there yet."),
    ] = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the periods whose roots on the ledger cover your history, or fetch their receipts.

    Each is one file, which `rochdale ledger verify` checks without the network. It shows your
    consents to whoever has it.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if output is not None and not output.is_dir():
        raise MisconfiguredError(f"{output} is no directory: make it first")
    wallet = open_wallet(path, passphrase_file)
    kept = None if output is None else {item.name for item in output.iterdir()}
    periods, found = asyncio.run(_fetch(wallet, node=node, kept=kept))
    files = []
    for name, document in found.items():
        file = (output or Path()) / name
        write_private(file, json.dumps(document, separators=(",", ":")).encode())
        files.append(file)
    if as_json:
        say_json({"periods": periods, "files": [str(item) for item in files]})
        return
    for item in periods:
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(item["closed_at_ms"] // 1_000))
        say(f"{item['period']:>6}  until {day} UTC")
    if not periods:
        say("No root on the ledger covers your history yet.")
    for file in files:
        say(f"Wrote {file}. Check it: [bold]rochdale ledger verify {file} --trust genesis.json[/]")


async def _fetch(
    wallet: "Wallet", *, node: str | None, kept: set[str] | None
) -> tuple[list["Period"], dict[str, "ReceiptFile"]]:
    """The periods, and the receipts that are not kept yet by their files' names."""
    from node.answer_shapes import Periods, ReceiptFile  # noqa: PLC0415

    found = {}
    async with log_in(wallet, node=node, scopes=["consents"]) as client:
        periods = (await client.call("GET", _PATH, Periods))["periods"]
        for item in periods:
            name = f"consents-{item['period']}.json"
            if kept is not None and name not in kept:
                found[name] = await client.call("GET", f"{_PATH}/{item['period']}", ReceiptFile)
    return periods, found
