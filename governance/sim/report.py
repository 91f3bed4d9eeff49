"""What came of a simulation, as plain data: whole numbers, text and lists of them.

Times are in hours, shares in parts per thousand, money in its smallest unit. The same scenario
and bylaws give the same report to the byte, on every machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from governance.bylaws import Bylaws, parse_bylaws
from governance.bylaws_tables import list_settings, list_tables
from governance.counting import is_quorum_met
from governance.proposal_records import Outcome
from governance.sim.calendar import HOUR_MS
from governance.sim.counterfactual import is_turned
from governance.sim.motions import Motion
from governance.sim.people import Camp
from governance.sim.run import Course, Simulation, run_simulation
from governance.sim.scenario import Scenario
from governance.sim.sharing import compute_gini_permille
from governance.sim.world import COUNTED

_PERMILLE = 1_000
_NONE = "none"
OUTCOMES = ("accepted", "rejected", "too_few_yes", "no_quorum", "void", "refused")
"""How a proposal ends: by its vote, without one because a rule failed, or not even begun."""


def simulate(scenario: Scenario, bylaws: Mapping[str, object], *, name: str) -> dict[str, Any]:
    """Simulate a scenario under some bylaws, and report.

    Args:
        scenario: What is simulated.
        bylaws: A parsed bylaws file.
        name: Of these bylaws, for whoever reads the report.

    Raises:
        RefusedError: The bylaws go below the charter's floors.
    """
    simulation, course = run_simulation(scenario, bylaws)
    decided = [motion for motion in course.motions if motion.body is None]
    elections = [motion for motion in course.motions if motion.body is not None]
    return {
        "bylaws": name,
        "bylaws_hash": parse_bylaws(bylaws).compute_hash().hex(),
        "title": scenario.title,
        "seed": scenario.seed,
        "years": scenario.years,
        "proposals": _sum_up(decided),
        "elections": _sum_up(elections),
        "hours_to_decide": _spread([_count_hours(item) for item in decided if item.outcome]),
        "turnout_permille": _spread(_list_turnouts(decided)),
        "power": _describe_power(simulation, course, [*decided, *simulation.world.affairs]),
        "gini_permille": _describe_gini(course),
        **_count_affairs(simulation, _list_years(scenario)),
        "chain": {
            "blocks": course.blocks,
            "ballots": course.ballots,
            "ballots_late": course.ballots_late,
            "outages": course.outages,
            "windows_extended": sum(motion.extended for motion in course.motions),
            "body_silences": simulation.officers.silences,
            "refusals": {
                code.name.lower(): count
                for code, count in sorted(simulation.chain.refusals.items())
            },
        },
        "by_year": [_describe_year(simulation, course, year) for year in _list_years(scenario)],
        "decisions": [_describe(simulation, motion) for motion in decided],
        "elected": [_describe_election(simulation, motion) for motion in elections],
        "affairs": [_describe(simulation, motion) for motion in simulation.world.affairs],
    }


def compare_bylaws(
    scenario: Scenario,
    first: Mapping[str, object],
    second: Mapping[str, object],
    *,
    names: tuple[str, str],
) -> dict[str, Any]:
    """Simulate the same members under two bylaws.

    Raises:
        RefusedError: Bylaws go below the charter's floors.
    """
    reports = [
        simulate(scenario, bylaws, name=name)
        for bylaws, name in zip((first, second), names, strict=True)
    ]
    return {
        "settings": list_differences(parse_bylaws(first), parse_bylaws(second)),
        "reports": reports,
        "decided_otherwise": _list_decided_otherwise(reports),
    }


def list_differences(first: Bylaws, second: Bylaws) -> list[dict[str, Any]]:
    """Settings in which two bylaws differ."""
    return [
        {
            "setting": f"{table}.{name}",
            "meaning": setting.meaning,
            "first": getattr(getattr(first, table), name),
            "second": getattr(getattr(second, table), name),
        }
        for table, kind in list_tables(Bylaws).items()
        for name, setting in list_settings(kind).items()
        if getattr(getattr(first, table), name) != getattr(getattr(second, table), name)
    ]


def _list_decided_otherwise(reports: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    first, second = (report["decisions"] for report in reports)
    return [
        {
            "number": one["number"],
            "kind": one["kind"],
            "is_of_bloc": one["is_of_bloc"],
            "first": one["outcome"],
            "second": other["outcome"],
        }
        for one, other in zip(first, second, strict=True)
        if one["outcome"] != other["outcome"]
    ]


def _sum_up(motions: Sequence[Motion]) -> dict[str, int]:
    ends = [_name_end(motion) for motion in motions]
    second = [motion for motion in motions if motion.calls > 1]
    return {
        "count": len(motions),
        **{name: ends.count(name) for name in OUTCOMES},
        "second_calls": len(second),
        "second_calls_with_quorum": sum(
            1 for motion in second if motion.outcome not in (None, Outcome.NO_QUORUM)
        ),
    }


def _name_end(motion: Motion) -> str:
    return motion.end if motion.outcome is None else motion.outcome.name.lower()


def _count_hours(motion: Motion) -> int:
    return (motion.decided_ms - motion.submitted_ms) // HOUR_MS


def _list_turnouts(motions: Iterable[Motion]) -> list[int]:
    return [
        motion.ballots * _PERMILLE // len(motion.electorate)
        for motion in motions
        if motion.outcome is not None
    ]


def _spread(values: Sequence[int]) -> dict[str, int]:
    """Least, median, ninth decile and most; zeros where there is nothing."""
    if not values:
        return {"least": 0, "median": 0, "ninety_percent": 0, "most": 0}
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "least": ordered[0],
        "median": ordered[last // 2],
        "ninety_percent": ordered[last * 9 // 10],
        "most": ordered[-1],
    }


def _describe_power(
    simulation: Simulation, course: Course, decided: Sequence[Motion]
) -> dict[str, Any]:
    turned = [name for motion in decided for name in _list_turning(simulation, motion)]
    own = [motion for motion in decided if motion.is_own]
    sided = [motion for motion in decided if motion.side_is_yes is not None and motion.outcome]
    seats = dict.fromkeys(Camp, 0)
    for place, count in course.seats_won.items():
        seats[simulation.people[place].camp] += count
    last = course.roll_by_year.get(simulation.scenario.years, dict.fromkeys(Camp, 0))
    return {
        "seats_won": {camp.value: seats[camp] for camp in Camp},
        "bloc_seats_permille": _share(seats[Camp.BLOC], sum(seats.values())),
        "bloc_roll_permille": _share(last[Camp.BLOC], sum(last.values())),
        "sybil_roll_permille": _share(last[Camp.SYBIL], sum(last.values())),
        "sybils_applied": sum(1 for one in simulation.people if one.camp is Camp.SYBIL),
        "sybils_on_roll": last[Camp.SYBIL],
        "bloc_proposals": len(own),
        "bloc_proposals_accepted": sum(1 for item in own if item.outcome is Outcome.ACCEPTED),
        "bloc_took_side": len(sided),
        "bloc_had_its_way": sum(1 for motion in sided if _had_its_way(motion)),
        "turned_by_bloc": turned.count("bloc"),
        "turned_by_sybils": turned.count("sybils"),
        "turned_by_both": turned.count("both"),
        "seats_turned": sum(_count_seats_turned(motion) for motion in course.motions),
    }


def _had_its_way(motion: Motion) -> bool:
    return (motion.outcome is Outcome.ACCEPTED) is motion.side_is_yes


def _list_turning(simulation: Simulation, motion: Motion) -> list[str]:
    """Without whose ballots another decision would have been taken.

    `bloc` if it had voted like others, `sybils` without made-up members; `both` without either
    of them, which may be so where neither alone would have been enough.
    """
    camps = dict.fromkeys(simulation.people[place].camp for place in motion.electorate)
    if motion.outcome is None or motion.side_is_yes is None:
        return []
    imagined = {
        "bloc": (motion.as_members, Camp.BLOC in camps),
        "sybils": (motion.without_sybils, Camp.SYBIL in camps),
        "both": (motion.without_both, Camp.BLOC in camps or Camp.SYBIL in camps),
    }
    view, cooperative = simulation.chain.view, simulation.chain.cooperative
    return [
        name
        for name, (votes, is_there) in imagined.items()
        if is_there and is_turned(view, cooperative, motion, votes)
    ]


def _describe_gini(course: Course) -> dict[str, int]:
    paid: dict[int, int] = {}
    for payout in course.payouts:
        for order, amount in enumerate(payout.payouts):
            paid[order] = paid.get(order, 0) + amount
    return {
        "seats": compute_gini_permille(tuple(course.seats_won.values())),
        "dividends": compute_gini_permille(tuple(paid.values())),
    }


def _count_affairs(simulation: Simulation, years: Iterable[int]) -> dict[str, dict[str, int]]:
    counts = simulation.world.counts
    return {
        table: {name: sum(counts.get((year, table, name), 0) for year in years) for name in names}
        for table, names in COUNTED.items()
    }


def _describe_year(simulation: Simulation, course: Course, year: int) -> dict[str, Any]:
    motions = [motion for motion in course.motions if motion.year == year]
    decided = [motion for motion in motions if motion.body is None]
    won = [place for motion in motions for place in motion.winners]
    roll = course.roll_by_year.get(year, {})
    paid = [payout for payout in course.payouts if payout.year == year]
    return {
        "year": year,
        "roll": {camp.value: roll.get(camp, 0) for camp in Camp},
        **_sum_up(decided),
        "median_hours": _spread([_count_hours(item) for item in decided if item.outcome])["median"],
        "median_turnout_permille": _spread(_list_turnouts(decided))["median"],
        "seats_won": {
            camp.value: sum(1 for place in won if simulation.people[place].camp is camp)
            for camp in Camp
        },
        "dividend_paid_minor": sum(payout.paid_minor for payout in paid),
        "dividend_gini_permille": (compute_gini_permille(paid[-1].payouts) if paid else 0),
        **_count_affairs(simulation, (year,)),
    }


def _describe(simulation: Simulation, motion: Motion) -> dict[str, Any]:
    is_decided = motion.outcome is not None
    return {
        "number": motion.number,
        "year": motion.year,
        "kind": motion.kind.name.lower(),
        "outcome": _name_end(motion),
        "is_of_bloc": motion.is_own,
        "side_of_bloc": _name_side(motion),
        "recommended": motion.stance.name.lower(),
        "electorate": len(motion.electorate),
        "yes": motion.yes,
        "no": motion.no,
        "abstain": motion.abstain,
        "quorum_bps": motion.quorum_bps,
        "has_quorum": is_decided
        and is_quorum_met(
            ballots_count=motion.ballots,
            electorate_count=len(motion.electorate),
            quorum_bps=motion.quorum_bps,
        ),
        "calls": motion.calls,
        "hours": _count_hours(motion) if is_decided else 0,
        "windows_extended": motion.extended,
        "turned_by": _list_turning(simulation, motion),
    }


def _name_side(motion: Motion) -> str:
    if motion.side_is_yes is None:
        return _NONE
    return "yes" if motion.side_is_yes else "no"


def _describe_election(simulation: Simulation, motion: Motion) -> dict[str, Any]:
    camps = [simulation.people[place].camp for place in motion.winners]
    return {
        "number": motion.number,
        "year": motion.year,
        "body": _NONE if motion.body is None else motion.body.name.lower(),
        "outcome": _name_end(motion),
        "electorate": len(motion.electorate),
        "ballots": motion.ballots,
        "calls": motion.calls,
        "candidates": len(motion.options),
        "seats": motion.seats,
        "seats_turned": _count_seats_turned(motion),
        "elected": {camp.value: camps.count(camp) for camp in Camp},
    }


def _count_seats_turned(motion: Motion) -> int:
    """Seats of the committee that somebody else would hold without bloc and sybils."""
    if motion.imagined_winners is None:
        return 0
    return sum(1 for place in motion.winners if place not in motion.imagined_winners)


def _share(part: int, whole: int) -> int:
    return part * _PERMILLE // whole if whole else 0


def _list_years(scenario: Scenario) -> range:
    return range(1, scenario.years + 1)
