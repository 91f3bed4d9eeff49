"""Writing a new wallet's two files: the wallet, and the cold file to be kept elsewhere."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from did.wallets import ColdKeys, Wallet

TestChainOption = Annotated[
    bool,
    typer.Option("--test-chain", help="Hardly protected, but fast: for test chains only."),
]


def place_cold_file(wallet: Path, given: Path | None) -> Path:
    """Where a new wallet's cold file goes; both places are free.

    Raises:
        MisconfiguredError: A file is there: its keys would be lost.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    cold = wallet.with_name(f"{wallet.name}.cold") if given is None else given
    for path in (wallet, cold):
        if path.exists():
            raise MisconfiguredError(f"{path} exists: choose another path for a new wallet")
    return cold


def write_new_wallet(
    wallet: "Wallet",
    path: Path,
    *,
    passphrase: str,
    strength_is_test: bool,
    cold: "tuple[ColdKeys, Path, str]",
) -> None:
    """Write both files, the cold one first: without it a wallet could never be rotated.

    Args:
        wallet: To be written.
        path: The wallet's file.
        passphrase: Of the wallet's file.
        strength_is_test: Protect hardly, for test chains.
        cold: The cold keys, their file and its passphrase.

    Raises:
        MisconfiguredError: A file exists or cannot be written.
        RefusedError: A passphrase is too short.
    """
    from did.wallets import (  # noqa: PLC0415
        STRENGTH,
        STRENGTH_TEST,
        save_cold_keys,
        save_wallet,
    )

    strength = STRENGTH_TEST if strength_is_test else STRENGTH
    keys, cold_path, cold_passphrase = cold
    save_cold_keys(cold_path, keys, cold_passphrase, random=secrets.token_bytes, strength=strength)
    save_wallet(path, wallet, passphrase, random=secrets.token_bytes, strength=strength)
