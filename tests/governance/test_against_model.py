"""Proposals, ballots, second calls and bodies, against plain dictionaries.

The model knows who joined and left when, what everybody said last, and computes each outcome
from scratch when a vote closes. SOAK_CASES=10000 runs as many cases as `make soak` does.
"""

import os
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from governance.audit.chain import audit_chain
from governance.body_records import BodyKind
from governance.events import ProposalClosed, SecondCallAnnounced, VotingOpened
from governance.member_acts import ElectBody
from governance.proposal_records import Choice, DecidedInsight, Outcome, ProposalKind, Stage
from governance.refusals import RefusalCode
from governance.roll_transactions import LeaveRoll
from governance.state_keys import Collection, state_key
from tests.bylaws import make_bylaws
from tests.governance.body_world import make_world_with_officers, office, view_of
from tests.governance.election_world import DAY_MS, nominate, reveal
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    VOTING_MS,
    Act,
    World,
    admit,
    member,
    proposal_id_of,
    propose,
    vote,
)

CASES = max(500, int(os.environ.get("SOAK_CASES", "0")))
MEMBERS_COUNT = 8
NEWCOMERS_MAX = 4
PARTNERS_INSIGHT = bytes([10]) * 32
INSIGHT_FIELDS = {
    ProposalKind.INSIGHT: "released_by",
    ProposalKind.VALIDATION: "validated_by",
    ProposalKind.WITHDRAWAL: "withdrawn_by",
}
KINDS = {
    ProposalKind.ORDINARY: ("ordinary", b"", None),
    ProposalKind.INSIGHT: ("insight", INSIGHT, None),
    ProposalKind.VALIDATION: ("insight", PARTNERS_INSIGHT, None),
    ProposalKind.WITHDRAWAL: ("insight", INSIGHT, None),
    ProposalKind.ELECTION: ("election", b"", ElectBody(body=BodyKind.MEDIATORS)),
}
BYLAWS = make_bylaws(
    quorum={"ordinary_bps": 5_000, "ordinary_second_bps": 3_000},
    proposals={"open_per_member_max": 64},
)
MEMBERS = st.integers(min_value=1, max_value=MEMBERS_COUNT + NEWCOMERS_MAX)
PLACES = st.integers(min_value=0, max_value=63)


class Vote:
    """What the model knows of one proposal."""

    def __init__(self, act: Act, kind: ProposalKind) -> None:
        self.act = act
        self.kind = kind
        self.electorate: set[int] = set()
        self.may_vote: set[int] = set()
        """The electorate, but for who left meanwhile and came back."""
        self.ballots: dict[int, Any] = {}
        self.candidates: set[int] = set()
        self.salts: set[int] = set()
        self.call = 0
        self.outcome: Outcome | None = None
        self.is_open = False


