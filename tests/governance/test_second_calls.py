"""Second calls, amendments, withdrawal and outages: how a proposal's windows go on."""

from collections.abc import Callable

import pytest

from governance.charter import OUTAGE_BUCKET_MS_MIN, OUTAGE_BUCKETS
from governance.events import (
    OutageEnded,
    ProposalAmended,
    ProposalClosed,
    ProposalWithdrawn,
    SecondCallAnnounced,
    VotingOpened,
    WindowExtended,
)
from governance.logs import Log, LogName, get_frontier
from governance.proposal_records import Choice, Outcome, Stage, compute_ballot_id
from governance.refusals import RefusalCode
from governance.roll import require_account
from tests.bylaws import make_bylaws
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    TEXT_HASH,
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

MOTION = propose(1)
MOTION_ID = proposal_id_of(MOTION)
SECOND_CALL_MS = DISCUSSION_MS
"""Seven days as well."""
STANDSTILL_MS = (OUTAGE_BUCKETS + 2) * OUTAGE_BUCKET_MS_MIN


def make_second_call_world(*, second_bps: int = 2_000) -> World:
    bylaws = make_bylaws(quorum={"ordinary_second_bps": second_bps})
    world = make_world_with_members(10, bylaws=bylaws)
    world.open_voting(MOTION)
    return world


def test_g2_too_few_at_the_first_call_are_called_once_more() -> None:
    """G2: a second call, at which the bylaws let fewer be enough; ballots stay cast."""
    world = make_second_call_world()
    world.run(vote(1, MOTION_ID, Choice.YES))

    world.close_voting()

    opens_ms = world.time_ms + SECOND_CALL_MS
    assert world.events == [
        SecondCallAnnounced(
            cooperative=COOPERATIVE, proposal=MOTION_ID, opens_ms=opens_ms, ballots_count=1
        )
    ]
    assert world.get_proposal(MOTION).stage is Stage.SECOND_CALL
    assert world.refuse(vote(2, MOTION_ID, Choice.YES)) is RefusalCode.VOTING_NOT_OPEN
    world.run(admit([20]))
    world.run(after_ms=SECOND_CALL_MS)
    (opened,) = world.run()
    assert isinstance(opened, VotingOpened)
    assert (opened.call, opened.quorum_bps, opened.electorate_count) == (2, 2_000, 10)
    assert world.refuse(vote(20, MOTION_ID, Choice.YES)) is RefusalCode.NOT_IN_ELECTORATE
    world.run(vote(2, MOTION_ID, Choice.YES))
    world.close_voting()
    (closed,) = world.events
    assert isinstance(closed, ProposalClosed)
    assert (closed.call, closed.yes_count, closed.outcome) == (2, 2, Outcome.ACCEPTED)


def test_a_ballot_of_the_first_call_can_be_replaced_at_the_second() -> None:
    """Whoever voted need not vote again, and may."""
    world = make_second_call_world()
    world.run(vote(1, MOTION_ID, Choice.YES), vote(2, MOTION_ID, Choice.YES))
    world.close_voting()
    world.run(after_ms=SECOND_CALL_MS)
    world.run()

    world.run(vote(1, MOTION_ID, Choice.NO))
    world.close_voting()

    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None
    assert (decision.yes_count, decision.no_count, decision.call) == (1, 1, 2)
    assert decision.outcome is Outcome.REJECTED
    log = Log(LogName.SECOND_BALLOTS, namespace=COOPERATIVE, subject=MOTION_ID)
    assert decision.ballots_root == get_frontier(world.view, log).compute_root()


def test_there_is_no_third_call() -> None:
    """Too few at both: nothing is decided."""
    world = make_second_call_world()
    world.close_voting()
    world.run(after_ms=SECOND_CALL_MS)
    world.run()

    world.close_voting()

    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None
    assert (decision.outcome, decision.call) == (Outcome.NO_QUORUM, 2)


def test_there_is_no_second_call_at_which_as_many_are_needed() -> None:
    """It would only be the first one again."""
    world = make_second_call_world(second_bps=3_000)

    world.close_voting()

    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None
    assert (decision.outcome, decision.call) == (Outcome.NO_QUORUM, 1)


