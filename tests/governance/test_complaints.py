"""Complaints: who hears them, who must not, and that silence never blocks."""

import pytest
from msgspec.structs import replace

from governance.accountability_events import (
    ComplaintAdvanced,
    ComplaintAdvised,
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintOpened,
    ComplaintOverdue,
)
from governance.accountability_transactions import (
    OpenComplaint,
)
from governance.accountability_view import AccountabilityView
from governance.body_acts import (
    AdviseOnComplaint,
    RecordAward,
    TakeOverComplaint,
)
from governance.body_records import BodyKind
from governance.complaint_records import About, ComplaintStep, Verdict
from governance.event_codec import hints_of
from governance.logs import Log, LogName, get_frontier
from governance.proposal_records import Choice, Stage
from governance.records import CooperativeStatus
from governance.refusals import RefusalCode
from tests.bylaws import make_bylaws
from tests.governance.body_world import (
    REASONS,
    ask_body,
    fill,
    make_world_with_officers,
    office,
    support,
)
from tests.governance.complaint_world import (
    AWARD,
    DAY_MS,
    STEP_MS,
    answer,
    complain,
    decide,
    escalate,
    hearing_of,
    id_of,
    make_complaint_world,
    stands,
    take_back,
    wait_out,
)
from tests.governance.test_emergencies import DATA_USE_ID, accept_data_use
from tests.governance.world import (
    COOPERATIVE,
    TEXT_HASH,
    Act,
    make_world_with_members,
    member,
    vote,
)


def test_g9_silence_brings_a_complaint_through_every_step() -> None:
    """G9: ombudsperson, mediation, ethics, assembly, arbitration, though nobody says a word."""
    world = make_complaint_world()
    opened = complain(is_serious=True)
    world.run(opened)
    steps = [stands(world, opened).step]

    for _ in range(3):
        wait_out(world, opened)
        steps.append(stands(world, opened).step)
    decide(world, opened, Choice.YES, voters=0)
    steps.append(stands(world, opened).step)
    overdue = wait_out(world, opened)

    assert steps == list(ComplaintStep)[:5]
    assert overdue[-1] == ComplaintOverdue(cooperative=COOPERATIVE, complaint=id_of(opened))
    assert stands(world, opened).step is ComplaintStep.ARBITRATION, "the award may still come"


def test_g9_a_complaint_that_is_not_serious_passes_the_ethics_panel_by() -> None:
    """G9: the panel is for serious violations."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)

    wait_out(world, opened)
    wait_out(world, opened)

    assert stands(world, opened).step is ComplaintStep.ASSEMBLY


def test_g9_the_complainant_goes_on_when_the_time_is_over() -> None:
    """G9: not before the deadline, and nobody else."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)

    assert world.refuse(escalate(opened)) is RefusalCode.ESCALATION_TOO_EARLY
    assert world.refuse(escalate(opened, by=2), after_ms=STEP_MS) is RefusalCode.NOT_COMPLAINANT
    assert world.refuse(escalate(opened)) is None

    assert world.events == [
        ComplaintAdvanced(
            cooperative=COOPERATIVE,
            complaint=id_of(opened),
            step=ComplaintStep.MEDIATION,
            ends_ms=stands(world, opened).ends_ms,
        )
    ]


def test_g9_an_answer_stands_if_the_complainant_lets_it() -> None:
    """G9: settled by whom it was before."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)

    events = world.run(answer(1, BodyKind.OMBUDSPERSON, opened))
    assert any(isinstance(event, ComplaintAnswered) for event in events)
    assert wait_out(world, opened) == [
        ComplaintClosed(
            cooperative=COOPERATIVE,
            complaint=id_of(opened),
            verdict=Verdict.SETTLED,
            answer_hash=REASONS,
        )
    ]
    assert world.refuse(escalate(opened)) is RefusalCode.COMPLAINT_CLOSED
    again = answer(1, BodyKind.OMBUDSPERSON, opened, nonce=2)
    assert world.refuse(again) is RefusalCode.COMPLAINT_CLOSED


def test_g9_an_answer_that_is_not_enough_is_no_end() -> None:
    """G9: the complainant goes on at once."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)
    world.run(answer(1, BodyKind.OMBUDSPERSON, opened))

    assert world.refuse(escalate(opened)) is None

    complaint = stands(world, opened)
    assert (complaint.step, complaint.verdict) == (ComplaintStep.MEDIATION, Verdict.NONE)
    assert world.refuse(answer(1, BodyKind.OMBUDSPERSON, opened, nonce=2)) is RefusalCode.STEP_OTHER