class AgainstModel(RuleBasedStateMachine):
    """The rules and the model, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World = make_world_with_officers(MEMBERS_COUNT, 5, bylaws=BYLAWS)
        self.roll = set(range(1, MEMBERS_COUNT + 1))
        self.leaving: set[int] = set()
        self.votes: dict[bytes, Vote] = {}
        self.seated: dict[int, bytes] = {}
        self.nonce = 0
        self.insights: dict[bytes, dict[str, bytes]] = {INSIGHT: {}, PARTNERS_INSIGHT: {}}
        """What decisions made of each, by the name of its field."""
        released = DecidedInsight(released_by=bytes(32))
        self.world.view.put_insight(OTHER_COOPERATIVE, PARTNERS_INSIGHT, released)

    def run(self, *acts: Act, after_ms: int = 1) -> None:
        """Execute a block; what its beginning told comes before what its transactions did."""
        before = set(self.roll)
        self.world.run(*acts, after_ms=after_ms)
        for event in self.world.events:
            name = type(event).__name__
            if name == "MembersLeft":
                gone = {n for n in self.leaving if member(n) in event.accounts}
                self.roll -= gone
                self.leaving -= gone
            elif isinstance(event, VotingOpened):
                found = self.votes[event.proposal]
                found.call += 1
                found.is_open = True
                if found.call == 1:
                    found.electorate, found.may_vote = before, set(before)
            elif isinstance(event, SecondCallAnnounced):
                self._check_second_call(self.votes[event.proposal], event.ballots_count)
            elif isinstance(event, ProposalClosed):
                self._check_closed(self.votes[event.proposal], event)

    def _check_second_call(self, found: Vote, ballots_count: int) -> None:
        assert found.kind is ProposalKind.ORDINARY
        assert found.call == 1
        assert ballots_count == len(found.ballots)
        assert Fraction(ballots_count, len(found.electorate)) < Fraction(1, 2)
        found.is_open = False

    def _check_closed(self, found: Vote, event: ProposalClosed) -> None:
        said = list(found.ballots.values())
        yes = sum(1 for one in said if one is Choice.YES or isinstance(one, bytes))
        no = said.count(Choice.NO)
        found.outcome = self._decide(found, yes, no)
        found.is_open = False
        assert (event.yes_count, event.no_count) == (yes, no)
        assert event.abstain_count == len(said) - yes - no
        assert event.electorate_count == len(found.electorate)
        assert event.call == found.call
        assert event.outcome is found.outcome
        if found.kind is ProposalKind.ELECTION and found.outcome is Outcome.ACCEPTED:
            self._check_elected(found)
        if found.kind in INSIGHT_FIELDS and found.outcome is Outcome.ACCEPTED:
            known = self.insights[event.subject]
            if "withdrawn_by" not in known:
                known.setdefault(INSIGHT_FIELDS[found.kind], event.proposal)

    def _decide(self, found: Vote, yes: int, no: int) -> Outcome:
        group = KINDS[found.kind][0]
        quorum = BYLAWS["quorum"][f"{group}_bps" if found.call == 1 else f"{group}_second_bps"]
        size = len(found.electorate)
        if Fraction(len(found.ballots), size) < Fraction(quorum, 10_000):
            return Outcome.NO_QUORUM
        if found.kind is ProposalKind.ELECTION:
            return Outcome.ACCEPTED
        if yes <= no:
            return Outcome.REJECTED
        share = BYLAWS["majority"]["yes_of_roll_bps"]
        is_enough = Fraction(yes, size) >= Fraction(share, 10_000)
        return Outcome.ACCEPTED if is_enough else Outcome.TOO_FEW_YES

    def _check_elected(self, found: Vote) -> None:
        """Nobody who has fewer approvals sits before somebody who has more."""
        proposal_id = proposal_id_of(found.act)
        paper = view_of(self.world).require_ballot_paper(COOPERATIVE, proposal_id)
        approvals = dict.fromkeys(range(len(paper.options)), 0)
        for choice in found.ballots.values():
            for place in choice if isinstance(choice, bytes) else b"":
                approvals[place] += 1
        body = view_of(self.world).get_body(COOPERATIVE, BodyKind.MEDIATORS)
        sits = {place for place, one in enumerate(paper.options) if one in body.offices}
        assert len(sits) == min(paper.seats_count, len(paper.options))
        missed = set(approvals) - sits
        if missed:
            assert min(approvals[one] for one in sits) >= max(approvals[one] for one in missed)

    @rule(who=MEMBERS, kind=st.sampled_from(list(KINDS)))
    def propose(self, who: int, kind: ProposalKind) -> None:
        if who not in self.roll:
            return
        self.nonce += 1
        _, subject, act = KINDS[kind]
        asked = propose(who, kind=kind, subject=subject, act=act, nonce=self.nonce)
        is_being_elected = any(
            other.kind is kind is ProposalKind.ELECTION and not self._is_over(other)
            for other in self.votes.values()
        )
        self.votes[proposal_id_of(asked)] = Vote(asked, kind)
        self.run(asked)
        if self.world.refusals != [None]:
            refused = self.world.refusals[0]
            if kind in INSIGHT_FIELDS:
                assert refused is RefusalCode.INSIGHT_WITHDRAWN
                assert "withdrawn_by" in self.insights[subject]
                del self.votes[proposal_id_of(asked)]
                return
            assert kind is ProposalKind.ELECTION
            assert refused in (RefusalCode.ELECTION_OPEN, RefusalCode.NOTHING_TO_ELECT)
            assert is_being_elected == (refused is RefusalCode.ELECTION_OPEN)
            del self.votes[proposal_id_of(asked)]

    def _is_over(self, found: Vote) -> bool:
        return self.world.get_proposal(found.act).stage in (Stage.CLOSED, Stage.VOID)

    @precondition(lambda self: self.votes)
    @rule(who=MEMBERS, which=PLACES, choice=st.sampled_from([*Choice, Choice.YES]), marks=PLACES)
    def cast(self, who: int, which: int, choice: Choice, marks: int) -> None:
        open_ones = [one for one in self.votes.values() if one.is_open]
        found = list(open_ones or self.votes.values())[which % len(open_ones or self.votes)]
        if self.world.view.get_account(member(who)) is None:
            return
        proposal_id = proposal_id_of(found.act)
        given: Any = choice
        if found.kind is ProposalKind.ELECTION and choice is not Choice.ABSTAIN:
            paper = view_of(self.world).get_ballot_paper(COOPERATIVE, proposal_id)
            given = bytes([marks % len(paper.options)]) if paper else b"\x00"
        was_open = found.is_open
        closes_ms = self.world.get_proposal(found.act).closes_at_ms
        self.run(vote(who, proposal_id, given))
        is_taken = self.world.refusals == [None]
        in_time = was_open and self.world.time_ms < closes_ms
        assert is_taken == (in_time and found.is_open and who in found.may_vote)
        if is_taken:
            found.ballots[who] = given

    @precondition(lambda self: any(one.is_open for one in self.votes.values()))
    @rule(which=PLACES, count=MEMBERS, choice=st.sampled_from([*Choice, Choice.YES]))
    def cast_many(self, which: int, count: int, choice: Choice) -> None:
        """Many members say the same."""
        for who in range(1, count + 1):
            if self.world.view.get_account(member(who)) is not None:
                self.cast(who, which, choice, which)

    @precondition(lambda self: self.votes)
    @rule(which=PLACES, number=st.integers(min_value=1, max_value=5))
    def stand(self, which: int, number: int) -> None:
        """Stand, or reveal the salt; either is refused at another time."""
        found = list(self.votes.values())[which % len(self.votes)]
        stage = self.world.get_proposal(found.act).stage
        act = reveal if stage is Stage.REVEAL else nominate
        self.nonce += 1
        self.run(act(number, found.act))

    @rule(who=MEMBERS)
    def leave(self, who: int) -> None:
        if who not in self.roll or who in self.leaving or len(self.roll) <= 2:
            return
        self.run(Act(member(who), LeaveRoll(cooperative=COOPERATIVE)))
        assert self.world.refusals == [None]
        self.leaving.add(who)

    @rule(number=st.integers(min_value=MEMBERS_COUNT + 1, max_value=MEMBERS_COUNT + NEWCOMERS_MAX))
    def join(self, number: int) -> None:
        """While the cooperative is founded the registrar admits at once."""
        self.run(admit([number]))
        is_new = number not in self.roll
        assert (self.world.refusals == [None]) == is_new
        self.roll.add(number)
        if is_new:
            for found in self.votes.values():
                found.may_vote.discard(number)

    @rule(who=MEMBERS, voters=MEMBERS, choice=st.sampled_from([*Choice, Choice.YES]))
    def decide(self, who: int, voters: int, choice: Choice) -> None:
        """A motion from its submission to its close, or to its second call."""
        before = set(self.votes)
        self.propose(who, ProposalKind.ORDINARY)
        for proposal_id in sorted(set(self.votes) - before):
            found = self.votes[proposal_id]
            for _ in range(4):  # longer where the chain stood still
                if not found.is_open:
                    self.wait(DISCUSSION_MS)
            for number in sorted(found.may_vote)[:voters]:
                if found.is_open:
                    self.run(vote(number, proposal_id, choice))
                    if self.world.refusals == [None]:
                        found.ballots[number] = choice
            self.wait(VOTING_MS)
            self.wait(VOTING_MS)

    @rule(after_ms=st.sampled_from([DAY_MS, VOTING_MS // 2, VOTING_MS, DISCUSSION_MS]))
    def wait(self, after_ms: int) -> None:
        self.run(after_ms=after_ms)
        self.run()

    @invariant()
    def the_roll_is_the_models(self) -> None:
        assert self.world.view.get_roll(COOPERATIVE).active_count == len(self.roll)

    @invariant()
    def each_outcome_is_the_models(self) -> None:
        for proposal_id, found in self.votes.items():
            decision = self.world.view.get_decision(COOPERATIVE, proposal_id)
            assert (None if decision is None else decision.outcome) is found.outcome

    @invariant()
    def each_insight_is_the_models(self) -> None:
        for insight, known in self.insights.items():
            found = self.world.view.get_insight(COOPERATIVE, insight)
            assert found == DecidedInsight(**known)

    def teardown(self) -> None:
        """An audit recounts all of it, and finds nothing."""
        # No decision stands behind what the partner is made to have released.
        self.world.kv.delete(state_key(OTHER_COOPERATIVE, Collection.INSIGHT, PARTNERS_INSIGHT))
        found = audit_chain(self.world.kv, time_ms=self.world.time_ms)
        assert found.difference is None
        closed = [one for one in self.votes.values() if one.outcome is not None]
        assert found.outcomes_count == len(closed)
        seats = view_of(self.world).get_body(COOPERATIVE, BodyKind.MEDIATORS).seats
        assert all(any(seat.office == office(n) for n in range(1, 6)) for seat in seats)


TestAgainstModel = AgainstModel.TestCase
TestAgainstModel.settings = settings(
    max_examples=CASES,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
