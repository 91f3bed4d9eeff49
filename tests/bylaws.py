"""Bylaws for tests: a preset's, with the settings that a test is about."""

import tomllib
from pathlib import Path
from typing import Any

PRESETS = Path(__file__).parents[1] / "config" / "presets"
GROUPS = ("ordinary", "constitutional", "insight", "distribution", "election")


def load_preset(name: str = "patient-group") -> dict[str, Any]:
    return tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def make_bylaws(**tables: dict[str, int]) -> dict[str, Any]:
    """A small patient group's, without second calls, so that a vote ends with its first."""
    document = load_preset()
    for group in GROUPS:
        document["quorum"][f"{group}_second_bps"] = document["quorum"][f"{group}_bps"]
    for name, settings in tables.items():
        document[name] |= settings
    return document


def render_toml(document: dict[str, Any]) -> str:
    lines = [f"version = {document['version']}"]
    for name, table in document.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines) + "\n"
