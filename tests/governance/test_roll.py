"""The roll: admission by the registrar, and electorates named by a height."""

import pytest
from msgspec.structs import replace

from config.errors import InvariantError
from governance.events import MembersAdmitted
from governance.logs import get_frontier
from governance.merkle_log import compute_root
from governance.records import Role, RollEntry, compute_office_account_id
from governance.refusals import RefusalCode
from governance.roll import require_account, roll_log, was_on_roll
from tests.governance.world import (
    COOPERATIVE,
    OTHER_COOPERATIVE,
    Act,
    admit,
    make_inception,
    make_world,
    make_world_with_members,
    member,
    registrar,
)


def test_g1_the_registrar_admits_members() -> None:
    """G1: the roll is all members; each gets an account that begins with its own keys."""
    world = make_world()

    world.run(admit([1, 2]))

    account = world.view.get_account(member(1))
    roll = world.view.get_roll(COOPERATIVE)
    log = get_frontier(world.view, roll_log(COOPERATIVE))
    assert world.refusals == [None]
    assert account is not None
    assert (account.role, account.joined_height, account.left_height) == (Role.MEMBER, 1, None)
    assert account.keys[0].public_key == make_inception(1).public_key
    assert account.next_key_commitment == make_inception(1).next_key_commitment
    assert (roll.epoch, roll.active_count, log.size) == (1, 2, 2)
    assert world.events == [
        MembersAdmitted(
            cooperative=COOPERATIVE,
            accounts=(member(1), member(2)),
            epoch=1,
            active_count=2,
            roll_root=log.compute_root(),
        )
    ]


def test_the_roll_is_a_log_of_admissions() -> None:
    """Whoever has the entries can check the root that proposals pin."""
    world = make_world()

    world.run(admit([1]))
    world.run(admit([2, 3]))

    entries = [
        RollEntry(account=member(number), height=height)
        for number, height in ((1, 1), (2, 2), (3, 2))
    ]
    root = compute_root([entry.encode() for entry in entries])
    assert get_frontier(world.view, roll_log(COOPERATIVE)).compute_root() == root
    assert world.view.get_roll(COOPERATIVE).epoch == 2
    assert world.view.get_roll(OTHER_COOPERATIVE).active_count == 0


@pytest.mark.parametrize(
    "sender",
    [
        member(1),
        registrar(OTHER_COOPERATIVE),
        compute_office_account_id(cooperative=COOPERATIVE, role=Role.ROOT),
    ],
)
def test_m1_only_its_own_registrar_admits(sender: bytes) -> None:
    """M1: membership is the cooperative's to give, through this one office."""
    world = make_world_with_members(1)

    assert world.refuse(Act(sender, admit([2]).payload)) is RefusalCode.NOT_REGISTRAR


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (admit([2], cooperative=bytes(32)), RefusalCode.COOPERATIVE_UNKNOWN),
        (admit([2, 3, 2]), RefusalCode.ADMISSION_REPEATED),
        (admit([2, 1]), RefusalCode.ACCOUNT_EXISTS),
    ],
)
def test_refuses_a_whole_batch_for_one_fault(act: Act, refusal: RefusalCode) -> None:
    """All are admitted or none."""
    world = make_world_with_members(1)
    before = world.dump()

    assert world.refuse(Act(registrar(), act.payload)) is refusal
    assert world.dump() == before


def test_nobody_is_admitted_by_two_cooperatives_with_the_same_keys() -> None:
    """DESIGN: one pseudonymous account per person and cooperative."""
    world = make_world_with_members(1)

    refusal = world.refuse(admit([1], cooperative=OTHER_COOPERATIVE))

    assert refusal is RefusalCode.ACCOUNT_EXISTS


def test_an_electorate_is_who_had_joined_and_not_left() -> None:
    """§6: leavers before the height are out, leavers after it stay in."""
    world = make_world_with_members(1)
    account = require_account(world.view, member(1))

    assert was_on_roll(account, height=1)
    assert not was_on_roll(account, height=0)
    assert was_on_roll(replace(account, left_height=5), height=4)
    assert not was_on_roll(replace(account, left_height=5), height=5)


def test_a_sender_without_account_is_our_own_defect() -> None:
    """The ledger authenticates before a rule is asked."""
    with pytest.raises(InvariantError):
        make_world().run(Act(member(9), admit([1]).payload))
