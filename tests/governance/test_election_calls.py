"""Elections that the rules submit in time before terms end."""

from msgspec.structs import replace

from governance.body_records import BodyKind, Seat
from governance.body_transactions import Nominate
from governance.charter import ELECTION_LEAD_S
from governance.events import ProposalSubmitted
from governance.proposal_records import ProposalKind, Stage
from governance.records import CooperativeStatus
from tests.bylaws import make_bylaws
from tests.governance.body_world import make_world_with_officers, view_of
from tests.governance.election_world import (
    DAY_MS,
    YEAR_MS,
    elect,
    hold_election,
    nominate,
    sitting,
)
from tests.governance.world import COOPERATIVE, TIME_SCALE, Act, World, vote

BALLOTS = [[number] for number in range(1, 8)]
LEAD_MS = ELECTION_LEAD_S * 1_000 // TIME_SCALE


def make_committee(**stages: int) -> World:
    world = make_world_with_officers(9, 9, bylaws=make_bylaws(stages=stages))
    hold_election(world, BodyKind.COMMITTEE, range(1, 8), BALLOTS)
    return world


def run_until_called(world: World, *, days_max: int) -> ProposalSubmitted | None:
    """The election that the rules submit, if they do in so many days."""
    for _ in range(days_max):
        for event in world.run(after_ms=DAY_MS):
            if isinstance(event, ProposalSubmitted) and event.kind is ProposalKind.ELECTION:
                return event
    return None


def test_the_rules_submit_an_election_before_terms_end() -> None:
    """In time for all its stages; who is elected sits before a seat is free."""
    world = make_committee()
    [first_end_ms, _] = sorted({seat.term_ends_ms for seat in _seats(world)})

    called = run_until_called(world, days_max=365)

    assert called is not None
    assert called.proposer == COOPERATIVE
    assert first_end_ms - LEAD_MS <= world.time_ms < first_end_ms
    assert view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).election == called.proposal
    _hold(world, called.proposal, [8, 9])
    assert {8, 9} <= set(sitting(world, BodyKind.COMMITTEE))
    assert world.time_ms < first_end_ms


def test_an_election_that_members_asked_for_is_not_called_twice() -> None:
    """It is under way when the rules look, or has filled what was to be filled."""
    world = make_committee()
    world.run(after_ms=YEAR_MS - 60 * DAY_MS)
    second = elect(BodyKind.COMMITTEE, number=2)
    world.run(second)
    assert world.refusals == [None]

    assert run_until_called(world, days_max=59) is None


def test_however_long_the_stages_are_seats_count_as_ending_soon_by_then() -> None:
    """The lead is never longer than the time in which an election may fill them."""
    day_s = 86_400
    world = make_committee(discussion_s=90 * day_s, nomination_s=90 * day_s)
    first_end_ms = min(seat.term_ends_ms for seat in _seats(world))

    world.run(after_ms=first_end_ms - LEAD_MS - world.time_ms - 1)
    assert run_until_called(world, days_max=2) is not None


def test_who_has_left_the_federation_is_called_to_no_election() -> None:
    """And nothing is raised."""
    world = make_committee()
    cooperative = view_of(world).require_cooperative(COOPERATIVE)
    world.view.put_cooperative(replace(cooperative, status=CooperativeStatus.LEFT))

    assert run_until_called(world, days_max=400) is None


def _seats(world: World) -> tuple[Seat, ...]:
    return view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats


def _hold(world: World, election: bytes, standing: list[int]) -> None:
    """Candidates come forward, and all members vote for them in this order."""
    asked = elect(BodyKind.COMMITTEE)
    while _stage(world, election) is not Stage.NOMINATION:
        world.run(after_ms=DAY_MS)
    for number in standing:
        act = nominate(number, asked)
        assert isinstance(act.payload, Nominate)
        world.run(Act(act.account, replace(act.payload, proposal_id=election)))
        assert world.refusals == [None]
    while _stage(world, election) is not Stage.VOTING:
        world.run(after_ms=DAY_MS)
    world.run(*(vote(number, election, bytes([0, 1])) for number in range(1, 8)), after_ms=1)
    while _stage(world, election) is not Stage.CLOSED:
        world.run(after_ms=DAY_MS)


def _stage(world: World, election: bytes) -> Stage:
    proposal = world.view.get_proposal(COOPERATIVE, election)
    assert proposal is not None
    return proposal.stage
