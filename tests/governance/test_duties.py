"""Duties of bodies: who owes what, what happens when nothing comes, and that members decide."""

import copy

import pytest
from msgspec.structs import replace

from governance.accountability_events import (
    BodyDismissed,
    ConfidenceAsked,
    DutyBegan,
    DutyFulfilled,
    DutyOverdue,
    DutyPaused,
)
from governance.accountability_view import AccountabilityView
from governance.body_acts import FulfilDuty
from governance.body_records import BodyKind
from governance.bylaws import BylawsError, parse_bylaws
from governance.confidence import compute_renewal_id
from governance.context import BlockContext
from governance.duties import DUTIES, begin_duties
from governance.duty_records import Duty, DutyEntry, DutyKind
from governance.events import EnactmentFailed, Event, ProposalSubmitted, VotingOpened
from governance.logs import Log, LogName, get_entry, get_frontier
from governance.proposal_records import Choice, ProposalKind, Stage
from governance.refusals import RefusalCode
from tests.bylaws import load_preset
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    support,
    view_of,
)
from tests.governance.election_world import DAY_MS, hold_election
from tests.governance.world import CHAIN_ID, COOPERATIVE, TIME_SCALE, Act, World, propose, vote

REPORT_MS = 31 * 86_400_000 // TIME_SCALE
GRACE_MS = 7 * 86_400_000 // TIME_SCALE
AUDIT_MS = (366 + 31) * 86_400_000 // TIME_SCALE


def duty_of(world: World, kind: DutyKind) -> Duty:
    return AccountabilityView(world.kv).get_duty(COOPERATIVE, kind)


def begin(world: World, body: BodyKind, numbers: range) -> tuple[Event, ...]:
    """Seat officers, and let what they owe begin, as an election does."""
    fill(world, body, numbers)
    block = BlockContext(height=world.height, time_ms=world.time_ms, chain_id=CHAIN_ID)
    return begin_duties(AccountabilityView(world.kv), COOPERATIVE, body, block=block)


def make_auditors_world() -> World:
    """Two auditors sit."""
    world = make_world_with_officers()
    begin(world, BodyKind.AUDITORS, range(8, 10))
    return world


def fulfil(number: int, body: BodyKind, duty: DutyKind, *, nonce: int = 1) -> Act:
    return ask_body(number, body, FulfilDuty(duty=duty, text_hash=REASONS), nonce=nonce)


def miss(world: World, kind: DutyKind) -> list[Event]:
    """Let time pass until a duty is overdue."""
    return world.run(after_ms=duty_of(world, kind).overdue_ms - world.time_ms)


