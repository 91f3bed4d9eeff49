"""docs/operations.md says what is true."""

import json
from pathlib import Path

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


def test_lists_every_key() -> None:
    """By the name of its file."""
    assert all(json.dumps(name)[1:-1] in PAGE for name in (*KEY_NAMES, REGISTER_KEY_NAME))
