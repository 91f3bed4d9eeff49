"""Bylaws: the numbers that a cooperative's rules run on.

Written as an integer-only TOML file (`config/presets/`), checked here against the floors that
the federation's charter sets, and pinned on the ledger by the hash of their canonical
encoding. Each table of the file is a record of `governance.bylaws_tables`. Reading the file is
the caller's matter.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, cast

from config.errors import RefusedError
from did.codec import CodecError, Record
from governance.bylaws_tables import (
    METRIC_PERMILLE_TOTAL,
    Bodies,
    Complaints,
    Duties,
    Emergency,
    Majority,
    ProposalLimits,
    QuadraticVoting,
    Quorum,
    Recall,
    Reserve,
    RollRules,
    Setting,
    Stages,
    Value,
    Veto,
    list_settings,
    list_tables,
    show_name,
)
from governance.fields import Count
from governance.kinds import KINDS, Group
from governance.proposal_records import ProposalKind

BYLAWS_VERSION: Final = 1


class BylawsError(RefusedError):
    """Bylaws are malformed or go below the charter's floors; names the setting."""


class Bylaws(Record, frozen=True, kw_only=True):
    """Checked bylaws; durations as the charter counts them, before any test chain's scale."""

    version: Count
    quorum: Quorum
    majority: Majority
    stages: Stages
    proposals: ProposalLimits
    veto: Veto
    emergency: Emergency
    bodies: Bodies
    recall: Recall
    quadratic_voting: QuadraticVoting
    roll: RollRules
    duties: Duties
    complaints: Complaints
    reserve: Reserve
    value: Value

    def compute_hash(self) -> bytes:
        """What proposals pin; 32 bytes."""
        return hashlib.sha256(b"rochdale/bylaws/v1" + self.encode()).digest()

    def get_quorum_bps(self, kind: ProposalKind, *, call: int = 1) -> int:
        """Share of the electorate that must vote at the first or second call, in basis points."""
        suffix = "_bps" if call == 1 else "_second_bps"
        return int(getattr(self.quorum, KINDS[kind].group + suffix))

    def get_yes_of_roll_bps(self, kind: ProposalKind) -> int:
        """Share of the electorate that must say yes, in basis points."""
        if KINDS[kind].group is Group.CONSTITUTIONAL:
            return self.majority.constitutional_yes_of_roll_bps
        return self.majority.yes_of_roll_bps

    def get_discussion_s(self, kind: ProposalKind) -> int:
        """How long a proposal of a kind is discussed."""
        if KINDS[kind].group is Group.INSIGHT:
            return self.stages.insight_discussion_s
        return self.stages.discussion_s

    def get_voting_s(self, kind: ProposalKind) -> int:
        """How long voting on a proposal of a kind lasts at least, at each call."""
        if KINDS[kind].group is Group.INSIGHT:
            return self.stages.insight_voting_s
        if kind is ProposalKind.RATIFICATION:
            return self.emergency.voting_s
        return self.stages.voting_s


def parse_bylaws(document: Mapping[str, object]) -> Bylaws:
    """Read bylaws from a parsed TOML file.

    Args:
        document: Tables of integers; nothing may be missing and nothing unknown.

    Raises:
        BylawsError: Malformed or outside the charter's bounds; names the setting.
    """
    rest = dict(document)
    version = rest.pop("version", None)
    if type(version) is not int or version != BYLAWS_VERSION:
        raise BylawsError(f"bylaws: version must be {BYLAWS_VERSION}")
    tables = list_tables(Bylaws)
    _check_names("", rest, tables)
    records = {name: _parse_table(name, kind, rest[name]) for name, kind in tables.items()}
    bylaws = Bylaws(version=BYLAWS_VERSION, **cast("Any", records))
    _check_together(bylaws)
    return bylaws


def is_within_charter(bylaws: Bylaws) -> bool:
    """Check that bylaws which somebody sent are of this version and keep the charter's bounds."""
    try:
        _check_together(Bylaws.parse(bylaws.encode()))
    except (CodecError, BylawsError):
        return False
    return bylaws.version == BYLAWS_VERSION


def render_schema() -> dict[str, object]:
    """The JSON Schema of a bylaws file, for editors and for who writes one.

    Source: JSON Schema 2020-12.
    """
    tables = {name: _render_table(kind) for name, kind in list_tables(Bylaws).items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bylaws of a cooperative",
        "type": "object",
        "properties": {"version": {"const": BYLAWS_VERSION}, **tables},
        "required": ["version", *tables],
        "additionalProperties": False,
    }


def compute_window_ms(duration_s: int, *, time_scale: int) -> int:
    """A window's length in milliseconds; on test chains divided by the scale, at least 1."""
    return max(1, duration_s * 1000 // time_scale)


def _check_together(bylaws: Bylaws) -> None:
    for group in Group:
        first, second = group + "_bps", group + "_second_bps"
        if getattr(bylaws.quorum, second) > getattr(bylaws.quorum, first):
            raise BylawsError(f"bylaws: quorum.{second} is at most quorum.{first}")
    weights = [name for name in list_settings(Value) if name.endswith("_permille")]
    if sum(getattr(bylaws.value, name) for name in weights) != METRIC_PERMILLE_TOTAL:
        names = ", ".join(weights)
        raise BylawsError(f"bylaws: value: {names} are {METRIC_PERMILLE_TOTAL} together")


def _parse_table(name: str, kind: type[Record], table: object) -> Record:
    if not isinstance(table, Mapping):
        raise BylawsError(f"bylaws: {name} is a table of whole numbers")
    settings = list_settings(kind)
    _check_names(f"{name}.", table, settings)
    for key, setting in settings.items():
        _check_setting(f"{name}.{key}", table[key], setting)
    return kind(**table)


def _check_names(where: str, found: Mapping[str, object], known: Mapping[str, object]) -> None:
    for name in sorted(set(found) - set(known)):
        raise BylawsError(
            f"bylaws: unknown setting {where}{show_name(name)}: there are {', '.join(known)}"
        )
    for name, setting in known.items():
        if name not in found:
            wanted = (
                f"say how many, {setting.least} to {setting.greatest}: {setting.meaning}"
                if isinstance(setting, Setting)
                else "start from a preset, which has every table"
            )
            raise BylawsError(f"bylaws: {where}{name} is missing: {wanted}")


def _check_setting(name: str, value: object, setting: Setting) -> None:
    if type(value) is not int:
        raise BylawsError(
            f"bylaws: {name} must be a whole number from {setting.least} to {setting.greatest}: "
            f"{setting.meaning}"
        )
    if not setting.least <= value <= setting.greatest:
        raise BylawsError(
            f"bylaws: {name} is {value}, but the charter allows"
            f" {setting.least} to {setting.greatest}"
        )


def _render_table(kind: type[Record]) -> dict[str, object]:
    settings = list_settings(kind)
    return {
        "type": "object",
        "properties": {
            name: {
                "type": "integer",
                "minimum": setting.least,
                "maximum": setting.greatest,
                "description": setting.meaning,
            }
            for name, setting in settings.items()
        },
        "required": list(settings),
        "additionalProperties": False,
    }
