"""Vacant seats, and how many sit when an election and a countback want to fill the same one."""

from config.limits import BODY_SEATS_MAX
from governance.body_acts import Recommend, Stance
from governance.body_records import BodyKind
from governance.proposal_records import Stage
from governance.refusals import RefusalCode
from tests.governance.body_world import (
    REASONS,
    ask_body,
    close_office,
    fill,
    make_world_with_officers,
    motion_of,
    office,
    support,
    view_of,
)
from tests.governance.election_world import (
    DAY_MS,
    YEAR_MS,
    elect,
    go_on_until,
    mark,
    nominate,
    sitting,
)
from tests.governance.test_recalls import make_committee
from tests.governance.world import COOPERATIVE, proposal_id_of, propose, vote

SEATS_COUNT = 7


def test_a_seat_that_voters_are_choosing_for_is_not_filled_beside_them() -> None:
    """Else a body would outgrow its bylaws, and at last the record that holds it.

    An officer leaves in the block before the ballot paper is fixed: the paper counts the seat
    as free, and the countback ends only afterwards.
    """
    world = make_committee()
    seats = view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats
    longest_ms = max(seat.term_ends_ms for seat in seats)
    long = [seat.office for seat in seats if seat.term_ends_ms == longest_ms]
    assert office(1) in long
    world.run(after_ms=YEAR_MS - 100 * DAY_MS)
    second = elect(BodyKind.COMMITTEE, number=2)
    world.run(second)
    assert world.refusals == [None]
    go_on_until(world, second, Stage.NOMINATION)
    standing = [*(number for number in range(1, 8) if office(number) not in long), 8]
    world.run(*(nominate(number, second) for number in standing))
    ends_ms = world.get_proposal(second).nomination_ends_ms
    world.run(close_office(1), after_ms=ends_ms - world.time_ms)
    world.run(after_ms=1)
    paper = view_of(world).require_ballot_paper(COOPERATIVE, proposal_id_of(second))
    assert paper.seats_count == 4

    for number in range(1, 7):
        marks = mark(second, world, standing)
        world.run(vote(number, proposal_id_of(second), marks), after_ms=1)
    go_on_until(world, second, Stage.CLOSED)

    body = view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE)
    assert len(body.seats) <= SEATS_COUNT


def test_an_election_for_which_no_seat_is_left_is_void() -> None:
    """A paper for at least one seat would add one to a body that is full."""
    world = make_world_with_officers(20, 9)
    election = elect(BodyKind.MEDIATORS)
    world.run(election)
    go_on_until(world, election, Stage.NOMINATION)
    world.run(nominate(1, election))
    fill(world, BodyKind.MEDIATORS, range(2, 9))

    go_on_until(world, election, Stage.VOID)

    assert len(sitting(world, BodyKind.MEDIATORS)) == 7


def test_who_supported_a_motion_and_sits_no_more_is_forgotten() -> None:
    """However often seats change hands, what a motion keeps of supporters stays readable."""
    world = make_world_with_officers(60, 40)
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    motion = propose(1)
    world.run(motion)
    go_on_until(world, motion, Stage.RECOMMENDATION)
    act = Recommend(proposal=proposal_id_of(motion), stance=Stance.FOR, text_hash=REASONS)
    asked = ask_body(1, BodyKind.COMMITTEE, act)
    assert world.refuse(asked, after_ms=1) is None

    for number in range(8, 40):
        fill(world, BodyKind.COMMITTEE, [number, *range(2, 8)])
        assert world.refuse(support(number, asked), after_ms=1) is None

    kept = view_of(world).get_body_motion(COOPERATIVE, motion_of(asked))
    assert kept is not None
    assert kept.supporters == (office(39),)
    assert BODY_SEATS_MAX < 32
    assert world.refuse(support(39, asked), after_ms=1) is RefusalCode.MOTION_APPROVED


def test_a_countback_after_the_election_still_fills_the_seat() -> None:
    """A seat that falls vacant while nothing is being elected is the voters' who had it."""
    world = make_committee()
    world.run(close_office(1))
    for _ in range(6):
        world.run()

    assert len(sitting(world, BodyKind.COMMITTEE)) == SEATS_COUNT
