"""Bylaws: integers only, never below the charter's floors."""

import copy
import json
from typing import Any

import fastjsonschema
import pytest

from governance.bylaws import BylawsError, compute_window_ms, parse_bylaws, render_schema
from governance.proposal_records import ProposalKind
from tests.bylaws import GROUPS, PRESETS, load_preset


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
    for kind in GROUPS:
        with pytest.raises(BylawsError, match="3000"):
            parse_bylaws(changed(f"quorum.{kind}_bps", 2_999))


def test_g4_less_than_seven_days_of_discussion_is_refused() -> None:
    """G4: discussion takes at least seven days."""
    with pytest.raises(BylawsError, match=r"stages\.discussion_s"):
        parse_bylaws(changed("stages.discussion_s", 604_799))


@pytest.mark.parametrize("seats", [6, 12])
def test_g5_a_committee_has_seven_to_eleven_seats(seats: int) -> None:
    """G5: no bylaws make it smaller or larger, or let a term last longer than two years."""
    assert parse_bylaws(changed("bodies.committee_seats", 11)).bodies.committee_seats == 11
    with pytest.raises(BylawsError, match=r"bodies\.committee_seats .* 7 to 11"):
        parse_bylaws(changed("bodies.committee_seats", seats))
    with pytest.raises(BylawsError, match=r"bodies\.committee_term_s"):
        parse_bylaws(changed("bodies.committee_term_s", 2 * 366 * 86_400 + 1))


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


def test_what_is_shipped_for_editors_is_what_is_checked() -> None:
    """The JSON Schema beside the presets follows from the settings."""
    shipped = json.loads((PRESETS / "bylaws.schema.json").read_text(encoding="utf-8"))

    assert shipped == render_schema()


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_every_preset_keeps_the_schema(name: str) -> None:
    """A validator that we did not write says so too."""
    check = fastjsonschema.compile(render_schema())

    assert check(load_preset(name))
    with pytest.raises(fastjsonschema.JsonSchemaException):
        check(changed("stages.voting_s", 1))


def test_a_european_cooperative_society_follows_its_regulation() -> None:
    """Regulation (EC) 1435/2003: article 61(4), half and then no quorum; article 56, the times."""
    bylaws = parse_bylaws(load_preset("european-cooperative-society"))

    assert bylaws.get_quorum_bps(ProposalKind.CONSTITUTIONAL) == 5_000
    assert bylaws.get_quorum_bps(ProposalKind.CONSTITUTIONAL, call=2) == 0
    assert bylaws.stages.discussion_s >= 30 * 86_400
    assert bylaws.stages.second_call_s >= 10 * 86_400


def test_a_second_call_never_asks_for_more() -> None:
    """It is there for those who were too few."""
    with pytest.raises(BylawsError, match=r"quorum\.insight_second_bps"):
        parse_bylaws(changed("quorum.insight_second_bps", 3_001))


def test_a_table_is_a_table() -> None:
    """Whatever stands in the file, the sentence names it."""
    with pytest.raises(BylawsError, match="quorum is a table"):
        parse_bylaws(load_preset() | {"quorum": 3_000})
    with pytest.raises(BylawsError, match="quorum is missing"):
        parse_bylaws({"version": 1})


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
