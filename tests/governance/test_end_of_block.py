"""Whatever anybody proposes, the work that time brings neither fails nor runs without bound.

In CometBFT's sister projects such work has halted chains; two of those faults name tests here.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import deadlines, machine
from governance.body_acts import (
    BodyAct,
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
from governance.context import BlockContext
from governance.member_acts import (
    ChangeBylaws,
    ElectBody,
    EndCooperative,
    Ending,
    FundItems,
    GrantLicence,
    LeaveFederation,
    MemberAct,
    RevokeLicence,
    SupportMotion,
)
from governance.proposal_records import BallotChoice, Choice, ProposalKind, Stage
from governance.view import KeyValue
from tests.bylaws import load_preset, make_bylaws
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    support,
)
from tests.governance.election_world import nominate, reveal, sign, start_petition
from tests.governance.world import (
    CHAIN_ID,
    COOPERATIVE,
    FOUNDING_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    Act,
    World,
    admit,
    amend,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
    withdraw,
)

DAY_MS = 86_400_000 // TIME_SCALE
OPERATIONS_MAX = 40_000
"""Reads and writes of one block in these worlds; what a block may do is bounded, not small."""


class CountingKeyValue:
    """Counts what a block does to state."""

    def __init__(self, kv: KeyValue) -> None:
        self._kv = kv
        self.count = 0

    def get(self, key: bytes) -> bytes | None:
        self.count += 1
        return self._kv.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.count += 1
        self._kv.put(key, value)

    def delete(self, key: bytes) -> None:
        self.count += 1
        self._kv.delete(key)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        for item in self._kv.scan(prefix, after=after):
            self.count += 1
            yield item


def run_alone(world: World, *, after_ms: int) -> int:
    """A block without transactions; how much it did."""
    world.height += 1
    world.time_ms += after_ms
    counting = CountingKeyValue(world.kv)
    block = BlockContext(height=world.height, time_ms=world.time_ms, chain_id=CHAIN_ID)
    machine.begin_block(counting, block)
    machine.end_block(counting, block)
    return counting.count


digests = st.sampled_from(
    [INSIGHT, REASONS, COOPERATIVE, OTHER_COOPERATIVE, bytes(32), b"\xff" * 32]
)
BYLAWS = tuple(parse_bylaws(item) for item in (load_preset("national"), make_bylaws()))
member_acts: st.SearchStrategy[MemberAct] = st.one_of(
    st.sampled_from(BYLAWS).map(lambda bylaws: ChangeBylaws(bylaws=bylaws)),
    st.builds(
        GrantLicence,
        insight=digests,
        licensee=digests,
        purpose=digests,
        price_minor=st.integers(0, (1 << 63) - 1),
        days=st.integers(1, 3_660),
    ),
    digests.map(lambda licence: RevokeLicence(licence=licence)),
    digests.map(lambda motion: SupportMotion(motion=motion)),
    st.just(LeaveFederation()),
    st.builds(EndCooperative, ending=st.sampled_from(Ending), successor=digests),
    st.sampled_from(BodyKind).map(lambda body: ElectBody(body=body)),
    st.builds(
        FundItems,
        items=st.integers(3, 64).map(
            lambda count: tuple(number.to_bytes(32, "big") for number in range(count))
        ),
        pool_minor=st.integers(0, 1_000_000),
        cap_minor=st.integers(0, 1_000),
    ),
)
KINDS_OF_ACTS = {
    ChangeBylaws: ProposalKind.CONSTITUTIONAL,
    GrantLicence: ProposalKind.LICENCE,
    RevokeLicence: ProposalKind.LICENCE,
    SupportMotion: ProposalKind.FEDERAL,
    LeaveFederation: ProposalKind.EXIT,
    EndCooperative: ProposalKind.ENDING,
    ElectBody: ProposalKind.ELECTION,
    FundItems: ProposalKind.BUDGET,
}
MOTIONS = [
    propose(1),
    propose(2, kind=ProposalKind.DATA_USE, subject=INSIGHT),
    propose(3, kind=ProposalKind.INSIGHT, subject=INSIGHT),
    propose(4, kind=ProposalKind.ELECTION, act=ElectBody(body=BodyKind.MEDIATORS)),
    propose(5, kind=ProposalKind.EXIT, act=LeaveFederation()),
    propose(
        6,
        kind=ProposalKind.ENDING,
        act=EndCooperative(ending=Ending.MERGER, successor=OTHER_COOPERATIVE),
    ),
]
ids = st.sampled_from([proposal_id_of(motion) for motion in MOTIONS])
choices: st.SearchStrategy[BallotChoice] = st.one_of(
    st.sampled_from(Choice), st.binary(min_size=1, max_size=64)
)
body_acts: st.SearchStrategy[BodyAct] = st.one_of(
    st.builds(Review, proposal=ids, stance=st.sampled_from(Stance), text_hash=digests),
    st.builds(Recommend, proposal=ids, stance=st.sampled_from(Stance), text_hash=digests),
    st.builds(Veto, proposal=ids, reasons_hash=digests),
    st.builds(PauseDataUse, proposal=ids, reasons_hash=digests),
    st.builds(SuspendPeer, peer=digests, reasons_hash=digests),
    st.builds(SuspendLicence, licence=ids, reasons_hash=digests),
    st.builds(ExcludeMember, account=digests, reasons_hash=digests),
)
numbers = st.integers(1, 9)
asked = st.builds(
    ask_body, numbers, st.sampled_from([BodyKind.COMMITTEE, BodyKind.PRIVACY]), body_acts
)
acts: st.SearchStrategy[Act] = st.one_of(
    st.sampled_from(MOTIONS),
    st.builds(
        lambda number, act, nonce: propose(
            number, kind=KINDS_OF_ACTS[type(act)], act=act, nonce=nonce
        ),
        numbers,
        member_acts,
        st.integers(2, 5),
    ),
    st.builds(vote, numbers, ids, choices),
    st.builds(amend, numbers, ids),
    st.builds(withdraw, numbers, ids),
    asked,
    st.builds(support, numbers, asked),
    st.builds(nominate, numbers, st.just(MOTIONS[3])),
    st.builds(reveal, numbers, st.just(MOTIONS[3])),
    st.builds(close_office, numbers),
    st.builds(start_petition, numbers, numbers),
    st.builds(lambda number: sign(number, start_petition(1, 2)), numbers),
    st.integers(20, 40).map(lambda number: admit([number])),
)


def decide(body: BodyKind, act: BodyAct, nonce: int) -> list[Act]:
    """Enough of a body ask for an act and support it."""
    asked_by_one = ask_body(1, body, act, nonce=nonce)
    return [asked_by_one, *(support(number, asked_by_one) for number in (2, 3, 4, 5))]


bodies = st.sampled_from([BodyKind.COMMITTEE, BodyKind.PRIVACY])
together = st.builds(decide, bodies, body_acts, st.integers(2, 9))
running = [nominate(number, MOTIONS[3]) for number in (7, 8, 9)]
steps = st.lists(
    st.tuples(
        st.one_of(st.lists(acts, max_size=4), together, st.just(running)),
        st.none() | st.sampled_from([Choice.YES, Choice.YES, Choice.NO, Choice.ABSTAIN]),
        st.sampled_from([1, DAY_MS, 3 * DAY_MS, 8 * DAY_MS, 30 * DAY_MS]),
    ),
    min_size=5,
    max_size=40,
)


def let_everybody_vote(world: World, choice: Choice) -> None:
    """On whatever is open; where there are options, for the first of them."""
    open_ones = [motion for motion in MOTIONS if is_voting(world, motion)]
    ballots = [
        vote(number, proposal_id_of(motion), mark(motion, choice))
        for motion in open_ones
        for number in range(1, 8)
    ]
    world.run(*ballots, after_ms=1)


def is_voting(world: World, motion: Act) -> bool:
    found = world.view.get_proposal(COOPERATIVE, proposal_id_of(motion))
    return found is not None and found.stage is Stage.VOTING


def mark(motion: Act, choice: Choice) -> BallotChoice:
    return b"\x00" if motion is MOTIONS[3] and choice is not Choice.ABSTAIN else choice


@settings(max_examples=int(os.environ.get("SOAK_CASES", "150")), deadline=None)
@given(steps, st.booleans())
def test_time_brings_nothing_that_stops_the_chain(
    history: list[tuple[list[Act], Choice | None, int]], is_founded: bool
) -> None:
    """Any acts at any times: each block ends, within its bound, and so do all that follow."""
    world = make_world_with_officers()
    if is_founded:
        world.run(after_ms=FOUNDING_MS)
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    fill(world, BodyKind.PRIVACY, [1, 2, 3])
    for act_list, choice, after_ms in history:
        if choice is not None:
            let_everybody_vote(world, choice)
        world.run(*act_list, after_ms=after_ms)

    for _ in range(60):
        assert run_alone(world, after_ms=10 * DAY_MS) < OPERATIONS_MAX


def test_ghsa_x5vx_95h7_rv4p_a_failing_proposal_halts_nothing() -> None:
    """An error in a group's tally at the end of a block halted Cosmos chains.

    Here it is noted, and everybody else's proposals go on.
    """
    world = make_world_with_members(5, 3)
    exits = [propose(number, kind=ProposalKind.EXIT, act=LeaveFederation()) for number in (1, 2)]
    ordinary = propose(3)
    world.open_voting(*exits, ordinary)
    for act in (*exits, ordinary):
        world.run(*(vote(number, proposal_id_of(act), Choice.YES) for number in (1, 2)), after_ms=1)

    world.close_voting()

    assert all(world.get_proposal(act).stage is Stage.CLOSED for act in (*exits, ordinary))


def test_ghsa_47ww_ff84_4jrg_a_tally_that_cannot_be_computed_halts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A division in a group's tally whose members had gone made Cosmos chains panic.

    Here an electorate is fixed when voting opens, and one that is empty ends its proposal
    without an outcome.
    """
    world = make_world_with_members(2)
    motions = [propose(1), propose(2)]
    world.run(*motions)
    roll = world.view.get_roll(COOPERATIVE)
    monkeypatch.setattr(type(world.view), "get_roll", lambda *_: type(roll)(epoch=roll.epoch))

    for _ in range(20):
        run_alone(world, after_ms=DAY_MS)

    assert {world.get_proposal(motion).stage for motion in motions} == {Stage.VOID}


@pytest.mark.parametrize("count", [300, 900])
def test_however_much_falls_due_at_once_a_block_does_only_so_much(count: int) -> None:
    """Three times as many deadlines take more blocks, not longer ones."""
    world = make_world_with_members(60)
    motions = [propose(1 + place % 60, nonce=1 + place // 60) for place in range(count)]
    for start in range(0, count, 100):
        world.run(*motions[start : start + 100], after_ms=1)
    most = 0

    while any(world.get_proposal(motion).stage is not Stage.CLOSED for motion in motions):
        most = max(most, run_alone(world, after_ms=DAY_MS))

    assert most < 12_000
    assert deadlines.DEADLINES_PER_BLOCK_MAX == 256
