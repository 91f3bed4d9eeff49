"""What a block does by itself never raises and is never long, whatever members have asked for."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.limits import (
    BALLOTS_ARCHIVED_PER_BLOCK_MAX,
    BALLOTS_COUNTED_PER_BLOCK_MAX,
    COUNT_CANDIDATES_MAX,
    COUNT_ITEMS_CLEARED_PER_BLOCK_MAX,
    DEADLINES_PER_BLOCK_MAX,
)
from governance import deadlines
from governance.body_acts import (
    ExcludeMember,
    PauseDataUse,
    Recommend,
    Review,
    Stance,
    SuspendLicence,
    SuspendPeer,
    Veto,
)
from governance.body_records import BodyKind
from governance.bylaws import parse_bylaws
from governance.events import EnactmentFailed, ProposalClosed
from governance.kinds import KINDS
from governance.member_acts import (
    ChangeBylaws,
    ElectBody,
    EndCooperative,
    Ending,
    FundItems,
    GrantLicence,
    LeaveFederation,
    MemberAct,
    SupportMotion,
)
from governance.proposal_records import (
    Choice,
    Enactment,
    Outcome,
    ProposalKind,
    Stage,
)
from governance.records import CooperativeStatus
from governance.roll_transactions import AppealExclusion, LeaveRoll
from governance.transactions import GiveNotice
from tests.bylaws import make_bylaws
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    office,
    support,
    view_of,
)
from tests.governance.election_world import (
    DAY_MS,
    YEAR_MS,
    elect,
    go_on_until,
    nominate,
    reveal,
    sign,
    start_petition,
    withdraw_nomination,
)
from tests.governance.hostile_world import PARTNERS_INSIGHT, HostileWorld, prepare, watch
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    FOUNDING_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    VOTING_MS,
    Act,
    World,
    admit,
    amend,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    vote,
    withdraw,
)

SOAK_CASES = int(os.environ.get("SOAK_CASES", "0"))
EXAMPLES = max(200, SOAK_CASES // 10)
STEPS_MAX = 40
MEMBERS_COUNT = OFFICERS_COUNT = 9
OPERATIONS_MAX = 1_500
"""Of one block of a small federation; of any, `WORK_MAX`."""
PER_PAPER = 8
PER_DEADLINE = 200
"""Reads and writes: an election's close reads every candidate and seat."""
WORK_MAX = (
    PER_PAPER * (BALLOTS_COUNTED_PER_BLOCK_MAX + BALLOTS_ARCHIVED_PER_BLOCK_MAX)
    + PER_PAPER * COUNT_ITEMS_CLEARED_PER_BLOCK_MAX
    + PER_DEADLINE * 2 * DEADLINES_PER_BLOCK_MAX
)

ITEMS = tuple(number.to_bytes(32, "big") for number in range(1, COUNT_CANDIDATES_MAX + 1))
LICENCE = GrantLicence(
    insight=INSIGHT, licensee=bytes(32), purpose=bytes(32), price_minor=0, days=3_660
)
OTHER_BYLAWS = make_bylaws(quorum={"ordinary_bps": 5_000})


def make_bylaws_act() -> ChangeBylaws:
    return ChangeBylaws(bylaws=parse_bylaws(OTHER_BYLAWS))


ACTS: list[tuple[ProposalKind, MemberAct | None, bytes]] = [
    (ProposalKind.ORDINARY, None, b""),
    (ProposalKind.INSIGHT, None, INSIGHT),
    (ProposalKind.DATA_USE, None, INSIGHT),
    (ProposalKind.CONSTITUTIONAL, make_bylaws_act(), b""),
    (ProposalKind.CONSTITUTIONAL, None, b""),
    (ProposalKind.LICENCE, LICENCE, b""),
    (ProposalKind.BUDGET, FundItems(items=ITEMS, pool_minor=10**15, cap_minor=1), b""),
    (ProposalKind.BUDGET, FundItems(items=ITEMS[:3], pool_minor=0, cap_minor=0), b""),
    (ProposalKind.DISTRIBUTION, None, INSIGHT),
    (ProposalKind.FEDERAL, SupportMotion(motion=bytes(32)), b""),
    (ProposalKind.EXIT, LeaveFederation(), b""),
    (
        ProposalKind.ENDING,
        EndCooperative(ending=Ending.MERGER, successor=OTHER_COOPERATIVE),
        b"",
    ),
    (ProposalKind.VALIDATION, None, PARTNERS_INSIGHT),
    (ProposalKind.WITHDRAWAL, None, INSIGHT),
    *((ProposalKind.ELECTION, ElectBody(body=kind), b"") for kind in BodyKind),
]

