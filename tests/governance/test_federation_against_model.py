"""Motions of the federation and disputes between cooperatives, against plain sets.

The model knows who is a member, who approved what and what each dispute's parties and panel have
said; it says when a motion is enacted and where a dispute stands. SOAK_CASES as elsewhere.
"""

import os
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from governance.acts import ExpelCooperative, StopValidator
from governance.dispute_records import DisputeStep, DisputeVerdict
from governance.federal_records import MotionStatus
from governance.refusals import RefusalCode
from tests.governance.federation_world import (
    FEDERAL_WINDOW_MS,
    NOTICE_MS,
    approve,
    coop,
    make_federation,
    motion_of,
    propose_act,
)
from tests.governance.test_disputes import (
    ELSE,
    SAID,
    STEP_MS,
    dispute,
    go_on,
    say,
    stands,
    take_back,
)
from tests.governance.test_validators import give_notice
from tests.governance.world import Act

CASES = max(100, int(os.environ.get("SOAK_CASES", "0")))
COUNT = 7
VALIDATORS = 5
WHO = st.integers(min_value=0, max_value=COUNT - 1)
WHICH = st.integers(min_value=0, max_value=63)
TEXTS = (SAID, ELSE)


@dataclass
class Asked:
    """A motion as the model knows it."""

    act: Act
    about: int
    is_expulsion: bool
    approvals: set[int]
    lapses_ms: int
    status: MotionStatus = MotionStatus.OPEN


@dataclass
class Argued:
    """A dispute as the model knows it."""

    act: Act
    parties: tuple[int, int]
    step: DisputeStep = DisputeStep.MEDIATION
    verdict: DisputeVerdict = DisputeVerdict.NONE


