"""Votes of a cooperative whose roll came from another chain are recounted like all others."""

from functools import cache

import pytest
from msgspec.structs import replace

from governance.audit.chain import audit_chain
from governance.audit.findings import Audited
from governance.proposal_records import Choice
from governance.roll import require_account
from tests.governance.federation_world import FederationWorld, coop
from tests.governance.test_sealing import (
    MEMBERS,
    admitted,
    bring_over,
    make_solo,
    part_of,
    sealed,
)
from tests.governance.world import (
    DISCUSSION_MS,
    VOTING_MS,
    member,
    proposal_id_of,
    propose,
    vote,
)

MOTION = propose(1, nonce=90, cooperative=coop(0))
GONE = 5
"""This member had left before the chain was sealed."""


@cache
def _make_world() -> FederationWorld:
    """A roll that was brought over, one of it gone before, and a vote of the others."""
    solo = make_solo()
    account = require_account(solo.view, member(GONE))
    solo.view.put_account(member(GONE), replace(account, left_height=4))
    roll = solo.view.get_roll(coop(0))
    solo.view.put_roll(coop(0), replace(roll, active_count=roll.active_count - 1))
    world = admitted(sealed(solo))
    world.run(bring_over(part_of(solo, 0, 3)))
    world.run(bring_over(part_of(solo, 3, MEMBERS - 3)))
    world.run(MOTION)
    assert world.refusals == [None]
    for wait_ms in (0, DISCUSSION_MS, 0):
        world.run(after_ms=wait_ms)
    motion_id = proposal_id_of(MOTION)
    voters = range(1, 5)
    world.run(*(vote(number, motion_id, Choice.YES, cooperative=coop(0)) for number in voters))
    assert world.refusals == [None] * len(voters)
    world.run(after_ms=VOTING_MS)
    world.run()
    assert world.view.get_decision(coop(0), motion_id) is not None
    return world


def audit() -> Audited:
    world = _make_world()
    return audit_chain(world.kv, time_ms=world.time_ms)


def test_its_electorate_is_recounted() -> None:
    """Who had left before the seal does not count; the size and root are those of the vote."""
    assert audit() == Audited(outcomes_count=1, ballots_count=4)
    proposal = _make_world().view.get_proposal(coop(0), proposal_id_of(MOTION))
    assert proposal is not None
    assert proposal.electorate_count == MEMBERS - 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"electorate_count": MEMBERS}, "electorate_count"),
        ({"roll_root": bytes(32)}, "roll_root"),
    ],
)
def test_another_electorate_is_found(changes: dict[str, object], field: str) -> None:
    """As of a roll that was this chain's from the beginning."""
    world = _make_world()
    proposal = world.view.get_proposal(coop(0), proposal_id_of(MOTION))
    assert proposal is not None
    world.view.put_proposal(replace(proposal, **changes))

    found = audit().difference

    world.view.put_proposal(proposal)
    assert found is not None
    assert found.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"size": MEMBERS + 1}, "imported_roll.is_there"),
        ({"size": MEMBERS - 1}, "imported_roll.root"),
        ({"root": bytes(32)}, "imported_roll.root"),
    ],
)
def test_another_beginning_of_the_roll_is_found(changes: dict[str, object], field: str) -> None:
    """How many of its entries came over follows from the seal's root."""
    world = _make_world()
    imported = world.federal.get_imported_roll(coop(0))
    assert imported is not None
    world.federal.put_imported_roll(coop(0), replace(imported, **changes))

    found = audit().difference

    world.federal.put_imported_roll(coop(0), imported)
    assert found is not None
    assert (found.place.what, found.field) == ("roll", field)
