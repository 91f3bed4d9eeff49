"""Files of the simulator: scenarios that are read, pages that are written."""

import tomllib
from importlib.resources import files
from pathlib import Path

from config.errors import MisconfiguredError
from config.limits import SCENARIO_BYTES_MAX
from governance.sim.scenario import Scenario, ScenarioError, parse_scenario


def load_scenario(named: str) -> Scenario:
    """Read a scenario: an example's name, such as `capture`, or a TOML file's path.

    Raises:
        MisconfiguredError: There is neither, it is not valid TOML, or a field is not what it
            may be; names the line or the field.
    """
    examples = files("config") / "scenarios"
    names = sorted(
        item.name.removesuffix(".toml")
        for item in examples.iterdir()
        if item.name.endswith(".toml")
    )
    data = (examples / f"{named}.toml").read_bytes() if named in names else _read(named, names)
    try:
        return parse_scenario(tomllib.loads(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"{named} is not UTF-8 text: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(
            f"{named} is not valid TOML ({error}): correct that line"
        ) from error
    except ScenarioError as error:
        raise MisconfiguredError(f"{named}: {error}") from error


def check_writable(path: Path) -> None:
    """Check before a long simulation that its page can be written.

    Raises:
        MisconfiguredError: It cannot.
    """
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise MisconfiguredError(
            f"--html {path} cannot be written: name a file in a directory that is there"
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


def _read(named: str, examples: list[str]) -> bytes:
    try:
        with Path(named).open("rb") as file:
            data = file.read(SCENARIO_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(
            f"there is no scenario {named} ({error.strerror}): give a TOML file, or one of "
            f"{', '.join(examples)}"
        ) from error
    if len(data) > SCENARIO_BYTES_MAX:
        raise MisconfiguredError(f"{named} is longer than the {SCENARIO_BYTES_MAX} bytes of one")
    return data
