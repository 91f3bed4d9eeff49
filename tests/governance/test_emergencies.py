"""The privacy group's veto and the committee's emergency acts: members have the last word."""

from typing import get_args

import pytest

from governance.body_acts import (
    RULES,
    ActRule,
    EmergencyAct,
    Needed,
    PauseDataUse,
    RotateRegistrarKeys,
    SuspendLicence,
    SuspendPeer,
    Veto,
)
from governance.body_events import (
    DataUseBegan,
    DataUseVetoed,
    EmergencyBegan,
    EmergencyRatified,
    EmergencyReverted,
    VetoWindowOpened,
)
from governance.body_records import BodyKind
from governance.body_transactions import (
    compute_ratification_id,
)
from governance.events import ProposalClosed, VotingOpened
from governance.member_acts import GrantLicence
from governance.proposal_records import Choice, Enactment, Outcome, ProposalKind, Stage
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.roll import require_account
from tests.governance.body_world import (
    REASONS,
    ask_body,
    fill,
    make_world_with_officers,
    motion_of,
    support,
    view_of,
)
from tests.governance.world import (
    COOPERATIVE,
    INSIGHT,
    OTHER_COOPERATIVE,
    TIME_SCALE,
    World,
    make_key,
    proposal_id_of,
    propose,
    vote,
)

DAY_MS = 86_400_000 // TIME_SCALE
VETO_WINDOW_MS = 1_209_600_000 // TIME_SCALE
DATA_USE = propose(1, kind=ProposalKind.DATA_USE, subject=INSIGHT)
DATA_USE_ID = proposal_id_of(DATA_USE)


def accept_data_use(world: World) -> None:
    """Bring a data use to its acceptance; bodies keep silent."""
    world.run(DATA_USE)
    while world.get_proposal(DATA_USE).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    world.run(*(vote(number, DATA_USE_ID, Choice.YES) for number in range(1, 6)))
    while world.get_proposal(DATA_USE).stage is Stage.VOTING:
        world.run(after_ms=DAY_MS)


def test_g7_the_privacy_group_stops_a_data_use_and_members_override_it() -> None:
    """G7: a suspensive veto with reasons by two thirds; the assembly has the last word."""
    world = make_world_with_officers()
    fill(world, BodyKind.PRIVACY, [1, 2, 3])
    accept_data_use(world)
    assert any(isinstance(event, VetoWindowOpened) for event in world.events)
    override = propose(2, kind=ProposalKind.VETO_OVERRIDE, subject=DATA_USE_ID)
    assert world.refuse(override) is RefusalCode.DATA_USE_UNKNOWN
    asked = ask_body(1, BodyKind.PRIVACY, Veto(proposal=DATA_USE_ID, reasons_hash=REASONS))
    assert not any(isinstance(event, DataUseVetoed) for event in world.run(asked))

    events = world.run(support(2, asked))

    assert (
        DataUseVetoed(cooperative=COOPERATIVE, proposal=DATA_USE_ID, reasons_hash=REASONS) in events
    )
    world.run(after_ms=VETO_WINDOW_MS)
    assert world.get_proposal(DATA_USE).enactment is Enactment.VETOED
    assert world.refuse(override) is None
    while world.get_proposal(override).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    ballots = [vote(number, proposal_id_of(override), Choice.YES) for number in range(1, 5)]
    world.run(*ballots)
    while world.get_proposal(override).stage is Stage.VOTING:
        world.run(after_ms=DAY_MS)
    assert world.get_proposal(DATA_USE).enactment is Enactment.DONE


@pytest.mark.parametrize(
    ("kind", "subject"), [(ProposalKind.ORDINARY, b""), (ProposalKind.INSIGHT, INSIGHT)]
)
def test_g7_nothing_but_a_data_use_can_be_vetoed(kind: ProposalKind, subject: bytes) -> None:
    """G7: what members have accepted of any other kind stands, whatever the group says."""
    world = make_world_with_officers()
    fill(world, BodyKind.PRIVACY, [1, 2, 3])
    asked = propose(1, kind=kind, subject=subject)
    world.run(asked)
    while world.get_proposal(asked).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    world.run(*(vote(number, proposal_id_of(asked), Choice.YES) for number in range(1, 6)))
    while world.get_proposal(asked).stage is Stage.VOTING:
        world.run(after_ms=DAY_MS)
    decision = world.view.get_decision(COOPERATIVE, proposal_id_of(asked))
    assert decision is not None
    assert decision.outcome is Outcome.ACCEPTED

    veto = Veto(proposal=proposal_id_of(asked), reasons_hash=REASONS)

    assert world.refuse(ask_body(1, BodyKind.PRIVACY, veto)) is RefusalCode.DATA_USE_UNKNOWN


def test_g8_emergency_acts_are_a_closed_list() -> None:
    """G8: none touches bylaws, roll, elections or money, and each takes two thirds."""
    listed = get_args(EmergencyAct)

    assert set(listed) == {PauseDataUse, SuspendPeer, SuspendLicence, RotateRegistrarKeys}
    for act in listed:
        assert RULES[act] == ActRule((BodyKind.COMMITTEE,), Needed.TWO_THIRDS)


def test_a_data_use_that_nobody_stops_begins() -> None:
    """The group's silence is no veto."""
    world = make_world_with_officers()
    fill(world, BodyKind.PRIVACY, [1, 2, 3])
    accept_data_use(world)

    events = world.run(after_ms=VETO_WINDOW_MS)

    assert events == [DataUseBegan(cooperative=COOPERATIVE, proposal=DATA_USE_ID)]
    asked = ask_body(1, BodyKind.PRIVACY, Veto(proposal=DATA_USE_ID, reasons_hash=REASONS))
    assert world.refuse(asked) is RefusalCode.DATA_USE_UNKNOWN


