"""Elections that the rules submit and that find nobody are submitted again, some times."""

from typing import TypeVar

from msgspec.structs import replace

from governance.accountability_events import DutyHastened, DutyOverdue
from governance.body_events import ElectionFailed, TermsEnded
from governance.body_records import BodyKind
from governance.charter import ELECTION_AGAIN_S, ELECTION_CALLS
from governance.duty_records import DutyKind
from governance.events import Event, ProposalClosed, ProposalSubmitted, ProposalVoided
from governance.proposal_records import Outcome, ProposalKind, Stage
from governance.queues import Turn, put_due
from governance.records import CooperativeStatus
from governance.refusals import RefusalCode
from tests.governance.body_world import fill, make_world_with_officers, view_of
from tests.governance.election_world import DAY_MS, elect, nominate, sitting
from tests.governance.test_duties import begin, duty_of
from tests.governance.test_election_calls import _hold, make_committee, run_until_called
from tests.governance.world import COOPERATIVE, TIME_SCALE, Act, World, vote

AGAIN_MS = ELECTION_AGAIN_S * 1_000 // TIME_SCALE
BODY = BodyKind.MEDIATORS
_Told = TypeVar("_Told", bound=Event)


def watch(world: World, days: int) -> list[Event]:
    """All that happens in so many days."""
    found: list[Event] = []
    for _ in range(days):
        found += world.run(after_ms=DAY_MS)
    return found


def of(kind: type[_Told], events: list[Event]) -> list[_Told]:
    return [event for event in events if isinstance(event, kind)]


def list_called(events: list[Event]) -> list[bytes]:
    return [
        event.proposal
        for event in of(ProposalSubmitted, events)
        if event.kind is ProposalKind.ELECTION
    ]


def make_called_world() -> World:
    """A committee sits and owes an assembly; the rules are about to elect mediators."""
    world = make_world_with_officers()
    begin(world, BodyKind.COMMITTEE, range(1, 8))
    call(world)
    return world


def call(world: World) -> None:
    put_due(
        world.view,
        Turn.ELECTION,
        due_ms=world.time_ms + 1,
        cooperative=COOPERATIVE,
        subject=BODY.to_bytes(32, "big"),
    )


def count_failed(world: World) -> int:
    return view_of(world).get_body(COOPERATIVE, BODY).failed_calls_count


def test_an_election_that_finds_nobody_is_called_again() -> None:
    """G5: after thirty days, with another id, and so many times in a row at most."""
    world = make_called_world()

    events = watch(world, 400)

    failed = of(ElectionFailed, events)
    assert [event.failed_calls_count for event in failed] == [1, 2, 3]
    assert len(failed) == ELECTION_CALLS
    called = list_called(events)
    assert [event.proposal for event in failed] == called
    assert len(dict.fromkeys(called)) == ELECTION_CALLS
    assert [event.calls_again_ms > 0 for event in failed] == [True, True, False]
    for voided in of(ProposalVoided, events):
        assert voided.refusal is RefusalCode.CANDIDATES_TOO_FEW


def test_between_two_calls_lies_the_charters_interval() -> None:
    """One deadline for each failure: nothing is tried in between."""
    world = make_called_world()
    failed: list[ElectionFailed] = []
    while not failed:
        failed = of(ElectionFailed, world.run(after_ms=DAY_MS))
    assert failed[0].calls_again_ms == world.time_ms + AGAIN_MS

    early = world.run(after_ms=AGAIN_MS - 1)
    again = world.run(after_ms=1)

    assert (list_called(early), len(list_called(again))) == ([], 1)


def test_g9_after_the_last_one_the_committee_owes_an_assembly_at_once() -> None:
    """G9, G10: the assembly decides what follows; what the committee misses is counted."""
    world = make_called_world()
    failed: list[ElectionFailed] = []
    while len(failed) < ELECTION_CALLS:
        events = world.run(after_ms=DAY_MS)
        failed += of(ElectionFailed, events)

    (hastened,) = of(DutyHastened, events)
    assert (hastened.duty, hastened.body) == (DutyKind.ASSEMBLY, BodyKind.COMMITTEE)
    duty = duty_of(world, DutyKind.ASSEMBLY)
    assert (duty.due_ms, duty.overdue_ms) == (world.time_ms, hastened.grace_ends_ms)
    missed = of(DutyOverdue, world.run(after_ms=duty.overdue_ms - world.time_ms))
    assert DutyKind.ASSEMBLY in [event.duty for event in missed]
    assert count_failed(world) == 0