def test_an_amended_proposal_is_discussed_anew() -> None:
    """G4: no text is voted on that was not open to discussion for seven days."""
    world = make_world_with_members()
    world.run(MOTION)
    world.run()
    world.run(after_ms=DISCUSSION_MS // 2)
    changed = bytes([8]) * 32

    assert world.run(amend(1, MOTION_ID)) == [
        ProposalAmended(cooperative=COOPERATIVE, proposal=MOTION_ID, text_hash=changed)
    ]

    world.run()
    assert world.get_proposal(MOTION).discussion_ends_ms == world.time_ms + DISCUSSION_MS
    assert world.run(after_ms=DISCUSSION_MS - 1) == []
    assert world.get_proposal(MOTION).text_hash == changed
    world.run(after_ms=1)
    world.run()
    assert world.get_proposal(MOTION).stage is Stage.VOTING
    log = Log(LogName.PROPOSALS, namespace=COOPERATIVE)
    assert get_frontier(world.view, log).size == 1


def test_a_proposal_is_amended_only_so_often() -> None:
    """Nobody keeps a discussion open for ever."""
    world = make_world_with_members()
    world.run(MOTION)
    for number in range(3):
        world.run(amend(1, MOTION_ID, text_hash=bytes([number]) * 32))

    assert world.refuse(amend(1, MOTION_ID)) is RefusalCode.AMENDMENTS_TOO_MANY


def test_a_withdrawn_proposal_is_gone_for_good() -> None:
    """Its author has the place free again, and nothing of it falls due."""
    world = make_world_with_members()
    world.run(MOTION)
    world.run()

    assert world.run(withdraw(1, MOTION_ID)) == [
        ProposalWithdrawn(cooperative=COOPERATIVE, proposal=MOTION_ID)
    ]

    assert require_account(world.view, member(1)).open_proposals_count == 0
    assert world.run(after_ms=DISCUSSION_MS) == []
    assert world.refuse(vote(1, MOTION_ID, Choice.YES)) is RefusalCode.VOTING_CLOSED
    assert world.refuse(amend(1, MOTION_ID)) is RefusalCode.VOTING_OPENED


@pytest.mark.parametrize("change", [amend, withdraw])
def test_only_the_proposer_changes_a_proposal_and_not_once_it_is_voted_on(
    change: Callable[[int, bytes], Act],
) -> None:
    """What members vote on stands still."""
    world = make_world_with_members()
    assert world.refuse(change(1, MOTION_ID)) is RefusalCode.PROPOSAL_UNKNOWN
    world.open_voting(MOTION)

    assert world.refuse(change(2, MOTION_ID)) is RefusalCode.NOT_PROPOSER
    assert world.refuse(change(1, MOTION_ID)) is RefusalCode.VOTING_OPENED
    assert world.get_proposal(MOTION).text_hash == TEXT_HASH


def test_a_window_lasts_longer_by_the_time_in_which_the_chain_stood_still() -> None:
    """Facts §6: who could not vote while there were no blocks can vote afterwards."""
    bylaws = make_bylaws(stages={"voting_s": 90 * 86_400})
    world = make_world_with_members(bylaws=bylaws)
    world.open_voting(MOTION)
    closes_at_ms = world.get_proposal(MOTION).closes_at_ms

    events = world.run(after_ms=closes_at_ms - world.time_ms + 1)

    outage, extended = events
    assert isinstance(outage, OutageEnded)
    assert isinstance(extended, WindowExtended)
    lost_ms = closes_at_ms - outage.start_ms
    assert 0 < lost_ms <= world.time_ms - outage.start_ms
    greatest_ms = 30 * 86_400_000 // 60_480
    assert extended.ends_ms == closes_at_ms + min(lost_ms, greatest_ms)
    assert world.refuse(vote(1, MOTION_ID, Choice.YES)) is None
    world.run(after_ms=extended.ends_ms - world.time_ms)
    ballot_id = compute_ballot_id(proposal_id=MOTION_ID, account=member(1))
    assert world.view.get_decision(COOPERATIVE, MOTION_ID) is not None
    assert world.view.get_ballot(COOPERATIVE, proposal_id=MOTION_ID, ballot_id=ballot_id)


def test_an_outage_before_a_window_does_not_extend_it() -> None:
    """Only what members of this vote have lost."""
    world = make_world_with_members()
    world.run(after_ms=STANDSTILL_MS)
    world.open_voting(MOTION)

    world.run(after_ms=VOTING_MS)

    assert world.view.get_decision(COOPERATIVE, MOTION_ID) is not None