def begin_emergency(world: World, act: PauseDataUse | SuspendPeer | RotateRegistrarKeys) -> bytes:
    """Five of seven decide it; the id of the vote that follows."""
    asked = ask_body(1, BodyKind.COMMITTEE, act)
    world.run(asked, *(support(number, asked) for number in (2, 3, 4, 5)))
    assert world.refusals == [None] * 5
    assert any(isinstance(event, EmergencyBegan) for event in world.events)
    return compute_ratification_id(motion_of(asked))


def decide_ratification(world: World, ratification: bytes, *, yes: int) -> Outcome:
    (opened,) = world.run()
    assert isinstance(opened, VotingOpened), "an emergency is voted on at once"
    world.run(*(vote(number, ratification, Choice.YES) for number in range(1, yes + 1)))
    proposal = world.view.get_proposal(COOPERATIVE, ratification)
    assert proposal is not None
    world.run(after_ms=proposal.closes_at_ms - world.time_ms)
    (closed,) = (event for event in world.events if isinstance(event, ProposalClosed))
    return closed.outcome


def make_emergency_world() -> World:
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    return world


def test_g8_an_emergency_act_takes_two_thirds_of_the_committee() -> None:
    """G8: four of seven are most of them, and not enough."""
    world = make_emergency_world()
    asked = ask_body(
        1, BodyKind.COMMITTEE, SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS)
    )

    world.run(asked, *(support(number, asked) for number in (2, 3, 4)))

    assert not view_of(world).is_peer_suspended(COOPERATIVE, OTHER_COOPERATIVE)


def test_g8_what_members_do_not_ratify_is_undone() -> None:
    """G8: a vote opens by itself, and silence undoes the act."""
    world = make_emergency_world()
    act = SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS)
    ratification = begin_emergency(world, act)
    assert view_of(world).is_peer_suspended(COOPERATIVE, OTHER_COOPERATIVE)

    assert decide_ratification(world, ratification, yes=0) is Outcome.NO_QUORUM

    assert any(isinstance(event, EmergencyReverted) for event in world.events)
    assert not view_of(world).is_peer_suspended(COOPERATIVE, OTHER_COOPERATIVE)


def test_g8_what_members_ratify_stands() -> None:
    """G8: the committee was right, say those who may."""
    world = make_emergency_world()
    act = SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS)
    ratification = begin_emergency(world, act)

    assert decide_ratification(world, ratification, yes=3) is Outcome.ACCEPTED

    assert any(isinstance(event, EmergencyRatified) for event in world.events)
    assert view_of(world).is_peer_suspended(COOPERATIVE, OTHER_COOPERATIVE)
    again = ask_body(1, BodyKind.COMMITTEE, act, nonce=2)
    assert world.refuse(again) is RefusalCode.PEER_UNFIT


def test_g8_a_data_use_is_paused_and_goes_on() -> None:
    """G8: from the closed list, undone like the others."""
    world = make_emergency_world()
    accept_data_use(world)
    act = PauseDataUse(proposal=DATA_USE_ID, reasons_hash=REASONS)
    ratification = begin_emergency(world, act)
    assert world.get_proposal(DATA_USE).enactment is Enactment.PAUSED

    decide_ratification(world, ratification, yes=0)

    assert world.get_proposal(DATA_USE).enactment is Enactment.DONE


def test_g8_a_licence_is_suspended_and_holds_again() -> None:
    """G8: from the closed list, undone like the others."""
    world = make_emergency_world()
    grant = propose(
        1,
        kind=ProposalKind.LICENCE,
        act=GrantLicence(
            insight=INSIGHT, licensee=REASONS, purpose=REASONS, price_minor=1, days=30
        ),
    )
    world.run(grant)
    while world.get_proposal(grant).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    licence = proposal_id_of(grant)
    world.run(*(vote(number, licence, Choice.YES) for number in range(1, 5)))
    while world.get_proposal(grant).stage is Stage.VOTING:
        world.run(after_ms=DAY_MS)
    asked = ask_body(1, BodyKind.COMMITTEE, SuspendLicence(licence=licence, reasons_hash=REASONS))
    world.run(asked, *(support(number, asked) for number in (2, 3, 4, 5)))
    suspended = world.view.get_licence(COOPERATIVE, licence)
    assert suspended is not None
    assert suspended.is_suspended
    again = ask_body(
        1, BodyKind.COMMITTEE, SuspendLicence(licence=licence, reasons_hash=REASONS), nonce=2
    )
    assert world.refuse(again) is RefusalCode.LICENCE_SUSPENDED

    ratification = compute_ratification_id(motion_of(asked))
    proposal = world.view.get_proposal(COOPERATIVE, ratification)
    assert proposal is not None
    world.run(after_ms=proposal.closes_at_ms - world.time_ms)

    restored = world.view.get_licence(COOPERATIVE, licence)
    assert restored is not None
    assert not restored.is_suspended


def test_g8_new_keys_stay_although_members_did_not_ratify() -> None:
    """G8: a key rotation is the exception: the old key may be a thief's."""
    world = make_emergency_world()
    fresh = make_key(77).public_key
    act = RotateRegistrarKeys(public_keys=(fresh,), signatures_required=1, reasons_hash=REASONS)
    ratification = begin_emergency(world, act)

    decide_ratification(world, ratification, yes=0)

    account = compute_office_account_id(cooperative=COOPERATIVE, role=Role.REGISTRAR)
    keys = [key.public_key for key in require_account(world.view, account).keys]
    assert keys == [fresh]
