"""Writing rochdale.toml for a new node.

Apart from the reading, which every process does. Written once, by `rochdale init`; from then
on the file is the operator's alone.
"""

import json
from collections.abc import Mapping

from config.settings import Settings
from node.settings import Setting, iterate_keys

_HEADER = """\
# Settings of this node. Every key is also an environment variable (ROCHDALE_WEB__LISTEN) and
# a flag (--web.listen); docs/operations.md explains each. `rochdale settings` shows what holds.
"""


def render_settings(settings: Settings) -> str:
    """The settings as TOML, every key written out."""
    lines = [_HEADER.rstrip()]
    tables: list[str] = []
    section_now = ""
    for dotted, kind, _ in iterate_keys():
        section, _, key = dotted.partition(".")
        value: Setting = getattr(getattr(settings, section), key)
        if section != section_now:
            lines += [*tables, "", f"[{section}]"]
            section_now, tables = section, []
        if kind is dict:
            assert isinstance(value, Mapping)  # noqa: S101 - the field's declared type
            tables += ["", f"[{dotted}]"]
            tables += [f"{render_value(name)} = {render_value(value[name])}" for name in value]
        else:
            lines.append(f"{key} = {render_value(value)}")
    return "\n".join([*lines, *tables]) + "\n"


def render_value(value: Setting) -> str:
    """One value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(render_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{render_value(k)} = {render_value(v)}" for k, v in value.items())
        return f"{{{pairs}}}"
    # JSON's escapes are TOML's, save for DEL, which JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
