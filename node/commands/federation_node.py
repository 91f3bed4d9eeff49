"""What the federation's commands share: their node, the clock, a sealed chain's file."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.wallet_options import OldTrustOption, load_trust

if TYPE_CHECKING:
    from config.settings import Settings
    from ledger.receipts import Verified
    from ledger.sealed import SealedFile
    from node.home import Home

__all__ = [
    "OldTrustOption",
    "SealedOption",
    "SealedTrustOption",
    "check_sealed",
    "now_ms",
    "open_node",
    "read_sealed",
]

SealedOption = Annotated[
    Path | None,
    typer.Option("--sealed", metavar="FILE", help="The sealed chain that a newcomer comes from."),
]
SealedTrustOption = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        help="Genesis file or trust bundle of the sealed chain, from people whom you believe: "
        "needed where others founded it too.",
    ),
]


def open_node(path: Path) -> "tuple[Home, Settings]":
    """A home and its settings."""
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    home = open_home(path)
    return home, load_settings(home.settings_path, environ=os.environ)


def now_ms() -> int:
    """Wall clock, Unix milliseconds."""
    return int(time.time() * 1_000)


def check_sealed(
    path: Path | None, *, trust: Path | None, accepts_old_trust: bool
) -> "SealedFile | None":
    """The sealed chain that was named, checked; None if none was.

    Raises:
        RochdaleError: As `read_sealed`, or whom to believe was named without it.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    if path is not None:
        return read_sealed(path, trust=trust, accepts_old_trust=accepts_old_trust)[0]
    if trust is not None:
        raise MisconfiguredError(
            "`--trust` says whom to believe of a sealed chain: name its file with `--sealed` too"
        )
    return None


def read_sealed(
    path: Path, *, trust: Path | None, accepts_old_trust: bool
) -> "tuple[SealedFile, Verified]":
    """Read a sealed chain's file and check all of it.

    Args:
        path: The file.
        trust: File that says whom to believe of that chain; None: the genesis file in it.
        accepts_old_trust: Whether what `trust` says is believed beyond the trusting period.

    Raises:
        MisconfiguredError: A file cannot be read.
        RefusedError: The sealed chain does not hold, or `trust` says nothing of it.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from ledger.sealed import check_sealed_chain, parse_sealed  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    data = read_given_file(path)
    believed = None if trust is None else load_trust(trust)
    try:
        file = parse_sealed(data)
        return file, check_sealed_chain(
            file, now_ms=now_ms(), trust=believed, accepts_old_trust=accepts_old_trust
        )
    except RefusedError as error:
        raise RefusedError(f"{path} does not hold: {error.reason}", code=error.code) from error
