"""What time brings: bounded per block, and never able to stop the chain."""

import pytest
from msgspec.structs import replace

from governance import deadlines
from governance.events import DiscussionOpened, ProposalClosed, ProposalVoided
from governance.logs import DECISIONS, get_frontier
from governance.proposal_records import Choice, Outcome, Stage
from governance.refusals import RefusalCode
from governance.roll import require_account
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    VOTING_MS,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    vote,
)

MOTIONS = [propose(number) for number in (1, 2, 3)]
IDS = [proposal_id_of(act) for act in MOTIONS]
CHOICES = (Choice.YES, Choice.YES, Choice.NO, Choice.ABSTAIN, Choice.NO, Choice.YES)


def test_a_long_count_goes_on_in_the_next_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN §10: bounded, resumable chunks lead to the very same decision."""
    decisions = []
    for ballots_max in (10_000, 2, 1, 6):
        monkeypatch.setattr(deadlines, "BALLOTS_COUNTED_PER_BLOCK_MAX", ballots_max)
        world = make_world_with_members(6)
        world.open_voting(MOTIONS[0])
        world.run(*(vote(number, IDS[0], choice) for number, choice in enumerate(CHOICES, 1)))
        world.run(after_ms=VOTING_MS)
        late = world.refuse(vote(1, IDS[0], Choice.NO))
        while (decision := world.view.get_decision(COOPERATIVE, IDS[0])) is None:
            world.run()
        assert late is RefusalCode.VOTING_CLOSED
        assert world.view.get_tally(COOPERATIVE, IDS[0]).ballots_count == 0
        decisions.append(replace(decision, closed_height=0, closed_ms=0))

    assert (decisions[0].yes_count, decisions[0].no_count) == (3, 2)
    assert all(decision == decisions[0] for decision in decisions)


def test_counts_share_one_budget_per_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two votes that close together do not double a block's work."""
    monkeypatch.setattr(deadlines, "BALLOTS_COUNTED_PER_BLOCK_MAX", 2)
    world = make_world_with_members(3)
    world.open_voting(*MOTIONS[:2])
    world.run(*(vote(number, each, Choice.YES) for each in IDS[:2] for number in (1, 2)))

    first = world.run(after_ms=VOTING_MS)
    second = world.run()

    assert [type(event) for event in first + second] == [ProposalClosed, ProposalClosed]
    assert len(first) == len(second) == 1


def test_deadlines_beyond_a_blocks_limit_wait_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Work per block is bounded and nothing is lost."""
    monkeypatch.setattr(deadlines, "DEADLINES_PER_BLOCK_MAX", 2)
    world = make_world_with_members(3)
    world.run(*MOTIONS)

    opened = [len(world.run()) for _ in range(3)]
    world.run(after_ms=DISCUSSION_MS)
    voting = [len(world.run()) for _ in range(3)]

    assert opened == [2, 1, 0]
    assert voting == [2, 1, 0]
    for proposal_id in IDS:
        proposal = world.view.get_proposal(COOPERATIVE, proposal_id)
        assert proposal is not None
        assert proposal.stage is Stage.VOTING


def test_a_rule_that_fails_at_a_deadline_voids_the_proposal_alone() -> None:
    """§2: errors in a block's own work become events; they never stop the chain."""
    world = make_world_with_members(2)
    world.run(MOTIONS[0])
    world.run()
    world.run(after_ms=DISCUSSION_MS)
    roll = world.view.get_roll(COOPERATIVE)
    world.view.put_roll(COOPERATIVE, replace(roll, active_count=0))

    events = world.run()

    proposal = world.view.get_proposal(COOPERATIVE, IDS[0])
    assert events == [
        ProposalVoided(
            cooperative=COOPERATIVE, proposal=IDS[0], refusal=RefusalCode.ELECTORATE_EMPTY
        )
    ]
    assert proposal is not None
    assert proposal.stage is Stage.VOID
    assert require_account(world.view, member(1)).open_proposals_count == 0
    assert world.refuse(vote(1, IDS[0], Choice.YES)) is RefusalCode.VOTING_CLOSED
    before = world.dump()
    assert world.run(after_ms=VOTING_MS) == []
    assert world.dump() == before


def test_deadlines_come_before_transactions() -> None:
    """§6: a window that an earlier block announced starts before this block's motions."""
    world = make_world_with_members(2)
    world.run(MOTIONS[0])

    events = world.run(MOTIONS[1])

    assert isinstance(events[0], DiscussionOpened)
    assert events[0].proposal == IDS[0]
    assert len(events) == 2


def test_earlier_deadlines_are_met_first() -> None:
    """The decision log follows the order of the closes, not of the ids."""
    world = make_world_with_members(3)
    order = sorted(range(3), key=lambda place: IDS[place], reverse=True)
    for place in order:
        world.run(MOTIONS[place])
    while get_frontier(world.view, DECISIONS).size < len(order):
        world.run()

    indexes = []
    for place in order:
        decision = world.view.get_decision(COOPERATIVE, IDS[place])
        assert decision is not None
        assert decision.outcome is Outcome.NO_QUORUM
        indexes.append(decision.decision_index)
    assert indexes == [0, 1, 2]