STEPS = st.tuples(
    st.integers(min_value=0, max_value=15),
    st.integers(min_value=1, max_value=MEMBERS_COUNT),
    st.integers(min_value=0, max_value=63),
    st.sampled_from([1, 1, DAY_MS, DAY_MS, VOTING_MS, DISCUSSION_MS, 30 * DAY_MS, YEAR_MS]),
)
CHOICES = (Choice.YES, Choice.NO, Choice.ABSTAIN, b"\x00", b"\x01\x00", bytes(3), bytes(64))


class Attacker:
    """Turns numbers into whatever members, officers and registrars can ask for."""

    def __init__(self) -> None:
        bylaws = make_bylaws(quorum={"ordinary_second_bps": 2_000})
        world = make_world_with_officers(MEMBERS_COUNT, OFFICERS_COUNT, bylaws=bylaws)
        world.run(after_ms=FOUNDING_MS)
        fill(world, BodyKind.PRIVACY, [1, 2])
        fill(world, BodyKind.TECHNICAL, [2, 3])
        fill(world, BodyKind.COMMITTEE, [3, 4])
        fill(world, BodyKind.AUDITORS, [5])
        prepare(world)
        self.world: HostileWorld = watch(world)
        self.motions: list[Act] = []
        self.asked: list[Act] = []
        self.petitions: list[Act] = []
        self.nonce = 10

    def step(self, what: int, who: int, which: int, after_ms: int) -> None:
        acts = self._choose(what, who, which)
        self.world.run(*acts, after_ms=after_ms)
        assert self.world.own_operations_count <= OPERATIONS_MAX

    def _choose(self, what: int, who: int, which: int) -> list[Act]:
        self.nonce += 1
        voting, nominating = self._find(Stage.VOTING), self._find(Stage.NOMINATION)
        if what <= 2 or not self.motions:
            kind, act, subject = ACTS[which % len(ACTS)]
            self.motions.append(propose(who, kind=kind, act=act, subject=subject, nonce=self.nonce))
            return [self.motions[-1]]
        if what <= 6:
            motion = _pick(voting or self.motions, which)
            choice = CHOICES[which % len(CHOICES)] if what > 4 else Choice.YES
            is_marked = KINDS[motion.payload.kind].has_options  # type: ignore[union-attr]
            if is_marked and what <= 4:
                choice = b"\x00"
            voters = range(1, MEMBERS_COUNT + 1) if what <= 4 else [who]
            return [vote(number, proposal_id_of(motion), choice) for number in voters]
        if what == 7:
            motion = _pick(nominating or self.motions, which)
            return [nominate(number, motion) for number in range(1, who + 1)]
        if what == 8:
            motion = _pick(self._find(Stage.REVEAL) or self.motions, which)
            return [reveal(number, motion) for number in range(1, who + 1, 2)]
        motion = _pick(self.motions, which)
        motion_id = proposal_id_of(motion)
        if what == 9:
            return [amend(who, motion_id), withdraw(which % 9 + 1, motion_id)]
        if what == 10:
            return [close_office(who), withdraw_nomination(which % 9 + 1, motion)]
        if what == 11:
            return self._ask(who, which, motion_id)
        if what == 12 and which > 40:
            return [Act(member(who), LeaveRoll(cooperative=COOPERATIVE), self.nonce)]
        if what in (12, 13):
            if which < 50:
                return []
            root = COOPERATIVE if which > 60 else OTHER_COOPERATIVE
            return [Act(root, GiveNotice(), self.nonce)]
        if what == 14:
            self.petitions.append(start_petition(who, which % 9 + 1, nonce=self.nonce))
            started = self.petitions[-1]
            return [started, *(sign(number, started) for number in range(1, 5))]
        appeal = AppealExclusion(cooperative=COOPERATIVE, text_hash=bytes(32))
        return [
            Act(member(who), appeal, self.nonce),
            admit([100 + which], cooperative=OTHER_COOPERATIVE),
            admit([100 + which]),
        ]

    def _find(self, stage: Stage) -> list[Act]:
        """Motions that have come so far."""
        view = self.world.view
        found = [(act, view.get_proposal(COOPERATIVE, proposal_id_of(act))) for act in self.motions]
        return [act for act, proposal in found if proposal is not None and proposal.stage is stage]

    def _ask(self, who: int, which: int, motion_id: bytes) -> list[Act]:
        fields: dict[str, Any] = {"proposal": motion_id, "reasons_hash": REASONS}
        opinion: dict[str, Any] = {
            "proposal": motion_id,
            "text_hash": REASONS,
            "stance": Stance.FOR,
        }
        asked = [
            (BodyKind.PRIVACY, Veto(**fields)),
            (BodyKind.PRIVACY, Review(**opinion)),
            (BodyKind.COMMITTEE, Recommend(**opinion)),
            (BodyKind.COMMITTEE, PauseDataUse(**fields)),
            (BodyKind.COMMITTEE, SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS)),
            (BodyKind.COMMITTEE, SuspendLicence(licence=motion_id, reasons_hash=REASONS)),
            (BodyKind.COMMITTEE, ExcludeMember(account=member(who), reasons_hash=REASONS)),
        ]
        body, act = asked[which % len(asked)]
        offices = view_of(self.world).get_body(COOPERATIVE, body).offices
        sitting = [number for number in range(1, 10) if office(number) in offices]
        if not sitting:
            return []
        first = ask_body(sitting[0], body, act, nonce=self.nonce)
        return [first, *(support(number, first) for number in sitting[1:])]


