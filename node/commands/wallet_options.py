"""Options and steps that a member's commands share: the wallet, its passphrase, its node.

A passphrase comes from a prompt, a private file or the environment, never from the command
line, which other users of the machine can read.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from did.wallets import Wallet
    from ledger.receipts import Receipt, Verified
    from ledger.trust import TrustBundle
    from node.login_client import LoginClient
    from node.member import Actor
    from node.member_client import NodeClient

PASSPHRASE_VARIABLE = "ROCHDALE_WALLET_PASSPHRASE"  # noqa: S105 - a name, not a secret
_PASSPHRASE_BYTES_MAX = 4_096

WalletOption = Annotated[
    Path, typer.Option("--wallet", "-w", envvar="ROCHDALE_WALLET", help="Your wallet's file.")
]
PassphraseFileOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help=f"File with the wallet's passphrase; else {PASSPHRASE_VARIABLE}, else you are asked.",
    ),
]
NodeOption = Annotated[
    str | None,
    typer.Option(
        "--node",
        envvar="ROCHDALE_NODE",
        metavar="URL",
        help="Address of your cooperative's node; by default the one that the wallet remembers.",
    ),
]
TrustOption = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        help="Genesis file or trust bundle: check the answer, do not believe the node. Once is "
        "enough: the wallet remembers.",
    ),
]
OldTrustOption = Annotated[
    bool,
    typer.Option(
        "--old-trust",
        help="Believe a trust file that is too old: who left since, or lost a key, could deceive "
        "you.",
    ),
]


def read_passphrase(file: Path | None, *, is_new: bool = False) -> str:
    """Read a passphrase.

    Args:
        file: Holds it in its first line; none for environment or prompt.
        is_new: Ask twice.

    Raises:
        MisconfiguredError: The file cannot be used, or there is nobody to ask.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.keystore import check_private  # noqa: PLC0415

    if file is not None:
        check_private(file)
        try:
            with file.open("rb") as opened:
                data = opened.read(_PASSPHRASE_BYTES_MAX)
            return data.decode().partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise MisconfiguredError(
                f"{file} cannot be read as text: put the passphrase into its first line"
            ) from error
    if (given := os.environ.get(PASSPHRASE_VARIABLE)) is not None:
        return given
    if not sys.stdin.isatty():
        raise MisconfiguredError(
            "nobody is there to ask for the wallet's passphrase: "
            f"use `--passphrase-file` or set {PASSPHRASE_VARIABLE}"
        )
    prompt = "Passphrase for the new wallet" if is_new else "The wallet's passphrase"
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True))


