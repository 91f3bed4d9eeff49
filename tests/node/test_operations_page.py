"""docs/operations.md says what is true."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from node import exit_codes
from node.cli import app
from node.keystore import KEY_NAMES, REGISTER_KEY_NAME
from node.settings import iterate_keys
from node.settings_file import render_value

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_lists_every_setting_with_its_default() -> None:
    """A row per key."""
    for dotted, _, default in iterate_keys():
        assert f"| `{dotted}` | `{render_value(default)}` |" in PAGE


def test_lists_every_exit_code() -> None:
    """A row per code."""
    codes = {value for name, value in vars(exit_codes).items() if name.isupper()}

    assert all(f"| {code} |" in PAGE for code in codes)


def test_lists_every_command() -> None:
    """By what is typed."""
    command = typer.main.get_command(app)

    for name, item in command.commands.items():  # type: ignore[attr-defined]
        for part in getattr(item, "commands", [None]):
            typed = f"rochdale {name}" if part is None else f"rochdale {name} {part}"
            assert f"`{typed}" in PAGE, typed


def test_says_which_commands_need_no_home() -> None:
    """Of those that are the node's."""
    head, _, rest = PAGE.partition("\nAll but ")
    said = rest.partition(" take `--home DIRECTORY`")[0]
    found = {
        name
        for name, item in iterate_commands(typer.main.get_command(app))
        if re.search(f"`rochdale {name}[ `]", head)
        if not any("--home" in option.opts for option in item.params)
    }

    assert found | {"genesis recover assemble"} == set(said.split("`")[1::2])


def iterate_commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What can be typed after `rochdale`."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, item in command.commands.items():
        yield from iterate_commands(item, f"{name} {part}".strip())


def test_lists_every_key() -> None:
    """By the name of its file."""
    assert all(json.dumps(name)[1:-1] in PAGE for name in (*KEY_NAMES, REGISTER_KEY_NAME))
