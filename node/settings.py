"""Reading settings: the file, then the environment, then flags; the later wins.

The key `web.listen` is `listen` under `[web]` in rochdale.toml, `ROCHDALE_WEB__LISTEN` in the
environment and `--web.listen` on the command line. Flags travel as environment to the
processes that `rochdale start` makes. Nothing else in Rochdale reads environment or settings.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeAlias

from config.errors import MisconfiguredError
from config.settings import Settings
from node.settings_check import check_settings
from node.toml_files import parse_toml

Setting: TypeAlias = "str | bool | int | tuple[str, ...] | dict[str, str]"

ENVIRONMENT_PREFIX = "ROCHDALE_"
_SEPARATOR = "__"


def load_settings(path: Path, *, environ: Mapping[str, str]) -> Settings:
    """Read the settings file and the environment.

    Args:
        path: rochdale.toml.
        environ: The environment, flags included (`extract_flags`).

    Raises:
        MisconfiguredError: Invalid TOML, an unknown key, a wrong value; names the key, where
            it stands and, for an unknown one, the nearest known.
    """
    values = read_file(path)
    values.update(read_environment(environ))
    settings = build_settings(values)
    check_settings(settings, where=str(path))
    return settings


def build_settings(values: Mapping[str, Setting]) -> Settings:
    """Make settings from dotted keys; what is not given keeps its default."""
    sections: dict[str, Any] = {}
    for section in fields(Settings):
        given = {
            key.partition(".")[2]: value
            for key, value in values.items()
            if key.partition(".")[0] == section.name
        }
        sections[section.name] = _section_type(section)(**given)
    return Settings(**sections)


def iterate_keys() -> Iterator[tuple[str, type, Setting]]:
    """Every key: its dotted name, its type and its default."""
    for section in fields(Settings):
        for item in fields(_section_type(section)):
            default = {} if item.default is MISSING else item.default
            yield f"{section.name}.{item.name}", type(default), default


def read_file(path: Path) -> dict[str, Setting]:
    """Read the dotted keys that a settings file gives.

    Raises:
        MisconfiguredError: As `load_settings`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be read ({error.strerror}): check that it exists and is yours"
        ) from error
    document = parse_toml(data, named=str(path))
    values: dict[str, Setting] = {}
    for section, content in document.items():
        if section not in {item.name for item in fields(Settings)}:
            raise _unknown(f"[{section}]", path, [f"[{item.name}]" for item in fields(Settings)])
        if not isinstance(content, dict):
            raise MisconfiguredError(f"{path}: write `[{section}]` as a section, not a value")
        for key, value in content.items():
            dotted = f"{section}.{key}"
            values[dotted] = _check_type(dotted, value, where=str(path))
    return values


def read_environment(environ: Mapping[str, str]) -> dict[str, Setting]:
    """Read the dotted keys that the environment gives.

    Raises:
        MisconfiguredError: As `load_settings`.
    """
    values: dict[str, Setting] = {}
    for name, text in environ.items():
        if not name.startswith(ENVIRONMENT_PREFIX) or _SEPARATOR not in name:
            continue
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition(_SEPARATOR)
        values[f"{section}.{key}"] = parse_text(f"{section}.{key}", text, where=name)
    return values


def extract_flags(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Take `--section.key VALUE` and `--section.key=VALUE` out of a command line.

    Returns:
        The arguments left, and the flags as environment variables.

    Raises:
        MisconfiguredError: An unknown key, a wrong value or none.
    """
    rest: list[str] = []
    flags: dict[str, str] = {}
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
            break
        name, equals, text = argument.partition("=")
        if not name.startswith("--") or "." not in name:
            rest.append(argument)
            continue
        dotted = name.removeprefix("--").replace("-", "_")
        if not equals:
            value = next(remaining, None)
            if value is None:
                raise MisconfiguredError(f"{name} needs a value: write `{name}=VALUE`")
            text = value
        parse_text(dotted, text, where=name)
        flags[environment_name(dotted)] = text
    return rest, flags


def environment_name(dotted: str) -> str:
    """The environment variable of a key."""
    return ENVIRONMENT_PREFIX + dotted.replace(".", _SEPARATOR).upper()


def parse_text(dotted: str, text: str, *, where: str) -> Setting:
    """Read a value written as text: lists by comma, tables as `name=value` by comma.

    Raises:
        MisconfiguredError: An unknown key or a wrong value.
    """
    kind = _kind_of(dotted, where=where)
    items = tuple(item.strip() for item in text.split(",") if item.strip())
    if kind is bool and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if kind is int and text.removeprefix("-").isdecimal() and text.isascii():
        return int(text)
    if kind is str:
        return text
    if kind is tuple:
        return items
    if kind is dict and all("=" in item for item in items):
        return {name: value for name, _, value in (item.partition("=") for item in items)}
    raise _wrong(dotted, kind, where)


def _kind_of(dotted: str, *, where: str) -> type:
    kinds = {key: kind for key, kind, _ in iterate_keys()}
    if dotted not in kinds:
        raise _unknown(dotted, where, list(kinds))
    return kinds[dotted]


def _check_type(dotted: str, value: object, *, where: str) -> Setting:
    kind = _kind_of(dotted, where=where)
    if kind is tuple and isinstance(value, list) and all(isinstance(i, str) for i in value):
        return tuple(value)
    if kind is dict and isinstance(value, dict):
        if all(isinstance(item, str) for item in value.values()):
            return dict(value)
    elif type(value) is kind and isinstance(value, str | bool | int):
        return value
    raise _wrong(dotted, kind, where)


def _section_type(section: "Field[Any]") -> Any:
    return section.default_factory  # each section's class is its own default factory


def _unknown(name: str, where: object, known: list[str]) -> MisconfiguredError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if not near and "." in name:
        near = [key for key in known if key.partition(".")[2] == name.partition(".")[2]]
    hint = f"did you mean {near[0]}?" if near else "`rochdale settings` lists all"
    return MisconfiguredError(f"{where}: there is no setting {name}: {hint}")


def _wrong(dotted: str, kind: type, where: str) -> MisconfiguredError:
    wanted = {
        str: "a text",
        bool: "true or false",
        int: "a whole number",
        tuple: "a list of texts",
        dict: "a table of texts",
    }[kind]
    return MisconfiguredError(f"{where}: {dotted} must be {wanted}")
