"""Sharing pools on the ledger: commitments, proofs, and a total that opens (V1, V2)."""

from dataclasses import replace as replace_act
from typing import Any

import pytest
from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import COMMITMENTS_MAX, COMMITMENTS_MIN
from governance.logs import get_frontier
from governance.refusals import RefusalCode
from governance.state_keys import Collection, state_key
from governance.value.allocation import compute_shares
from governance.value.chart import COMMONS, CONTRIBUTION_POOL, MEMBERS_PAYABLE, NEED_POOL
from governance.value.commitments import GROUP_ORDER, commit
from governance.value.contribution import Metric
from governance.value.events import AllocationOpened, CommitmentsAdded
from governance.value.need import NeedBand, compute_need_amounts, compute_need_total
from governance.value.records import Pool, compute_pool_id
from governance.value.view import commitments_log
from tests.governance.value.test_commitments import ORDER_8
from tests.governance.value.value_world import (
    WEIGHT_TOTAL,
    attest,
    attest_all,
    balance,
    close,
    commit_slots,
    decide,
    make_books_world,
    make_cases,
    make_closed_world,
    make_contribution_slots,
    make_need_slots,
    make_split,
    open_pool,
    view_of,
)
from tests.governance.world import COOPERATIVE, World, member

BANDS = [
    NeedBand.NONE,
    NeedBand.SOME,
    NeedBand.SOME,
    NeedBand.GREAT,
    NeedBand.URGENT,
    NeedBand.NONE,
    NeedBand.NONE,
    NeedBand.SOME,
]
CASES = make_cases(BANDS)
SLOTS = make_need_slots(CASES)
WEIGHT, BLINDING = compute_need_total(CASES)
NEED_MINOR = 850_000
UNIT = NEED_MINOR // 9
CONTRIBUTION_MINOR = 1_700_000
WEIGHTS = [1_000, 1_000, 3_000, 2_000, 0, 4_000, 5_000, 0]
SHARES = compute_shares(CONTRIBUTION_MINOR, WEIGHTS)
CONTRIBUTION_SLOTS, CONTRIBUTION_BLINDING = make_contribution_slots(WEIGHTS)
PAID = sum(SHARES.shares_minor)
TO_CONTRIBUTION: dict[str, Any] = {"pool": Pool.CONTRIBUTION}


def make_need_world() -> World:
    """All need is committed to and nothing is opened."""
    world = make_closed_world()
    world.run(commit_slots(SLOTS))
    assert world.refusals == [None]
    return world


def make_contribution_world() -> World:
    world = make_closed_world()
    attest_all(world)
    world.run(commit_slots(CONTRIBUTION_SLOTS, **TO_CONTRIBUTION))
    assert world.refusals == [None]
    return world


def test_commitments_come_in_batches_and_are_listed() -> None:
    """V1: the log has each, so that a member can find their own."""
    world = make_closed_world()
    world.run(commit_slots(SLOTS[:3]))

    [event] = world.run(commit_slots(SLOTS[3:]))

    pool = compute_pool_id(cooperative=COOPERATIVE, period=0, pool=Pool.NEED)
    frontier = get_frontier(world.view, commitments_log(COOPERATIVE, pool))
    assert isinstance(event, CommitmentsAdded)
    assert event.commitments_count == frontier.size == len(SLOTS)
    assert event.commitments_root == frontier.compute_root()


def test_need_is_paid_by_unit_and_band_and_only_the_total_is_known() -> None:
    """V1: amounts add up to what the ledger owes members; the carry is less than the total."""
    world = make_need_world()
    amounts = compute_need_amounts(CASES, unit_minor=UNIT)

    [event] = world.run(open_pool(WEIGHT, BLINDING, sum(amounts)))

    assert isinstance(event, AllocationOpened)
    assert (event.weight_total, event.unit_minor) == (9, UNIT)
    assert event.paid_minor == sum(amounts)
    assert event.carry_minor == NEED_MINOR - sum(amounts) < WEIGHT
    assert balance(world, NEED_POOL) == -event.carry_minor
    assert balance(world, MEMBERS_PAYABLE) == -1_700_000 - sum(amounts)
    assert world.refuse(open_pool(WEIGHT, BLINDING, 0)) is RefusalCode.ALLOCATION_CLOSED
    assert world.refuse(commit_slots(SLOTS)) is RefusalCode.ALLOCATION_CLOSED


