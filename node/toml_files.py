"""TOML files that people name on the command line: read within bounds, or refused with reasons."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError
from config.limits import GIVEN_TOML_BYTES_MAX

_DIGITS_TOO_MANY = re.compile(rb"[0-9_]{1000}")


def load_toml(named: str, *, folder: str, what: str) -> dict[str, Any]:
    """Read a file by its path, or one that is shipped by its name, such as `patient-group`.

    Args:
        named: On the command line.
        folder: Of `config`, where those lie that are shipped.
        what: It is to be, as in `bylaws`.

    Raises:
        MisconfiguredError: There is neither, it is too long, or as `parse_toml`.
    """
    shipped = files("config") / folder
    there = [item.name for item in shipped.iterdir()]
    names = sorted(name.removesuffix(".toml") for name in there if name.endswith(".toml"))
    if named in names:
        return parse_toml((shipped / f"{named}.toml").read_bytes(), named=named)
    try:
        with Path(named).open("rb") as file:
            data = file.read(GIVEN_TOML_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(
            f"{what} {named} cannot be read ({error.strerror}): give a TOML file, or one of "
            f"{', '.join(names)}"
        ) from error
    if len(data) > GIVEN_TOML_BYTES_MAX:
        raise MisconfiguredError(
            f"{named} is longer than the {GIVEN_TOML_BYTES_MAX} bytes that are read: shorten it"
        )
    return parse_toml(data, named=named)


def parse_toml(data: bytes, *, named: str) -> dict[str, Any]:
    """Read a file's content.

    Args:
        data: Of the file.
        named: As whoever gave it calls it.

    Raises:
        MisconfiguredError: It is not UTF-8 or not TOML, or holds what no such file does; names
            the line where there is one.
    """
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MisconfiguredError(
            f"{named}, line {_count_line(data, error.start)}: not UTF-8 text; save the file as "
            "UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(
            f"{named} is not valid TOML ({error}): correct it there"
        ) from error
    except ValueError as error:  # Python reads no number of thousands of digits
        found = _DIGITS_TOO_MANY.search(data)
        where = "" if found is None else f", line {_count_line(data, found.start())}"
        raise MisconfiguredError(
            f"{named}{where}: a number has too many digits; write one of at most eighteen"
        ) from error
    except RecursionError as error:
        raise MisconfiguredError(
            f"{named}: lists or tables lie too deep in each other; there are tables of values only"
        ) from error


def _count_line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1
