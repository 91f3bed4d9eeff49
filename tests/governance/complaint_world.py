"""Complaints that tests bring as far as they need."""

from typing import cast

from governance.accountability_transactions import (
    EscalateComplaint,
    OpenComplaint,
    WithdrawComplaint,
    compute_complaint_id,
    compute_hearing_id,
)
from governance.accountability_view import AccountabilityView
from governance.body_acts import AnswerComplaint
from governance.body_records import BodyKind
from governance.complaint_records import About, Complaint
from governance.events import Event, VotingOpened
from governance.proposal_records import Choice, Proposal, Stage
from tests.governance.body_world import REASONS, ask_body, fill, make_world_with_officers
from tests.governance.world import (
    COOPERATIVE,
    TEXT_HASH,
    TIME_SCALE,
    Act,
    World,
    member,
    vote,
)

DAY_MS = 86_400_000 // TIME_SCALE
STEP_MS = 14 * 86_400_000 // TIME_SCALE
"""The ombudsperson's time in the preset, and the complainant's."""
AWARD = bytes([4]) * 32


def complain(
    number: int = 1,
    *,
    about: About = About.OTHER,
    subject: bytes = b"",
    is_serious: bool = False,
    nonce: int = 1,
) -> Act:
    payload = OpenComplaint(
        cooperative=COOPERATIVE,
        about=about,
        subject=subject,
        text_hash=TEXT_HASH,
        is_serious=is_serious,
    )
    return Act(member(number), payload, nonce)


def id_of(opened: Act) -> bytes:
    payload = cast("OpenComplaint", opened.payload)
    return compute_complaint_id(account=opened.account, nonce=opened.nonce, payload=payload)


def escalate(opened: Act, *, by: int = 1) -> Act:
    payload = EscalateComplaint(cooperative=COOPERATIVE, complaint=id_of(opened))
    return Act(member(by), payload)


def take_back(opened: Act, *, by: int = 1) -> Act:
    payload = WithdrawComplaint(cooperative=COOPERATIVE, complaint=id_of(opened))
    return Act(member(by), payload)


def answer(number: int, body: BodyKind, opened: Act, *, nonce: int = 1) -> Act:
    act = AnswerComplaint(complaint=id_of(opened), text_hash=REASONS)
    return ask_body(number, body, act, nonce=nonce)


def stands(world: World, opened: Act) -> Complaint:
    found = AccountabilityView(world.kv).get_complaint(COOPERATIVE, id_of(opened))
    assert found is not None
    return found


def hearing_of(world: World, opened: Act) -> Proposal:
    found = world.view.get_proposal(COOPERATIVE, compute_hearing_id(id_of(opened)))
    assert found is not None
    return found


def wait_out(world: World, opened: Act) -> list[Event]:
    """Say nothing until the rules do what follows."""
    return world.run(after_ms=stands(world, opened).ends_ms - world.time_ms)


def decide(world: World, opened: Act, choice: Choice, *, voters: int = 6) -> None:
    """Let members vote on a complaint."""
    hearing = compute_hearing_id(id_of(opened))
    while hearing_of(world, opened).stage is not Stage.CLOSED:
        if any(isinstance(event, VotingOpened) for event in world.run(after_ms=DAY_MS)):
            world.run(*(vote(number, hearing, choice) for number in range(1, voters + 1)))


def make_complaint_world() -> World:
    """An ombudsperson, three mediators, an ethics panel of three."""
    world = make_world_with_officers()
    fill(world, BodyKind.OMBUDSPERSON, [1])
    fill(world, BodyKind.MEDIATORS, [2, 3, 4])
    fill(world, BodyKind.ETHICS_PANEL, [5, 6, 7])
    fill(world, BodyKind.AUDITORS, [8, 9])
    return world
