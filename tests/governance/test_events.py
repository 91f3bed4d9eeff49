"""Every kind of transaction tells what it did: readers of the chain know nothing else of it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from did.accounts import compute_key_commitment
from governance.accountability_transactions import (
    AnswerDispute,
    EscalateComplaint,
    EscalateDispute,
    OpenComplaint,
    OpenDispute,
    WithdrawComplaint,
    WithdrawDispute,
)
from governance.body_acts import SuspendPeer
from governance.body_records import BodyKind
from governance.body_transactions import (
    CloseOffice,
    Nominate,
    OpenOffices,
    ProposeBodyAct,
    RevealSalt,
    SignPetition,
    StartPetition,
    SupportBodyAct,
    WithdrawNomination,
)
from governance.key_transactions import (
    DeactivateAccount,
    RecoverAccount,
    RotateKeys,
    VetoRecovery,
)
from governance.proposal_records import Choice, Stage
from governance.roll import require_account
from governance.roll_transactions import (
    AppealExclusion,
    AttestAdmission,
    ChallengeAdmission,
    LeaveRoll,
)
from governance.transactions import (
    PAYLOADS,
    AdmitMembers,
    AmendProposal,
    AnchorConsents,
    ApproveFederalAct,
    CastBallot,
    GiveNotice,
    ImportRoll,
    Payload,
    ProposeFederalAct,
    ReplaceRegistrar,
    ReturnToDuty,
    RotateConsensusKey,
    SealChain,
    SubmitProposal,
    UpdateCooperative,
    WithdrawProposal,
)
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    open_offices,
    support,
)
from tests.governance.complaint_world import (
    STEP_MS,
    complain,
    escalate,
    make_complaint_world,
    take_back,
)
from tests.governance.election_world import (
    ELECTION,
    make_petition_world,
    nominate,
    reveal,
    sign,
    standing,
    start_petition,
    withdraw_nomination,
)
from tests.governance.federation_world import (
    approve,
    coop,
    make_federation,
    propose_act,
    request_of,
)
from tests.governance.guarded_world import deactivate, make_guarded_world, recover, veto
from tests.governance.test_admissions import (
    appeal,
    attest,
    challenge,
    exclude,
    leave,
    make_founded_world,
)
from tests.governance.test_consent_anchors import anchor
from tests.governance.test_disputes import STEP_MS as DISPUTE_STEP_MS
from tests.governance.test_disputes import dispute, go_on, say
from tests.governance.test_disputes import take_back as take_dispute_back
from tests.governance.test_sealing import admitted, bring_over, make_solo, part_of, sealed
from tests.governance.test_validators import give_notice, return_to_duty, rotate
from tests.governance.value.scenes import VALUE_SCENES
from tests.governance.world import (
    OTHER_COOPERATIVE,
    Act,
    World,
    admit,
    amend,
    make_key,
    make_world,
    make_world_with_members,
    member,
    proposal_id_of,
    propose,
    vote,
    withdraw,
)

PAGE = (Path(__file__).parents[2] / "docs" / "transactions.md").read_text(encoding="utf-8")
DECLARED = {
    section.split("\n", 1)[0]: re.findall(r"^.*Events?: `(\w+)`", section, flags=re.MULTILINE)
    for section in re.split(r"^## 0x[0-9a-f]{2} ", PAGE, flags=re.MULTILINE)[1:]
}
"""Payload's name to what its section on the page says first of its events."""


def _cast() -> tuple[World, Act]:
    world = make_world_with_members()
    motion = propose(1)
    world.open_voting(motion)
    return world, vote(2, proposal_id_of(motion), Choice.YES)


def _change(act: Act) -> tuple[World, Act]:
    world = make_world_with_members()
    world.run(propose(1))
    return world, act


def suspend(number: int) -> Act:
    act = SuspendPeer(peer=OTHER_COOPERATIVE, reasons_hash=REASONS)
    return ask_body(number, BodyKind.COMMITTEE, act)


def _sit() -> World:
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    return world


def _support() -> tuple[World, Act]:
    world = _sit()
    world.run(suspend(1))
    return world, support(2, suspend(1))


def admitting() -> World:
    world = make_founded_world()
    world.run(admit([21]))
    return world


def _appeal() -> tuple[World, Act]:
    world = make_founded_world()
    exclude(world, 3)
    return world, appeal(3)


def _sign() -> tuple[World, Act]:
    world = make_petition_world()
    world.run(start_petition(1, 4))
    return world, sign(2, start_petition(1, 4))


def _complained() -> World:
    world = make_complaint_world()
    world.run(complain())
    return world


def _escalate() -> tuple[World, Act]:
    world = _complained()
    world.run(after_ms=STEP_MS)
    return world, escalate(complain())


def _disputed() -> World:
    world = make_federation(4)
    world.run(dispute())
    return world