@pytest.mark.parametrize("about", [About.OFFICER, About.BODY])
def test_g9_nobody_decides_on_a_complaint_about_themselves(about: About) -> None:
    """G9: neither alone nor with others; the rest of the body does."""
    world = make_complaint_world()
    fill(world, BodyKind.PRIVACY, [2, 9])
    subject = office(2) if about is About.OFFICER else BodyKind.PRIVACY.to_bytes(32, "big")
    opened = complain(about=about, subject=subject)
    world.run(opened)
    wait_out(world, opened)
    asked = answer(3, BodyKind.MEDIATORS, opened)
    world.run(asked)

    assert world.refuse(answer(2, BodyKind.MEDIATORS, opened)) is RefusalCode.CONCERNED
    assert world.refuse(support(2, asked)) is RefusalCode.CONCERNED
    assert world.refuse(support(4, asked)) is None
    assert stands(world, opened).verdict is Verdict.SETTLED, "two of two who may decide"


def test_g9_a_step_that_only_the_accused_could_hear_is_left_out() -> None:
    """G9: the ombudsperson does not hear a complaint about the ombudsperson."""
    world = make_complaint_world()
    opened = complain(about=About.OFFICER, subject=office(1))

    world.run(opened)

    assert stands(world, opened).step is ComplaintStep.MEDIATION


def test_g9_where_nobody_sits_members_hear_it_at_once() -> None:
    """G9: a small group has an assembly, and perhaps nothing else."""
    world = make_world_with_members()
    opened = complain(is_serious=True)

    world.run(opened)

    assert stands(world, opened).step is ComplaintStep.ASSEMBLY
    assert hearing_of(world, opened).subject == id_of(opened)


def test_g9_the_ethics_panel_takes_over_or_advises() -> None:
    """G9: what it finds serious it hears itself, before members do."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)
    advice = AdviseOnComplaint(complaint=id_of(opened), text_hash=REASONS)
    asked = ask_body(5, BodyKind.ETHICS_PANEL, advice)
    events = world.run(asked, support(6, asked))
    assert any(isinstance(event, ComplaintAdvised) for event in events)
    assert stands(world, opened).advice_hash == REASONS
    assert stands(world, opened).step is ComplaintStep.OMBUDSPERSON, "advice binds nobody"

    takes = ask_body(5, BodyKind.ETHICS_PANEL, TakeOverComplaint(complaint=id_of(opened)), nonce=2)
    world.run(takes, support(6, takes))

    assert stands(world, opened).step is ComplaintStep.ETHICS_PANEL
    again = ask_body(5, BodyKind.ETHICS_PANEL, TakeOverComplaint(complaint=id_of(opened)), nonce=3)
    assert world.refuse(again) is RefusalCode.STEP_OTHER
    wait_out(world, opened)
    assert stands(world, opened).step is ComplaintStep.ASSEMBLY


@pytest.mark.parametrize(
    ("choice", "verdict"), [(Choice.YES, Verdict.UPHELD), (Choice.NO, Verdict.REJECTED)]
)
def test_g9_members_decide_and_the_complainant_may_still_go_on(
    choice: Choice, verdict: Verdict
) -> None:
    """G9: the assembly's word stands unless an arbitrator is asked."""
    world = make_world_with_members(10)
    opened = complain()
    world.run(opened)

    decide(world, opened, choice)

    complaint = stands(world, opened)
    assert (complaint.step, complaint.verdict) == (ComplaintStep.ASSEMBLY, verdict)
    assert complaint.answer_hash == hearing_of(world, opened).id
    assert world.refuse(escalate(opened)) is None
    assert stands(world, opened).step is ComplaintStep.ARBITRATION


def test_g9_what_members_decided_closes_the_complaint() -> None:
    """G9: when the complainant has let the time pass."""
    world = make_world_with_members(10)
    opened = complain()
    world.run(opened)
    decide(world, opened, Choice.YES)

    wait_out(world, opened)

    complaint = stands(world, opened)
    assert (complaint.step, complaint.verdict) == (ComplaintStep.CLOSED, Verdict.UPHELD)


@pytest.mark.parametrize(
    ("body", "numbers"), [(BodyKind.OMBUDSPERSON, [1]), (BodyKind.AUDITORS, [8, 9])]
)
def test_g9_an_arbitrators_award_ends_a_complaint(body: BodyKind, numbers: list[int]) -> None:
    """G9: auditors or ombudsperson record its hash, before or after its time."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)
    act = RecordAward(complaint=id_of(opened), award_hash=AWARD)
    early = ask_body(numbers[0], body, act)
    assert world.refuse(early) is RefusalCode.STEP_OTHER
    wait_out(world, opened)
    wait_out(world, opened)
    decide(world, opened, Choice.NO, voters=0)
    assert world.refuse(escalate(opened)) is RefusalCode.ESCALATION_TOO_EARLY, "nothing follows"
    wait_out(world, opened)

    asked = ask_body(numbers[0], body, act, nonce=2)
    world.run(asked, *(support(number, asked) for number in numbers[1:]))

    complaint = stands(world, opened)
    assert (complaint.verdict, complaint.answer_hash) == (Verdict.AWARDED, AWARD)
    assert world.run(after_ms=STEP_MS) == [] or complaint.step is ComplaintStep.CLOSED


def test_g9_the_complainant_may_withdraw() -> None:
    """G9: at any step, and members' vote with it until it has opened."""
    world = make_world_with_members()
    opened = complain()
    world.run(opened)
    assert world.refuse(take_back(opened, by=2)) is RefusalCode.NOT_COMPLAINANT

    assert world.refuse(take_back(opened)) is None

    assert stands(world, opened).verdict is Verdict.WITHDRAWN
    assert hearing_of(world, opened).stage is Stage.WITHDRAWN
    assert world.run(after_ms=STEP_MS) == [], "nothing waits any more"


