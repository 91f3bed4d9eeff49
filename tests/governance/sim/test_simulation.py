"""The simulator: the same to the byte, sums that agree, and never more than the rules allow."""

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from governance.sim.report import OUTCOMES, compare_bylaws, simulate
from governance.sim.scenario import parse_scenario
from tests.bylaws import load_preset

SCENARIO: dict[str, Any] = {
    "version": 1,
    "title": "Two years",
    "seed": "tests",
    "years": 2,
    "members": {
        "count": 90,
        "turnout_bps": 3_300,
        "turnout_spread_bps": 2_000,
        "apathy_bps": 1_000,
        "joining_per_year": 8,
    },
    "proposals": {"per_year": 8, "constitutional_bps": 2_000, "data_use_bps": 2_000},
    "elections": {"per_year": 1, "candidates": 8, "working_groups": 1},
    "bloc": {
        "share_bps": 1_500,
        "own_bps": 3_000,
        "contests_bps": 3_000,
        "candidates": 4,
    },
    "sybils": {"per_year": 8, "caught_bps": 5_000},
    "bodies": {"silence_bps": 3_000, "influence_bps": 1_000},
    "chain": {"stalls_per_year": 6, "stall_hours": 60},
    "dividends": {"surplus_minor": 1_000_003},
}


def make_report(preset: str = "patient-group", **changes: Any) -> dict[str, Any]:
    return simulate(parse_scenario({**SCENARIO, **changes}), load_preset(preset), name=preset)


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return make_report()


