"""Recalls, vetoes, departures, budgets and emergencies: the rules decide, and sums agree."""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from governance.counting import WHOLE_BPS
from governance.sim.report import simulate
from governance.sim.run import run_simulation
from governance.sim.scenario import parse_scenario
from tests.bylaws import load_preset
from tests.governance.sim.test_simulation import SCENARIO

AFFAIRS: dict[str, Any] = {
    "years": 3,
    "recalls": {"per_year": 3, "signing_bps": 3_000},
    "vetoes": {"share_bps": 6_000, "override_bps": 7_000},
    "departures": {
        "leaving_per_year": 12,
        "returning_bps": 5_000,
        "exclusions_per_year": 2,
    },
    "budgets": {"per_year": 2},
    "emergencies": {"per_year": 3},
}
WILLING: dict[str, Any] = {
    "proposals": {"per_year": 10, "data_use_bps": 8_000, "support_bps": 9_000},
    "members": {**SCENARIO["members"], "turnout_bps": 8_000},
    "bloc": {},
    "sybils": {},
    "chain": {},
    "elections": {"candidates": 8},
    "vetoes": {},
    "recalls": {},
    "departures": {},
    "budgets": {},
    "emergencies": {},
}
"""Members who vote on what most of them want, and none of all that."""


def make_report(**changes: Any) -> dict[str, Any]:
    scenario = parse_scenario({**SCENARIO, **AFFAIRS, **changes})
    return simulate(scenario, load_preset(), name="patient-group")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return make_report()


def count_votes(report: dict[str, Any], kind: str, *outcomes: str) -> int:
    return sum(
        1
        for row in report["affairs"]
        if row["kind"] == kind and (not outcomes or row["outcome"] in outcomes)
    )


def test_sums_agree(report: dict[str, Any]) -> None:
    """Each year's counts make the whole, and the whole is what the votes say."""
    recalls, vetoes, departures = (report[name] for name in ("recalls", "vetoes", "departures"))

    for table in ("recalls", "vacancies", "vetoes", "departures", "budgets", "emergencies"):
        for name, number in report[table].items():
            assert sum(year[table][name] for year in report["by_year"]) == number
    assert recalls["petitions"] == recalls["lapsed"] + recalls["voted_on"]
    assert recalls["petitions"] + recalls["refused"] == 3 * 3
    assert recalls["voted_on"] == count_votes(report, "recall") > 0
    assert recalls["voted_on"] == recalls["recalled"] + recalls["kept"]
    assert vetoes["overrides"] == count_votes(report, "veto_override")
    assert vetoes["overridden"] == count_votes(report, "veto_override", "accepted")
    assert departures["appeals"] == count_votes(report, "appeal") > 0
    assert departures["exclusions"] == departures["excluded"] + departures["stayed"]
    assert departures["stayed"] == departures["appeals"] - count_votes(report, "appeal", "accepted")
    ballots = sum(row["yes"] + row["no"] + row["abstain"] for row in report["decisions"])
    ballots += sum(row["yes"] + row["no"] + row["abstain"] for row in report["affairs"])
    assert ballots + sum(row["ballots"] for row in report["elected"]) == report["chain"]["ballots"]


