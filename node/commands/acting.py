"""`rochdale act`: any transaction, as a file describes it; by a wallet or the node's keys."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    get_node_url,
    make_actor,
    open_wallet,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from governance.transactions import Payload

_ROLES = ("root", "registrar")


def act(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The transaction.")],
    wallet: Annotated[
        Path | None,
        typer.Option("--wallet", "-w", envvar="ROCHDALE_WALLET", help="Your wallet's file."),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="root|registrar",
            help="Act for the cooperative with a key of this node, not with a wallet.",
        ),
    ] = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Send a transaction that a file describes: as a member, an officer or the cooperative.

    For everything that has no command of its own: the file names the transaction and its
    fields as the documentation of transactions does.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if role is not None:
        if role not in _ROLES:
            raise MisconfiguredError("--as is root or registrar")
        payload, height, begun = asyncio.run(_act_as(role, file, home))
    elif wallet is None:
        raise MisconfiguredError(
            "who acts? Name a wallet with `--wallet FILE`, or a key of this node with `--as root` "
            "or `--as registrar`"
        )
    else:
        opened = open_wallet(wallet, passphrase_file)
        payload = _read(file, opened.get_home().cooperative_id)
        url = get_node_url(node, opened)
        height, begun = asyncio.run(send_from_wallet(opened, url, payload))
    what = f"{type(payload).__name__} is applied"
    say_applied(what, height=height, begun=begun, as_json=as_json)


async def send_from_wallet(wallet: "Wallet", url: str, payload: "Payload") -> tuple[int, bytes]:
    """Send a wallet's transaction; its height and the id of what it began, if anything."""
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        actor = await make_actor(wallet, client)
        committed, nonce = await actor.act(payload)
    return committed.height, _compute_begun_id(wallet.account_id, payload, nonce)


def send_and_say(
    wallet: "Wallet", node: str | None, payload: "Payload", what: str, *, as_json: bool
) -> None:
    """Send a wallet's transaction and say what came of it."""
    height, begun = asyncio.run(send_from_wallet(wallet, get_node_url(node, wallet), payload))
    say_applied(what, height=height, begun=begun, as_json=as_json)


def say_applied(what: str, *, height: int, begun: bytes, as_json: bool) -> None:
    """Say in which block a transaction was applied."""
    if as_json:
        say_json({"height": height, "id": begun.hex() or None})
        return
    say(f"{what}, in block {height}.")
    if begun:
        say(f"  id  {begun.hex()}")


async def _act_as(role: str, file: Path, home: Path) -> "tuple[Payload, int, bytes]":
    from governance.records import Role, compute_office_account_id  # noqa: PLC0415
    from node.commands.federation_node import now_ms, open_node  # noqa: PLC0415
    from node.offices import open_sender  # noqa: PLC0415
    from node.own_cooperative import load_own_cooperative  # noqa: PLC0415

    opened, settings = open_node(home)
    cooperative = load_own_cooperative(opened, settings).id
    payload, acting = _read(file, cooperative), Role[role.upper()]
    async with open_sender(opened, settings, role=acting, now_ms=now_ms) as sender:
        result = await sender.send(payload)
    account = compute_office_account_id(cooperative=cooperative, role=acting)
    return payload, result.height, _compute_begun_id(account, payload, sender.nonce)


def _read(file: Path, cooperative: bytes) -> "Payload":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415
    from node.payload_files import PayloadFileError, parse_payload  # noqa: PLC0415
    from node.toml_files import parse_toml  # noqa: PLC0415

    document = parse_toml(read_given_file(file), named=str(file))
    try:
        return parse_payload(document, cooperative=cooperative)
    except PayloadFileError as error:
        raise MisconfiguredError(f"{file}: {error}") from error


def _compute_begun_id(account: bytes, payload: "Payload", nonce: int) -> bytes:
    """The id of what a transaction began, if it began anything that has one."""
    from governance.accountability_transactions import (  # noqa: PLC0415
        OpenComplaint,
        OpenDispute,
        compute_complaint_id,
        compute_dispute_id,
    )
    from governance.body_transactions import (  # noqa: PLC0415
        ProposeBodyAct,
        StartPetition,
        compute_body_motion_id,
        compute_petition_id,
    )
    from governance.transactions import SubmitProposal, compute_proposal_id  # noqa: PLC0415

    match payload:
        case SubmitProposal():
            return compute_proposal_id(account=account, nonce=nonce, payload=payload)
        case ProposeBodyAct():
            return compute_body_motion_id(account=account, nonce=nonce, payload=payload)
        case StartPetition():
            return compute_petition_id(account=account, nonce=nonce, payload=payload)
        case OpenComplaint():
            return compute_complaint_id(account=account, nonce=nonce, payload=payload)
        case OpenDispute():
            return compute_dispute_id(account=account, nonce=nonce, payload=payload)
        case _:
            return b""
