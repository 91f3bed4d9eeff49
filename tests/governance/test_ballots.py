"""Ballots: taken, replaced, counted, decided, and provable."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.counted_ballots import compute_ballot_leaf, list_counted, prove_counted
from governance.events import BallotCast, ProposalClosed
from governance.logs import DECISIONS, get_frontier, prove_entry
from governance.merkle_log import is_included
from governance.proposal_records import (
    Choice,
    Decision,
    DecisionLeaf,
    Outcome,
    ProposalKind,
    Stage,
    compute_ballot_id,
)
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from tests.governance.world import (
    COOPERATIVE,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    VOTING_MS,
    Act,
    World,
    admit,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    vote,
)

MOTION = propose(1)
MOTION_ID = proposal_id_of(MOTION)


def open_vote(members_count: int = 5) -> World:
    world = make_world_with_members(members_count)
    world.open_voting(MOTION)
    return world


def close(world: World) -> Decision:
    world.run(after_ms=VOTING_MS)
    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None
    return decision


def test_g3_more_yes_than_no_is_accepted() -> None:
    """G2, G3: quorum met, majority reached; state, event and log say the same."""
    world = open_vote()
    world.run(vote(1, MOTION_ID, Choice.YES), vote(2, MOTION_ID, Choice.YES))
    world.run(vote(3, MOTION_ID, Choice.NO), vote(4, MOTION_ID, Choice.ABSTAIN))

    decision = close(world)

    assert decision.outcome is Outcome.ACCEPTED
    assert (decision.yes_count, decision.no_count, decision.abstain_count) == (2, 1, 1)
    assert decision.ballots_count == 4
    assert (decision.closed_height, decision.closed_ms) == (world.height, world.time_ms)
    assert world.events == [
        ProposalClosed(
            cooperative=COOPERATIVE,
            proposal=MOTION_ID,
            kind=ProposalKind.ORDINARY,
            outcome=Outcome.ACCEPTED,
            subject=b"",
            yes_count=2,
            no_count=1,
            abstain_count=1,
            electorate_count=5,
            quorum_bps=3_000,
            ballots_root=decision.ballots_root,
            decision_index=0,
            yes_of_roll_bps=500,
            call=1,
        )
    ]


def test_g2_too_few_ballots_decide_nothing() -> None:
    """G2: one of five is less than 30 %."""
    world = open_vote()
    world.run(vote(1, MOTION_ID, Choice.YES))

    assert close(world).outcome is Outcome.NO_QUORUM


def test_g2_a_vote_without_ballots_closes_by_itself() -> None:
    """G2, G4: nobody can hold a motion up, not even by staying away."""
    assert close(open_vote()).outcome is Outcome.NO_QUORUM


def test_g1_a_second_ballot_replaces_the_first() -> None:
    """G1: one member, one vote: the last one before the close."""
    world = open_vote()
    first = world.run(vote(1, MOTION_ID, Choice.YES))
    second = world.run(vote(1, MOTION_ID, Choice.NO), vote(2, MOTION_ID, Choice.NO))

    decision = close(world)

    ballot_id = compute_ballot_id(proposal_id=MOTION_ID, account=member(1))
    cast = BallotCast(cooperative=COOPERATIVE, proposal=MOTION_ID, ballot=ballot_id, replaced=False)
    assert first == [cast]
    assert second[0] != cast
    assert isinstance(second[0], BallotCast)
    assert second[0].replaced
    assert (decision.yes_count, decision.no_count) == (0, 2)


def test_refuses_a_ballot_at_the_closing_time() -> None:
    """Ballots count in blocks before the close, and the close comes before any of its block."""
    world = open_vote()
    proposal = world.view.get_proposal(COOPERATIVE, MOTION_ID)
    assert proposal is not None
    left_ms = proposal.closes_at_ms - world.time_ms

    assert world.refuse(vote(1, MOTION_ID, Choice.YES), after_ms=left_ms - 1) is None
    refusal = world.refuse(vote(2, MOTION_ID, Choice.YES), after_ms=1)

    assert refusal is RefusalCode.VOTING_CLOSED


def test_refuses_a_ballot_before_voting_opens() -> None:
    """G4: first the discussion, then the vote."""
    world = make_world_with_members()
    world.run(MOTION)

    assert world.refuse(vote(1, MOTION_ID, Choice.YES)) is RefusalCode.VOTING_NOT_OPEN


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (
            vote(1, MOTION_ID, Choice.YES, cooperative=bytes(32)),
            RefusalCode.COOPERATIVE_UNKNOWN,
        ),
        (
            vote(1, MOTION_ID, Choice.YES, cooperative=OTHER_COOPERATIVE),
            RefusalCode.PROPOSAL_UNKNOWN,
        ),
        (vote(1, bytes(32), Choice.YES), RefusalCode.PROPOSAL_UNKNOWN),
        (vote(20, MOTION_ID, Choice.YES), RefusalCode.NOT_A_MEMBER),
        (
            Act(
                compute_office_account_id(cooperative=COOPERATIVE, role=Role.ROOT),
                vote(1, MOTION_ID, Choice.YES).payload,
            ),
            RefusalCode.NOT_A_MEMBER,
        ),
        (vote(6, MOTION_ID, Choice.YES), RefusalCode.NOT_IN_ELECTORATE),
    ],
)
def test_m1_refuses_a_ballot_of_who_may_not_vote(act: Act, refusal: RefusalCode) -> None:
    """M1: only members vote: no office, no other cooperative's member, no latecomer."""
    world = open_vote()
    world.run(admit([6]), admit([20], cooperative=OTHER_COOPERATIVE))
    before = world.dump()

    assert world.refuse(act) is refusal
    assert world.dump() == before


