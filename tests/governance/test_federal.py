"""Motions of the federation: one cooperative, one vote, and enough of them."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from config.limits import MOTIONS_OPEN_MAX
from governance.acts import (
    ActKind,
    AdmitNode,
    AppointValidator,
    ChangeCharter,
    DecideDispute,
    ExpelCooperative,
    FederalAct,
    LiftSuspension,
    ScheduleUpgrade,
    StopValidator,
    WithdrawUpgrade,
    get_kind,
    get_subject,
)
from governance.charter import compute_approvals_needed
from governance.events import UpgradeScheduled
from governance.federal_events import (
    MotionApproved,
    MotionEnacted,
    MotionLapsed,
    MotionProposed,
    NodeAdmitted,
)
from governance.federal_records import MotionStatus
from governance.logs import MOTIONS, get_frontier
from governance.proposal_records import Choice
from governance.records import CooperativeStatus, Upgrade
from governance.refusals import RefusalCode
from governance.registry import is_node_admitted
from governance.transactions import ApproveFederalAct
from tests.governance.federation_world import (
    FEDERAL_WINDOW_MS,
    FederationWorld,
    approve,
    coop,
    make_federation,
    motion_of,
    propose_act,
    request_of,
    spare_key,
)
from tests.governance.world import (
    Act,
    admit,
    member,
    proposal_id_of,
    propose,
    registrar,
    vote,
)

NEXT = Upgrade(height=1_000, rules_version=2, software_version_min="2.0.0")
UPGRADE = ScheduleUpgrade(upgrade=NEXT)


def _upgrade_of(world: FederationWorld) -> Upgrade | None:
    return world.view.get_parameters().upgrade


@pytest.mark.parametrize(
    ("members", "validators", "needed"),
    [(1, 1, 1), (3, 3, 3), (6, 3, 6), (4, 4, 3), (5, 4, 4), (6, 5, 5), (7, 7, 5), (9, 4, 7)],
)
def test_f1_below_four_validators_everybody_approves_else_more_than_two_thirds(
    members: int, validators: int, needed: int
) -> None:
    """F1: one cooperative, one vote; few validators decide together or not at all."""
    assert compute_approvals_needed(members_count=members, validators_count=validators) == needed
    assert validators < 4 or (needed - 1) * 3 <= members * 2 < needed * 3


def test_a_motion_is_enacted_in_the_block_in_which_enough_have_approved() -> None:
    """Three of four: the third approval does it, the fourth comes too late."""
    world = make_federation(4)
    proposed = propose_act(0, UPGRADE)
    world.run(proposed, approve(1, proposed))
    assert _upgrade_of(world) is None

    events = world.run(approve(2, proposed))

    assert _upgrade_of(world) == NEXT
    motion = world.federal.get_motion(motion_of(proposed))
    assert motion is not None
    assert (motion.status, motion.enacted_height) == (MotionStatus.ENACTED, world.height)
    assert [type(event) for event in events] == [MotionApproved, MotionEnacted, UpgradeScheduled]
    assert world.refuse(approve(3, proposed)) is RefusalCode.MOTION_CLOSED


def test_with_three_validators_every_member_must_approve_validating_or_not() -> None:
    """Federal votes follow membership."""
    world = make_federation(3, members=1)
    proposed = propose_act(0, UPGRADE)
    world.run(proposed, approve(1, proposed), approve(2, proposed))
    assert _upgrade_of(world) is None

    world.run(approve(3, proposed))

    assert _upgrade_of(world) is not None


def test_a_cooperative_alone_decides_alone() -> None:
    """Its own proposal is every approval that there can be."""
    world = make_federation(1)

    events = world.run(propose_act(0, request_of(7)))

    assert [type(event) for event in events][:2] == [MotionProposed, MotionEnacted]
    assert world.cooperative(7).is_member


def test_a_motion_lapses_at_its_deadline() -> None:
    """An approval at the deadline's time comes too late; the proposer may propose again."""
    world = make_federation(4)
    proposed = propose_act(0, UPGRADE)
    world.run(proposed, approve(1, proposed))

    events = world.run(approve(2, proposed), after_ms=FEDERAL_WINDOW_MS)

    assert [event for event in events if isinstance(event, MotionLapsed)] == [
        MotionLapsed(cooperative=coop(0), motion=motion_of(proposed))
    ]
    assert world.refusals == [RefusalCode.MOTION_CLOSED]
    assert _upgrade_of(world) is None


