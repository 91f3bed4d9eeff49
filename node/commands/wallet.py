"""`rochdale wallet`: a member's keys, and applying for membership with them."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from node.commands.options import JsonOption, say, say_json, say_plain
from node.commands.wallet_making import TestChainOption, place_cold_file, write_new_wallet
from node.commands.wallet_options import (
    NodeOption,
    OldTrustOption,
    PassphraseFileOption,
    TrustOption,
    check_with_trust,
    choose_wallet_trust,
    get_node_url,
    open_wallet,
    read_passphrase,
)

if TYPE_CHECKING:
    from did.wallets import Strength, Wallet
    from ledger.receipts import Receipt
    from node.public_answers import ApplicationState

_RECEIPT_TIMEOUT_S = 20.0

wallet_app = typer.Typer(
    no_args_is_help=True,
    help="Your keys as a member, and what you do with them: apply, vote, consent.",
)

WalletArgument = Annotated[
    Path, typer.Argument(metavar="WALLET", envvar="ROCHDALE_WALLET", help="The wallet's file.")
]


@wallet_app.command()
def new(
    *,
    path: Annotated[Path, typer.Argument(metavar="WALLET", help="File to make.")],
    cold: Annotated[
        Path | None,
        typer.Option("--cold", help="Where the cold file goes, such as a stick; else WALLET.cold."),
    ] = None,
    passphrase_file: PassphraseFileOption = None,
    cold_passphrase_file: Annotated[
        Path | None,
        typer.Option("--cold-passphrase-file", help="Another passphrase for the cold file."),
    ] = None,
    test_chain: TestChainOption = False,
) -> None:
    """Make a wallet: fresh keys in a file that only you can read, sealed with a passphrase.

    The cold file beside it holds what all your keys derive from, also those to come: move it to
    another place. Who finds the wallet alone can neither rotate its key nor stop a recovery.
    """
    from did.wallets import create_cold_keys  # noqa: PLC0415

    cold_keys = create_cold_keys(random=secrets.token_bytes)
    cold = place_cold_file(path, cold)
    passphrase = read_passphrase(passphrase_file, is_new=True)
    cold_passphrase = (
        passphrase if cold_passphrase_file is None else read_passphrase(cold_passphrase_file)
    )
    wallet = cold_keys.make_wallet()
    write_new_wallet(
        wallet,
        path,
        passphrase=passphrase,
        strength_is_test=test_chain,
        cold=(cold_keys, cold, cold_passphrase),
    )
    say(f"Made a wallet in {path}")
    say(f"  your DID  {wallet.login_did}")
    say(f"Move its cold file to another place, such as a stick in a drawer: {cold}")
    say(f"Then make a backup on paper: [bold]rochdale wallet backup {cold}[/]")
    say(f"Next, apply for membership: [bold]rochdale wallet apply {path} --node https://…[/]")


@wallet_app.command()
def show(
    path: WalletArgument,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a wallet is for; never its secret keys."""
    wallet = open_wallet(path, passphrase_file)
    found = _describe(wallet)
    if as_json:
        say_json(found)
        return
    say(f"your DID      {found['did']}")
    if wallet.home is None:
        say("cooperative   none yet: run `rochdale wallet apply`")
        return
    say(f"cooperative   {found['cooperative']}")
    say_plain(f"its node      {found['origin']}")
    say(f"your account  {found['account_did']}")
    say(f"  on the ledger as {found['account']}")


