"""What happens when, as far as the scenario alone decides it."""

from collections.abc import Iterator
from dataclasses import dataclass

from governance.body_records import WORKING_GROUPS, BodyKind
from governance.proposal_records import ProposalKind
from governance.sim.chain import GENESIS_MS
from governance.sim.chance import Chance
from governance.sim.motions import Motion, plan_motion
from governance.sim.people import ARRIVALS_PER_YEAR
from governance.sim.scenario import Scenario

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_YEAR_DAYS = 365
YEAR_MS = _YEAR_DAYS * DAY_MS
_ELECTION_DAY = 2
_FIRST_DAY, _PROPOSING_DAYS = 40, 320
"""Proposals begin when the first committee sits."""
_ARRIVAL_DAY = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A time in which the chain has no blocks."""

    start_ms: int
    end_ms: int


def plan_stalls(scenario: Scenario, chance: Chance) -> tuple[Stall, ...]:
    """When the chain stands still, earliest first."""
    per_year, hours = scenario.chain.stalls_per_year, scenario.chain.stall_hours
    starts = [
        _get_day_ms(year, 0) + hour * HOUR_MS
        for year in range(1, scenario.years + 1)
        for hour in chance.list_below(_YEAR_DAYS * 24, per_year, "stalls", year)
    ]
    return tuple(Stall(start_ms=start, end_ms=start + hours * HOUR_MS) for start in sorted(starts))


def plan_arrivals(scenario: Scenario) -> Iterator[tuple[int, int]]:
    """When which group applies: time and the group's number."""
    for arrival in range(1, scenario.years * ARRIVALS_PER_YEAR + 1):
        year, part = divmod(arrival - 1, ARRIVALS_PER_YEAR)
        day = _ARRIVAL_DAY + part * _YEAR_DAYS // ARRIVALS_PER_YEAR
        yield _get_day_ms(year + 1, day), arrival


def plan_motions(scenario: Scenario, chance: Chance) -> Iterator[tuple[int, Motion]]:
    """When what is submitted; the same whatever the bylaws are."""
    number = 0
    per_year = scenario.proposals.per_year
    for year in range(1, scenario.years + 1):
        for body in _list_bodies(scenario):
            yield _get_day_ms(year, _ELECTION_DAY), _plan_election(scenario, number, year, body)
            number += 1
        hours = chance.list_below(24, per_year, "hours", year)
        for place in range(per_year):
            motion = plan_motion(scenario, chance, number=number, year=year)
            if place == per_year - 1 and scenario.dividends.surplus_minor:
                motion.kind = ProposalKind.DISTRIBUTION
            day = _FIRST_DAY + _PROPOSING_DAYS * place // per_year
            yield _get_day_ms(year, day) + hours[place] * HOUR_MS, motion
            number += 1


def plan_evenly(
    scenario: Scenario, per_year: int, *, first_day: int, days: int
) -> Iterator[tuple[int, int, int]]:
    """So many moments in each year: time, number from 0 and year from 1.

    Args:
        scenario: Says how many years.
        per_year: How many moments.
        first_day: Of each year, on which the first one is.
        days: Over which they are spread.
    """
    for number in range(scenario.years * per_year):
        year, place = divmod(number, per_year)
        yield _get_day_ms(year + 1, first_day + days * place // per_year), number, year + 1


def get_year(scenario: Scenario, time_ms: int) -> int:
    """In which year something happens; what ends after the last one counts to it."""
    return min(scenario.years, (time_ms - GENESIS_MS) // YEAR_MS + 1)


def is_over(scenario: Scenario, time_ms: int) -> bool:
    """Check if a time is after the years that are simulated: nothing begins then."""
    return time_ms >= _get_day_ms(scenario.years + 1, 0)


def _plan_election(scenario: Scenario, number: int, year: int, body: BodyKind) -> Motion:
    has_side = bool(scenario.bloc.candidates)
    return Motion(
        number=number,
        kind=ProposalKind.ELECTION,
        year=year,
        is_own=False,
        appeal_bps=0,
        side_is_yes=True if has_side else None,
        body=body,
    )


def _list_bodies(scenario: Scenario) -> tuple[BodyKind, ...]:
    if not scenario.elections.per_year:
        return ()
    groups = WORKING_GROUPS if scenario.elections.working_groups else ()
    return (BodyKind.COMMITTEE, *groups)


def _get_day_ms(year: int, day: int) -> int:
    return GENESIS_MS + ((year - 1) * _YEAR_DAYS + day) * DAY_MS
