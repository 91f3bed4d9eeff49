"""`rochdale wallet rotate`, `guard`, `guardians`, `veto` and `end`: a wallet's keys on the ledger.

All of these are signed with the next key, from the cold file: a stolen wallet can do none.
"""

import asyncio
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import say
from node.commands.output_files import write_private
from node.commands.wallet import WalletArgument
from node.commands.wallet_making import TestChainOption
from node.commands.wallet_options import (
    NodeOption,
    PassphraseFileOption,
    get_node_url,
    make_actor,
    open_wallet,
    read_passphrase,
)

if TYPE_CHECKING:
    from did.wallets import Wallet
    from governance.key_transactions import KeyPayload

ColdOption = Annotated[
    Path | None, typer.Option("--cold", help="The wallet's cold file; else WALLET.cold.")
]
ColdPassphraseOption = Annotated[
    Path | None,
    typer.Option("--cold-passphrase-file", help="File with the cold file's passphrase, if other."),
]


def rotate(
    *,
    path: WalletArgument,
    cold: ColdOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    cold_passphrase_file: ColdPassphraseOption = None,
) -> None:
    """Go over to the wallet's next key; the one in use stops at once.

    Do so when somebody else may have the wallet's file and passphrase.
    """
    _rotate(path, cold, node, passphrase_file, cold_passphrase_file, guardians=b"")
    say("The next key is in use; log in again where you were logged in.")


def guard(
    path: Annotated[Path, typer.Argument(metavar="KEYFILE", help="File to make.")],
    passphrase_file: PassphraseFileOption = None,
    test_chain: TestChainOption = False,
) -> None:
    """Make the key with which you guard one other person's account; for each a key of its own."""
    from did.guardians import save_guardian_key  # noqa: PLC0415
    from did.keys import SEED_BYTES, KeyPair, encode_multikey  # noqa: PLC0415
    from did.wallets import STRENGTH, STRENGTH_TEST  # noqa: PLC0415

    key = KeyPair(secrets.token_bytes(SEED_BYTES))
    save_guardian_key(
        path,
        key,
        read_passphrase(passphrase_file, is_new=True),
        random=secrets.token_bytes,
        strength=STRENGTH_TEST if test_chain else STRENGTH,
    )
    say(f"Made a guardian's key in {path}: keep it, and tell nobody whom you guard.")
    say(f"  tell the person whom you guard  {encode_multikey(key.public_key)}")


def guardians(
    *,
    path: WalletArgument,
    key: Annotated[
        list[str], typer.Option("--key", help="What `wallet guard` showed a guardian; once each.")
    ],
    threshold: Annotated[
        int, typer.Option("--threshold", help="How many of them get the account back.")
    ],
    override: Annotated[
        int,
        typer.Option("--override", help="How many do so even against your cold key's veto."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to make, for each guardian to keep.")
    ],
    cold: ColdOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    cold_passphrase_file: ColdPassphraseOption = None,
) -> None:
    """Choose who can get your account back; the ledger learns only a salted commitment.

    Rotates the wallet's key as well. Hand the file that is written to every guardian: without
    it they cannot help you.
    """
    from did.guardians import choose_guardians  # noqa: PLC0415

    chosen = choose_guardians(
        key, threshold=threshold, override=override, random=secrets.token_bytes
    )
    write_private(output, chosen.render() + b"\n")
    commitment = chosen.compute_commitment()
    wallet = _rotate(path, cold, node, passphrase_file, cold_passphrase_file, guardians=commitment)
    say(f"{len(chosen.keys)} guardians watch over {wallet.account_did}")
    say(f"Give each of them a copy of {output}, and your DID on paper.")


def veto(
    *,
    path: WalletArgument,
    attempt: Annotated[int, typer.Option("--attempt", help="Of the recovery, from 1 on.")],
    cold: ColdOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    cold_passphrase_file: ColdPassphraseOption = None,
) -> None:
    """Stop a recovery of your account that you did not ask for."""
    from governance.key_transactions import VetoRecovery  # noqa: PLC0415

    wallet, following = _open_next(path, cold, passphrase_file, cold_passphrase_file)
    _send(following, get_node_url(node, wallet), VetoRecovery(attempt=attempt))
    say("The recovery is stopped. If your keys may be known, rotate: `rochdale wallet rotate`.")


def end(
    *,
    path: WalletArgument,
    is_meant: Annotated[
        bool, typer.Option("--yes", help="Say that you mean it: nothing brings it back.")
    ] = False,
    cold: ColdOption = None,
    node: NodeOption = None,
    passphrase_file: PassphraseFileOption = None,
    cold_passphrase_file: ColdPassphraseOption = None,
) -> None:
    """End your account for good; you leave the roll with the next batch."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from governance.key_transactions import DeactivateAccount  # noqa: PLC0415

    if not is_meant:
        raise MisconfiguredError("an account that has ended never comes back: add `--yes`")
    wallet, following = _open_next(path, cold, passphrase_file, cold_passphrase_file)
    _send(following, get_node_url(node, wallet), DeactivateAccount())
    say("Your account has ended; its DID speaks no more.")


def _rotate(
    path: Path,
    cold: Path | None,
    node: str | None,
    passphrase_file: Path | None,
    cold_passphrase_file: Path | None,
    *,
    guardians: bytes,
) -> "Wallet":
    from did.wallets import read_strength as read_wallet_strength  # noqa: PLC0415
    from did.wallets import save_wallet  # noqa: PLC0415
    from governance.key_transactions import RotateKeys  # noqa: PLC0415

    passphrase = read_passphrase(passphrase_file)
    wallet, following = _open_next(path, cold, passphrase_file, cold_passphrase_file)
    payload = RotateKeys(
        next_key_commitment=following.next_key_commitment, guardians_commitment=guardians
    )
    _send(following, get_node_url(node, wallet), payload)
    save_wallet(
        path,
        following,
        passphrase,
        random=secrets.token_bytes,
        strength=read_wallet_strength(path.read_bytes()),
        may_replace=True,
    )
    return following


def _open_next(
    path: Path, cold: Path | None, passphrase_file: Path | None, cold_passphrase_file: Path | None
) -> "tuple[Wallet, Wallet]":
    """The wallet as it is, and with its next key."""
    from did.wallets import load_cold_keys, rotate_wallet  # noqa: PLC0415

    wallet = open_wallet(path, passphrase_file)
    place = path.with_name(f"{path.name}.cold") if cold is None else cold
    keys = load_cold_keys(place, read_passphrase(cold_passphrase_file or passphrase_file))
    return wallet, rotate_wallet(wallet, keys)


def _send(wallet: "Wallet", url: str, payload: "KeyPayload") -> int:
    return asyncio.run(_act(wallet, url, payload))


async def _act(wallet: "Wallet", url: str, payload: "KeyPayload") -> int:
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(url) as client:
        actor = await make_actor(wallet, client)
        committed, _ = await actor.act(payload)
    return committed.height