def test_every_counted_ballot_can_be_proven_and_no_other() -> None:
    """A member checks against the decision's root that the ballot was counted as cast."""
    world = open_vote()
    choices = {1: Choice.YES, 2: Choice.NO, 3: Choice.ABSTAIN}
    world.run(*(vote(number, MOTION_ID, choice) for number, choice in choices.items()))
    ids = {
        number: compute_ballot_id(proposal_id=MOTION_ID, account=member(number))
        for number in (1, 2, 3, 4)
    }
    too_early = prove_counted(world.view, COOPERATIVE, proposal_id=MOTION_ID, ballot_id=ids[1])

    decision = close(world)

    assert too_early is None
    for number, choice in choices.items():
        proof = prove_counted(world.view, COOPERATIVE, proposal_id=MOTION_ID, ballot_id=ids[number])
        assert proof is not None
        assert (proof.choice, proof.size) == (choice, 3)
        assert is_included(
            leaf=compute_ballot_leaf(ballot_id=ids[number], choice=choice),
            index=proof.index,
            size=proof.size,
            path=proof.path,
            root=decision.ballots_root,
        )
    for other in (ids[4], bytes(32), b"\xff" * 32):
        assert not prove_counted(world.view, COOPERATIVE, proposal_id=MOTION_ID, ballot_id=other)


def test_v4_every_decision_enters_the_public_log() -> None:
    """V4: accepted or not, with its subject and counts, provable at any later size."""
    insight = propose(2, kind=ProposalKind.INSIGHT, subject=INSIGHT)
    world = make_world_with_members()
    world.open_voting(MOTION, insight)
    world.run(*(vote(number, proposal_id_of(insight), Choice.YES) for number in (1, 2)))

    world.run(after_ms=VOTING_MS)

    leaves = []
    for index in (0, 1):
        proof = prove_entry(world.view, DECISIONS, index=index, size=2)
        assert proof is not None
        assert proof.root == get_frontier(world.view, DECISIONS).compute_root()
        assert is_included(leaf=proof.leaf, index=index, size=2, path=proof.path, root=proof.root)
        leaves.append(DecisionLeaf.decode(proof.leaf))
    by_subject = {leaf.subject: leaf for leaf in leaves}
    assert by_subject[b""].outcome is Outcome.NO_QUORUM
    assert by_subject[INSIGHT].outcome is Outcome.ACCEPTED
    assert by_subject[INSIGHT].yes_count == 2
    assert prove_entry(world.view, DECISIONS, index=2, size=2) is None
    assert prove_entry(world.view, DECISIONS, index=0, size=3) is None
    older = prove_entry(world.view, DECISIONS, index=0, size=1)
    assert older is not None
    assert older.path == ()


def test_a_closed_vote_takes_no_more_ballots() -> None:
    """A decision is final."""
    world = open_vote()
    close(world)

    proposal = world.view.get_proposal(COOPERATIVE, MOTION_ID)
    assert proposal is not None
    assert proposal.stage is Stage.CLOSED
    assert world.refuse(vote(1, MOTION_ID, Choice.YES)) is RefusalCode.VOTING_CLOSED


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(Choice)), max_size=12))
def test_g1_ballots_never_exceed_the_electorate(casts: list[tuple[int, Choice]]) -> None:
    """G1: however often members vote, each counts once, as in a plain dictionary."""
    world = open_vote(4)
    world.run(*(vote(number, MOTION_ID, choice) for number, choice in casts))

    decision = close(world)

    last = dict(casts)
    assert decision.ballots_count == len(last) <= decision.electorate_count
    assert decision.yes_count == list(last.values()).count(Choice.YES)
    assert decision.no_count == list(last.values()).count(Choice.NO)


def test_old_ballots_leave_state_and_can_still_be_proven() -> None:
    """Audits and countbacks outlive state: the log of the count keeps what was counted."""
    world = open_vote()
    world.run(vote(1, MOTION_ID, Choice.YES), vote(2, MOTION_ID, Choice.YES))
    decision = close(world)
    ballot_id = compute_ballot_id(proposal_id=MOTION_ID, account=member(1))

    world.run(after_ms=3 * 365 * 86_400_000 // TIME_SCALE)

    found = world.view.get_ballot(COOPERATIVE, proposal_id=MOTION_ID, ballot_id=ballot_id)
    assert found is None
    proof = prove_counted(world.view, COOPERATIVE, proposal_id=MOTION_ID, ballot_id=ballot_id)
    assert proof is not None
    assert is_included(
        leaf=compute_ballot_leaf(ballot_id=ballot_id, choice=Choice.YES),
        index=proof.index,
        size=proof.size,
        path=proof.path,
        root=decision.ballots_root,
    )
    proposal = world.view.get_proposal(COOPERATIVE, MOTION_ID)
    assert proposal is not None
    counted = list_counted(world.view, proposal, start=0, count=10)
    assert [entry.choice for entry in counted] == [Choice.YES, Choice.YES]