def test_contributions_are_shared_by_floor_and_carry() -> None:
    """V1 and V2: the total is what the attested metrics weigh."""
    world = make_contribution_world()

    [event] = world.run(open_pool(WEIGHT_TOTAL, CONTRIBUTION_BLINDING, PAID, **TO_CONTRIBUTION))

    assert isinstance(event, AllocationOpened)
    assert (event.paid_minor, event.carry_minor) == (PAID, SHARES.carry_minor)
    assert balance(world, CONTRIBUTION_POOL) == -SHARES.carry_minor


@pytest.mark.parametrize("band_place", range(3))
def test_refuses_a_band_that_is_not_proven(band_place: int) -> None:
    """V1: no proof, another slot's, or one of another weight."""
    world = make_closed_world()
    slot, other = SLOTS[0], SLOTS[1]
    wrong = [
        replace(slot, proof=b""),
        replace(slot, commitment=other.commitment, proof=other.proof),
        replace(slot, commitment=commit(3, blinding=1)),
    ][band_place]

    assert world.refuse(commit_slots([wrong])) is RefusalCode.COMMITMENT_UNPROVEN


def test_refuses_what_is_no_commitment() -> None:
    """V1: malformed or torsion points, and proofs where none belong."""
    world = make_closed_world()
    for point in (bytes(32), b"\xff" * 32, ORDER_8):
        for pool in Pool:
            wrong = replace(SLOTS[0], commitment=point)
            refusal = world.refuse(commit_slots([wrong], pool=pool))
            assert refusal is RefusalCode.COMMITMENT_MALFORMED

    refusal = world.refuse(commit_slots(SLOTS[:1], **TO_CONTRIBUTION))
    assert refusal is RefusalCode.COMMITMENT_UNPROVEN


def test_slots_ascend_over_all_batches() -> None:
    """V1: no slot is filled twice."""
    world = make_closed_world()
    assert world.refuse(commit_slots(SLOTS[1::-1])) is RefusalCode.COMMITMENTS_OUT_OF_ORDER
    assert world.refuse(commit_slots([SLOTS[0]] * 2)) is RefusalCode.COMMITMENTS_OUT_OF_ORDER
    world.run(commit_slots(SLOTS[:2]))

    for again in (SLOTS[:1], SLOTS[1:2]):
        assert world.refuse(commit_slots(again)) is RefusalCode.COMMITMENTS_OUT_OF_ORDER


def test_a_pool_takes_only_so_many_commitments() -> None:
    """Bounded, like everything."""
    world = make_closed_world()
    world.run(commit_slots(SLOTS[:1]))
    pool = compute_pool_id(cooperative=COOPERATIVE, period=0, pool=Pool.NEED)
    view = view_of(world)
    allocation = view.get_allocation(COOPERATIVE, pool)
    assert allocation is not None
    view.put_allocation(COOPERATIVE, pool, replace(allocation, commitments_count=COMMITMENTS_MAX))

    assert world.refuse(commit_slots(SLOTS[1:2])) is RefusalCode.COMMITMENTS_TOO_MANY


def test_refuses_a_total_that_the_sum_does_not_open_to() -> None:
    """V1: another weight, another blinding, a scalar that is none."""
    world = make_need_world()
    paid = UNIT * WEIGHT

    for weight, blinding in ((WEIGHT + 1, BLINDING), (WEIGHT, BLINDING ^ 1), (WEIGHT, GROUP_ORDER)):
        refusal = world.refuse(open_pool(weight, blinding, paid))
        assert refusal is RefusalCode.SUM_UNPROVEN


def test_refuses_to_open_a_sum_of_few() -> None:
    """V1: it would say too much of each; empty slots fill up what lacks."""
    world = make_closed_world()
    few = CASES[: COMMITMENTS_MIN - 1]
    world.run(commit_slots(make_need_slots(few)))
    weight, blinding = compute_need_total(few)

    assert world.refuse(open_pool(weight, blinding, 0)) is RefusalCode.COMMITMENTS_TOO_FEW


def test_refuses_a_payout_that_does_not_follow_from_the_pool() -> None:
    """V1: paid and carried make up the pool, whatever the sender says."""
    world = make_need_world()
    for paid in (UNIT * WEIGHT + 1, UNIT * WEIGHT - 1, 0):
        assert world.refuse(open_pool(WEIGHT, BLINDING, paid)) is RefusalCode.TOTAL_UNFIT

    world = make_contribution_world()
    for paid in (CONTRIBUTION_MINOR + 1, CONTRIBUTION_MINOR - len(WEIGHTS)):
        refusal = world.refuse(
            open_pool(WEIGHT_TOTAL, CONTRIBUTION_BLINDING, paid, **TO_CONTRIBUTION)
        )
        assert refusal is RefusalCode.TOTAL_UNFIT


