"""Options that many commands share."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from node.plain_text import make_plain

HomeOption = Annotated[
    Path,
    typer.Option(
        "--home", envvar="ROCHDALE_HOME", help="The node's directory.", show_default="~/.rochdale"
    ),
]
DEFAULT_HOME = Path("~/.rochdale")
BylawsOption = Annotated[
    str, typer.Option("--bylaws", metavar="NAME|FILE", help="A preset, or your own TOML file.")
]
DEFAULT_BYLAWS = "patient-group"
TimeScaleOption = Annotated[
    int, typer.Option("--time-scale", min=1, help="Divide all windows (test chains only).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
_STEERING = re.compile("[\x7f-\x9f]")
"""What JSON lets stand as it is, and terminals obey."""


def is_typed(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, and does not come from the environment or its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def say(text: str) -> None:
    """Print for people; rich decides about colour and width."""
    from rich.console import Console  # noqa: PLC0415 - commands that print JSON need none of it

    Console(highlight=False, soft_wrap=True, emoji=False).print(text)


def say_plain(text: str) -> None:
    """Print a line with words of somebody else: none of them is markup or steers the terminal."""
    from rich.console import Console  # noqa: PLC0415 - as above

    Console(highlight=False, soft_wrap=True, emoji=False).print(make_plain(text), markup=False)


def say_json(value: object) -> None:
    """Print for programs."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    sys.stdout.write(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def render_fingerprint(header_hash: bytes) -> str:
    """A hash as two people read it to each other."""
    digits = header_hash.hex()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
