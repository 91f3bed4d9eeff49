"""A simulation's course: time goes from one moment at which something happens to the next.

While a window of a proposal is open there is a block an hour, for longer silence is an outage
by the rules; only the scenario's stalls are longer. Everything else waits in one queue, in an
order that follows from the scenario and the seed alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from config.errors import InvariantError
from governance.body_events import (
    BallotPaperFixed,
    NominationOpened,
    OfficersSeated,
    RecommendationOpened,
    RevealOpened,
    ReviewOpened,
)
from governance.body_records import BodyKind
from governance.bylaws import parse_bylaws
from governance.events import (
    Event,
    Events,
    MembersAdmitted,
    MembersLeft,
    OutageEnded,
    ProposalClosed,
    ProposalSubmitted,
    ProposalVoided,
    SecondCallAnnounced,
    VotingOpened,
    WindowExtended,
)
from governance.member_acts import ElectBody
from governance.proposal_records import Outcome, ProposalKind
from governance.sim.affairs import Affairs
from governance.sim.agenda import Agenda
from governance.sim.arrivals import admit
from governance.sim.calendar import plan_arrivals, plan_motions, plan_stalls
from governance.sim.chain import GENESIS_MS, SimulatedChain
from governance.sim.chance import Chance
from governance.sim.motions import Motion
from governance.sim.officers import Officers
from governance.sim.people import Camp, make_people
from governance.sim.scenario import Scenario
from governance.sim.sharing import share_surplus
from governance.sim.standing import Candidates
from governance.sim.voting import open_call
from governance.sim.world import World
from governance.transactions import CastBallot, SubmitProposal, compute_proposal_id
from governance.value.contribution import read_policy

_DIGEST_KINDS = (ProposalKind.DATA_USE, ProposalKind.DISTRIBUTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """A surplus that was shared out."""

    year: int
    pot_minor: int
    paid_minor: int
    payouts: tuple[int, ...]
    """What each member got."""


@dataclass(slots=True, kw_only=True)
class Course:
    """What came of a simulation."""

    motions: list[Motion] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    roll_by_year: dict[int, dict[Camp, int]] = field(default_factory=dict)
    """Members on the roll when a year's last proposal was submitted."""
    seats_won: dict[int, int] = field(default_factory=dict)
    """By place, for everybody who ever stood."""
    blocks: int = 0
    ballots: int = 0
    ballots_late: int = 0
    """That a stall has kept from being cast before voting closed."""
    outages: int = 0


