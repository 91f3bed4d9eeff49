"""What the federation's commands share: their node, the clock, a sealed chain's file."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from config.settings import Settings
    from ledger.receipts import Verified
    from ledger.sealed import SealedFile
    from ledger.trust import TrustBundle
    from node.home import Home

SealedOption = Annotated[
    Path | None,
    typer.Option("--sealed", metavar="FILE", help="The sealed chain that a newcomer comes from."),
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


def check_sealed(path: Path | None) -> "SealedFile | None":
    """The sealed chain that was named, checked; None if none was.

    Raises:
        RochdaleError: As `read_sealed`.
    """
    return None if path is None else read_sealed(path)[0]


def read_sealed(path: Path, *, trust: "TrustBundle | None" = None) -> "tuple[SealedFile, Verified]":
    """Read a sealed chain's file and check all of it.

    Raises:
        MisconfiguredError: The file cannot be read.
        RefusedError: It does not hold.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from ledger.sealed import check_sealed_chain, parse_sealed  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    data = read_given_file(path)
    try:
        file = parse_sealed(data)
        return file, check_sealed_chain(file, now_ms=now_ms(), trust=trust)
    except RefusedError as error:
        raise RefusedError(f"{path} does not hold: {error.reason}", code=error.code) from error