def _pick(motions: list[Act], which: int) -> Act:
    return motions[which % len(motions)]


@settings(max_examples=EXAMPLES)
@given(steps=st.lists(STEPS, max_size=STEPS_MAX))
def test_whatever_members_ask_for_a_blocks_own_work_goes_on(
    steps: list[tuple[int, int, int, int]],
) -> None:
    """No rule's refusal, no number out of bounds and no long block comes out of it."""
    attacker = Attacker()

    for step in steps:
        attacker.step(*step)
    for _ in range(8):
        attacker.world.run(after_ms=60 * DAY_MS)
        assert attacker.world.own_operations_count <= OPERATIONS_MAX


def test_ghsa_47ww_ff84_4jrg_an_error_at_the_end_of_a_block_stops_nothing() -> None:
    """GHSA-47ww-ff84-4jrg: an error while a group's proposals were tallied halted the chain.

    It stands for all that a rule refuses when the time has come: acts that were possible when
    they were proposed and are not any more become events, one beside the other in one block,
    and the next block comes.
    """
    attacker = Attacker()
    world = attacker.world
    acts = [
        propose(1, kind=ProposalKind.EXIT, act=LeaveFederation()),
        propose(2, kind=ProposalKind.EXIT, act=LeaveFederation()),
        propose(3, kind=ProposalKind.CONSTITUTIONAL, act=make_bylaws_act()),
        propose(4, kind=ProposalKind.CONSTITUTIONAL, act=make_bylaws_act()),
        propose(5, kind=ProposalKind.EXIT, act=LeaveFederation()),
    ]
    world.run(*acts)
    assert world.refusals == [None] * len(acts)
    go_on_until(world, acts[0], Stage.VOTING)
    ids = [proposal_id_of(act) for act in acts]
    world.run(*(vote(n, one, Choice.YES) for one in ids for n in range(1, 10)), after_ms=1)
    cooperative = world.view.get_cooperative(COOPERATIVE)
    assert cooperative is not None
    world.view.put_cooperative(replace(cooperative, status=CooperativeStatus.EXPELLED))

    told = []
    while any(world.get_proposal(act).stage is not Stage.CLOSED for act in acts):
        told += world.run(after_ms=DAY_MS)

    assert sum(isinstance(event, ProposalClosed) for event in told) == len(acts)
    assert sum(isinstance(event, EnactmentFailed) for event in told) == len(acts)
    assert all(world.get_proposal(act).enactment is Enactment.FAILED for act in acts)


