"""Bylaws: the numbers that a cooperative's rules run on.

Written as an integer-only TOML file (`config/presets/`), checked here against the floors that
the federation's charter sets, and pinned on the ledger by the hash of their canonical
encoding. Reading the file is the caller's matter.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from config.errors import RefusedError
from did.codec import Record
from governance.fields import Count
from governance.records import ProposalKind

BYLAWS_VERSION = 1
_DAY_S: Final = 86_400

_FLOORS: Final = {
    # Specification §4.1.1: a quorum of 30 % of the roll.
    "quorum.ordinary_bps": (3_000, 10_000),
    "quorum.insight_bps": (3_000, 10_000),
    # Specification §4.2.1: at least seven days of discussion.
    "stages.discussion_s": (7 * _DAY_S, 90 * _DAY_S),
    "stages.voting_s": (3 * _DAY_S, 90 * _DAY_S),
    "proposals.open_per_member_max": (1, 64),
}
"""The charter's least and greatest value of every setting, in the order of encoding."""


class BylawsError(RefusedError):
    """Bylaws are malformed or go below the charter's floors."""


class Bylaws(Record, frozen=True, kw_only=True):
    """Checked bylaws; durations as the charter counts them, before any test chain's scale."""

    version: Count
    quorum_ordinary_bps: Count
    quorum_insight_bps: Count
    discussion_s: Count
    voting_s: Count
    open_proposals_per_member_max: Count

    def compute_hash(self) -> bytes:
        """What proposals pin; 32 bytes."""
        return hashlib.sha256(b"rochdale/bylaws/v1" + self.encode()).digest()

    def get_quorum_bps(self, kind: ProposalKind) -> int:
        """Share of the electorate that must vote, in basis points."""
        if kind is ProposalKind.INSIGHT:
            return self.quorum_insight_bps
        return self.quorum_ordinary_bps


def parse_bylaws(document: Mapping[str, object]) -> Bylaws:
    """Read bylaws from a parsed TOML file.

    Args:
        document: Tables of integers; nothing may be missing and nothing unknown.

    Raises:
        BylawsError: Malformed or outside the charter's bounds; names the setting.
    """
    settings = _flatten(document)
    version = settings.pop("version", None)
    if type(version) is not int or version != BYLAWS_VERSION:
        raise BylawsError(f"bylaws: version must be {BYLAWS_VERSION}")
    unknown = sorted(set(settings) - set(_FLOORS))
    if unknown:
        raise BylawsError(f"bylaws: unknown setting {unknown[0]}")
    values = [_check_setting(name, settings.get(name)) for name in _FLOORS]
    return Bylaws(**dict(zip(Bylaws.__struct_fields__, [BYLAWS_VERSION, *values], strict=True)))


def is_within_charter(bylaws: Bylaws) -> bool:
    """Check that bylaws from another chain are of this version and keep the charter's bounds."""
    values = [getattr(bylaws, name) for name in Bylaws.__struct_fields__[1:]]
    return bylaws.version == BYLAWS_VERSION and all(
        least <= value <= greatest
        for value, (least, greatest) in zip(values, _FLOORS.values(), strict=True)
    )


def compute_window_ms(duration_s: int, *, time_scale: int) -> int:
    """A window's length in milliseconds; on test chains divided by the scale, at least 1."""
    return max(1, duration_s * 1000 // time_scale)


def _flatten(document: Mapping[str, object]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for name, item in document.items():
        if isinstance(item, Mapping):
            settings.update({f"{name}.{key}": value for key, value in item.items()})
        else:
            settings[name] = item
    return settings


def _check_setting(name: str, value: object) -> int:
    if value is None:
        raise BylawsError(f"bylaws: {name} is missing")
    if type(value) is not int:
        raise BylawsError(f"bylaws: {name} must be a whole number")
    least, greatest = _FLOORS[name]
    if not least <= value <= greatest:
        raise BylawsError(
            f"bylaws: {name} is {value}, but the charter allows {least} to {greatest}"
        )
    return value
