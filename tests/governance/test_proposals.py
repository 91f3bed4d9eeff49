"""Proposals: who may submit them, and how their windows open."""

import pytest

from config.errors import InvariantError
from governance.events import DiscussionOpened, ProposalSubmitted, VotingOpened
from governance.logs import get_frontier
from governance.proposal_records import Choice, ProposalKind, Stage
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.roll import require_account, roll_log
from tests.governance.world import (
    COOPERATIVE,
    DISCUSSION_MS,
    INSIGHT,
    OTHER_COOPERATIVE,
    TEXT_HASH,
    TIME_SCALE,
    VOTING_MS,
    Act,
    World,
    admit,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
)

OFFICE = compute_office_account_id(cooperative=COOPERATIVE, role=Role.REGISTRAR)


def stage_of(world: World, act: Act) -> Stage:
    proposal = world.view.get_proposal(COOPERATIVE, proposal_id_of(act))
    assert proposal is not None
    return proposal.stage


def test_g4_a_motion_passes_through_all_its_stages() -> None:
    """G4: submit, discuss, vote; each window starts with the block after it was announced."""
    world = make_world_with_members()
    act = propose(1)
    proposal_id = proposal_id_of(act)

    (submitted,) = world.run(act)
    assert isinstance(submitted, ProposalSubmitted)
    assert (submitted.proposal, submitted.text_hash) == (proposal_id, TEXT_HASH)
    assert stage_of(world, act) is Stage.SUBMITTED

    (discussion,) = world.run()
    ends_ms = world.time_ms + DISCUSSION_MS
    assert discussion == DiscussionOpened(
        cooperative=COOPERATIVE, proposal=proposal_id, ends_ms=ends_ms
    )

    assert world.run(after_ms=DISCUSSION_MS - 1) == []
    assert world.run(after_ms=1) == []
    assert stage_of(world, act) is Stage.DISCUSSION

    (voting,) = world.run()
    assert stage_of(world, act) is Stage.VOTING
    assert voting == VotingOpened(
        cooperative=COOPERATIVE,
        proposal=proposal_id,
        closes_at_ms=world.time_ms + VOTING_MS,
        roll_epoch=1,
        roll_root=get_frontier(world.view, roll_log(COOPERATIVE)).compute_root(),
        electorate_count=5,
        quorum_bps=3_000,
        yes_of_roll_bps=500,
        call=1,
    )


def test_a_window_lasts_from_the_next_blocks_time() -> None:
    """DESIGN §10: on an idle chain the block that announces it carries an old time."""
    world = make_world_with_members()
    world.run(propose(1))

    world.run(after_ms=60_000)

    proposal = world.view.get_proposal(COOPERATIVE, proposal_id_of(propose(1)))
    assert proposal is not None
    assert proposal.discussion_ends_ms == world.time_ms + DISCUSSION_MS


def test_the_electorate_is_fixed_when_voting_opens() -> None:
    """§6: who joins in the opening block or later waits for the next proposal."""
    world = make_world_with_members(3)
    act = propose(1)
    world.run(act)
    world.run()
    world.run(admit([4]), after_ms=DISCUSSION_MS)

    world.run(admit([5]))

    proposal = world.view.get_proposal(COOPERATIVE, proposal_id_of(act))
    assert proposal is not None
    assert proposal.electorate_count == 4
    assert world.refuse(vote(4, proposal.id, Choice.YES)) is None
    assert world.refuse(vote(5, proposal.id, Choice.YES)) is RefusalCode.NOT_IN_ELECTORATE


def test_a_proposal_pins_its_bylaws() -> None:
    """§6: a change of bylaws applies to later proposals only."""
    world = make_world_with_members()

    world.run(propose(1))

    proposal = world.view.get_proposal(COOPERATIVE, proposal_id_of(propose(1)))
    cooperative = world.view.get_cooperative(COOPERATIVE)
    assert proposal is not None
    assert cooperative is not None
    assert proposal.bylaws_hash == cooperative.bylaws_hash
    assert world.view.get_bylaws(proposal.bylaws_hash).quorum.ordinary_bps == 3_000


@pytest.mark.parametrize(("voting_days", "days"), [(0, 3), (1, 3), (3, 3), (4, 4), (366, 366)])
def test_g4_a_vote_may_be_longer_than_the_bylaws_ask_but_never_shorter(
    voting_days: int, days: int
) -> None:
    """G4: the bylaws' window is a floor for every motion."""
    act = propose(1, voting_days=voting_days)
    world = make_world_with_members()
    world.open_voting(act)

    proposal = world.view.get_proposal(COOPERATIVE, proposal_id_of(act))
    assert proposal is not None
    assert proposal.closes_at_ms == world.time_ms + days * 86_400_000 // TIME_SCALE


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (propose(1, cooperative=bytes(32)), RefusalCode.COOPERATIVE_UNKNOWN),
        (propose(1, cooperative=OTHER_COOPERATIVE), RefusalCode.NOT_A_MEMBER),
        (Act(OFFICE, propose(1).payload), RefusalCode.NOT_A_MEMBER),
        (propose(1, kind=ProposalKind.INSIGHT), RefusalCode.SUBJECT_REQUIRED),
        (propose(1, kind=ProposalKind.INSIGHT, subject=b"short"), RefusalCode.SUBJECT_REQUIRED),
        (propose(1, subject=INSIGHT), RefusalCode.SUBJECT_FORBIDDEN),
    ],
)
def test_m1_refuses_a_motion_of_the_wrong_person_or_form(act: Act, refusal: RefusalCode) -> None:
    """M1: only members propose, only to their own cooperative."""
    world = make_world_with_members(1)
    before = world.dump()

    assert world.refuse(act) is refusal
    assert world.dump() == before


def test_refuses_the_same_motion_with_the_same_nonce() -> None:
    """Two keys of one account have nonces of their own, but not two equal motions."""
    world = make_world_with_members(1)
    world.run(propose(1))

    assert world.refuse(propose(1)) is RefusalCode.PROPOSAL_EXISTS
    assert world.refuse(propose(1, nonce=2)) is None


def test_a_member_has_only_so_many_open_motions() -> None:
    """One member cannot fill everybody's agenda; a closed motion frees its place."""
    world = make_world_with_members(2)
    acts = [propose(1, nonce=nonce) for nonce in range(1, 17)]
    world.open_voting(*acts)

    assert world.refuse(propose(1, nonce=17)) is RefusalCode.PROPOSALS_OPEN_TOO_MANY
    assert world.refuse(propose(2)) is None
    assert world.refuse(propose(1, nonce=17), after_ms=VOTING_MS) is None
    assert require_account(world.view, propose(1).account).open_proposals_count == 1


def test_a_queue_that_names_nothing_is_our_own_defect() -> None:
    """A proposal never disappears from state."""
    world = make_world_with_members(1)
    world.run(propose(1))
    for key, _ in world.dump():
        if key.startswith(COOPERATIVE + b"\x08"):
            world.kv.delete(key)

    with pytest.raises(InvariantError, match="queue"):
        world.run()
