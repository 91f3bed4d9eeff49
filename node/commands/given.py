"""What people give commands: ids, named numbers, texts that only their hash leaves."""

import hashlib
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Container

E = TypeVar("E", bound=IntEnum)

_ID_BYTES = 32

TextArgument = Annotated[
    str | None,
    typer.Argument(metavar="[TEXT]", help="The text, or leave it out and use --file."),
]
TextFileOption = Annotated[
    Path | None,
    typer.Option("--file", help="File with the text: keep it, only its hash leaves this machine."),
]


def parse_id(text: str) -> bytes:
    """An id that was typed; 32 bytes.

    Raises:
        MisconfiguredError: It is none.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _ID_BYTES:
        raise MisconfiguredError("an id has 64 hexadecimal digits: copy all of them")
    return found


def parse_name(text: str, kinds: type[E], *, what: str, among: "Container[E] | None" = None) -> E:
    """One of several things that was named, as `ethics-panel` is.

    Args:
        text: What was typed.
        kinds: All there are.
        what: What it is, for the error.
        among: Those that fit here; None for all.

    Raises:
        MisconfiguredError: Nothing of that name fits.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    names = {
        item.name.lower().replace("_", "-"): item
        for item in kinds
        if among is None or item in among
    }
    if text.lower() not in names:
        raise MisconfiguredError(f"{what} is one of {', '.join(names)}")
    return names[text.lower()]


def hash_given_text(text: str | None, file: Path | None) -> bytes:
    """SHA-256 of a text that was typed, or of a file's bytes; the text itself is sent nowhere.

    Raises:
        MisconfiguredError: Neither or both were given, the file cannot be read, or it is empty.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    if (text is None) is (file is None):
        raise MisconfiguredError("give the text itself, or a file that holds it with `--file`")
    data = (text or "").encode() if file is None else read_given_file(file)
    if not data.strip():
        raise MisconfiguredError("the text is empty: say something")
    return hashlib.sha256(data).digest()
