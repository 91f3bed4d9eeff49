"""`rochdale wallet credentials`: the membership credential, into the wallet's own hands."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import say
from node.commands.output_files import check_target, write_private
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet

_FORMATS = {"dc+sd-jwt": "membership_sd_jwt", "ldp_vc": "membership_ldp"}


def credentials(
    *,
    path: WalletArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, for you alone.")],
    form: Annotated[
        str, typer.Option("--format", help="dc+sd-jwt, or ldp_vc for a W3C credential.")
    ] = "dc+sd-jwt",
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Get the credential that you are a member, bound to this wallet's key.

    It shows others that you are a member, without asking the cooperative: give it only to whom
    you want to tell that.
    """
    if form not in _FORMATS:
        raise typer.BadParameter(f"one of {', '.join(_FORMATS)}", param_hint="--format")
    check_target(out)
    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_fetch(wallet, node=node, configuration=_FORMATS[form]))
    text = found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)
    write_private(out, text.encode() + b"\n")
    say(f"Wrote {out}")


async def _fetch(wallet: "Wallet", *, node: str | None, configuration: str) -> object:
    async with log_in(wallet, node=node, scopes=["credentials"]) as client:
        return await client.fetch_credential(wallet, configuration=configuration)