@wallet_app.command()
def apply(
    *,
    path: WalletArgument,
    node: Annotated[
        str,
        typer.Option(
            "--node", envvar="ROCHDALE_NODE", metavar="URL", help="Address of the node to join."
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="Your name, for the registrar only.")] = "",
    contact: Annotated[
        str, typer.Option("--contact", help="How the registrar reaches you; for them only.")
    ] = "",
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply for membership in a cooperative; its registrar decides.

    Name and contact go encrypted into the cooperative's register and never on the ledger.
    A wallet belongs to one cooperative: make another wallet for another one.
    """
    from did.wallets import save_wallet  # noqa: PLC0415

    # The wallet is read and written with one passphrase, asked for once.
    passphrase = read_passphrase(passphrase_file)
    wallet, strength = open_with(path, passphrase)
    bound, application, chain_id = asyncio.run(_apply(wallet, node, name=name, contact=contact))
    save_wallet(
        path,
        bound,
        passphrase,
        random=secrets.token_bytes,
        strength=choose_strength(strength, chain_id=chain_id),
        may_replace=True,
    )
    if as_json:
        say_json({**_describe(bound), "application": application})
        return
    say("Your application is with the registrar.")
    say(f"  application   {application}")
    say(f"  your account  {bound.account_did}")
    say(
        "See how far it is: "
        f"[bold]rochdale wallet status {path} --node {node} --application {application}[/]"
    )


@wallet_app.command()
def status(
    *,
    path: WalletArgument,
    node: NodeOption = None,
    application: Annotated[
        str | None, typer.Option("--application", help="What `wallet apply` printed.")
    ] = None,
    trust: TrustOption = None,
    old_trust: OldTrustOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show if the wallet's account is on the roll; exit code 1 if it is not.

    The node answers with a receipt. With --trust, now or once before, it is checked as
    `rochdale ledger verify` does; without, the node is believed.
    """
    wallet = open_wallet(path, passphrase_file)
    bundle = choose_wallet_trust(trust, path)
    receipt, asked = asyncio.run(_ask_status(wallet, get_node_url(node, wallet), application))
    if bundle is not None:
        check_with_trust(receipt, bundle, wallet=path, accepts_old_trust=old_trust)
    found = _describe_standing(receipt, asked) | {"is_checked": bundle is not None}
    if as_json:
        say_json({**_describe(wallet), **found})
    elif found["is_member"]:
        checked = ", checked" if found["is_checked"] else ", as the node says"
        say(f"You are a member since block {found['joined_height']}{checked}.")
    elif found["application_status"] == "refused":
        say("The registrar has refused the application.")
    elif found["application_status"] == "pending":
        say("Not a member yet: the application waits for the registrar.")
    else:
        say("Not on the roll: apply with `rochdale wallet apply`, or wait for the registrar.")
    if not found["is_member"]:
        raise typer.Exit(1)


async def _apply(
    wallet: "Wallet", url: str, *, name: str, contact: str
) -> "tuple[Wallet, str, str]":
    from node.member import apply_for_membership  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        bound, application = await apply_for_membership(
            wallet,
            client,
            name=name,
            contact=contact,
            now_s=int(time.time()),
            random=secrets.token_bytes,
        )
        return bound, application, str((await client.get_status())["chain_id"])


async def _ask_status(
    wallet: "Wallet", url: str, application: str | None
) -> "tuple[Receipt, ApplicationState | None]":
    """The account's receipt, and how far an application is."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.state_keys import Collection, state_key  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    key = state_key(wallet.get_home().cooperative_id, Collection.ACCOUNT, wallet.account_id)
    async with NodeClient(url) as client:
        document = await client.fetch_receipt(f"state/{key.hex()}", timeout_s=_RECEIPT_TIMEOUT_S)
        asked = None if application is None else await client.get_application(application)
    receipt = parse_receipt_object(document)
    if receipt.key != key:
        raise RefusedError("the node's receipt is about something else")
    return receipt, asked


def _describe_standing(receipt: "Receipt", asked: "ApplicationState | None") -> dict[str, Any]:
    from governance.records import Account  # noqa: PLC0415

    # Where no proof was asked for, the value is the node's word.
    account = None if receipt.value is None else Account.parse(receipt.value)
    return {
        "is_member": account is not None,
        "joined_height": None if account is None else account.joined_height,
        "application_status": None if asked is None else asked["status"],
    }


def open_with(path: Path, passphrase: str) -> "tuple[Wallet, Strength]":
    """Open a wallet that is to be written again; and how its file is protected.

    Raises:
        MisconfiguredError: There is none.
        RefusedError: The passphrase is wrong.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.wallets import load_wallet, read_strength  # noqa: PLC0415

    if not path.exists():
        raise MisconfiguredError(
            f"there is no wallet at {path}: make one with `rochdale wallet new {path}`"
        )
    return load_wallet(path, passphrase), read_strength(path.read_bytes())


def choose_strength(current: "Strength", *, chain_id: str) -> "Strength":
    """Keep what the member chose, but never a test's protection on a real chain."""
    from config.settings import TEST_CHAIN_PREFIX  # noqa: PLC0415
    from did.wallets import STRENGTH, STRENGTH_TEST  # noqa: PLC0415

    is_test = current == STRENGTH_TEST and chain_id.startswith(TEST_CHAIN_PREFIX)
    return STRENGTH_TEST if is_test else STRENGTH


def _describe(wallet: "Wallet") -> dict[str, Any]:
    home = wallet.home
    return {
        "did": wallet.login_did,
        "account": wallet.account_id.hex(),
        "account_did": None if home is None else wallet.account_did,
        "cooperative": None if home is None else home.cooperative_id.hex(),
        "network": None if home is None else home.network,
        "origin": None if home is None else home.origin,
    }