def _go_on() -> tuple[World, Act]:
    world = _disputed()
    world.run(after_ms=DISPUTE_STEP_MS)
    return world, go_on(0, dispute())


def _approve() -> tuple[World, Act]:
    world = make_federation(4)
    proposed = propose_act(0, request_of(9))
    world.run(proposed)
    return world, approve(1, proposed)


def _return() -> tuple[World, Act]:
    world = make_federation(5)
    world.run_silence(4, buckets=7)
    return world, return_to_duty(4)


def _update() -> tuple[World, Act]:
    new = UpdateCooperative(
        did="did:web:new.test",
        assertion_key=b"a" * 32,
        node_id=b"n" * 20,
        name="New",
        p2p_address="new.test:26656",
    )
    return make_federation(1), Act(coop(0), new)


def _replace_registrar() -> tuple[World, Act]:
    return make_federation(1), Act(coop(0), ReplaceRegistrar(public_keys=(make_key(5).public_key,)))


def _rotate_keys() -> tuple[World, Act]:
    payload = RotateKeys(next_key_commitment=compute_key_commitment(make_key(77).public_key))
    return make_world_with_members(), Act(
        member(1), payload, nonce=9, keys=(make_key(2).public_key,)
    )


def _veto() -> tuple[World, Act]:
    world = make_guarded_world()
    world.run(recover(3))
    return world, veto()


def _import() -> tuple[World, Act]:
    solo = make_solo()
    return admitted(sealed(solo)), bring_over(part_of(solo, 0, 3))


SCENES: dict[type[Payload], Callable[[], tuple[World, Act]]] = {
    AdmitMembers: lambda: (make_world(), admit([1])),
    SubmitProposal: lambda: (make_world_with_members(), propose(1)),
    CastBallot: _cast,
    AmendProposal: lambda: _change(amend(1, proposal_id_of(propose(1)))),
    WithdrawProposal: lambda: _change(withdraw(1, proposal_id_of(propose(1)))),
    OpenOffices: lambda: (make_world_with_members(), open_offices([1])),
    CloseOffice: lambda: (make_world_with_officers(), close_office(1)),
    ProposeBodyAct: lambda: (_sit(), suspend(1)),
    SupportBodyAct: _support,
    LeaveRoll: lambda: (make_world_with_members(), leave(1)),
    AppealExclusion: _appeal,
    AttestAdmission: lambda: (admitting(), attest(8, admit([21]))),
    ChallengeAdmission: lambda: (admitting(), challenge(1, admit([21]), 21)),
    Nominate: lambda: (standing(Stage.NOMINATION), nominate(2, ELECTION)),
    WithdrawNomination: lambda: (standing(Stage.NOMINATION), withdraw_nomination(1, ELECTION)),
    RevealSalt: lambda: (standing(Stage.REVEAL), reveal(1, ELECTION)),
    StartPetition: lambda: (make_petition_world(), start_petition(1, 4)),
    SignPetition: _sign,
    OpenComplaint: lambda: (make_complaint_world(), complain()),
    EscalateComplaint: _escalate,
    OpenDispute: lambda: (make_federation(4), dispute()),
    AnswerDispute: lambda: (_disputed(), say(0, dispute())),
    EscalateDispute: _go_on,
    WithdrawDispute: lambda: (_disputed(), take_dispute_back(0, dispute())),
    WithdrawComplaint: lambda: (_complained(), take_back(complain())),
    ProposeFederalAct: lambda: (make_federation(4), propose_act(0, request_of(9))),
    ApproveFederalAct: _approve,
    RotateConsensusKey: lambda: (make_federation(4), rotate(0, 1)),
    GiveNotice: lambda: (make_federation(4), give_notice(0)),
    ReturnToDuty: _return,
    UpdateCooperative: _update,
    ReplaceRegistrar: _replace_registrar,
    RotateKeys: _rotate_keys,
    RecoverAccount: lambda: (make_guarded_world(), recover(3)),
    VetoRecovery: _veto,
    DeactivateAccount: lambda: (make_guarded_world(), deactivate()),
    SealChain: lambda: (make_solo(), Act(coop(0), SealChain(destination="test-heart-1"))),
    ImportRoll: _import,
    AnchorConsents: lambda: (make_world(), anchor(1)),
    **VALUE_SCENES,
}
"""A world for each kind of transaction, and one that it takes."""


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.__name__)
def test_every_applied_transaction_tells_its_event(payload: type[Payload]) -> None:
    """The one that docs/transactions.md declares for it, naming the sender's cooperative."""
    world, act = SCENES[payload]()
    assert isinstance(act.payload, payload)

    events = world.run(act)

    assert world.refusals == [None]
    (declared,) = DECLARED[payload.__name__]
    (told,) = [event for event in events if type(event).__name__ == declared]
    assert told.cooperative == require_account(world.view, act.account).cooperative
