"""`rochdale wallet receipts`: your ballots on the ledger, each with the proof of it."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json
from node.commands.output_files import write_receipt
from node.commands.receipts import check_owner
from node.commands.wallet import WalletArgument
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    TrustOption,
    check_with_trust,
    choose_wallet_trust,
    explain_refusal,
    get_node_url,
    open_wallet,
    require_trust,
)
from node.plain_text import make_plain

if TYPE_CHECKING:
    from did.jcs import JsonObject
    from did.wallets import Wallet
    from ledger.receipts import BallotFact, Verified

_RECEIPT_TIMEOUT_S = 20.0
_KINDS = {
    "voting": "ballot",
    "second_call": "ballot",
    "reveal": "ballot",
    "counting": "ballot",
    "closed": "counted",
}
"""What a ballot's receipt shows while its proposal is at a stage; elsewhere there is none."""
_WORDS = {"ballot": "on the ledger", "counted": "counted"}


def receipts(
    *,
    path: WalletArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Directory for the receipts' files."),
    ] = None,
    node: NodeOption = None,
    trust: TrustOption = None,
    old_trust: OldTrustOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List your ballots on the ledger, each checked by its receipt, and keep the receipts.

    While voting is open a receipt shows that the ledger has your ballot; after the close, that
    it was counted. Any node of the federation can be asked, and none is believed; one could
    leave a ballot out, or show it as of an old block: ask another then.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415

    if output is not None and not output.is_dir():
        raise MisconfiguredError(f"{output} is no directory: make it first")
    bundle = require_trust(choose_wallet_trust(trust, path))
    wallet = open_wallet(path, passphrase_file)
    found = asyncio.run(_fetch(wallet, get_node_url(node, wallet)))
    rows = []
    for proposal_id, title, document in found:
        with explain_refusal(f"the node's receipt for {proposal_id.hex()} does not hold"):
            verified = check_with_trust(
                parse_receipt_object(document), bundle, wallet=path, accepts_old_trust=old_trust
            )
            ballot = _read_own(verified, wallet, proposal_id)
        rows.append(_describe(title, ballot, verified))
        if output is not None:
            file = output / f"{rows[-1]['kind']}-{rows[-1]['proposal'][:16]}.json"
            write_receipt(file, json.dumps(document, separators=(",", ":")).encode() + b"\n")
            rows[-1]["receipt"] = str(file)
    if as_json:
        say_json({"ballots": rows})
        return
    _say(rows)


def _read_own(verified: "Verified", wallet: "Wallet", proposal_id: bytes) -> "BallotFact":
    """The ballot that was asked for, in this wallet's cooperative."""
    from config.errors import RefusedError  # noqa: PLC0415

    check_owner(verified, wallet)
    ballot, own = verified.ballot, wallet.get_home().cooperative_id
    if ballot is None or (ballot.cooperative, ballot.proposal_id) != (own, proposal_id):
        raise RefusedError("it is about another proposal than was asked for")
    return ballot


def _describe(title: str | None, ballot: "BallotFact", verified: "Verified") -> "JsonObject":
    from governance.proposal_records import render_choice  # noqa: PLC0415

    decision = verified.decision
    return {
        "proposal": ballot.proposal_id.hex(),
        "title": title,
        "kind": str(verified.kind),
        "choice": render_choice(ballot.choice),
        "outcome": None if decision is None else decision.outcome.name.lower(),
        "height": verified.height,
        "receipt": None,
    }


def _say(rows: list["JsonObject"]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    for row in rows:
        title = escape(make_plain(row["title"])) if row["title"] else "(the node has not its text)"
        outcome = f", {row['outcome'].replace('_', ' ')}" if row["outcome"] else ""
        stands = f"{row['choice']}, {_WORDS[row['kind']]}{outcome} as of block {row['height']}"
        say(f"{row['proposal'][:16]}…  {stands}  {title}")
    if not rows:
        say("The ledger has no ballot of yours that this node could show.")
    for row in rows:
        if row["receipt"]:
            say(f"Wrote {row['receipt']}.")


async def _fetch(wallet: "Wallet", url: str) -> list[tuple[bytes, str | None, "JsonObject"]]:
    """Id, title and receipt of each proposal that holds this wallet's ballot, newest first."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.proposal_records import compute_ballot_id  # noqa: PLC0415
    from node.member import find_title  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    found = []
    async with NodeClient(url) as client:
        for proposal in await client.list_proposals(wallet.get_home().cooperative_id):
            kind, asked = _KINDS.get(proposal["stage"]), bytes.fromhex(proposal["id"])
            if kind is None:
                continue
            ballot = compute_ballot_id(proposal_id=asked, account=wallet.account_id)
            path = f"{kind}/{asked.hex()}/{ballot.hex()}"
            try:
                document = await client.fetch_receipt(path, timeout_s=_RECEIPT_TIMEOUT_S)
            except RefusedError:  # no ballot of this wallet, or not counted
                continue
            found.append((asked, await find_title(client, proposal), document))
    return found