@pytest.mark.parametrize("choice", [None, Choice.ABSTAIN, bytes(3)])
def test_ghsa_x5vx_95h7_rv4p_numbers_of_nothing_do_not_panic(choice: Any) -> None:
    """GHSA-x5vx-95h7-rv4p: a malicious proposal made a group's tally panic, and chains halted.

    It stands for arithmetic on what an attacker may choose: a pool shared by no votes at all, a
    count of blank ballots, a vote in which nobody says anything.
    """
    attacker = Attacker()
    world = attacker.world
    motion = propose(1)
    budget = propose(
        2,
        kind=ProposalKind.BUDGET,
        act=FundItems(items=ITEMS[:3], pool_minor=10**15, cap_minor=0),
    )
    elections = [
        elect(kind, number=number)
        for number, kind in enumerate(
            [BodyKind.ETHICS_PANEL, BodyKind.OMBUDSPERSON, BodyKind.MEDIATORS], 3
        )
    ]
    world.run(motion, budget, *elections)
    assert world.refusals == [None] * 5
    go_on_until(world, elections[0], Stage.NOMINATION)
    world.run(*(nominate(number, one) for one in elections for number in (6, 7, 8)), after_ms=1)
    for one in (elections[0], budget, motion):
        go_on_until(world, one, Stage.VOTING)
        for act in (motion, budget, *elections):
            blank = choice if act is budget or choice is None else Choice.ABSTAIN
            if blank is not None and world.get_proposal(act).stage is Stage.VOTING:
                ids = proposal_id_of(act)
                world.run(*(vote(n, ids, blank) for n in range(1, 10)), after_ms=1)
    for _ in range(60):
        world.run(after_ms=DAY_MS)

    for act in (motion, budget, *elections):
        assert world.get_proposal(act).stage is Stage.CLOSED
    decision = world.view.get_decision(COOPERATIVE, proposal_id_of(motion))
    assert decision is not None
    assert decision.outcome in (Outcome.NO_QUORUM, Outcome.REJECTED)


def _make_crowd(proposals_count: int, voters_count: int) -> tuple[HostileWorld, list[Act]]:
    """Proposals that all close at one time."""
    bylaws = make_bylaws(proposals={"open_per_member_max": 64})
    plain: World = make_world_with_members(voters_count, bylaws=bylaws)
    world = watch(plain)
    motions = [propose(n % voters_count + 1, nonce=n + 1) for n in range(proposals_count)]
    world.run(*motions)
    assert world.refusals == [None] * proposals_count
    while any(world.get_proposal(act).stage is not Stage.VOTING for act in motions):
        world.run(after_ms=1 if world.events else DISCUSSION_MS)
    for motion in motions:
        ids = proposal_id_of(motion)
        world.run(*(vote(n + 1, ids, Choice.YES) for n in range(voters_count)), after_ms=0)
    return world, motions


@pytest.mark.parametrize("proposals_count", [20, 40])
def test_what_falls_due_together_is_spread_over_blocks(
    monkeypatch: pytest.MonkeyPatch, proposals_count: int
) -> None:
    """Counting, archiving and clearing: twice as many deadlines are no more work in a block."""
    monkeypatch.setattr(deadlines, "BALLOTS_COUNTED_PER_BLOCK_MAX", 25)
    monkeypatch.setattr(deadlines, "BALLOTS_ARCHIVED_PER_BLOCK_MAX", 25)
    monkeypatch.setattr(deadlines, "DEADLINES_PER_BLOCK_MAX", 8)
    world, motions = _make_crowd(proposals_count, 10)
    most = 0

    for after_ms in (VOTING_MS, 12 * YEAR_MS):
        world.run(after_ms=after_ms)
        while world.events or world.own_operations_count > 20:
            most = max(most, world.own_operations_count)
            world.run(after_ms=1)

    assert all(world.get_proposal(act).stage is Stage.CLOSED for act in motions)
    assert not list(world.view.scan_ballots(COOPERATIVE, proposal_id=proposal_id_of(motions[0])))
    assert most < PER_PAPER * 50 + PER_DEADLINE * 8


def test_every_step_of_a_full_block_is_within_what_a_block_may_do() -> None:
    """With the limits as they are: more deadlines than a block takes, and all ballots counted."""
    world, motions = _make_crowd(DEADLINES_PER_BLOCK_MAX + 20, 5)
    most = 0

    for _ in range(4):
        world.run(after_ms=VOTING_MS)
        most = max(most, world.own_operations_count)

    assert all(world.get_proposal(act).stage is Stage.CLOSED for act in motions)
    assert most < WORK_MAX