class FederationAgainstModel(RuleBasedStateMachine):
    """The rules and the model, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.world = make_federation(VALIDATORS, members=COUNT - VALIDATORS)
        self.members = set(range(COUNT))
        self.validators = set(range(VALIDATORS))
        self.leaving: dict[int, int] = {}
        self.motions: list[Asked] = []
        self.disputes: list[Argued] = []
        self.nonce = 0

    def run(self, *acts: Act, after_ms: int = 1) -> None:
        """A block: what falls due comes first."""
        now_ms = self.world.time_ms + after_ms
        due = [number for number in self.leaving if self.leaving[number] <= now_ms]
        for number in sorted(due, key=lambda number: (self.leaving[number], coop(number))):
            if self.validators == {number}:  # the chain would have none left
                self.leaving[number] = now_ms + NOTICE_MS
            else:
                del self.leaving[number]
                self._part(number)
        for motion in self.motions:
            if motion.status is MotionStatus.OPEN and motion.lapses_ms <= now_ms:
                motion.status = MotionStatus.LAPSED
        self.world.run(*acts, after_ms=after_ms)

    def _part(self, number: int) -> None:
        self.members.discard(number)
        self.validators.discard(number)

    def _needed(self) -> int:
        if len(self.validators) < 4:
            return len(self.members)
        return int(Fraction(2, 3) * len(self.members)) + 1

    @rule(who=WHO, about=WHO, is_expulsion=st.booleans())
    def propose(self, who: int, about: int, is_expulsion: bool) -> None:
        """Expel a member, or end its validating."""
        if who not in self.members or len(self.members) <= 3:
            return
        self.nonce += 1
        kind = ExpelCooperative if is_expulsion else StopValidator
        asked = propose_act(who, kind(cooperative=coop(about)), nonce=self.nonce)
        self.run(asked)
        [refused] = self.world.refusals
        if who not in self.members:
            assert refused is RefusalCode.COOPERATIVE_LEFT
            return
        if refused is None:
            lapses_ms = self.world.time_ms + FEDERAL_WINDOW_MS
            found = Asked(asked, about, is_expulsion, {who}, lapses_ms)
            self.motions.append(found)
            self._settle(found)
        elif about in self.members and is_expulsion:
            assert refused in (
                RefusalCode.MOTIONS_OPEN_TOO_MANY,
                RefusalCode.LAST_VALIDATOR,
                RefusalCode.VALIDATORS_TOO_FEW,
                RefusalCode.CHANGES_PENDING,
            ), refused

    @precondition(lambda self: self.motions)
    @rule(who=WHO, which=WHICH)
    def approve(self, who: int, which: int) -> None:
        """Once for each; what makes enough does it."""
        found = self.motions[which % len(self.motions)]
        is_known = who in found.approvals
        self.run(approve(who, found.act, nonce=0))
        [refused] = self.world.refusals
        if who not in self.members:
            assert refused is RefusalCode.COOPERATIVE_LEFT
        elif found.status is not MotionStatus.OPEN:
            assert refused is RefusalCode.MOTION_CLOSED
        elif is_known and len(found.approvals & self.members) < self._needed():
            assert refused is RefusalCode.MOTION_APPROVED
        elif refused is None:
            found.approvals.add(who)
            self._settle(found)

    def _settle(self, found: Asked) -> None:
        if len(found.approvals & self.members) < self._needed():
            return
        found.status = MotionStatus.ENACTED
        if found.is_expulsion:
            self._part(found.about)
            self.leaving.pop(found.about, None)
        else:
            self.validators.discard(found.about)

    @rule(who=WHO)
    def leave(self, who: int) -> None:
        """Nothing votes a notice down."""
        if who not in self.members or who in self.leaving or len(self.members) <= 3:
            return
        self.run(give_notice(who))
        if who in self.members:
            is_last = self.validators == {who}
            assert self.world.refusals == [RefusalCode.LAST_VALIDATOR if is_last else None]
        if who in self.members and self.world.refusals == [None]:
            self.leaving[who] = self.world.cooperative(who).leaves_at_ms

    @rule(who=WHO, against=WHO)
    def argue(self, who: int, against: int) -> None:
        self.nonce += 1
        opened = dispute(who, against, nonce=self.nonce)
        self.run(opened)
        [refused] = self.world.refusals
        if who not in self.members:
            assert refused is RefusalCode.COOPERATIVE_LEFT
        elif who == against:
            assert refused is RefusalCode.RESPONDENT_UNFIT
        elif refused is None:
            self.disputes.append(Argued(opened, (who, against)))
        else:
            assert refused is RefusalCode.MOTIONS_OPEN_TOO_MANY

    @precondition(lambda self: self.disputes)
    @rule(who=WHO, which=WHICH, text=st.sampled_from(TEXTS))
    def answer(self, who: int, which: int, text: bytes) -> None:
        """Two parties, or most of a panel, that say the same decide."""
        found = self.disputes[which % len(self.disputes)]
        self._follow(found)
        self.run(say(who, found.act, text))
        self._follow(found)
        taken = self.world.refusals == [None]
        panel = self._panel(found)
        if taken:
            assert who in (panel if found.step is DisputeStep.PANEL else found.parties) or (
                found.verdict is not DisputeVerdict.NONE
            )

    @precondition(lambda self: self.disputes)
    @rule(which=WHICH, by=st.booleans(), is_withdrawn=st.booleans())
    def go_on(self, which: int, by: bool, is_withdrawn: bool) -> None:
        """A party goes on in time, and the claimant alone takes it back."""
        found = self.disputes[which % len(self.disputes)]
        self._follow(found)
        before = stands(self.world, found.act)
        number = found.parties[int(by)]
        act = take_back(number, found.act) if is_withdrawn else go_on(number, found.act)
        self.run(act)
        [refused] = self.world.refusals
        if before.step is DisputeStep.CLOSED:
            assert refused is RefusalCode.DISPUTE_CLOSED
        elif is_withdrawn and number != found.parties[0] and refused is not None:
            assert refused in (RefusalCode.NOT_ASKED, RefusalCode.DISPUTE_CLOSED)
        elif is_withdrawn and refused is None:
            assert stands(self.world, found.act).verdict is DisputeVerdict.WITHDRAWN

    @rule(after_ms=st.sampled_from([1, STEP_MS // 2, STEP_MS, FEDERAL_WINDOW_MS]))
    def wait(self, after_ms: int) -> None:
        self.run(after_ms=after_ms)
        self.run()

    def _panel(self, found: Argued) -> set[int]:
        panel = stands(self.world, found.act).panel
        return {number for number in range(COUNT) if coop(number) in panel}

    def _follow(self, found: Argued) -> None:
        """A dispute only ever goes forward, and what is closed stays."""
        now = stands(self.world, found.act)
        assert now.step >= found.step
        if found.step is DisputeStep.CLOSED:
            assert now.verdict is found.verdict
        found.step, found.verdict = now.step, now.verdict

    @invariant()
    def disputes_go_forward_and_end(self) -> None:
        for found in self.disputes:
            self._follow(found)
            now = stands(self.world, found.act)
            assert not set(self._panel(found)) & set(found.parties)
            if now.step is DisputeStep.CLOSED:
                assert now.verdict is not DisputeVerdict.NONE
                assert now.ends_ms == 0
            elif now.step is not DisputeStep.ARBITRATION:
                assert now.ends_ms > self.world.time_ms

    @invariant()
    def members_and_validators_are_the_models(self) -> None:
        for number in range(COUNT):
            found = self.world.cooperative(number)
            assert found.is_member == (number in self.members)
            assert (found.validator is not None) == (number in self.validators)

    @invariant()
    def motions_are_the_models(self) -> None:
        for asked in self.motions:
            motion = self.world.federal.get_motion(motion_of(asked.act))
            assert motion is not None
            assert motion.status is asked.status
            assert set(motion.approvals) == {coop(number) for number in asked.approvals}


TestFederationAgainstModel = FederationAgainstModel.TestCase
TestFederationAgainstModel.settings = settings(
    max_examples=CASES,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    deadline=None,
)
