"""What a federation on one machine is made of, read from TOML.

A manifest names the chain, the cooperatives and the site whose records each holds. Tests
bring their own; `rochdale testnet run` uses `manifests/heart.toml`.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError
from node.toml_files import parse_toml

COOPERATIVES_MAX = 10
DEFAULT_MANIFEST = Path(__file__).parent / "manifests" / "heart.toml"
QUARTER_MANIFEST = Path(__file__).parent / "manifests" / "quarter.toml"
_FEDERATION_KEYS = {
    "chain_id": str,
    "network": str,
    "bylaws": str,
    "time_scale": int,
    "timeout_commit_ms": int,
    "members": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativePlan:
    """One cooperative to be."""

    name: str
    """As people read it."""
    site: str
    """Value of the column `dataset` whose rows it holds."""
    share: int = 0
    """Which part of the site's rows, where several cooperatives stand for one site."""
    shares: int = 1
    """Into how many parts the site's rows are dealt."""

    @property
    def slug(self) -> str:
        """Name for directories and hosts: `[a-z0-9-]`."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def host(self) -> str:
        """The node's host name; only test chains resolve it."""
        return f"{self.slug}.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A federation to be."""

    chain_id: str
    network: str
    bylaws: Path
    """TOML file; in the manifest as a path beside it."""
    time_scale: int
    """What the bylaws' windows are divided by."""
    timeout_commit_ms: int
    members: int
    """Members of each cooperative; 3 to 20."""
    cooperatives: tuple[CooperativePlan, ...]


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        MisconfiguredError: Unreadable, not TOML, or a key is missing, unknown or wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MisconfiguredError(f"the manifest {path} cannot be read: {error}") from error
    document = parse_toml(data, named=f"the manifest {path}")
    try:
        return parse_manifest(document, directory=path.parent)
    except MisconfiguredError as error:
        raise MisconfiguredError(f"the manifest {path}: {error}") from error


def parse_manifest(document: dict[str, Any], *, directory: Path) -> Manifest:
    """Read a manifest's TOML document.

    Args:
        document: As TOML reads it.
        directory: Where its bylaws file lies.

    Raises:
        MisconfiguredError: A key is missing, unknown or wrong.
    """
    if unknown := sorted(set(document) - {"federation", "cooperative"}):
        raise MisconfiguredError(f"unknown section [{unknown[0]}]; remove it")
    federation = _check_keys(document.get("federation"), _FEDERATION_KEYS, "[federation]")
    rows = document.get("cooperative")
    if not isinstance(rows, list) or not 1 <= len(rows) <= COOPERATIVES_MAX:
        raise MisconfiguredError(f"name 1 to {COOPERATIVES_MAX} cooperatives as [[cooperative]]")
    plans = tuple(
        CooperativePlan(**_check_keys(row, {"name": str, "site": str}, "[[cooperative]]"))
        for row in rows
    )
    if len({plan.slug for plan in plans}) != len(plans) or not all(plan.slug for plan in plans):
        raise MisconfiguredError("two cooperatives have the same name, or one has none")
    if not federation["chain_id"].startswith("test-"):
        raise MisconfiguredError("chain_id must start with `test-`: only test chains scale time")
    if federation["time_scale"] < 1 or not 3 <= federation["members"] <= 20:
        raise MisconfiguredError("time_scale is at least 1, and members are 3 to 20")
    if not 0 <= federation["timeout_commit_ms"] <= 10_000:
        raise MisconfiguredError("timeout_commit_ms is 0 to 10000")
    federation["bylaws"] = directory / federation["bylaws"]
    return Manifest(**federation, cooperatives=_deal_sites(plans))


def resize(manifest: Manifest, count: int) -> Manifest:
    """The same federation with another number of cooperatives.

    Beyond those named, further ones stand for the same sites again, and the rows of a site
    are dealt among its cooperatives.

    Raises:
        MisconfiguredError: Not 1 to 10.
    """
    if not 1 <= count <= COOPERATIVES_MAX:
        raise MisconfiguredError(f"--cooperatives takes 1 to {COOPERATIVES_MAX}, not {count}")
    named = manifest.cooperatives
    plans = []
    for index in range(count):
        plan = named[index % len(named)]
        turn = index // len(named) + 1
        plans.append(plan if turn == 1 else replace(plan, name=f"{plan.name} {turn}"))
    return replace(manifest, cooperatives=_deal_sites(tuple(plans)))


def _deal_sites(plans: tuple[CooperativePlan, ...]) -> tuple[CooperativePlan, ...]:
    sites = [plan.site for plan in plans]
    return tuple(
        replace(plan, share=sites[:index].count(plan.site), shares=sites.count(plan.site))
        for index, plan in enumerate(plans)
    )


def _check_keys(section: object, keys: dict[str, type], where: str) -> dict[str, Any]:
    if not isinstance(section, dict):
        raise MisconfiguredError(f"the section {where} is missing")
    for key in section:
        if key not in keys:
            raise MisconfiguredError(f"{where} has an unknown key {key}; it knows {sorted(keys)}")
    for key, kind in keys.items():
        if type(section.get(key)) is not kind:
            raise MisconfiguredError(f"{where} needs `{key}`, a {kind.__name__}")
    return dict(section)
