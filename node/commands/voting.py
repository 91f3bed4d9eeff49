"""`rochdale wallet vote`: what a member decides, from their own machine."""

import asyncio
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json
from node.commands.output_files import check_receipt_target, write_receipt
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    TrustOption,
    WalletOption,
    check_with_trust,
    choose_wallet_trust,
    explain_refusal,
    get_node_url,
    make_actor,
    open_wallet,
)
from node.plain_text import make_plain

if TYPE_CHECKING:
    from did.jcs import JsonObject
    from did.wallets import Wallet
    from governance.proposal_records import BallotChoice
    from ledger.receipts import Receipt
    from node.member import SentBallot
    from node.public_answers import Proposal

_RECEIPT_TIMEOUT_S = 20.0
_CHOICES = ("yes", "no", "abstain")
_MARK_END = 256


def vote(
    *,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[PROPOSAL] yes|no|abstain|2,0,1",
            help="The proposal may be left out if only one is open; its first digits will do. "
            "Where there are options: their numbers, the most preferred first; in a budget a "
            "number of votes for each.",
        ),
    ],
    wallet: WalletOption,
    node: NodeOption = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", help="File for the receipt; else named after the proposal."),
    ] = None,
    trust: TrustOption = None,
    old_trust: OldTrustOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vote on a proposal, and keep the receipt that your ballot is on the ledger.

    Voting again replaces your ballot as long as voting is open.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    *named, choice = words
    if len(named) > 1:
        raise MisconfiguredError("say `rochdale wallet vote [PROPOSAL] yes`, or no, or abstain")
    said, bundle = _parse_choice(choice), choose_wallet_trust(trust, wallet)
    check_receipt_target(receipt)
    opened = open_wallet(wallet, passphrase_file)
    url, asked = get_node_url(node, opened), "".join(named) or None
    proposal, sent, document = asyncio.run(
        _vote(opened, url, named=asked, choice=said, show=not as_json)
    )
    path = receipt or Path(f"ballot-{sent.proposal_id.hex()[:16]}.json")
    write_receipt(path, json.dumps(document, separators=(",", ":")).encode() + b"\n")
    kept = _read_own(document, opened, sent, choice=said)
    with _name_receipt(path):
        if bundle is not None:
            check_with_trust(kept, bundle, wallet=wallet, accepts_old_trust=old_trust)
    if as_json:
        is_checked = bundle is not None
        say_json(_describe_ballot(proposal, choice, sent, path) | {"is_checked": is_checked})
        return
    say(f"Your ballot is final, in block {sent.committed.height}.")
    _say_receipt(path, is_checked=bundle is not None)


def _name_receipt(path: Path) -> AbstractContextManager[None]:
    """Say of a receipt that does not hold that its ballot was sent all the same."""
    return explain_refusal(
        f"your ballot was sent and its receipt is in {path}, but that does not hold"
    )


def _say_receipt(path: Path, *, is_checked: bool) -> None:
    if is_checked:
        say(f"The receipt is in {path}, and it holds.")
        return
    say(f"The receipt is in {path}.")
    say(
        "Check it against a genesis file that people you trust gave you: "
        f"[bold]rochdale ledger verify {path} --trust genesis.json[/]"
    )


def _describe_ballot(
    proposal: "Proposal", choice: str, sent: "SentBallot", receipt: Path
) -> "JsonObject":
    return {
        "proposal": proposal["id"],
        "choice": choice,
        "ballot": sent.ballot_id.hex(),
        "height": sent.committed.height,
        "receipt": str(receipt),
    }


async def _vote(
    wallet: "Wallet", url: str, *, named: str | None, choice: "BallotChoice", show: bool
) -> "tuple[Proposal, SentBallot, JsonObject]":
    from rich.markup import escape  # noqa: PLC0415

    from governance.proposal_records import render_choice  # noqa: PLC0415
    from node.member import find_proposal, find_title  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        actor = await make_actor(wallet, client)
        proposal = await find_proposal(
            client, cooperative=wallet.get_home().cooperative_id, named=named
        )
        if show:
            title = await find_title(client, proposal)
            say(f"Voting [bold]{render_choice(choice)}[/] on {proposal['id'][:16]}…")
            say(f"  “{escape(make_plain(title))}”" if title else "  (the node has not its text)")
        sent = await actor.vote(bytes.fromhex(proposal["id"]), choice)
        document = await client.fetch_receipt(
            f"ballot/{sent.proposal_id.hex()}/{sent.ballot_id.hex()}", timeout_s=_RECEIPT_TIMEOUT_S
        )
    return proposal, sent, document


def _read_own(
    document: "JsonObject", wallet: "Wallet", sent: "SentBallot", *, choice: "BallotChoice"
) -> "Receipt":
    """Read a receipt and make sure that it is about this ballot."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.proposal_records import Ballot  # noqa: PLC0415
    from ledger.receipts import ballot_key, parse_receipt_object  # noqa: PLC0415

    receipt = parse_receipt_object(document)
    key = ballot_key(
        cooperative=wallet.get_home().cooperative_id,
        proposal_id=sent.proposal_id,
        ballot_id=sent.ballot_id,
    )
    wanted = Ballot(choice=choice).encode()
    if receipt.key != key or receipt.value != wanted:
        raise RefusedError(
            "the node's receipt is not about your ballot: keep it, and ask at another "
            "cooperative's node with `rochdale receipt fetch`"
        )
    return receipt


def _parse_choice(text: str) -> "BallotChoice":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.proposal_records import Choice  # noqa: PLC0415

    if text in _CHOICES:
        return Choice[text.upper()]
    marks = text.split(",")
    if not all(mark.isascii() and mark.isdigit() and int(mark) < _MARK_END for mark in marks):
        raise MisconfiguredError(
            "say `rochdale wallet vote [PROPOSAL] yes`, or no, or abstain; where there are "
            "options, their numbers with commas between them, such as 2,0,1"
        )
    return bytes(int(mark) for mark in marks)
