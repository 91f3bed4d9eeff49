"""Files of the simulator: scenarios that are read, pages that are written."""

import os
from pathlib import Path

from config.errors import MisconfiguredError
from governance.sim.scenario import Scenario, ScenarioError, parse_scenario
from node.toml_files import load_toml

_PAGE = b"<!doctype html>"
"""How what `write_page` writes begins."""


def load_scenario(named: str) -> Scenario:
    """Read a scenario: an example's name, such as `capture`, or a TOML file's path.

    Raises:
        MisconfiguredError: There is neither, it is not valid TOML, or a field is not what it
            may be; names the line or the field.
    """
    document = load_toml(named, folder="scenarios", what="scenario")
    try:
        return parse_scenario(document)
    except ScenarioError as error:
        raise MisconfiguredError(f"{named}: {error}") from error


def check_writable(path: Path) -> None:
    """Check before a long simulation that its page can be written.

    Raises:
        MisconfiguredError: It cannot, or something is there that is no page.
    """
    try:
        is_fit = not path.is_dir() and os.access(path if path.exists() else path.parent, os.W_OK)
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(_PAGE)) != _PAGE:
                    raise MisconfiguredError(
                        f"--html {path} is there already and no page: name a new file, or move it "
                        "away"
                    )
    except OSError:  # no name of a file, such as one that is too long
        is_fit = False
    if not is_fit:
        raise MisconfiguredError(
            f"--html {path} cannot be written: name a file in a directory that you may write"
        )


def write_page(path: Path, text: str) -> None:
    """Write a page.

    Raises:
        MisconfiguredError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MisconfiguredError(
            f"--html {path} cannot be written ({error.strerror}): name a file that you may write"
        ) from error
