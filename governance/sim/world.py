"""What those share who make things happen in a simulation: its people, its chain, its counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from governance.events import Events, ProposalSubmitted
from governance.proposal_records import ProposalKind
from governance.sim.agenda import Agenda
from governance.sim.calendar import get_year
from governance.sim.chain import SimulatedChain
from governance.sim.chance import Chance
from governance.sim.motions import Motion
from governance.sim.officers import Officers
from governance.sim.people import Person
from governance.sim.scenario import Scenario
from governance.sim.standing import Candidates

_NUMBERS_PER_KIND: Final = 1_000_000
COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "recalls": ("petitions", "refused", "lapsed", "voted_on", "recalled", "kept"),
    "vacancies": ("seats", "followed", "followed_by_bloc"),
    "vetoes": ("data_uses", "vetoed", "overrides", "overridden"),
    "departures": (
        "left",
        "came_back",
        "exclusions",
        "refused",
        "appeals",
        "excluded",
        "stayed",
    ),
    "budgets": ("votes", "decided", "pool_minor", "funded_minor", "bloc_item_minor"),
    "emergencies": ("acts", "impossible", "ratified", "reverted"),
}
"""What is counted year by year, in tables; docs/simulator.md says what each is."""


@dataclass(slots=True, kw_only=True)
class World:
    """Shared by all parts of a simulation."""

    scenario: Scenario
    chance: Chance
    people: Sequence[Person]
    candidates: Candidates
    officers: Officers
    chain: SimulatedChain
    agenda: Agenda
    on_roll: list[int] = field(default_factory=list)
    """Places of who is on the roll, in the order in which they came."""
    open: dict[bytes, Motion] = field(default_factory=dict)
    """Proposals that are not decided, by id."""
    known: dict[bytes, Motion] = field(default_factory=dict)
    """All proposals that somebody follows, by id."""
    affairs: list[Motion] = field(default_factory=list)
    """Votes on recalls, overrides, appeals, budgets and emergencies, as they came."""
    counts: dict[tuple[int, str, str], int] = field(default_factory=dict)
    """By year, table and name (`COUNTED`)."""

    def count(self, table: str, name: str, number: int = 1) -> None:
        """Add to what the report counts, in the year in which it happens."""
        key = (get_year(self.scenario, self.chain.time_ms), table, name)
        self.counts[key] = self.counts.get(key, 0) + number

    def choose(self, places: Sequence[int], count: int, *name: str | int) -> list[int]:
        """Some of these people; who else is there has little to do with whom it meets."""
        drawn = self.chance.list_below(1 << 32, len(self.people), *name)
        return sorted(places, key=lambda place: (drawn[place], place))[:count]

    def make_affair(
        self,
        kind: ProposalKind,
        number: int,
        *,
        support_bps: int,
        side_is_yes: bool | None = None,
        is_own: bool = False,
    ) -> Motion:
        """A vote beside the planned proposals.

        Args:
            kind: What it is about.
            number: Of its kind, below a million; chance is drawn by it.
            support_bps: Voters who are for the average one.
            side_is_yes: What bloc and sybils vote; None where they take no side.
            is_own: Whether it is the bloc's.
        """
        number += kind * _NUMBERS_PER_KIND
        spread = self.scenario.proposals.support_spread_bps
        return Motion(
            number=number,
            kind=kind,
            year=get_year(self.scenario, self.chain.time_ms),
            is_own=is_own,
            appeal_bps=self.chance.draw_around(support_bps, spread, "appeal", number),
            side_is_yes=side_is_yes,
        )

    def bring(self, motion: Motion, events: Events) -> None:
        """Follow a vote that something has just brought before members."""
        for event in events:
            if isinstance(event, ProposalSubmitted):
                motion.proposal = event.proposal
                motion.submitted_ms = self.chain.time_ms
                self.follow(motion)
                self.affairs.append(motion)

    def follow(self, motion: Motion) -> None:
        """Let people take part in a proposal that is before them."""
        self.known[motion.proposal] = self.open[motion.proposal] = motion

    def plan_half(self, ends_ms: int, action: Callable[[], None]) -> None:
        """Do something when half of a window has passed."""
        self.agenda.plan((self.chain.time_ms + ends_ms) // 2, action)