def test_refuses_a_total_that_nobody_attested() -> None:
    """V2: the sum of weights is what the attestors vouch for, metric by metric."""
    world = make_closed_world()
    world.run(commit_slots(CONTRIBUTION_SLOTS, **TO_CONTRIBUTION))
    opening = open_pool(WEIGHT_TOTAL, CONTRIBUTION_BLINDING, PAID, **TO_CONTRIBUTION)
    assert world.refuse(opening) is RefusalCode.METRIC_MISSING

    for metric in list(Metric)[1:]:
        world.run(attest(metric, 15))

    assert world.refuse(opening) is RefusalCode.TOTAL_UNFIT


def test_a_pool_that_nobody_has_weight_in_flows_to_the_commons() -> None:
    """V1: need without needs, contribution without contributions."""
    world = make_closed_world()
    for metric in list(Metric)[1:]:
        world.run(attest(metric, 0))

    [need] = world.run(open_pool(0, 0, 0))
    [contribution] = world.run(open_pool(0, 0, 0, **TO_CONTRIBUTION))

    assert isinstance(need, AllocationOpened)
    assert isinstance(contribution, AllocationOpened)
    assert (need.commons_minor, contribution.commons_minor) == (NEED_MINOR, CONTRIBUTION_MINOR)
    assert balance(world, COMMONS) == -NEED_MINOR - CONTRIBUTION_MINOR
    assert balance(world, NEED_POOL) == balance(world, CONTRIBUTION_POOL) == 0


def test_contributions_that_were_attested_are_not_given_to_the_commons() -> None:
    """V2: leaving out all commitments gives nobody's share away."""
    world = make_closed_world()
    attest_all(world)

    assert world.refuse(open_pool(0, 0, 0, **TO_CONTRIBUTION)) is RefusalCode.TOTAL_UNFIT


def test_data_of_no_weight_needs_no_attestation() -> None:
    """V2: where its weight is 0, nobody asks."""
    world = make_closed_world(
        participation_permille=1_000,
        working_groups_permille=0,
        education_permille=0,
        mutual_help_permille=0,
    )
    world.run(attest(Metric.PARTICIPATION, 16))
    world.run(commit_slots(CONTRIBUTION_SLOTS, **TO_CONTRIBUTION))

    opening = open_pool(16_000, CONTRIBUTION_BLINDING, PAID, **TO_CONTRIBUTION)

    assert world.refuse(opening) is None


def test_only_the_last_period_that_a_vote_closed_is_shared() -> None:
    """V3: before a close, after the next one, and without a vote there is nothing to share."""
    world = make_books_world()
    assert world.refuse(commit_slots(SLOTS, period=0)) is RefusalCode.PERIOD_OTHER
    world.run(close())
    assert world.refuse(commit_slots(SLOTS)) is RefusalCode.ALLOCATION_CLOSED
    assert world.refuse(open_pool(0, 0, 0)) is RefusalCode.ALLOCATION_CLOSED

    world = make_need_world()
    split = make_split(period=1)
    world.run(close(1, proposal=decide(world, split.compute_hash(), nonce=2), split=split))

    assert world.refusals == [None]
    assert world.refuse(open_pool(WEIGHT, BLINDING, 0)) is RefusalCode.PERIOD_OTHER
    assert balance(world, NEED_POOL) == -NEED_MINOR, "what was not shared waits for the next"


def test_a_closed_period_that_is_not_there_is_our_bug() -> None:
    """The books say that it was closed."""
    world = make_closed_world()
    [key] = [key for key, _ in world.kv.scan(state_key(COOPERATIVE, Collection.PERIOD, b""))]
    world.kv.delete(key)

    with pytest.raises(InvariantError):
        world.run(commit_slots(SLOTS))


def test_only_panel_and_attestors_commit() -> None:
    """V1: the treasurer knows no bands."""
    world = make_closed_world()

    for account in (member(1), COOPERATIVE):
        for act in (commit_slots(SLOTS), open_pool(0, 0, 0)):
            refusal = world.refuse(replace_act(act, account=account))
            assert refusal is RefusalCode.OFFICE_REQUIRED
