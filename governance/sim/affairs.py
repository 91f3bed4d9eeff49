"""What happens beside planned proposals: recalls, vetoes, departures, budgets, emergencies."""

from governance.events import Event
from governance.sim.budgets import Budgets
from governance.sim.data_uses import DataUses
from governance.sim.departures import Departures
from governance.sim.motions import Motion
from governance.sim.recalls import Recalls
from governance.sim.world import World


class Affairs:
    """All of these, each as the scenario says; nothing happens that it does not ask for."""

    def __init__(self, world: World) -> None:
        self._recalls, self._data_uses = Recalls(world), DataUses(world)
        self._departures, self._budgets = Departures(world), Budgets(world)

    def plan(self) -> None:
        """Plan when what begins."""
        for part in (self._recalls, self._data_uses, self._departures, self._budgets):
            part.plan()

    def note(self, event: Event) -> None:
        """See what a block has brought."""
        for part in (self._recalls, self._data_uses, self._departures, self._budgets):
            part.note(event)

    def note_decided(self, motion: Motion) -> None:
        """See how a vote has ended."""
        self._recalls.note_decided(motion)
        self._data_uses.note_decided(motion)
