"""`rochdale receipt`, `ledger` and `trust`: proof that can be checked without the network."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    render_fingerprint,
    say,
    say_json,
    say_plain,
)
from node.commands.output_files import write_file, write_receipt
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    check_with_trust,
    choose_wallet_trust,
    explain_refusal,
    get_node_url,
    open_wallet,
    require_trust,
)

if TYPE_CHECKING:
    from did.jcs import JsonObject
    from did.wallets import Wallet
    from ledger.receipts import Verified
    from ledger.trust import TrustBundle
    from node.home import Home

_RECEIPT_TIMEOUT_S = 20.0
_BALLOT_KINDS = ("ballot", "counted")
_KINDS = (*_BALLOT_KINDS, "state", "block")

receipt_app = typer.Typer(no_args_is_help=True, help="Receipts for your ballots, from any node.")
ledger_app = typer.Typer(
    no_args_is_help=True, help="Check what nodes say, and a stopped node's state, offline."
)
trust_app = typer.Typer(no_args_is_help=True, help="Whom to believe when a receipt is checked.")

OwnWalletOption = Annotated[
    Path | None,
    typer.Option("--wallet", "-w", envvar="ROCHDALE_WALLET", help="To find your own ballot."),
]


@receipt_app.command()
def fetch(
    *,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="ballot|counted|state|block",
            help="That a ballot is on the ledger, that it was counted, what a state key holds, "
            "or that a block was agreed.",
        ),
    ],
    subject: Annotated[
        str,
        typer.Argument(
            metavar="PROPOSAL|KEY|HEIGHT",
            help="The proposal's id, the state key, or the block's height.",
        ),
    ],
    ballot: Annotated[
        str | None, typer.Argument(help="The ballot's id; else found with --wallet.")
    ] = None,
    node: NodeOption = None,
    wallet: OwnWalletOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else printed.")
    ] = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Fetch a receipt; any node of the federation can give it, and none needs to be believed."""
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if kind not in _KINDS:
        raise MisconfiguredError(f"a receipt is of kind {', '.join(_KINDS)}")
    opened: Wallet | None = None
    if wallet is not None and (node is None or (kind in _BALLOT_KINDS and ballot is None)):
        opened = open_wallet(wallet, passphrase_file)
    path = f"{kind}/{_find_subject(kind, subject, ballot, opened)}"
    if node is None and opened is None:
        raise MisconfiguredError("name a node with `--node`, or your wallet with `--wallet`")
    url = node if node is not None or opened is None else get_node_url(node, opened)
    document = asyncio.run(fetch_receipt(str(url), path))
    data = json.dumps(document, separators=(",", ":")) + "\n"
    if output is None:
        sys.stdout.write(data)
        return
    write_receipt(output, data.encode())
    say(f"Wrote {output}. Check it: [bold]rochdale ledger verify {output} --trust genesis.json[/]")


@ledger_app.command()
def verify(
    *,
    receipt: Annotated[Path, typer.Argument(help="The receipt's file.")],
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust",
            help="Genesis file or trust bundle, from people whom you believe; else what the "
            "wallet remembers.",
        ),
    ] = None,
    old_trust: OldTrustOption = False,
    wallet: Annotated[
        Path | None,
        typer.Option("--wallet", "-w", help="Also check that the ballot is this wallet's."),
    ] = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt without the network; exit code 1 if it does not hold.

    It holds if more than two thirds of a block's validators signed its header, the ones that you
    trust vouch for these, and the receipt's fact follows from that header.
    """
    from ledger.receipts import parse_receipt  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    data, bundle = read_given_file(receipt), require_trust(choose_wallet_trust(trust, wallet))
    own = None if wallet is None else open_wallet(wallet, passphrase_file)
    with explain_refusal("the receipt does not hold"):
        verified = check_with_trust(
            parse_receipt(data), bundle, wallet=None, accepts_old_trust=old_trust
        )
        if own is not None:
            check_owner(verified, own)
    if as_json:
        say_json({**describe_verified(verified), "is_own": None if own is None else True})
        return
    say("[green]The receipt holds.[/]")
    say_meaning(verified)
    if own is not None:
        say("The ballot is your wallet's.")


@trust_app.command()
def export(
    home: HomeOption = DEFAULT_HOME,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else printed.")
    ] = None,
) -> None:
    """Write a trust bundle: the running node's newest header, for others to start from.

    Members check receipts with it, newcomers' nodes begin with it. Hand it over in person, or
    compare its fingerprint by telephone: whoever fetches it from the network believes whoever
    sent it.
    """
    from ledger.trust import read_trust_bundle, write_trust_bundle  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415

    bundle = asyncio.run(_fetch_own_trust(open_home(home)))
    data = write_trust_bundle(bundle)
    if output is None:
        sys.stdout.write(data.decode())
        return
    write_file(output, data, replaces=read_trust_bundle)
    say(
        f"Wrote {output} for {bundle.chain_id}: block {bundle.height} and its "
        f"{len(bundle.validators)} validators, to be used within {bundle.trusting_days} days."
    )
    say(f"  fingerprint  {render_fingerprint(bundle.header_hash)}")


async def _fetch_own_trust(home: "Home") -> "TrustBundle":
    from ledger.genesis import is_p2p_address  # noqa: PLC0415
    from ledger.light_source import LightSource  # noqa: PLC0415
    from ledger.rpc import EngineClient  # noqa: PLC0415
    from ledger.trust import TrustPeer  # noqa: PLC0415
    from node.chain import load_genesis  # noqa: PLC0415
    from node.web.registry_reader import fetch_cooperatives  # noqa: PLC0415

    genesis = load_genesis(home)
    async with EngineClient(home.rpc_socket) as client:
        trust = await LightSource(client, genesis.trust).fetch_newest_trust()
        members = [item for item in await fetch_cooperatives(client) if item.is_member]
    peers = tuple(
        TrustPeer(node_id=item.node_id, p2p_address=item.p2p_address, origin=item.origin)
        for item in members
        if is_p2p_address(item.p2p_address)
    )
    return replace(trust, peers=peers)


def _find_subject(kind: str, subject: str, ballot: str | None, wallet: "Wallet | None") -> str:
    """What a receipt is asked for by, below its kind."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.proposal_records import compute_ballot_id  # noqa: PLC0415

    if kind not in _BALLOT_KINDS:
        if ballot is not None:
            raise MisconfiguredError("a state key or a height is all that is named")
        return _parse_key(subject).hex() if kind == "state" else str(_parse_height(subject))
    proposal_id = _parse_id(subject, what="proposal")
    if ballot is not None:
        ballot_id = _parse_id(ballot, what="ballot")
    elif wallet is not None:
        ballot_id = compute_ballot_id(proposal_id=proposal_id, account=wallet.account_id)
    else:
        raise MisconfiguredError("name the ballot, or your wallet with `--wallet`")
    return f"{proposal_id.hex()}/{ballot_id.hex()}"