def test_g9_what_members_are_deciding_cannot_be_withdrawn() -> None:
    """G9: as for every proposal; after the vote it can."""
    world = make_world_with_members(10)
    opened = complain()
    world.run(opened)
    while hearing_of(world, opened).stage is not Stage.VOTING:
        world.run(after_ms=DAY_MS)

    assert world.refuse(take_back(opened)) is RefusalCode.VOTING_OPENED
    hearing = hearing_of(world, opened)
    world.run(*(vote(number, hearing.id, Choice.YES) for number in range(1, 6)))
    decide(world, opened, Choice.YES)
    assert world.refuse(take_back(opened)) is None


def test_g9_a_complaint_at_an_early_step_can_be_withdrawn() -> None:
    """G9: nothing of it waits then."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)

    (closed,) = world.run(take_back(opened))

    assert isinstance(closed, ComplaintClosed)
    assert world.refuse(take_back(opened)) is RefusalCode.COMPLAINT_CLOSED


def test_g9_a_complaint_names_what_it_is_about() -> None:
    """G9: an officer, a body, a data use, or nothing."""
    world = make_complaint_world()
    accept_data_use(world)
    unfit = [
        complain(about=About.OFFICER, subject=member(1)),
        complain(about=About.OFFICER, subject=bytes(32)),
        complain(about=About.BODY, subject=bytes(32)),
        complain(about=About.DATA_USE, subject=TEXT_HASH),
        complain(about=About.OTHER, subject=TEXT_HASH),
    ]

    for act in unfit:
        assert world.refuse(act) is RefusalCode.COMPLAINT_SUBJECT_UNFIT
    assert world.refuse(complain(about=About.DATA_USE, subject=DATA_USE_ID)) is None


def test_g9_a_member_has_as_many_open_complaints_as_the_bylaws_allow() -> None:
    """G9: a closed one makes room."""
    bylaws = make_bylaws(complaints={"open_per_member_max": 2})
    world = make_world_with_officers(bylaws=bylaws)
    first = complain()
    world.run(first, complain(nonce=2))
    assert world.refusals == [None, None]

    assert world.refuse(complain(nonce=3)) is RefusalCode.COMPLAINTS_OPEN_TOO_MANY
    world.run(take_back(first))
    assert world.refuse(first) is RefusalCode.COMPLAINT_EXISTS
    assert world.refuse(complain(nonce=3)) is None
    assert get_frontier(world.view, Log(LogName.COMPLAINTS, namespace=COOPERATIVE)).size == 3


def test_g9_strangers_do_not_complain() -> None:
    """G9: members do; what is not there cannot go on."""
    world = make_complaint_world()
    opened = complain()
    missing = answer(1, BodyKind.OMBUDSPERSON, opened)

    assert world.refuse(Act(office(1), opened.payload)) is RefusalCode.NOT_A_MEMBER
    assert world.refuse(escalate(opened)) is RefusalCode.COMPLAINT_UNKNOWN
    assert world.refuse(missing) is RefusalCode.COMPLAINT_UNKNOWN
    foreign = OpenComplaint(
        cooperative=bytes(32), about=About.OTHER, subject=b"", text_hash=TEXT_HASH
    )
    assert world.refuse(Act(member(1), foreign)) is RefusalCode.COOPERATIVE_UNKNOWN


def test_g9_time_stops_for_a_cooperative_that_has_left() -> None:
    """G9: its members' complaints are no more for this ledger to bring forward."""
    world = make_complaint_world()
    opened = complain()
    world.run(opened)
    view = AccountabilityView(world.kv)
    cooperative = view.require_cooperative(COOPERATIVE)
    view.put_cooperative(replace(cooperative, status=CooperativeStatus.LEFT))

    assert world.refuse(escalate(opened)) is RefusalCode.COOPERATIVE_LEFT
    events = wait_out(world, opened)

    assert not any(isinstance(event, ComplaintAdvanced) for event in events)
    assert stands(world, opened).ends_ms == 0


def test_g9_no_event_says_who_complains() -> None:
    """G9: events are copied and indexed; who complains must fear nobody."""
    assert [name for name, _ in hints_of(ComplaintOpened)] == [
        "cooperative",
        "complaint",
        "about",
        "subject",
        "text_hash",
        "is_serious",
    ]
