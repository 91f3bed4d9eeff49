"""Petitions against officers of the committee, the votes that they bring, and vacant seats."""

from functools import partial

from governance.body_events import (
    CountbackEnded,
    OfficerRecalled,
    PetitionStarted,
    PetitionSucceeded,
)
from governance.body_records import BodyKind
from governance.body_transactions import SignPetition, StartPetition
from governance.events import Event
from governance.proposal_records import Outcome, ProposalKind
from governance.sim.calendar import plan_evenly
from governance.sim.motions import Motion
from governance.sim.people import Camp
from governance.sim.world import World

_FIRST_DAY, _DAYS = 130, 200
_ROUNDS = 6
"""So often until a petition lapses those sign who will."""


class Recalls:
    """Members who ask for an officer's recall, and those who sign."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plan(self) -> None:
        """Plan when which petition begins."""
        world = self._world
        per_year = world.scenario.recalls.per_year
        for time_ms, number, _ in plan_evenly(
            world.scenario, per_year, first_day=_FIRST_DAY, days=_DAYS
        ):
            world.agenda.plan(time_ms, partial(self._start, number))

    def note(self, event: Event) -> None:
        """Count what has come of petitions, and which seats are vacant or filled again."""
        world = self._world
        match event:
            case OfficerRecalled():
                world.count("recalls", "recalled")
                world.count("vacancies", "seats")
            case CountbackEnded() if event.office:
                world.count("vacancies", "followed")
                place = world.candidates.place_of[event.office]
                if world.people[place].camp is Camp.BLOC:
                    world.count("vacancies", "followed_by_bloc")
            case _:
                pass

    def note_decided(self, motion: Motion) -> None:
        """Count the votes that have left an officer in their seat."""
        if motion.kind is ProposalKind.RECALL and motion.outcome is not Outcome.ACCEPTED:
            self._world.count("recalls", "kept")

    def _start(self, number: int) -> None:
        world, chain = self._world, self._world.chain
        offices = chain.view.get_body(chain.cooperative, BodyKind.COMMITTEE).offices
        if not offices:
            world.count("recalls", "refused")
            return
        office = offices[world.chance.list_below(len(offices), 1, "recalled", number)[0]]
        is_of_bloc = world.people[world.candidates.place_of[office]].camp is Camp.BLOC
        signers = self._list_signers(number, is_of_bloc=is_of_bloc)
        if not signers:
            world.count("recalls", "refused")
            return
        told = chain.apply(
            world.people[signers[0]].account,
            StartPetition(
                cooperative=chain.cooperative,
                body=BodyKind.COMMITTEE,
                office=office,
                text_hash=world.chance.digest("petition", number),
            ),
        )
        if told is None:
            world.count("recalls", "refused")
            return
        world.count("recalls", "petitions")
        motion = world.make_affair(
            ProposalKind.RECALL,
            number,
            support_bps=world.scenario.recalls.support_bps,
            side_is_yes=not is_of_bloc if world.scenario.bloc.candidates else None,
        )
        started = next(event for event in told if isinstance(event, PetitionStarted))
        world.bring(motion, told)
        self._plan_rounds(started, motion, signers[1:])

    def _list_signers(self, number: int, *, is_of_bloc: bool) -> list[int]:
        """Who would sign, in the order in which they do; the bloc signs against others only."""
        world, recalls = self._world, self._world.scenario.recalls
        drawn = world.chance.list_bps(len(world.people), "signs", number)
        shares = {
            Camp.MEMBER: recalls.signing_bps,
            Camp.BLOC: 0 if is_of_bloc else world.scenario.bloc.turnout_bps,
            Camp.SYBIL: 0 if is_of_bloc else world.scenario.sybils.turnout_bps,
        }
        ready = [
            place
            for place in world.on_roll
            if drawn[place] < shares[world.people[place].camp]
            and not world.people[place].is_apathetic
        ]
        return world.choose(ready, len(ready), "signs when", number)

    def _plan_rounds(self, started: PetitionStarted, motion: Motion, signers: list[int]) -> None:
        world = self._world
        begins_ms, length_ms = world.chain.time_ms, started.lapses_at_ms - world.chain.time_ms
        for turn in range(_ROUNDS):
            start, end = (len(signers) * edge // _ROUNDS for edge in (turn, turn + 1))
            action = partial(self._sign, started.petition, motion, signers[start:end])
            world.agenda.plan(begins_ms + length_ms * (turn + 1) // (_ROUNDS + 1), action)
        world.agenda.plan(started.lapses_at_ms, partial(self._lapse, motion))

    def _sign(self, petition: bytes, motion: Motion, signers: list[int]) -> None:
        """Let those sign who are still members, until there are enough signatures."""
        world, chain = self._world, self._world.chain
        for place in signers:
            if motion.proposal:
                return
            if place not in world.on_roll:
                continue
            signing = SignPetition(cooperative=chain.cooperative, petition=petition)
            told = chain.apply(world.people[place].account, signing) or ()
            world.bring(motion, told)
            if any(isinstance(event, PetitionSucceeded) for event in told):
                world.count("recalls", "voted_on")

    def _lapse(self, motion: Motion) -> None:
        if not motion.proposal:
            self._world.count("recalls", "lapsed")