def test_where_no_committee_sits_nobody_owes_an_assembly() -> None:
    """The calls end all the same."""
    world = make_world_with_officers()
    call(world)

    events = watch(world, 400)

    assert len(of(ElectionFailed, events)) == ELECTION_CALLS
    assert of(DutyHastened, events) == []


def test_whoever_is_seated_ends_the_row() -> None:
    """By the call that follows: the next failure would be the first again."""
    world = make_called_world()
    while count_failed(world) == 0:
        world.run(after_ms=DAY_MS)
    called: list[bytes] = []
    while not called:
        called = list_called(world.run(after_ms=DAY_MS))

    asked = elect(BODY)
    election = called[0]
    while _stage(world, election) is not Stage.NOMINATION:
        world.run(after_ms=DAY_MS)
    for number in (8, 9):
        act = nominate(number, asked)
        world.run(Act(act.account, replace(act.payload, proposal_id=election)))
        assert world.refusals == [None]
    while _stage(world, election) is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    _vote_all(world, election)
    later = watch(world, 60)

    assert sitting(world, BODY) == [8, 9]
    assert (count_failed(world), of(ElectionFailed, later)) == (0, [])


def test_too_few_voters_are_a_failure_too() -> None:
    """Candidates stood, and the quorum was not reached: the seats are as empty as before."""
    world = make_called_world()
    world.run()
    election = view_of(world).get_body(COOPERATIVE, BODY).election
    while _stage(world, election) is not Stage.NOMINATION:
        world.run(after_ms=DAY_MS)
    act = nominate(8, elect(BODY))
    world.run(Act(act.account, replace(act.payload, proposal_id=election)))
    closed: list[ProposalClosed] = []
    while not closed:
        events = world.run(after_ms=DAY_MS)
        closed = of(ProposalClosed, events)

    assert closed[0].outcome is Outcome.NO_QUORUM
    assert [event.failed_calls_count for event in of(ElectionFailed, events)] == [1]


def test_an_election_that_members_asked_for_is_theirs_to_repeat() -> None:
    """Only what the rules submit, the rules submit again."""
    world = make_world_with_officers()
    world.run(elect(BODY))

    events = watch(world, 100)

    assert of(ProposalVoided, events)
    assert of(ElectionFailed, events) == []


def test_seats_that_were_filled_meanwhile_are_called_no_more() -> None:
    """Members elected somebody before the thirty days were over."""
    world = make_called_world()
    while count_failed(world) == 0:
        world.run(after_ms=DAY_MS)
    seats = world.view.get_bylaws(
        view_of(world).require_cooperative(COOPERATIVE).bylaws_hash
    ).bodies.panel_seats
    fill(world, BODY, range(1, seats + 1))

    assert list_called(watch(world, 60)) == []


def test_who_has_left_the_federation_is_called_no_more() -> None:
    """And nothing is raised."""
    world = make_called_world()
    world.run()
    cooperative = view_of(world).require_cooperative(COOPERATIVE)
    world.view.put_cooperative(replace(cooperative, status=CooperativeStatus.LEFT))

    assert of(ElectionFailed, watch(world, 60)) == []


def test_terms_end_when_they_end() -> None:
    """G5: nobody sits on because nobody followed; those whose terms go on do."""
    world = make_committee()
    seats = view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats
    first_end_ms = min(seat.term_ends_ms for seat in seats)
    ending = tuple(seat.office for seat in seats if seat.term_ends_ms == first_end_ms)
    called = run_until_called(world, days_max=365)
    assert called is not None
    events: list[Event] = []
    while not of(TermsEnded, events):
        events += world.run(after_ms=DAY_MS)

    (ended,) = of(TermsEnded, events)
    assert first_end_ms <= world.time_ms < first_end_ms + DAY_MS
    assert ended.offices == ending
    assert of(ElectionFailed, events)
    assert len(sitting(world, BodyKind.COMMITTEE)) == len(seats) - len(ending)
    again = run_until_called(world, days_max=60)
    assert again is not None
    _hold(world, again.proposal, [8, 9])
    assert {8, 9} <= set(sitting(world, BodyKind.COMMITTEE))


def _stage(world: World, election: bytes) -> Stage:
    proposal = world.view.get_proposal(COOPERATIVE, election)
    assert proposal is not None
    return proposal.stage


def _vote_all(world: World, election: bytes) -> None:
    world.run(*(vote(number, election, bytes([0, 1])) for number in range(1, 8)), after_ms=1)
