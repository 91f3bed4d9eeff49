"""Budgets: each member spends equal credits on items, and a pool is shared by the votes.

Most spend on what they like best, and less on each that follows; the bloc spends all on one.
"""

from functools import partial
from math import isqrt

from governance.body_events import BallotPaperFixed, OptionsCounted
from governance.events import Event
from governance.member_acts import FundItems
from governance.proposal_records import ProposalKind
from governance.sim.calendar import plan_evenly
from governance.sim.chance import WHOLE_BPS
from governance.sim.motions import Motion
from governance.sim.people import Camp, Person
from governance.sim.world import World
from governance.transactions import SubmitProposal

_FIRST_DAY, _DAYS = 70, 280


class Budgets:
    """Pools that are shared, and what people want of them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def plan(self) -> None:
        """Plan when a pool is shared."""
        world = self._world
        per_year = world.scenario.budgets.per_year
        for time_ms, number, _ in plan_evenly(
            world.scenario, per_year, first_day=_FIRST_DAY, days=_DAYS
        ):
            world.agenda.plan(time_ms, partial(self._submit, number))

    def note(self, event: Event) -> None:
        """Count what a budget has shared."""
        world = self._world
        match event:
            case BallotPaperFixed():
                self._fill_papers(world.known.get(event.proposal), event)
            case OptionsCounted():
                motion = world.known.get(event.proposal)
                if motion is not None and motion.kind is ProposalKind.BUDGET:
                    motion.amounts = event.amounts
                    world.count("budgets", "decided")
                    world.count("budgets", "pool_minor", world.scenario.budgets.pool_minor)
                    world.count("budgets", "funded_minor", sum(event.amounts))
                    if motion.side_is_yes is not None and event.amounts:
                        amount = event.amounts[self._find_item_of_bloc(motion)]
                        world.count("budgets", "bloc_item_minor", amount)
            case _:
                pass

    def _submit(self, number: int) -> None:
        world, budgets = self._world, self._world.scenario.budgets
        motion = world.make_affair(
            ProposalKind.BUDGET,
            number,
            support_bps=WHOLE_BPS,
            side_is_yes=True if world.scenario.bloc.share_bps else None,
        )
        asked = SubmitProposal(
            cooperative=world.chain.cooperative,
            kind=motion.kind,
            text_hash=world.chance.digest("text", motion.number),
            subject=b"",
            act=FundItems(
                items=tuple(
                    sorted(
                        world.chance.digest("item", motion.number, item)
                        for item in range(budgets.items)
                    )
                ),
                pool_minor=budgets.pool_minor,
                cap_minor=0,
            ),
        )
        place = world.choose(world.on_roll, 1, "asks", motion.number)[0]
        told = world.chain.apply(world.people[place].account, asked)
        if told is not None:
            world.count("budgets", "votes")
            world.bring(motion, told)

    def _fill_papers(self, motion: Motion | None, told: BallotPaperFixed) -> None:
        """Let everybody who may vote decide how many votes each item gets."""
        if motion is None or motion.kind is not ProposalKind.BUDGET:
            return
        world = self._world
        motion.options = told.options
        paper = world.chain.view.require_ballot_paper(told.cooperative, told.proposal)
        favour = world.chance.list_bps(len(told.options), "favour", motion.number)
        for person in world.people:
            if person.camp is not Camp.MEMBER and motion.side_is_yes is not None:
                marks = bytearray(len(told.options))
                marks[self._find_item_of_bloc(motion)] = isqrt(paper.credits)
            else:
                marks = self._spend(person, motion, favour, credits_count=paper.credits)
            motion.choices[person.place] = bytes(marks)

    def _spend(
        self, person: Person, motion: Motion, favour: list[int], *, credits_count: int
    ) -> bytearray:
        """Half of the credits on what somebody likes best, a quarter on the next, and so on."""
        seen = self._world.chance.list_bps(len(favour), "likes", motion.number, person.place)
        liked = sorted(range(len(favour)), key=lambda item: (-(seen[item] + favour[item]), item))
        marks = bytearray(len(favour))
        for rank, item in enumerate(liked, start=1):
            marks[item] = isqrt(credits_count >> rank)
        return marks

    def _find_item_of_bloc(self, motion: Motion) -> int:
        return motion.number % len(motion.options)
