"""What the commands of the register share: whose key, why, and the node's own files."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import say

if TYPE_CHECKING:
    from config.settings import Settings
    from node.home import Home

KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Your own key file; without it the node's registrar key."),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why, in one line; the people concerned read it.")
]
OutOption = Annotated[
    Path, typer.Option("-o", "--out", help="File for the second registrar; it holds the name.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Exactly as in the register.")]


def open_node(path: Path) -> "tuple[Home, Settings]":
    """A node's home, and its settings."""
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    home = open_home(path)
    return home, load_settings(home.settings_path, environ=os.environ)


def load_key(home: "Home", path: Path | None) -> bytes:
    """A registrar's secret key: from their own file, or the node's."""
    from node.register_office import load_registrar_key  # noqa: PLC0415
    from node.registrar import load_registrar_secret  # noqa: PLC0415

    return load_registrar_secret(home) if path is None else load_registrar_key(path)


def show_plain(lines: list[str]) -> None:
    """Show lines as they are, whatever a name looks like."""
    from rich.markup import escape  # noqa: PLC0415

    for line in lines:
        say(escape(line))


def now_ms() -> int:
    """Wall clock."""
    return time.time_ns() // 1_000_000