def test_the_same_seed_gives_the_same_bytes_in_every_process(report: dict[str, Any]) -> None:
    """Neither the process nor the order of Python's hashes has a say."""
    program = (
        "import hashlib, json; from tests.governance.sim.test_simulation import make_report;"
        "print(hashlib.sha256(json.dumps(make_report()).encode()).hexdigest())"
    )
    wanted = hashlib.sha256(json.dumps(report).encode()).hexdigest()

    for hash_seed in ("0", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == wanted


def test_another_seed_gives_another_course(report: dict[str, Any]) -> None:
    assert make_report(seed="others")["decisions"] != report["decisions"]


def test_sums_agree(report: dict[str, Any]) -> None:
    """What the tables say together is what their rows say."""
    proposals = report["proposals"]

    assert sum(proposals[name] for name in OUTCOMES) == proposals["count"] == 16
    assert len(report["decisions"]) == proposals["count"]
    assert sum(year["count"] for year in report["by_year"]) == proposals["count"]
    assert all(
        row["yes"] + row["no"] + row["abstain"] <= row["electorate"] for row in report["decisions"]
    )
    for camp, seats in report["power"]["seats_won"].items():
        assert sum(row["elected"][camp] for row in report["elected"]) == seats
        assert sum(year["seats_won"][camp] for year in report["by_year"]) == seats
    assert sum(report["power"]["seats_won"].values()) > 0
    counted = sum(row["yes"] + row["no"] + row["abstain"] for row in report["decisions"])
    counted += sum(row["ballots"] for row in report["elected"])
    assert counted == report["chain"]["ballots"]


@pytest.mark.parametrize("turnout_bps", [0, 1_500, 3_300, 9_000])
def test_no_outcome_without_quorum(turnout_bps: int) -> None:
    """Accepted or rejected is only what enough have voted on."""
    told = make_report(members={**SCENARIO["members"], "turnout_bps": turnout_bps}, years=1)

    for row in told["decisions"]:
        has_outcome = row["outcome"] in ("accepted", "rejected", "too_few_yes")
        assert row["has_quorum"] is has_outcome
        if has_outcome:
            ballots = row["yes"] + row["no"] + row["abstain"]
            assert ballots * 10_000 >= row["quorum_bps"] * row["electorate"]


def test_only_stalls_are_outages(report: dict[str, Any]) -> None:
    """A chain that goes on is never taken for one that stood still."""
    assert make_report(chain={})["chain"]["outages"] == 0
    assert report["chain"]["outages"] > 0
    assert report["chain"]["windows_extended"] > 0
    assert report["chain"]["ballots_late"] == 0


def test_two_bylaws_meet_the_same_members() -> None:
    """A second call that is left out shows where it had brought a quorum."""
    first, second = load_preset(), load_preset()
    second["quorum"]["ordinary_second_bps"] = second["quorum"]["ordinary_bps"]

    told = compare_bylaws(parse_scenario(SCENARIO), first, second, names=("with", "without"))

    one, other = told["reports"]
    assert [item["setting"] for item in told["settings"]] == ["quorum.ordinary_second_bps"]
    assert [row["kind"] for row in one["decisions"]] == [row["kind"] for row in other["decisions"]]
    assert other["proposals"]["no_quorum"] > one["proposals"]["no_quorum"]
    assert other["proposals"]["second_calls"] < one["proposals"]["second_calls"]
    assert told["decided_otherwise"]
    assert all(row["first"] != row["second"] for row in told["decided_otherwise"])


def test_equal_bylaws_give_equal_reports() -> None:
    bylaws = load_preset()

    told = compare_bylaws(
        parse_scenario({**SCENARIO, "years": 1}), bylaws, bylaws, names=("same", "same")
    )

    assert told["reports"][0] == told["reports"][1]
    assert told["settings"] == told["decided_otherwise"] == []


def test_a_cooperative_without_troublemakers_turns_nothing() -> None:
    told = make_report(bloc={}, sybils={}, years=1)

    power = told["power"]
    assert power["turned_by_both"] == power["bloc_took_side"] == power["sybils_on_roll"] == 0
    assert power["seats_turned"] == 0


def test_a_strong_bloc_turns_outcomes() -> None:
    """Where few others vote, a third that always does decides."""
    bloc = {**SCENARIO["bloc"], "share_bps": 3_300, "own_support_bps": 1_000}

    power = make_report(bloc=bloc, sybils={}, years=1)["power"]

    assert power["turned_by_bloc"] == power["turned_by_both"] > 0
    assert power["turned_by_sybils"] == 0
    assert power["bloc_proposals_accepted"] > 0
    assert 0 < power["seats_turned"] <= sum(power["seats_won"].values())


def test_nothing_happens_where_nothing_is_planned() -> None:
    told = make_report(proposals={"per_year": 0}, elections={"per_year": 0}, years=1, bloc={})

    assert told["proposals"]["count"] == told["elections"]["count"] == 0
    assert told["chain"]["ballots"] == told["gini_permille"]["seats"] == 0


def test_without_enough_candidates_the_founding_goes_on() -> None:
    """Too few stand: elections are void, and what waits for the founding is refused."""
    told = make_report(
        elections={"candidates": 3},
        proposals={"per_year": 12, "constitutional_bps": 5_000},
        bloc={},
        years=1,
    )

    assert told["elections"]["void"] == told["elections"]["count"] == 1
    assert told["proposals"]["refused"] > 0
    assert told["chain"]["refusals"] == {"founding_unfinished": told["proposals"]["refused"]}
    assert told["power"]["seats_won"] == {"member": 0, "bloc": 0, "sybil": 0}


def test_a_surplus_is_shared_when_members_accept() -> None:
    """What is paid is no more than what there was; who did more gets more."""
    told = make_report(
        members={"count": 60, "turnout_bps": 6_000},
        proposals={"per_year": 4, "support_bps": 9_000, "support_spread_bps": 0},
        bloc={},
        sybils={},
    )

    paid = [year["dividend_paid_minor"] for year in told["by_year"]]
    assert 0 < paid[0] <= 1_000_003
    assert sum(paid) <= 2 * 1_000_003
    assert 0 < told["gini_permille"]["dividends"] < 1_000


def test_elections_that_the_rules_submit_take_the_planned_ones_place() -> None:
    """Nobody asks for one that is under way, and each year elects its part of the committee."""
    told = make_report(proposals={"per_year": 2}, bloc={}, sybils={}, years=4)

    assert told["elections"]["count"] == 4 * 6
    assert told["elections"]["void"] == told["proposals"]["refused"] == 0
    assert told["chain"]["refusals"] == {}
    assert told["power"]["seats_won"]["member"] > 7