def find(events: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def miss_three_times(world: World) -> bytes:
    """Auditors who never audit; the id of the vote that follows."""
    for _ in range(3):
        events = miss(world, DutyKind.EXTERNAL_AUDIT)
    asked = find(events, ConfidenceAsked)
    assert asked, "three in a row"
    assert isinstance(asked[0], ConfidenceAsked)
    return asked[0].proposal


def decide(world: World, proposal_id: bytes, choice: Choice) -> list[Event]:
    """Bring a vote to its end; events of its last block."""
    for _ in range(200):
        events = world.run(after_ms=DAY_MS)
        if find(events, VotingOpened):
            world.run(*(vote(number, proposal_id, choice) for number in range(1, 8)))
        proposal = world.view.get_proposal(COOPERATIVE, proposal_id)
        assert proposal is not None
        if proposal.stage is Stage.CLOSED:
            return events
    raise AssertionError("the vote does not end")


@pytest.mark.parametrize(
    ("setting", "days"),
    [
        ("report_s", 31),
        ("assembly_s", 92),
        ("impact_report_s", 92),
        ("notice_s", 92),
        ("external_audit_s", 366),
        ("governance_audit_s", 366),
        ("algorithm_audit_s", 366),
    ],
)
def test_g10_no_bylaws_ask_for_less_than_the_specification(setting: str, days: int) -> None:
    """G10, G5: a report a month, an assembly and an impact report a quarter, audits a year."""
    document = copy.deepcopy(load_preset())
    document["duties"][setting] = days * 86_400 + 1

    with pytest.raises(BylawsError, match=rf"duties\.{setting}"):
        parse_bylaws(document)


def test_v4_every_duty_has_a_body_that_owes_it() -> None:
    """V4: nobody audits what they do: audits from outside are the auditors' to see to."""
    assert list(DUTIES) == list(DutyKind)
    assert DUTIES[DutyKind.EXTERNAL_AUDIT].body is BodyKind.AUDITORS
    assert DUTIES[DutyKind.GOVERNANCE_AUDIT].body is BodyKind.AUDITORS


def test_g10_a_duty_begins_when_the_body_first_sits() -> None:
    """G10: with the election, and not anew with each later one."""
    world = make_world_with_officers()
    assert duty_of(world, DutyKind.REPORT).due_ms == 0
    ballots = [[1, 2, 3, 4], [2, 1, 5], [3, 6, 7], [4, 7, 8], [5, 6], [6, 5], [7, 8]]

    hold_election(world, BodyKind.COMMITTEE, range(1, 9), ballots)

    began = [event for event in world.events if isinstance(event, DutyBegan)]
    assert [event.duty for event in began] == [
        DutyKind.REPORT,
        DutyKind.ASSEMBLY,
        DutyKind.IMPACT_REPORT,
        DutyKind.NOTICE,
    ]
    assert duty_of(world, DutyKind.REPORT).due_ms == world.time_ms + REPORT_MS
    assert begin(world, BodyKind.COMMITTEE, range(1, 8)) == ()
    assert duty_of(world, DutyKind.EXTERNAL_AUDIT).due_ms == 0, "no auditor sits"


def test_g10_a_body_fulfils_a_duty_and_owes_it_again() -> None:
    """G10: most of the body say so, and the public list says it to members."""
    world = make_auditors_world()
    asked = fulfil(8, BodyKind.AUDITORS, DutyKind.EXTERNAL_AUDIT)
    assert not find(world.run(asked), DutyFulfilled), "one of two is not most of them"

    events = world.run(support(9, asked), after_ms=1)

    duty = duty_of(world, DutyKind.EXTERNAL_AUDIT)
    assert find(events, DutyFulfilled) == [
        DutyFulfilled(
            cooperative=COOPERATIVE,
            duty=DutyKind.EXTERNAL_AUDIT,
            body=BodyKind.AUDITORS,
            text_hash=REASONS,
            due_ms=duty.due_ms,
        )
    ]
    assert (duty.fulfilled_ms, duty.text_hash) == (world.time_ms, REASONS)
    log = Log(LogName.DUTIES, namespace=COOPERATIVE)
    assert DutyEntry.decode(get_entry(world.view, log, 0)) == DutyEntry(
        kind=DutyKind.EXTERNAL_AUDIT,
        time_ms=world.time_ms,
        is_fulfilled=True,
        text_hash=REASONS,
    )
    assert miss(world, DutyKind.GOVERNANCE_AUDIT) != [], "the other audit is still owed"
    overdue = find(world.events, DutyOverdue)
    assert [event.duty for event in overdue if isinstance(event, DutyOverdue)] == [
        DutyKind.GOVERNANCE_AUDIT
    ]


def test_g10_who_fulfils_a_duty_that_had_not_begun_begins_it() -> None:
    """G10: an empty body begins nothing; what one does is owed again from then on."""
    world = make_world_with_officers()
    assert begin(world, BodyKind.AUDITORS, range(0)) == ()
    fill(world, BodyKind.AUDITORS, [8])

    world.run(fulfil(8, BodyKind.AUDITORS, DutyKind.EXTERNAL_AUDIT))

    assert duty_of(world, DutyKind.EXTERNAL_AUDIT).due_ms > world.time_ms


def test_g10_what_another_body_owes_cannot_be_fulfilled() -> None:
    """G10: the committee cannot say that it was audited."""
    world = make_auditors_world()
    fill(world, BodyKind.COMMITTEE, range(1, 8))

    asked = fulfil(1, BodyKind.COMMITTEE, DutyKind.EXTERNAL_AUDIT)

    assert world.refuse(asked) is RefusalCode.ACT_NOT_OF_BODY


def test_g10_a_miss_is_told_and_counted_and_forgiven() -> None:
    """G10: after grace, not before it; a report starts the count anew."""
    world = make_world_with_officers()
    begin(world, BodyKind.COMMITTEE, range(1, 8))
    due_ms = duty_of(world, DutyKind.REPORT).due_ms

    assert world.run(after_ms=due_ms - world.time_ms) == [], "grace runs"
    assert world.run(after_ms=GRACE_MS) == [
        DutyOverdue(
            cooperative=COOPERATIVE,
            duty=DutyKind.REPORT,
            body=BodyKind.COMMITTEE,
            due_ms=due_ms,
            misses_count=1,
        )
    ]
    asked = fulfil(1, BodyKind.COMMITTEE, DutyKind.REPORT)
    world.run(asked, *(support(number, asked) for number in (2, 3, 4)))

    assert duty_of(world, DutyKind.REPORT).misses_count == 0
    assert get_frontier(world.view, Log(LogName.DUTIES, namespace=COOPERATIVE)).size == 2


def test_g10_an_idle_chain_stays_idle() -> None:
    """G10: duties change state when one is due, and in no other block."""
    world = make_auditors_world()
    world.run()
    before = world.dump()

    for _ in range(10):
        assert world.run(after_ms=1) == []

    assert world.dump() == before


def test_g10_three_misses_in_a_row_ask_members_whether_the_body_goes() -> None:
    """G10: the rules submit it; if accepted all seats are free and an election follows."""
    world = make_auditors_world()

    proposal_id = miss_three_times(world)
    events = decide(world, proposal_id, Choice.YES)

    (dismissed,) = find(events, BodyDismissed)
    assert isinstance(dismissed, BodyDismissed)
    assert dismissed.body is BodyKind.AUDITORS
    assert len(dismissed.offices) == 2
    body = view_of(world).get_body(COOPERATIVE, BodyKind.AUDITORS)
    assert body.seats == ()
    assert body.election == compute_renewal_id(proposal_id)
    submitted = find(events, ProposalSubmitted)
    assert [event.kind for event in submitted if isinstance(event, ProposalSubmitted)] == [
        ProposalKind.ELECTION
    ]
    assert find(events, DutyPaused), "an empty body owes nothing"
    assert duty_of(world, DutyKind.EXTERNAL_AUDIT).due_ms == 0
    view = AccountabilityView(world.kv)
    assert view.get_confidence(COOPERATIVE, BodyKind.AUDITORS) is None


def test_g10_members_may_trust_a_body_all_the_same() -> None:
    """G10: they decide; the body stays, and the next miss asks them again."""
    world = make_auditors_world()
    proposal_id = miss_three_times(world)

    decide(world, proposal_id, Choice.NO)

    assert len(view_of(world).get_body(COOPERATIVE, BodyKind.AUDITORS).seats) == 2
    assert find(miss(world, DutyKind.EXTERNAL_AUDIT), ConfidenceAsked)


def test_g10_members_are_asked_once_at_a_time() -> None:
    """G10: a second duty that is missed as often adds no second vote on the same body."""
    world = make_auditors_world()
    fill_time = AUDIT_MS + DAY_MS
    asked = []
    for _ in range(3):
        asked += find(world.run(after_ms=fill_time), ConfidenceAsked)

    assert len(asked) == 1


def test_g10_a_body_that_was_elected_meanwhile_is_elected_once() -> None:
    """G10: where an election is under way, the dismissal adds none."""
    world = make_auditors_world()
    proposal_id = miss_three_times(world)
    body = view_of(world).get_body(COOPERATIVE, BodyKind.AUDITORS)
    view_of(world).put_body(COOPERATIVE, replace(body, election=bytes(32)))

    events = decide(world, proposal_id, Choice.YES)

    assert find(events, BodyDismissed)
    assert not find(events, ProposalSubmitted)


def test_g10_nobody_sits_nobody_owes() -> None:
    """G10: when all have resigned nothing is missed, and a vote on them comes to nothing."""
    world = make_auditors_world()
    proposal_id = miss_three_times(world)
    world.run(close_office(8), close_office(9))

    events = decide(world, proposal_id, Choice.YES)

    assert find(events, EnactmentFailed)
    while duty_of(world, DutyKind.EXTERNAL_AUDIT).due_ms:
        events = miss(world, DutyKind.EXTERNAL_AUDIT)
    assert len(find(events, DutyPaused)) == 2


def test_g10_members_do_not_submit_it_themselves() -> None:
    """G10: for single officers there is the recall."""
    world = make_auditors_world()
    act = view_of(world)
    proposal_id = miss_three_times(world)
    asked = act.require_act(COOPERATIVE, proposal_id)

    refused = propose(1, kind=ProposalKind.CONFIDENCE, act=asked)

    assert world.refuse(refused) is RefusalCode.RULES_SUBMIT