def open_wallet(path: Path, passphrase_file: Path | None) -> "Wallet":
    """Ask for the passphrase and open a wallet.

    Raises:
        MisconfiguredError: The file cannot be read, or others than its owner can.
        RefusedError: The passphrase is wrong, or the file was altered.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.wallets import load_wallet  # noqa: PLC0415

    if not path.exists():
        raise MisconfiguredError(
            f"there is no wallet at {path}: make one with `rochdale wallet new {path}`"
        )
    return load_wallet(path, read_passphrase(passphrase_file))


def get_node_url(node: str | None, wallet: "Wallet") -> str:
    """The node that was named, else the one of the wallet's cooperative.

    Raises:
        MisconfiguredError: The wallet belongs to no cooperative yet.
    """
    return wallet.get_home().origin if node is None else node


async def make_actor(wallet: "Wallet", client: "NodeClient") -> "Actor":
    """The wallet at a node of its cooperative.

    Raises:
        MisconfiguredError: The wallet is another cooperative's.
        UnavailableError: The node does not answer.
    """
    import time  # noqa: PLC0415

    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.member import Actor, read_home  # noqa: PLC0415

    status = await client.get_status()
    if read_home(status).cooperative_id != wallet.get_home().cooperative_id:
        raise MisconfiguredError(
            "this is another cooperative's node: name your own cooperative's with `--node`"
        )
    return Actor(
        wallet,
        client,
        chain_id=status["chain_id"],
        now_ms=lambda: int(time.time() * 1_000),
    )


def load_trust(path: Path) -> "TrustBundle":
    """Read whom to believe: a genesis file or a trust bundle.

    Raises:
        MisconfiguredError: The file cannot be read, or is neither of the two.
    """
    from config.errors import MisconfiguredError, RefusedError  # noqa: PLC0415
    from config.limits import GENESIS_BYTES_MAX  # noqa: PLC0415
    from did.jcs import parse_json_object  # noqa: PLC0415
    from ledger.genesis import check_genesis  # noqa: PLC0415
    from ledger.trust import parse_trust_bundle  # noqa: PLC0415
    from node.chain import read_genesis_file  # noqa: PLC0415

    data = read_genesis_file(path)
    try:
        document = parse_json_object(data, bytes_max=GENESIS_BYTES_MAX)
        if "app_state" in document:
            return check_genesis(data).trust
        return parse_trust_bundle(document)
    except RefusedError as error:
        raise MisconfiguredError(
            f"{path} is neither a genesis file nor a trust bundle ({error.reason}): name the "
            "right file with `--trust`"
        ) from error


def choose_wallet_trust(given: Path | None, wallet: Path | None) -> "TrustBundle | None":
    """What to check with: the file that was named, or what the wallet remembers if that is later.

    Says on stderr if a bundle was named in vain; a genesis file only says which chain is meant.

    Raises:
        MisconfiguredError: A file cannot be read, or the named one is neither genesis nor bundle.
        RefusedError: The named file contradicts the wallet.
    """
    from node.wallet_trust import choose_trust, get_trust_path, load_wallet_trust  # noqa: PLC0415

    named = None if given is None else load_trust(given)
    kept = None if wallet is None else load_wallet_trust(wallet)
    chosen = choose_trust(named, kept)
    if named is None or chosen is None or wallet is None:
        return chosen
    if chosen.height > named.height > 0:
        path = get_trust_path(wallet)
        sys.stderr.write(
            f"rochdale: {given} is older than block {chosen.height}, which the wallet remembers in "
            f"{path}: that is believed. To begin from {given} instead: rm {path}\n"
        )
    return chosen


@contextmanager
def explain_refusal(what: str) -> Iterator[None]:
    """Say before a refusal's reason what it is about."""
    from config.errors import RefusedError  # noqa: PLC0415

    try:
        yield
    except RefusedError as error:
        raise RefusedError(f"{what}: {error.reason}", code=error.code) from error


def require_trust(bundle: "TrustBundle | None") -> "TrustBundle":
    """What to check with.

    Raises:
        MisconfiguredError: There is nothing.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if bundle is None:
        raise MisconfiguredError("name whom you believe with `--trust`: a genesis or trust file")
    return bundle


def check_with_trust(
    receipt: "Receipt", trust: "TrustBundle", *, wallet: Path | None, accepts_old_trust: bool
) -> "Verified":
    """Check a receipt by this machine's clock; the wallet remembers how far that leads.

    Raises:
        RefusedError: It does not hold.
    """
    import time  # noqa: PLC0415

    from ledger.receipts import check_receipt  # noqa: PLC0415
    from node.wallet_trust import keep_trust  # noqa: PLC0415

    now_ms = int(time.time() * 1_000)
    verified = check_receipt(
        receipt, trust=trust, now_ms=now_ms, accepts_old_trust=accepts_old_trust
    )
    # What rests on trust that is too old is no younger for it: it is asked for each time.
    if wallet is not None and trust.expires_ns > now_ms * 1_000_000:
        keep_trust(wallet, verified.trust)
    return verified


def open_client(wallet: "Wallet", *, node: str | None) -> "LoginClient":
    """A client of the wallet's node, not logged in yet; use as `async with`."""
    from node.login_client import LoginClient  # noqa: PLC0415

    return LoginClient(get_node_url(node, wallet), origin=wallet.get_home().origin)


@asynccontextmanager
async def log_in(
    wallet: "Wallet", *, node: str | None, scopes: Sequence[str]
) -> AsyncIterator["LoginClient"]:
    """Be logged in at the wallet's node while the block runs, and no longer, whatever happens.

    Raises:
        RefusedError: The node refuses; says why.
        UnavailableError: It does not answer.
    """
    async with open_client(wallet, node=node) as client:
        await client.login(wallet, scopes=scopes)
        try:
            yield client
        finally:
            await client.logout()
