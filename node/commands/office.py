"""`rochdale office`: what officers and candidates do, from their own wallet."""

import asyncio
import hashlib
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.acting import send_and_say
from node.commands.given import parse_id
from node.commands.options import JsonOption, say
from node.commands.output_files import check_target, write_private
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    WalletOption,
    open_wallet,
    read_passphrase,
)

if TYPE_CHECKING:
    from did.wallets import Wallet

office_app = typer.Typer(
    no_args_is_help=True,
    help="Acting in elected bodies: ask for an office, stand for election, support motions.",
)

_ProposalArgument = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The election's id.")]


@office_app.command("request")
def request_office(
    *,
    wallet: WalletOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="File for the request.")],
    node: Annotated[str, typer.Option("--node", envvar="ROCHDALE_NODE", metavar="URL")],
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Write a request for an office account; bring it to the registrar yourself.

    Make a wallet for it first (`rochdale wallet new`) and apply for nothing with it: officers
    never act with the account they vote with.
    """
    from did.wallets import save_wallet  # noqa: PLC0415
    from node.commands.wallet import choose_strength, open_with  # noqa: PLC0415

    check_target(output)
    passphrase = read_passphrase(passphrase_file)
    opened, strength = open_with(wallet, passphrase)
    bound, request, chain_id = asyncio.run(_request(opened, node))
    save_wallet(
        wallet,
        bound,
        passphrase,
        random=secrets.token_bytes,
        strength=choose_strength(strength, chain_id=chain_id),
        may_replace=True,
    )
    write_private(output, request.encode() + b"\n")
    say(f"The request is in {output}. It holds for ten minutes: bring it to the registrar, who")
    say(f"opens the office with [bold]rochdale member open-office {output}[/].")


@office_app.command()
def nominate(
    *,
    proposal: _ProposalArgument,
    wallet: WalletOption,
    statement: Annotated[str, typer.Option("--statement", help="What you say of yourself.")],
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand for election. Your wallet knows the salt for lots when it is to be revealed."""
    from governance.body_transactions import Nominate  # noqa: PLC0415
    from governance.count.ties import compute_commitment  # noqa: PLC0415
    from node.offices import make_salt  # noqa: PLC0415

    opened, proposal_id = open_wallet(wallet, passphrase_file), parse_id(proposal)
    payload = Nominate(
        cooperative=opened.get_home().cooperative_id,
        proposal_id=proposal_id,
        statement_hash=hashlib.sha256(statement.encode()).digest(),
        salt_commitment=compute_commitment(make_salt(opened, proposal_id)),
    )
    send_and_say(opened, node, payload, "You stand for election", as_json=as_json)


@office_app.command()
def reveal(
    *,
    proposal: _ProposalArgument,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reveal your salt after the close; who does not loses every tie."""
    from governance.body_transactions import RevealSalt  # noqa: PLC0415
    from node.offices import make_salt  # noqa: PLC0415

    opened, proposal_id = open_wallet(wallet, passphrase_file), parse_id(proposal)
    payload = RevealSalt(
        cooperative=opened.get_home().cooperative_id,
        proposal_id=proposal_id,
        salt=make_salt(opened, proposal_id),
    )
    send_and_say(opened, node, payload, "Your salt is revealed", as_json=as_json)


@office_app.command()
def support(
    *,
    motion: Annotated[str, typer.Argument(metavar="MOTION", help="The motion's id.")],
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Support a motion of a body that you sit in; enough supporters do what it asks for."""
    from governance.body_transactions import SupportBodyAct  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = SupportBodyAct(cooperative=opened.get_home().cooperative_id, motion=parse_id(motion))
    send_and_say(opened, node, payload, "You support it", as_json=as_json)


@office_app.command()
def withdraw(
    *,
    proposal: _ProposalArgument,
    wallet: WalletOption,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand for election no more; possible until voting opens."""
    from governance.body_transactions import WithdrawNomination  # noqa: PLC0415

    opened = open_wallet(wallet, passphrase_file)
    payload = WithdrawNomination(
        cooperative=opened.get_home().cooperative_id, proposal_id=parse_id(proposal)
    )
    send_and_say(opened, node, payload, "You stand no more", as_json=as_json)


@office_app.command()
def resign(
    *,
    wallet: WalletOption,
    yes: Annotated[bool, typer.Option("--yes", help="Give up all seats of this office.")] = False,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up your seats and close the office account."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.body_transactions import CloseOffice  # noqa: PLC0415

    if not yes:
        raise MisconfiguredError("this gives up all seats and closes the office: say `--yes`")
    opened = open_wallet(wallet, passphrase_file)
    payload = CloseOffice(cooperative=opened.get_home().cooperative_id, office=opened.account_id)
    send_and_say(opened, node, payload, "The office is closed", as_json=as_json)


async def _request(wallet: "Wallet", url: str) -> "tuple[Wallet, str, str]":
    """The wallet bound to the node's cooperative, its request, and the chain's id."""
    from did.applications import sign_application  # noqa: PLC0415
    from did.wallets import bind_wallet  # noqa: PLC0415
    from node.member import read_home  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        status = await client.get_status()
    home = read_home(status)
    bound = bind_wallet(wallet, home)
    request = sign_application(
        key=bound.device_key,
        inception=bound.inception,
        cooperative_id=home.cooperative_id,
        name="",
        contact="",
        iat_s=int(time.time()),
        nonce=secrets.token_bytes(16),
    )
    return bound, request, str(status["chain_id"])