class Simulation:
    """A cooperative's years under some bylaws."""

    def __init__(self, scenario: Scenario, bylaws: Mapping[str, object]) -> None:
        """Found it.

        Args:
            scenario: Who its members are, and what happens.
            bylaws: A parsed bylaws file.

        Raises:
            RefusedError: The bylaws go below the charter's floors.
        """
        self.scenario = scenario
        self.chance = Chance(scenario.seed)
        self.people = make_people(scenario, self.chance)
        self.candidates = Candidates(scenario, self.chance, self.people)
        self.officers = Officers(scenario, self.chance, self.people, self.candidates)
        self.chain = SimulatedChain(dict(bylaws), self.chance)
        self._policy = read_policy(parse_bylaws(bylaws))
        self.course = Course(seats_won=dict.fromkeys(self.candidates.office_of, 0))
        self._place_of = {person.account: person.place for person in self.people}
        self._agenda = Agenda()
        self.world = World(
            scenario=scenario,
            chance=self.chance,
            people=self.people,
            candidates=self.candidates,
            officers=self.officers,
            chain=self.chain,
            agenda=self._agenda,
        )
        self._affairs = Affairs(self.world)
        self._votes: dict[int, int] = {}
        self._pot_minor = 0
        self._stalls = plan_stalls(scenario, self.chance)
        self._plan_all()

    def run(self) -> Course:
        """Let time pass until nothing is left to happen."""
        while self._agenda.next_ms is not None or self.chain.is_waiting:
            self._run_block(self._compute_next_ms())
        self.course.blocks = self.chain.height
        return self.course

    def _plan_all(self) -> None:
        plan = self._agenda.plan
        plan(GENESIS_MS + 1_000, partial(self._admit, 0))
        plan(GENESIS_MS + 2_000, partial(self.candidates.open_offices, self.chain))
        for time_ms, arrival in plan_arrivals(self.scenario):
            plan(time_ms, partial(self._admit, arrival))
        for time_ms, motion in plan_motions(self.scenario, self.chance):
            self.course.motions.append(motion)
            plan(time_ms, partial(self._submit, motion))
        self._affairs.plan()

    def _compute_next_ms(self) -> int:
        next_ms = self.chain.compute_next_ms()
        if self._agenda.next_ms is not None:
            next_ms = min(next_ms, self._agenda.next_ms)
        next_ms = max(next_ms, self.chain.time_ms + 1)
        for stall in self._stalls:
            if stall.start_ms <= next_ms < stall.end_ms:
                next_ms = stall.end_ms
        return next_ms

    def _run_block(self, time_ms: int) -> None:
        self._note(self.chain.begin(time_ms))
        self._agenda.do_due(time_ms)
        for motion in self.world.open.values():
            if motion.pending and motion.pending[0][0] <= time_ms:
                self._vote(motion)
        self.chain.end()

    def _note(self, events: Events) -> None:
        for event in events:
            if isinstance(event, MembersAdmitted):
                self.world.on_roll += [self._place_of[account] for account in event.accounts]
            elif isinstance(event, MembersLeft):
                self._forget([self._place_of[account] for account in event.accounts])
            elif isinstance(event, OutageEnded):
                self.course.outages += 1
            elif isinstance(event, ProposalSubmitted):
                self._adopt(event)
            else:
                motion = self.world.known.get(getattr(event, "proposal", b""))
                if motion is not None:
                    self._follow(motion, event)
            self._affairs.note(event)

    def _forget(self, places: list[int]) -> None:
        """Who has left is on the roll no more, and votes no more on what is open."""
        left = dict.fromkeys(places)
        self.world.on_roll[:] = [place for place in self.world.on_roll if place not in left]
        for motion in self.world.open.values():
            for place in places:
                motion.lose(place)

    def _follow(self, motion: Motion, event: Event) -> None:
        match event:
            case ReviewOpened():
                speak = partial(self.officers.review, self.chain, motion)
                self.world.plan_half(event.ends_ms, speak)
            case RecommendationOpened():
                speak = partial(self.officers.recommend, self.chain, motion)
                self.world.plan_half(event.ends_ms, speak)
            case VotingOpened():
                self._open_call(motion, event)
            case WindowExtended():
                motion.extended += 1
                motion.closes_ms = event.ends_ms
            case SecondCallAnnounced():
                self._drop_pending(motion)
            case ProposalClosed():
                self._close(motion, event)
            case ProposalVoided():
                motion.end = "void"
                self._drop(motion)
            case _:
                self._follow_election(motion, event)

    def _follow_election(self, motion: Motion, event: Event) -> None:
        match event:
            case NominationOpened():
                self.candidates.stand(self.chain, motion)
            case BallotPaperFixed() if motion.body is not None:
                self.candidates.fill_papers(motion, event)
            case RevealOpened():
                self.candidates.reveal(self.chain, motion)
            case OfficersSeated():
                self._seat(motion, event)
            case _:
                pass

    def _open_call(self, motion: Motion, event: VotingOpened) -> None:
        motion.calls = event.call
        motion.closes_ms = event.closes_at_ms
        if event.call == 1:
            motion.electorate = list(self.world.on_roll)
        if len(motion.electorate) != event.electorate_count:
            raise InvariantError("the simulation counts another electorate than the rules")
        open_call(
            self.scenario,
            self.chance,
            motion,
            self.people,
            opens_ms=self.chain.time_ms,
            closes_ms=event.closes_at_ms,
        )
        # Who votes in the last minutes is in time, too.
        self._agenda.plan_block(event.closes_at_ms - 1)

    def _vote(self, motion: Motion) -> None:
        chain, cooperative = self.chain, self.chain.cooperative
        if chain.time_ms >= motion.closes_ms:  # an outage gives more time, block by block
            return
        while motion.pending and motion.pending[0][0] <= chain.time_ms:
            _, place = motion.pending.popleft()
            ballot = CastBallot(
                cooperative=cooperative,
                proposal_id=motion.proposal,
                choice=motion.choices[place],
            )
            if chain.apply(self.people[place].account, ballot) is None:
                raise InvariantError("the rules refuse a ballot that they should take")
            motion.voted[place] = None
            self._votes[place] = self._votes.get(place, 0) + 1
            self.course.ballots += 1

    def _admit(self, arrival: int) -> None:
        on_roll = self.world.on_roll
        group = [person for person in self.people if person.arrival == arrival]
        witness = self.people[on_roll[0]].account if on_roll else b""
        self._note(admit(self.chain, self.chance, group, witness=witness))

    def _submit(self, motion: Motion) -> None:
        if motion.kind is ProposalKind.DISTRIBUTION:
            self._pot_minor += self.scenario.dividends.surplus_minor
        self.course.roll_by_year[motion.year] = self._count_camps()
        if motion.proposal:  # the rules were earlier
            return
        account = self.people[self._choose_proposer(motion)].account
        digest = self.chance.digest("subject", motion.number)
        payload = SubmitProposal(
            cooperative=self.chain.cooperative,
            kind=motion.kind,
            text_hash=self.chance.digest("text", motion.number),
            subject=digest if motion.kind in _DIGEST_KINDS else b"",
            act=None if motion.body is None else ElectBody(body=motion.body),
        )
        motion.proposal = compute_proposal_id(
            account=account, nonce=self.chain.next_nonce, payload=payload
        )
        motion.submitted_ms = self.chain.time_ms
        if self.chain.apply(account, payload) is None:
            motion.end = "refused"
            return
        self.world.follow(motion)

    def _adopt(self, event: ProposalSubmitted) -> None:
        """An election that the rules submit before terms end takes the next planned one's place."""
        act = self.chain.view.get_act(event.cooperative, event.proposal)
        planned = (
            motion
            for motion in self.course.motions
            if isinstance(act, ElectBody) and motion.body is act.body and not motion.proposal
        )
        motion = next(planned, None)
        if motion is not None:
            motion.proposal = event.proposal
            motion.submitted_ms = self.chain.time_ms
            self.world.follow(motion)

    def _choose_proposer(self, motion: Motion) -> int:
        camp = Camp.BLOC if motion.is_own else Camp.MEMBER
        ready = [place for place in self.world.on_roll if self.people[place].camp is camp]
        if not ready:
            ready = self.world.on_roll
        return ready[self.chance.list_below(len(ready), 1, "proposer", motion.number)[0]]

    def _count_camps(self) -> dict[Camp, int]:
        counts = dict.fromkeys(Camp, 0)
        for place in self.world.on_roll:
            counts[self.people[place].camp] += 1
        return counts

    def _seat(self, motion: Motion, event: OfficersSeated) -> None:
        motion.winners = tuple(self.candidates.place_of[office] for office in event.offices)
        for place in motion.winners:
            self.course.seats_won[place] += 1

    def _close(self, motion: Motion, event: ProposalClosed) -> None:
        motion.outcome = event.outcome
        motion.decided_ms = self.chain.time_ms
        motion.yes, motion.no = event.yes_count, event.no_count
        motion.abstain = event.abstain_count
        motion.quorum_bps = event.quorum_bps
        if event.outcome is Outcome.ACCEPTED:
            self.candidates.imagine_winners(self.chain, motion)
        self._affairs.note_decided(motion)
        self._drop(motion)
        if motion.kind is ProposalKind.DISTRIBUTION and event.outcome is Outcome.ACCEPTED:
            self._share(motion)

    def _share(self, motion: Motion) -> None:
        payouts, left_minor = share_surplus(
            self._pot_minor,
            places=self.world.on_roll,
            votes=self._votes,
            seats=self._count_seats(),
            policy=self._policy,
            scenario=self.scenario,
            chance=self.chance,
        )
        self.course.payouts.append(
            Payout(
                year=motion.year,
                pot_minor=self._pot_minor,
                paid_minor=sum(payouts),
                payouts=tuple(payouts),
            )
        )
        self._pot_minor = left_minor
        self._votes = {}

    def _count_seats(self) -> dict[int, int]:
        seats: dict[int, int] = {}
        for kind in BodyKind:
            body = self.chain.view.get_body(self.chain.cooperative, kind)
            for office in body.offices:
                place = self.candidates.place_of[office]
                seats[place] = seats.get(place, 0) + 1
        return seats

    def _drop(self, motion: Motion) -> None:
        """Forget what is only needed while a proposal is open."""
        self._drop_pending(motion)
        motion.choices = {}
        motion.voted = {}
        del self.world.open[motion.proposal]

    def _drop_pending(self, motion: Motion) -> None:
        self.course.ballots_late += len(motion.pending)
        motion.pending.clear()


def run_simulation(scenario: Scenario, bylaws: Mapping[str, object]) -> tuple[Simulation, Course]:
    """Simulate a scenario under some bylaws.

    Raises:
        RefusedError: The bylaws go below the charter's floors.
    """
    simulation = Simulation(scenario, bylaws)
    return simulation, simulation.run()