async def fetch_receipt(url: str, path: str) -> "JsonObject":
    """Fetch a receipt from a node; see `NodeClient.fetch_receipt`.

    Raises:
        UnavailableError: The node does not answer, or with something else.
    """
    from node.answer_shapes import ReceiptFile  # noqa: PLC0415
    from node.answers import check_body  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        document = await client.fetch_receipt(path, timeout_s=_RECEIPT_TIMEOUT_S)
    check_body(document, ReceiptFile, node=url)
    return document


def check_owner(verified: "Verified", wallet: "Wallet") -> None:
    """Check that a receipt is about a wallet's ballot.

    Raises:
        RefusedError: It is not.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.proposal_records import compute_ballot_id  # noqa: PLC0415

    ballot = verified.ballot
    if ballot is None:
        raise RefusedError("it is not about a ballot")
    own = compute_ballot_id(proposal_id=ballot.proposal_id, account=wallet.account_id)
    if ballot.ballot_id != own:
        raise RefusedError("the ballot is not this wallet's")


def say_meaning(verified: "Verified") -> None:
    """Print what a checked receipt shows: a sentence, and the value or entries that it is about."""
    from ledger.consent_words import render_consent_entry  # noqa: PLC0415
    from ledger.receipt_meaning import render_meaning, render_page  # noqa: PLC0415
    from ledger.receipts import ReceiptKind  # noqa: PLC0415

    say_plain(render_meaning(verified))
    if verified.kind is ReceiptKind.STATE and verified.value is not None:
        say(f"The value: {verified.value.hex()}")
    if verified.page is not None:
        entries = render_page(verified.page)["entries"]
        for place, entry in enumerate(entries, verified.page.first):
            say_plain(f"{place:>8}  " + "  ".join(_spell(name, entry[name]) for name in entry))
    if verified.consents is not None:
        for item in verified.consents.entries:
            say_plain(f"{item.number:>8}  {render_consent_entry(item)}")


def describe_verified(verified: "Verified") -> dict[str, Any]:
    """The same for programs."""
    from governance.proposal_records import render_choice  # noqa: PLC0415
    from ledger.consent_words import describe_consent_entry  # noqa: PLC0415
    from ledger.receipt_meaning import render_meaning, render_page  # noqa: PLC0415

    consents = verified.consents
    ballot, decision, page = verified.ballot, verified.decision, verified.page
    return {
        "chain_id": verified.chain_id,
        "kind": str(verified.kind),
        "height": verified.height,
        "time_ms": verified.time_ms,
        "header_hash": verified.header_hash.hex(),
        "app_hash": verified.app_hash.hex(),
        "key": verified.key.hex(),
        "value": None if verified.value is None else verified.value.hex(),
        "ballot": None
        if ballot is None
        else {
            "cooperative": ballot.cooperative.hex(),
            "proposal": ballot.proposal_id.hex(),
            "ballot": ballot.ballot_id.hex(),
            "choice": render_choice(ballot.choice),
        },
        "decision": None
        if decision is None
        else {
            "outcome": decision.outcome.name.lower(),
            "yes": decision.yes_count,
            "no": decision.no_count,
            "abstain": decision.abstain_count,
            "electorate": decision.electorate_count,
        },
        "consents": None
        if consents is None
        else {
            "cooperative": consents.cooperative.hex(),
            "period": consents.period,
            "entries": [describe_consent_entry(item) for item in consents.entries],
        },
        "page": None if page is None else render_page(page),
        "meaning": render_meaning(verified),
    }


def _spell(name: str, value: object) -> str:
    if isinstance(value, list):
        value = ",".join(str(item) for item in value)
    return f"{value}" if name == "id" else f"{name.replace('_', ' ')} {value}"


def _parse_id(text: str, *, what: str) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise MisconfiguredError(f"a {what}'s id has 64 hex digits")
    return data


def _parse_key(text: str) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from config.limits import STATE_KEY_BYTES_MAX  # noqa: PLC0415

    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not 0 < len(key) <= STATE_KEY_BYTES_MAX:
        raise MisconfiguredError("a state key is hexadecimal: namespace, collection and id")
    return key


def _parse_height(text: str) -> int:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 18):
        raise MisconfiguredError("a block's height is a whole number: `rochdale status` names one")
    return int(text)