def test_nobody_approves_twice() -> None:
    """One cooperative, one vote."""
    world = make_federation(4)
    proposed = propose_act(0, UPGRADE)
    world.run(proposed)

    assert world.refuse(approve(0, proposed)) is RefusalCode.MOTION_APPROVED
    world.run(approve(1, proposed))
    assert world.refuse(approve(1, proposed)) is RefusalCode.MOTION_APPROVED


def test_only_a_members_root_acts_in_the_federation() -> None:
    """Neither a registrar nor a member nor a cooperative that was expelled."""
    world = make_federation(5)
    world.enact(ExpelCooperative(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)
    proposed = propose_act(0, UPGRADE, nonce=2)
    world.run(proposed, admit([1], cooperative=coop(0)))
    payload = ApproveFederalAct(motion=motion_of(proposed))

    assert world.refuse(Act(registrar(coop(1)), payload)) is RefusalCode.NOT_ROOT
    assert world.refuse(Act(member(1), payload)) is RefusalCode.NOT_ROOT
    assert world.refuse(Act(coop(4), payload)) is RefusalCode.COOPERATIVE_LEFT


def test_an_unknown_motion_is_not_approved() -> None:
    """The id comes from whoever proposed it."""
    world = make_federation(4)

    refusal = world.refuse(Act(coop(0), ApproveFederalAct(motion=bytes(32))))

    assert refusal is RefusalCode.MOTION_UNKNOWN


def test_the_same_motion_with_the_same_nonce_is_there_already() -> None:
    """Its id is its account, nonce and payload."""
    world = make_federation(4)
    world.run(propose_act(0, UPGRADE))

    assert world.refuse(propose_act(0, UPGRADE)) is RefusalCode.MOTION_EXISTS
    assert world.refuse(propose_act(0, UPGRADE, nonce=2)) is None


def test_a_cooperative_has_a_bounded_number_of_open_motions() -> None:
    """Motions that lapsed or were enacted give their places back."""
    world = make_federation(4)
    acts = [propose_act(0, UPGRADE, nonce=nonce) for nonce in range(1, MOTIONS_OPEN_MAX + 1)]
    world.run(*acts)
    assert world.refuse(propose_act(0, UPGRADE, nonce=99)) is RefusalCode.MOTIONS_OPEN_TOO_MANY

    unfit = ExpelCooperative(cooperative=bytes(32))
    assert world.refuse(propose_act(0, unfit)) is RefusalCode.MOTIONS_OPEN_TOO_MANY  # not tried

    world.run(approve(1, acts[0]), approve(2, acts[0]))
    assert world.refuse(propose_act(0, UPGRADE, nonce=100)) is None
    world.run(after_ms=FEDERAL_WINDOW_MS)
    world.run()
    assert world.refuse(propose_act(0, UPGRADE, nonce=101)) is None


def test_approvals_of_cooperatives_that_parted_do_not_count() -> None:
    """Who remains decides; one who approved before may say so again, and it is enough."""
    world = make_federation(6)
    proposed = propose_act(0, UPGRADE, nonce=9)
    world.run(proposed, *(approve(number, proposed) for number in (1, 2, 5)))
    world.enact(ExpelCooperative(cooperative=coop(5)), approvals=[1, 2, 3, 4], nonce=1)
    assert world.refuse(approve(5, proposed)) is RefusalCode.COOPERATIVE_LEFT
    assert world.refuse(approve(1, proposed)) is RefusalCode.MOTION_APPROVED
    world.enact(ExpelCooperative(cooperative=coop(4)), by=1, approvals=[0, 2, 3], nonce=2)

    assert world.refuse(approve(1, proposed)) is None

    assert _upgrade_of(world) is not None


def test_motions_are_listed_in_a_log() -> None:
    """Whoever lists them can prove that none was left out."""
    world = make_federation(4)
    world.run(propose_act(0, UPGRADE), propose_act(1, UPGRADE))

    assert get_frontier(world.view, MOTIONS).size == 2


REFUSED: list[tuple[FederalAct, RefusalCode]] = [
    (request_of(1), RefusalCode.COOPERATIVE_EXISTS),
    (request_of(7, did="did:web:c1.test"), RefusalCode.IDENTITY_TAKEN),
    (request_of(7, node_id=(10_000 + 10 + 5).to_bytes(20, "big")), RefusalCode.NODE_TAKEN),
    (request_of(7, consensus_key=spare_key(4)), RefusalCode.CONSENSUS_KEY_TAKEN),
    (AppointValidator(consensus_key=spare_key(1)), RefusalCode.ALREADY_A_VALIDATOR),
    (StopValidator(cooperative=bytes(32)), RefusalCode.COOPERATIVE_UNKNOWN),
    (StopValidator(cooperative=coop(4)), RefusalCode.NOT_A_VALIDATOR),
    (ExpelCooperative(cooperative=bytes(32)), RefusalCode.COOPERATIVE_UNKNOWN),
    (LiftSuspension(cooperative=coop(1)), RefusalCode.NOT_SUSPENDED),
    (LiftSuspension(cooperative=coop(4)), RefusalCode.NOT_A_VALIDATOR),
    (
        ScheduleUpgrade(upgrade=replace(NEXT, height=1)),
        RefusalCode.UPGRADE_UNFIT,
    ),
    (WithdrawUpgrade(), RefusalCode.UPGRADE_UNFIT),
    (AdmitNode(node_id=(10_005).to_bytes(20, "big")), RefusalCode.NODE_TAKEN),
]


@pytest.mark.parametrize(("act", "refusal"), REFUSED)
def test_what_cannot_be_enacted_is_not_proposed(act: FederalAct, refusal: RefusalCode) -> None:
    """Nobody approves in vain; the refusal says what is wrong."""
    world = make_federation(4, members=1)
    world.run()
    world.enact(AppointValidator(consensus_key=spare_key(4)), by=4, approvals=[0, 1, 2], nonce=1)
    world.enact(StopValidator(cooperative=coop(4)), approvals=[1, 2, 3], nonce=2)

    assert world.refuse(propose_act(0, act, nonce=9)) is refusal


def test_what_cannot_be_enacted_any_more_refuses_the_last_approval() -> None:
    """The motion waits for better times or lapses; nothing of it is half done."""
    world = make_federation(4)
    first, second = propose_act(0, request_of(7)), propose_act(1, request_of(7))
    world.run(first, second, *(approve(number, first) for number in (1, 2)))

    world.run(approve(0, second), approve(2, second), approve(3, second))

    assert world.refusals == [None, None, RefusalCode.COOPERATIVE_EXISTS]
    motion = world.federal.get_motion(motion_of(second))
    assert motion is not None
    assert (motion.status, len(motion.approvals)) == (MotionStatus.OPEN, 3)


def test_a_request_is_admitted_only_as_its_cooperative_signed_it() -> None:
    """Nobody is made a member unasked, or with another's keys, or in another network."""
    world = make_federation(1)
    signed = request_of(7)
    changed = type(signed)(request=request_of(8).request, signature=signed.signature)

    assert world.refuse(propose_act(0, changed)) is RefusalCode.REQUEST_INVALID
    assert not signed.is_requested(network="other")
    assert world.refuse(propose_act(0, signed)) is None


def test_an_admitted_cooperative_is_a_member_with_its_offices() -> None:
    """It votes in the federation and its registrar admits members, validating or not."""
    world = make_federation(1)
    world.run(propose_act(0, request_of(7, name="Heart", p2p_address="h.test:26656")))

    assert world.cooperative(7).name == "Heart"
    assert world.cooperative(7).validator is None
    assert is_node_admitted(
        world.federal, world.cooperative(7).node_id, time_ms=world.time_ms + 10**9
    )
    world.run(admit([1], cooperative=coop(7)), propose_act(7, UPGRADE))
    assert world.refusals == [None, None]
    assert world.view.get_roll(coop(7)).active_count == 1


def test_the_federation_withdraws_what_it_scheduled() -> None:
    """A later decision replaces or takes back one that has not begun."""
    world = make_federation(1)
    world.run(propose_act(0, UPGRADE))
    later = ScheduleUpgrade(upgrade=replace(NEXT, height=2_000))
    world.run(propose_act(0, later, nonce=2))
    assert _upgrade_of(world) == later.upgrade

    world.run(propose_act(0, WithdrawUpgrade(), nonce=3))

    assert _upgrade_of(world) is None


def test_a_guest_node_may_connect_for_a_while() -> None:
    """So that a cooperative can catch up before it joins; then it needs asking again."""
    world = make_federation(1)
    node_id = b"g" * 20
    assert not is_node_admitted(world.federal, node_id, time_ms=world.time_ms)

    events = world.run(propose_act(0, AdmitNode(node_id=node_id)))

    until_ms = next(event.until_ms for event in events if isinstance(event, NodeAdmitted))
    assert is_node_admitted(world.federal, node_id, time_ms=until_ms - 1)
    assert not is_node_admitted(world.federal, node_id, time_ms=until_ms)
    world.run(propose_act(0, request_of(7, node_id=node_id), nonce=2))
    assert is_node_admitted(world.federal, node_id, time_ms=until_ms)


def test_an_expelled_cooperative_begins_nothing_new_but_ends_what_it_began() -> None:
    """Its members finish the votes that are open; its registrar and members begin none."""
    world = make_federation(5)
    world.run(admit([1, 2], cooperative=coop(4)))
    motion = propose(1, cooperative=coop(4))
    world.open_voting(motion)
    world.enact(ExpelCooperative(cooperative=coop(4)), approvals=[1, 2, 3], nonce=1)

    assert world.cooperative(4).status is CooperativeStatus.EXPELLED
    assert world.refuse(admit([3], cooperative=coop(4))) is RefusalCode.COOPERATIVE_LEFT
    late = propose(2, cooperative=coop(4), nonce=2)
    assert world.refuse(late) is RefusalCode.COOPERATIVE_LEFT
    ballot = vote(1, proposal_id_of(motion), Choice.YES, cooperative=coop(4))
    assert world.refuse(ballot) is None


def test_every_act_has_its_name_and_its_subject() -> None:
    """The names of events are the numbers of the wire."""
    acts: list[FederalAct] = [
        request_of(7),
        AppointValidator(consensus_key=spare_key(1)),
        StopValidator(cooperative=coop(1)),
        ExpelCooperative(cooperative=coop(1)),
        LiftSuspension(cooperative=coop(1)),
        UPGRADE,
        AdmitNode(node_id=bytes(20)),
        WithdrawUpgrade(),
        ChangeCharter(text_hash=bytes(32)),
        DecideDispute(dispute=bytes(32), text_hash=bytes(32)),
    ]

    assert [get_kind(act) for act in acts] == list(ActKind)
    assert [act.__struct_config__.tag for act in acts] == [int(kind) for kind in ActKind]
    subjects = [get_subject(act, proposer=coop(0)) for act in acts]
    assert subjects == [
        coop(7),
        coop(0),
        coop(1),
        coop(1),
        coop(1),
        coop(0),
        coop(0),
        *[coop(0)] * 2,
        bytes(32),
    ]


def test_members_beyond_those_of_the_genesis_count_in_the_threshold() -> None:
    """Four validators and three more members: more than two thirds of seven."""
    world = make_federation(4, members=3)
    proposed = propose_act(4, UPGRADE)
    heights = [world.height]
    for number in (5, 6, 0, 1):
        world.run(*([proposed] if number == 5 else []), approve(number, proposed))
        heights.append(world.height)

    assert all(low < high for low, high in pairwise(heights))
    motion = world.federal.get_motion(motion_of(proposed))
    assert motion is not None
    assert (len(motion.approvals), motion.enacted_height) == (5, world.height)
