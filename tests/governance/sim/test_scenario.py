"""Scenarios: what is left out has a default, and what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest

from governance.bylaws import parse_bylaws
from governance.bylaws_tables import list_settings, list_tables
from governance.sim.chance import Chance
from governance.sim.scenario import Scenario, ScenarioError, parse_scenario
from governance.sim.sharing import compute_gini_permille, share_surplus
from governance.value.contribution import read_policy
from tests.bylaws import make_bylaws

LEAST: dict[str, Any] = {"version": 1, "title": "Least", "seed": "s", "years": 1}


def test_what_is_left_out_has_a_default() -> None:
    scenario = parse_scenario({**LEAST, "members": {"count": 50}})

    assert scenario.members.count == 50
    assert scenario.members.turnout_bps == 4_000
    assert scenario.bloc.share_bps == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 2}, "version must be 1"),
        ({"version": True}, "version must be 1"),
        ({"title": ""}, "title must be text of 1 to 200 characters"),
        ({"seed": 7}, "seed must be text"),
        ({"years": 0}, "years must be a whole number from 1 to 30"),
        ({"years": "5"}, "years must be a whole number from 1 to 30"),
        ({"colour": 1}, "unknown setting colour: there are title"),
        ({"members": 5}, "members must be a table"),
        ({"members": {"cuont": 50}}, "unknown setting members.cuont: there are count"),
        ({"members": {"count": 9}}, "members.count must be a whole number from 10 to 100000"),
        ({"members": {"turnout_bps": 0.4}}, "members.turnout_bps must be a whole number from 0"),
        ({"members": {"apathy_bps": True}}, "members.apathy_bps must be a whole number"),
        (
            {"members": {"apathy_bps": 6_000}, "bloc": {"share_bps": 5_000}},
            "members.apathy_bps and bloc.share_bps are at most 10000 together",
        ),
        (
            {"proposals": {"constitutional_bps": 6_000, "data_use_bps": 5_000}},
            "constitutional_bps and proposals.data_use_bps are at most 10000",
        ),
        ({"bloc": {"candidates": 3}}, "bloc.candidates is 3, but bloc.share_bps makes only 0"),
        (
            {"members": {"count": 15}, "elections": {"candidates": 8}},
            "elections.candidates is 8, but only half",
        ),
        (
            {"elections": {"per_year": 0}, "recalls": {"per_year": 1}},
            "recalls.per_year is 1, but nobody sits in a committee: set elections.per_year to 1",
        ),
        (
            {"elections": {"per_year": 0}, "departures": {"exclusions_per_year": 1}},
            "departures.exclusions_per_year is 1, but nobody sits",
        ),
        (
            {"elections": {"per_year": 0}, "emergencies": {"per_year": 1}},
            "emergencies.per_year is 1, but nobody sits",
        ),
        (
            {"vetoes": {"share_bps": 1}},
            "vetoes.share_bps is 1, but nobody sits in a privacy group: set elections",
        ),
        ({"budgets": {"items": 2}}, "budgets.items must be a whole number from 3 to 20"),
        ({"departures": {"left": 2}}, "unknown setting departures.left: there are leaving_per"),
        (
            {"years": 30, "members": {"count": 100_000}, "proposals": {"per_year": 200}},
            "more than 20000000 possible ballots",
        ),
    ],
)
def test_errors_name_the_field_and_what_would_be_right(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        parse_scenario({**LEAST, **changes})


def test_a_scenario_says_how_many_years() -> None:
    with pytest.raises(ScenarioError, match="years is missing"):
        parse_scenario({"version": 1, "title": "t", "seed": "s"})


def test_chance_is_even_and_named() -> None:
    """Numbers spread over the whole range; a name that differs gives others."""
    chance = Chance("seed")

    drawn = chance.list_bps(10_000, "a", 1)

    assert abs(sum(drawn) - 50_000_000) < 1_500_000
    assert min(drawn) < 10
    assert max(drawn) > 9_989
    assert chance.list_bps(10, "a", 1) == drawn[:10]
    assert chance.list_bps(10, "a", 11) != chance.list_bps(10, "a1", 1)
    assert all(0 <= chance.draw_around(9_900, 500, number) <= 10_000 for number in range(50))
    assert sorted(chance.shuffle(list(range(20)), "order")) == list(range(20))


@pytest.mark.parametrize(
    ("amounts", "permille"),
    [((), 0), ((0, 0), 0), ((5, 5, 5), 0), ((0, 0, 0, 8), 750), ((1, 3), 250)],
)
def test_gini_is_whole(amounts: tuple[int, ...], permille: int) -> None:
    assert compute_gini_permille(amounts) == permille


def test_what_is_shared_and_what_is_left_is_the_whole() -> None:
    payouts, left_minor = share_surplus(
        1_000_003,
        places=[0, 2, 5],
        votes={0: 3},
        seats={2: 1},
        policy=read_policy(parse_bylaws(make_bylaws())),
        scenario=parse_scenario(LEAST),
        chance=Chance("s"),
    )

    assert sum(payouts) + left_minor == 1_000_003
    assert payouts[2] < payouts[0] < payouts[1]


def test_the_page_lists_every_setting() -> None:
    """docs/simulator.md has bounds, default and meaning of each."""
    page = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")

    for table, kind in list_tables(Scenario).items():
        for name, setting in list_settings(kind).items():
            bounds = f"{setting.least}–{setting.greatest}"
            default = getattr(kind(), name)
            row = f"| `{table}.{name}` | {bounds} | {default} | {setting.meaning} |"
            assert row in page