def test_affairs_are_the_same_in_every_process(report: dict[str, Any]) -> None:
    """The order of Python's hashes has no say in them either."""
    program = (
        "import hashlib, json; from tests.governance.sim.test_affairs import make_report;"
        "print(hashlib.sha256(json.dumps(make_report()).encode()).hexdigest())"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == hashlib.sha256(json.dumps(report).encode()).hexdigest()


def test_nothing_of_it_happens_unasked() -> None:
    told = make_report(**{**WILLING, "years": 1})

    assert told["affairs"] == []
    for table in ("recalls", "vacancies", "departures", "budgets", "emergencies"):
        assert set(told[table].values()) == {0}
    assert told["vetoes"]["data_uses"] > 0
    assert told["vetoes"]["vetoed"] == told["vetoes"]["overrides"] == 0


def test_a_petition_without_enough_signatures_lapses() -> None:
    """A tenth of the roll must sign (G5)."""
    few, many = (
        make_report(**{**WILLING, "recalls": {"per_year": 2, "signing_bps": signing}, "years": 1})
        for signing in (300, 4_000)
    )

    assert few["recalls"]["voted_on"] == few["recalls"]["recalled"] == 0
    assert few["recalls"]["lapsed"] == few["recalls"]["petitions"] > 0
    assert many["recalls"]["voted_on"] == many["recalls"]["petitions"] > 0


def test_whom_members_recall_is_followed_by_those_who_were_not_elected() -> None:
    """A majority takes the seat, and a countback fills it."""
    recalls = {"per_year": 2, "signing_bps": 4_000, "support_bps": 9_500}

    told = make_report(**{**WILLING, "recalls": recalls, "years": 2})

    assert told["recalls"]["recalled"] == told["recalls"]["voted_on"] > 0
    assert told["vacancies"]["seats"] == told["recalls"]["recalled"]
    assert 0 < told["vacancies"]["followed"] <= told["vacancies"]["seats"]


def test_the_privacy_group_stops_data_uses_until_two_thirds_override() -> None:
    """A majority is not enough to override a veto, two thirds are (G7)."""
    vetoes = {"share_bps": WHOLE_BPS, "override_bps": WHOLE_BPS, "override_support_bps": 6_000}

    told = make_report(
        **{
            **WILLING,
            "elections": {"candidates": 8, "working_groups": 1},
            "vetoes": vetoes,
            "years": 2,
        }
    )

    votes = [row for row in told["affairs"] if row["kind"] == "veto_override"]
    assert told["vetoes"]["vetoed"] == told["vetoes"]["overrides"] == len(votes) > 0
    for row in votes:
        assert (row["outcome"] == "accepted") is (row["yes"] >= 2 * row["no"])
    assert any(row["no"] < row["yes"] < 2 * row["no"] for row in votes)
    assert 0 < told["vetoes"]["overridden"] < len(votes)


@pytest.mark.parametrize(("support_bps", "name"), [(9_500, "ratified"), (500, "reverted")])
def test_members_ratify_a_pause_or_end_it(support_bps: int, name: str) -> None:
    """An emergency act is void unless it is ratified (G8)."""
    emergencies = {"per_year": 2, "support_bps": support_bps}

    told = make_report(**{**WILLING, "emergencies": emergencies, "years": 1})["emergencies"]

    assert told["acts"] == told[name] > 0
    assert told["ratified"] + told["reverted"] == told["acts"]
    assert told["acts"] + told["impossible"] == 2


def test_who_leaves_is_off_the_roll_and_may_come_back() -> None:
    members = {**WILLING["members"], "joining_per_year": 0}
    departures = {"leaving_per_year": 9, "returning_bps": WHOLE_BPS}

    told = make_report(**{**WILLING, "members": members, "departures": departures, "years": 3})

    assert told["departures"]["left"] == 3 * 9
    assert 9 < told["departures"]["came_back"] <= 2 * 9
    rolls = [year["roll"]["member"] for year in told["by_year"]]
    assert rolls[0] == 90 - 9
    assert rolls[0] >= rolls[-1] > 90 - 3 * 9


def test_the_assembly_decides_on_an_appeal() -> None:
    """Who appeals stays if members want it; who does not appeal goes."""
    departures = {"exclusions_per_year": 3, "exclusion_support_bps": 500}

    silent, appealing = (
        make_report(
            **{**WILLING, "departures": {**departures, "appealing_bps": share}, "years": 1}
        )["departures"]
        for share in (0, WHOLE_BPS)
    )

    assert silent["excluded"] == silent["exclusions"] > 0
    assert silent["appeals"] == silent["stayed"] == 0
    assert appealing["stayed"] == appealing["appeals"] == appealing["exclusions"] > 0
    assert appealing["excluded"] == 0


def test_what_a_budget_shares_is_no_more_than_its_pool() -> None:
    """Quadratic voting: a bloc that spends all on one item gets it more, not all (V3)."""
    asked = {**WILLING, "budgets": {"per_year": 2, "items": 4}, "years": 1}

    alone = make_report(**asked)["budgets"]
    captured = make_report(**{**asked, "bloc": {"share_bps": 4_000}})["budgets"]

    assert alone["votes"] == alone["decided"] == 2
    assert alone["pool_minor"] - 2 * 4 < alone["funded_minor"] <= alone["pool_minor"] == 2_000_000
    assert alone["bloc_item_minor"] == 0
    assert 2_000_000 // 4 < captured["bloc_item_minor"] < captured["funded_minor"]


def test_imagined_ballots_are_the_cast_ones_where_nobody_captures() -> None:
    """Who has left votes neither in fact nor in imagination."""
    scenario = parse_scenario({**SCENARIO, **AFFAIRS, "bloc": {}, "sybils": {}, "chain": {}})

    simulation, course = run_simulation(scenario, load_preset())

    decided = [motion for motion in (*course.motions, *simulation.world.affairs) if motion.outcome]
    assert any(motion.gone for motion in decided)
    for motion in decided:
        imagined = motion.as_members[-1]
        cast = (motion.yes, motion.no, motion.abstain)
        assert (imagined.yes, imagined.no, imagined.abstain) == cast
