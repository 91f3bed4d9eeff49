"""Who leaves the roll, freely or against their will, and who comes back to it.

Only members outside the bloc leave or are excluded: whoever wants to capture a cooperative
stays. An officer who leaves closes their office, and stands no more.
"""

from functools import partial

from governance.body_acts import ExcludeMember
from governance.body_events import OfficeClosed
from governance.body_records import BodyKind
from governance.events import Event, MembersAdmitted, MembersLeft
from governance.proposal_records import ProposalKind
from governance.roll_events import ExclusionDecided, ExclusionEnded
from governance.roll_transactions import AppealExclusion, LeaveRoll
from governance.sim.arrivals import admit
from governance.sim.calendar import YEAR_MS, is_over, plan_evenly
from governance.sim.people import Camp
from governance.sim.world import World

_FIRST_DAY, _DAYS = 20, 330
_EXCLUDING_FIRST_DAY, _EXCLUDING_DAYS = 110, 240
_LEAVING_TIMES = 12
"""Those who leave go together, so often a year."""


class Departures:
    """People on their way off the roll and back."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._place_of = {person.account: person.place for person in world.people}
        self._leaving: dict[int, None] = {}
        self._excluded: dict[int, None] = {}
        """Whom the committee wants to exclude, or has excluded."""
        self._gone: dict[int, None] = {}

    def plan(self) -> None:
        """Plan when who leaves, and when the committee wants to exclude somebody."""
        world, departures = self._world, self._world.scenario.departures
        times = _LEAVING_TIMES if departures.leaving_per_year else 0
        for time_ms, number, _ in plan_evenly(
            world.scenario, times, first_day=_FIRST_DAY, days=_DAYS
        ):
            world.agenda.plan(time_ms, partial(self._leave, number))
        for time_ms, number, _ in plan_evenly(
            world.scenario,
            departures.exclusions_per_year,
            first_day=_EXCLUDING_FIRST_DAY,
            days=_EXCLUDING_DAYS,
        ):
            world.agenda.plan(time_ms, partial(self._exclude, number))

    def note(self, event: Event) -> None:
        """Follow who is off the roll, and who is back on it."""
        match event:
            case MembersLeft():
                for account in event.accounts:
                    self._note_gone(self._place_of[account])
            case MembersAdmitted():
                for account in event.accounts:
                    if self._gone.pop(self._place_of[account], 0) is None:
                        self._world.count("departures", "came_back")
            case ExclusionEnded():
                name = "excluded" if event.is_excluded else "stayed"
                self._world.count("departures", name)
                if not event.is_excluded:
                    del self._excluded[self._place_of[event.account]]
            case _:
                pass

    def _leave(self, number: int) -> None:
        world, chain = self._world, self._world.chain
        per_year = world.scenario.departures.leaving_per_year
        turn = number % _LEAVING_TIMES
        count = per_year * (turn + 1) // _LEAVING_TIMES - per_year * turn // _LEAVING_TIMES
        for place in world.choose(self._list_free(), count, "leaves", number):
            self._leaving[place] = None
            leaving = LeaveRoll(cooperative=chain.cooperative)
            if chain.apply(world.people[place].account, leaving) is None:
                del self._leaving[place]
                continue
            for event in world.candidates.retire(chain, place):
                if isinstance(event, OfficeClosed):
                    world.count("vacancies", "seats", len(event.bodies))

    def _note_gone(self, place: int) -> None:
        world = self._world
        self._gone[place] = None
        if self._leaving.pop(place, 0) == 0:
            return
        world.count("departures", "left")
        again_ms = world.chain.time_ms + YEAR_MS
        wants = world.chance.draw_bps("comes back", place) < world.scenario.departures.returning_bps
        if wants and not is_over(world.scenario, again_ms):
            world.agenda.plan(again_ms, partial(self._apply_again, place))

    def _apply_again(self, place: int) -> None:
        world = self._world
        # Nobody objects, so nobody has to be the one who does.
        admit(world.chain, world.chance, [world.people[place]], witness=b"")

    def _exclude(self, number: int) -> None:
        world, chain = self._world, self._world.chain
        free = [place for place in self._list_free() if place not in world.candidates.office_of]
        chosen = world.choose(free, 1, "excluded", number)
        if not chosen:
            world.count("departures", "refused")
            return
        place = chosen[0]
        act = ExcludeMember(
            account=world.people[place].account,
            reasons_hash=world.chance.digest("exclusion", number),
        )
        told = world.officers.act(chain, BodyKind.COMMITTEE, act)
        decided = next((event for event in told if isinstance(event, ExclusionDecided)), None)
        if decided is None:
            world.count("departures", "refused")
            return
        self._excluded[place] = None
        world.count("departures", "exclusions")
        if world.chance.draw_bps("appeals", number) < world.scenario.departures.appealing_bps:
            world.plan_half(decided.appeal_ends_ms, partial(self._appeal, place, number))
        world.agenda.plan_block(decided.appeal_ends_ms)

    def _appeal(self, place: int, number: int) -> None:
        world = self._world
        motion = world.make_affair(
            ProposalKind.APPEAL,
            number,
            support_bps=world.scenario.departures.exclusion_support_bps,
        )
        appeal = AppealExclusion(
            cooperative=world.chain.cooperative,
            text_hash=world.chance.digest("text", motion.number),
        )
        told = world.chain.apply(world.people[place].account, appeal)
        if told is not None:
            world.count("departures", "appeals")
            world.bring(motion, told)

    def _list_free(self) -> list[int]:
        """Members outside the bloc who are not on their way off the roll."""
        people = self._world.people
        return [
            place
            for place in self._world.on_roll
            if people[place].camp is Camp.MEMBER
            and place not in self._leaving
            and place not in self._excluded
        ]
