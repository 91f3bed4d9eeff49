"""Data uses once members have accepted them: vetoes, overrides, and pauses in an emergency."""

from functools import partial

from governance.body_acts import PauseDataUse, Veto
from governance.body_events import (
    DataUseBegan,
    DataUseVetoed,
    EmergencyBegan,
    EmergencyRatified,
    EmergencyReverted,
    VetoWindowOpened,
)
from governance.body_records import BodyKind
from governance.events import Event
from governance.proposal_records import Outcome, ProposalKind
from governance.sim.calendar import DAY_MS, plan_evenly
from governance.sim.motions import Motion
from governance.sim.world import World
from governance.transactions import SubmitProposal

_FIRST_DAY, _DAYS = 100, 260
_OVERRIDE_DAYS = 7
"""So long after a veto somebody asks the assembly to override it."""


class DataUses:
    """Which data uses hold, and what privacy group and committee do about them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: list[bytes] = []
        self._paused: dict[bytes, bytes] = {}
        """Data uses by the vote that decides about their pause."""

    def plan(self) -> None:
        """Plan when the committee acts in an emergency."""
        world = self._world
        per_year = world.scenario.emergencies.per_year
        for time_ms, number, _ in plan_evenly(
            world.scenario, per_year, first_day=_FIRST_DAY, days=_DAYS
        ):
            world.agenda.plan(time_ms, partial(self._pause, number))

    def note(self, event: Event) -> None:
        """Follow what becomes of accepted data uses."""
        world = self._world
        match event:
            case VetoWindowOpened():
                motion = world.known[event.proposal]
                drawn = world.chance.draw_bps("vetoes", motion.number)
                if drawn < world.scenario.vetoes.share_bps:
                    world.plan_half(event.ends_ms, partial(self._veto, motion))
                world.agenda.plan_block(event.ends_ms)
            case DataUseBegan():
                self._running.append(event.proposal)
            case EmergencyRatified():
                del self._paused[event.ratification]
                world.count("emergencies", "ratified")
            case EmergencyReverted():
                self._running.append(self._paused.pop(event.ratification))
                world.count("emergencies", "reverted")
            case _:
                pass

    def note_decided(self, motion: Motion) -> None:
        """Count data uses that members want, and vetoes that they override."""
        if motion.outcome is not Outcome.ACCEPTED:
            return
        if motion.kind is ProposalKind.DATA_USE:
            self._world.count("vetoes", "data_uses")
        elif motion.kind is ProposalKind.VETO_OVERRIDE:
            self._world.count("vetoes", "overridden")

    def _veto(self, motion: Motion) -> None:
        world = self._world
        reasons_hash = world.chance.digest("veto", motion.number)
        act = Veto(proposal=motion.proposal, reasons_hash=reasons_hash)
        told = world.officers.act(world.chain, BodyKind.PRIVACY, act)
        if not any(isinstance(event, DataUseVetoed) for event in told):
            return
        world.count("vetoes", "vetoed")
        drawn = world.chance.draw_bps("overrides", motion.number)
        if drawn < world.scenario.vetoes.override_bps:
            asks_ms = world.chain.time_ms + _OVERRIDE_DAYS * DAY_MS
            world.agenda.plan(asks_ms, partial(self._ask, motion))

    def _ask(self, vetoed: Motion) -> None:
        """Let a member ask all to override a veto; the bloc is for its own data uses."""
        world = self._world
        motion = world.make_affair(
            ProposalKind.VETO_OVERRIDE,
            vetoed.number,
            support_bps=world.scenario.vetoes.override_support_bps,
            side_is_yes=vetoed.side_is_yes,
        )
        place = world.choose(world.on_roll, 1, "asks", motion.number)[0]
        asked = SubmitProposal(
            cooperative=world.chain.cooperative,
            kind=motion.kind,
            text_hash=world.chance.digest("text", motion.number),
            subject=vetoed.proposal,
        )
        told = world.chain.apply(world.people[place].account, asked)
        if told is not None:
            world.count("vetoes", "overrides")
            world.bring(motion, told)

    def _pause(self, number: int) -> None:
        """Let the committee pause the data use that began last; members vote on it at once."""
        world = self._world
        if not self._running:
            world.count("emergencies", "impossible")
            return
        act = PauseDataUse(
            proposal=self._running[-1], reasons_hash=world.chance.digest("emergency", number)
        )
        told = world.officers.act(world.chain, BodyKind.COMMITTEE, act)
        began = next((event for event in told if isinstance(event, EmergencyBegan)), None)
        if began is None:
            world.count("emergencies", "impossible")
            return
        world.count("emergencies", "acts")
        self._paused[began.ratification] = self._running.pop()
        motion = world.make_affair(
            ProposalKind.RATIFICATION,
            number,
            support_bps=world.scenario.emergencies.support_bps,
        )
        world.bring(motion, told)
