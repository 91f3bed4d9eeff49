"""Proposals as the simulated people see them, and what has become of each so far."""

from collections import deque
from dataclasses import dataclass, field

from governance.body_acts import Stance
from governance.body_records import BodyKind
from governance.proposal_records import BallotChoice, Choice, Outcome, ProposalKind
from governance.sim.chance import WHOLE_BPS, Chance
from governance.sim.scenario import Scenario


@dataclass(slots=True, kw_only=True)
class Votes:
    """Ballots of one imagined course of events, at the end of a call."""

    yes: int = 0
    no: int = 0
    abstain: int = 0
    electorate: int = 0

    def add(self, choice: BallotChoice, *, times: int = 1) -> None:
        """Count a ballot; marks are a yes."""
        if choice is Choice.ABSTAIN:
            self.abstain += times
        elif choice is Choice.NO:
            self.no += times
        else:
            self.yes += times


@dataclass(slots=True, kw_only=True)
class Motion:
    """A proposal; elections are motions too."""

    number: int
    """From 0, in the order of submission; chance is drawn by it."""
    kind: ProposalKind
    year: int
    """From 1."""
    is_own: bool
    """Whether it is the bloc's."""
    appeal_bps: int
    """Voters outside bloc and sybils who are for it."""
    side_is_yes: bool | None
    """What bloc and sybils vote; None where they take no side."""
    body: BodyKind | None = None
    """Whom it elects."""
    proposal: bytes = b""
    submitted_ms: int = 0
    closes_ms: int = 0
    """When the window that is open ends, as far as it is known."""
    decided_ms: int = 0
    electorate: list[int] = field(default_factory=list)
    """Places of who may vote."""
    choices: dict[int, BallotChoice] = field(default_factory=dict)
    """What each would say who votes at all, or would if they were like others."""
    voted: dict[int, None] = field(default_factory=dict)
    """Who has voted, by place."""
    gone: dict[int, None] = field(default_factory=dict)
    """Who has left since it was submitted, by place: they vote no more."""
    pending: deque[tuple[int, int]] = field(default_factory=deque)
    """When who votes, earliest first: milliseconds and place."""
    as_members: list[Votes] = field(default_factory=list)
    """By call: if the bloc were like other members."""
    without_sybils: list[Votes] = field(default_factory=list)
    """By call: if nobody were made up."""
    without_both: list[Votes] = field(default_factory=list)
    """By call: if nobody were made up, and the bloc were like other members."""
    calls: int = 0
    stance: Stance = Stance.NONE
    """What the committee has recommended."""
    outcome: Outcome | None = None
    """None while it is open, and for good if it ended without any."""
    end: str = ""
    """How it ended without an outcome: `void`, `refused`, or nothing."""
    quorum_bps: int = 0
    yes: int = 0
    no: int = 0
    abstain: int = 0
    extended: int = 0
    """How often a window of it was extended after an outage."""
    options: tuple[bytes, ...] = ()
    """Candidates' offices, as on the ballot paper."""
    winners: tuple[int, ...] = ()
    """Places of who was elected."""
    seats: int = 0
    bloc_as_members: list[int] = field(default_factory=list)
    """Of the bloc, who would have voted by now if they were like other members."""
    subject: bytes = b""
    """Of an override: the data use that it is about."""
    amounts: tuple[int, ...] = ()
    """Of a budget: what each item gets, as on the ballot paper."""
    imagined_winners: tuple[int, ...] | None = None
    """Places of who would have been elected without bloc and sybils; None where nobody asks."""

    def list_voters(self) -> list[int]:
        """Who may vote and still can, or has, by place."""
        if not self.gone:
            return self.electorate
        return [place for place in self.electorate if place in self.voted or place not in self.gone]

    def lose(self, place: int) -> None:
        """Forget the ballot that a member would have cast who has left meanwhile."""
        self.gone[place] = None
        waiting = deque(item for item in self.pending if item[1] != place)
        if len(waiting) == len(self.pending):
            return
        self.pending = waiting
        for imagined in (self.as_members, self.without_sybils, self.without_both):
            imagined[-1].add(self.choices[place], times=-1)

    @property
    def ballots(self) -> int:
        """That were counted."""
        return self.yes + self.no + self.abstain


def plan_motion(scenario: Scenario, chance: Chance, *, number: int, year: int) -> Motion:
    """A proposal as chance brings it; the same whatever the bylaws are."""
    proposals, bloc = scenario.proposals, scenario.bloc
    is_own = bloc.share_bps > 0 and chance.draw_bps("own", number) < bloc.own_bps
    middle = bloc.own_support_bps if is_own else proposals.support_bps
    appeal = chance.draw_around(middle, proposals.support_spread_bps, "appeal", number)
    side: bool | None = True if is_own else None
    if not is_own and chance.draw_bps("contests", number) < bloc.contests_bps:
        side = 2 * appeal < WHOLE_BPS
    drawn = chance.draw_bps("kind", number)
    if drawn < proposals.constitutional_bps:
        kind = ProposalKind.CONSTITUTIONAL
    elif drawn < proposals.constitutional_bps + proposals.data_use_bps:
        kind = ProposalKind.DATA_USE
    else:
        kind = ProposalKind.ORDINARY
    return Motion(
        number=number,
        kind=kind,
        year=year,
        is_own=is_own,
        appeal_bps=appeal,
        side_is_yes=side,
    )
