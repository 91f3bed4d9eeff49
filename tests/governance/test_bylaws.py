"""Bylaws: integers only, never below the charter's floors."""

import copy
from typing import Any

import pytest

from governance.bylaws import BylawsError, compute_window_ms, parse_bylaws
from governance.records import ProposalKind
from tests.governance.world import PRESETS, load_preset


def changed(name: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(load_preset())
    *tables, key = name.split(".")
    table = document
    for each in tables:
        table = table[each]
    if value is None:
        del table[key]
    else:
        table[key] = value
    return document


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_every_preset_keeps_the_charter(name: str) -> None:
    """A cooperative may start from any bylaws that we ship."""
    bylaws = parse_bylaws(load_preset(name))

    assert len(bylaws.compute_hash()) == 32


def test_g2_a_quorum_below_thirty_percent_is_refused() -> None:
    """G2: the charter's floor is 30 % of the roll, for every kind."""
    for kind in ("ordinary", "insight"):
        with pytest.raises(BylawsError, match="3000"):
            parse_bylaws(changed(f"quorum.{kind}_bps", 2_999))


def test_g4_less_than_seven_days_of_discussion_is_refused() -> None:
    """G4: discussion takes at least seven days."""
    with pytest.raises(BylawsError, match=r"stages\.discussion_s"):
        parse_bylaws(changed("stages.discussion_s", 604_799))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", 2, "version"),
        ("version", True, "version"),
        ("version", None, "version"),
        ("quorum.ordinary_bps", None, "missing"),
        ("quorum.ordinary_bps", 10_001, "10000"),
        ("quorum.ordinary_bps", "3000", "whole number"),
        ("quorum.ordinary_bps", True, "whole number"),
        ("stages.voting_s", 259_199, "259200"),
        ("stages.extra_s", 1, r"unknown setting stages\.extra_s"),
        ("extra", 1, "unknown setting extra"),
        ("proposals.open_per_member_max", 0, "1 to 64"),
    ],
)
def test_refuses_bylaws_that_are_not_exactly_right(name: str, value: Any, message: str) -> None:
    """The sentence names the setting and what is allowed."""
    with pytest.raises(BylawsError, match=message):
        parse_bylaws(changed(name, value))


def test_a_quorum_is_by_kind() -> None:
    """Bylaws set the quorum of each kind of proposal."""
    bylaws = parse_bylaws(changed("quorum.insight_bps", 6_000))

    assert bylaws.get_quorum_bps(ProposalKind.ORDINARY) == 3_000
    assert bylaws.get_quorum_bps(ProposalKind.INSIGHT) == 6_000
    assert bylaws.compute_hash() != parse_bylaws(load_preset()).compute_hash()


def test_a_scaled_window_is_never_empty() -> None:
    """A window of no length would open and close in one block."""
    assert compute_window_ms(604_800, time_scale=1) == 604_800_000
    assert compute_window_ms(604_800, time_scale=604_800) == 1_000
    assert compute_window_ms(604_800, time_scale=10**9) == 1
