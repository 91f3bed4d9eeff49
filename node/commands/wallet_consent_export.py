"""`rochdale wallet consents export`: your consents for systems that read FHIR."""

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import say
from node.commands.output_files import write_private
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    get_node_url,
    log_in,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet

_PATH = "/api/v1/consents"


def export(
    *,
    path: WalletArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, for you alone.")],
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Take away what you permit and permitted: a Bundle of FHIR R4 Consent resources.

    The statements that you signed are in it. They name you by the DID that you log in with, and
    nothing else. What was used stands in `rochdale wallet consents list` and in receipts.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from did.consent.fhir import render_fhir_consents  # noqa: PLC0415
    from did.documents import did_web_for_origin  # noqa: PLC0415
    from node.answers import make_strange  # noqa: PLC0415

    wallet = open_wallet(path, passphrase_file)
    statements = asyncio.run(_fetch_statements(wallet, node=node))
    try:
        bundle = render_fhir_consents(
            statements,
            person=wallet.login_did,
            cooperative=did_web_for_origin(wallet.get_home().origin),
            now_s=int(time.time()),
        )
    except RefusedError as error:
        url = get_node_url(node, wallet)
        raise make_strange(url, "a statement in the history is none") from error
    write_private(out, json.dumps(bundle, indent=2, ensure_ascii=False).encode() + b"\n")
    say(f"Wrote {out}: {len(bundle['entry'])} consents")


async def _fetch_statements(wallet: "Wallet", *, node: str | None) -> list[str]:
    """All signed statements of the history, page by page."""
    from config.did_limits import CONSENT_PAGES_MAX  # noqa: PLC0415
    from node.answer_shapes import Consents  # noqa: PLC0415
    from node.answers import make_strange  # noqa: PLC0415

    statements: list[str] = []
    async with log_in(wallet, node=node, scopes=["consents"]) as client:
        after = 0
        for _ in range(CONSENT_PAGES_MAX):
            path = f"{_PATH}?after={after}" if after else _PATH
            page = (await client.call("GET", path, Consents))["history"]
            if not page:
                return statements
            statements += [
                item["content"]["statement"] for item in page if "statement" in item["content"]
            ]
            if page[-1]["number"] <= after:
                break
            after = page[-1]["number"]
    raise make_strange(get_node_url(node, wallet), "the history does not end")
