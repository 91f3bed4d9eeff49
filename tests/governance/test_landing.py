"""Who is on the way onto a roll when somebody else has their account meanwhile."""

from governance.context import BlockContext
from governance.proposal_records import Stage
from governance.roll import is_member, require_account
from governance.roll_batches import schedule_batch
from governance.roll_records import Landing
from governance.roll_view import RollView
from tests.governance.test_admissions import BATCH_MS, CHALLENGE_MS
from tests.governance.world import (
    CHAIN_ID,
    COOPERATIVE,
    DISCUSSION_MS,
    FOUNDING_MS,
    OTHER_COOPERATIVE,
    VOTING_MS,
    World,
    admit,
    make_inception,
    make_world_with_members,
    member,
    propose,
)

APPLICANT = 77


def make_wooed_world() -> World:
    """Both cooperatives admit the same applicant, and the objections to both are over."""
    world = make_world_with_members(3)
    world.run(admit([9], cooperative=OTHER_COOPERATIVE))
    world.run(after_ms=FOUNDING_MS)
    world.run(admit([APPLICANT]), admit([APPLICANT], cooperative=OTHER_COOPERATIVE))
    assert world.refusals == [None, None]
    world.run(after_ms=CHALLENGE_MS)
    return world


def test_one_account_comes_onto_one_roll() -> None:
    """The second registrar cannot take a member, and what is theirs, from the first."""
    world = make_wooed_world()

    for _ in range(3):
        world.run(after_ms=BATCH_MS)

    counts = [world.view.get_roll(one).active_count for one in (COOPERATIVE, OTHER_COOPERATIVE)]
    assert sum(counts) == 3 + 1 + 1
    account = require_account(world.view, member(APPLICANT))
    homes = [is_member(account, one) for one in (COOPERATIVE, OTHER_COOPERATIVE)]
    assert sum(homes) == 1


def test_a_proposer_who_is_admitted_elsewhere_does_not_stop_the_chain() -> None:
    """Closing a proposal gives its author a place back: the author must still be who it was.

    The other cooperative's batches are rarer, so that its landing comes while the proposal is
    open; a count of open proposals below nothing would be a record that no node can read.
    """
    world = make_world_with_members(3)
    motion = propose(1)
    world.run(motion)
    waiting = Landing(inception=make_inception(1), is_attested=False)
    view = RollView(world.kv)
    view.put_landing(OTHER_COOPERATIVE, member(1), waiting)
    block = BlockContext(height=world.height, time_ms=world.time_ms, chain_id=CHAIN_ID)
    schedule_batch(view, OTHER_COOPERATIVE, block=block)

    for _ in range(6):
        world.run(after_ms=max(BATCH_MS, DISCUSSION_MS, VOTING_MS))

    assert world.get_proposal(motion).stage is Stage.CLOSED
    account = require_account(world.view, member(1))
    assert (account.cooperative, account.open_proposals_count) == (COOPERATIVE, 0)
    assert view.get_landing(OTHER_COOPERATIVE, member(1)) is None
