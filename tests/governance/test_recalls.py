"""Recalls by petition, and who follows in a vacant seat."""

import pytest

from governance import deadlines
from governance.body_events import (
    CountbackEnded,
    CountbackOpened,
    OfficerRecalled,
    PetitionSucceeded,
)
from governance.body_records import BodyKind
from governance.body_transactions import (
    compute_recall_id,
)
from governance.logs import Log, LogName, get_entry, get_frontier
from governance.proposal_records import Choice, Stage
from governance.refusals import RefusalCode
from governance.state_keys import Collection
from tests.governance.body_world import (
    close_office,
    fill,
    make_world_with_officers,
    office,
    view_of,
)
from tests.governance.election_world import (
    DAY_MS,
    elect,
    hold_election,
    make_petition_world,
    petition_of,
    sign,
    sitting,
    start_petition,
)
from tests.governance.world import (
    COOPERATIVE,
    Act,
    World,
    vote,
)


def test_g5_members_recall_an_officer_by_petition() -> None:
    """G5: a tenth of the members bring it to a vote; a majority decides."""
    world = make_petition_world()
    started = start_petition(1, 4)
    world.run(started, sign(2, started), after_ms=DAY_MS)
    assert world.refuse(sign(2, started)) is RefusalCode.PETITION_SIGNED

    events = world.run(sign(3, started))

    recall_id = compute_recall_id(petition_of(started))
    assert any(isinstance(event, PetitionSucceeded) for event in events)
    assert world.refuse(sign(4, started)) is RefusalCode.PETITION_CLOSED
    for _ in range(100):
        proposal = world.view.get_proposal(COOPERATIVE, recall_id)
        assert proposal is not None
        if proposal.stage is Stage.VOTING:
            break
        world.run(after_ms=DAY_MS)
    world.run(*(vote(number, recall_id, Choice.YES) for number in range(1, 11)))
    while world.view.get_decision(COOPERATIVE, recall_id) is None:
        world.run(after_ms=DAY_MS)
    assert (
        OfficerRecalled(cooperative=COOPERATIVE, body=BodyKind.COMMITTEE, office=office(4))
        in world.events
    )
    assert sitting(world, BodyKind.COMMITTEE) == [1, 2, 3, 5, 6, 7]


def test_petitions_are_a_list_of_the_ledger() -> None:
    """Members find what they may sign."""
    world = make_petition_world()
    first, second = start_petition(1, 4), start_petition(2, 5)
    world.run(first)
    world.run(second)

    log = Log(LogName.PETITIONS, namespace=COOPERATIVE)
    size = get_frontier(world.view, log).size
    listed = [get_entry(world.view, log, index) for index in range(size)]
    assert listed == [petition_of(first), petition_of(second)]


def test_a_petition_without_enough_signatures_lapses() -> None:
    """It does not hang over anybody for ever."""
    world = make_petition_world()
    started = start_petition(1, 4)
    world.run(started, after_ms=DAY_MS)

    assert world.refuse(sign(2, started), after_ms=61 * DAY_MS) is RefusalCode.PETITION_CLOSED


def test_a_petition_needs_a_seat_and_a_member() -> None:
    """Only members recall, and only who holds a seat, after the time of grace."""
    world = make_petition_world()
    started = start_petition(1, 4)

    assert world.refuse(start_petition(1, 8)) is RefusalCode.SEAT_UNKNOWN
    assert world.refuse(sign(1, started)) is RefusalCode.PETITION_UNKNOWN
    outsider = Act(office(1), started.payload)
    assert world.refuse(outsider) is RefusalCode.NOT_A_MEMBER
    assert world.refuse(started) is None
    assert world.refuse(started) is RefusalCode.PETITION_EXISTS
    ballots = [[8], [8], [8, 9], [9], [9], [8], [9], [8], [8], [8]]
    fill(world, BodyKind.COMMITTEE, range(1, 6))
    hold_election(world, BodyKind.COMMITTEE, [8, 9], ballots)
    assert world.refuse(start_petition(1, 8)) is RefusalCode.RECALL_TOO_EARLY


def make_committee() -> World:
    """A committee of seven of nine candidates; the voters of the first prefer the ninth next."""
    world = make_world_with_officers(20, 9)
    ballots = [
        [1, 9],
        [1, 9],
        [1, 9],
        [2],
        [2, 8],
        [3],
        [3],
        [4],
        [4],
        [5],
        [5],
        [6],
        [6],
        [7],
        [7],
    ]
    hold_election(world, BodyKind.COMMITTEE, range(1, 10), ballots)
    assert sitting(world, BodyKind.COMMITTEE) == [1, 2, 3, 4, 5, 6, 7]
    return world


@pytest.mark.parametrize("ballots_max", [10_000, 2, 1])
def test_the_voters_of_a_vacant_seat_fill_it(
    monkeypatch: pytest.MonkeyPatch, ballots_max: int
) -> None:
    """Countback: no new election, and no majority takes a minority's seat."""
    world = make_committee()
    monkeypatch.setattr(deadlines, "BALLOTS_COUNTED_PER_BLOCK_MAX", ballots_max)
    seat = next(
        seat
        for seat in view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats
        if seat.office == office(1)
    )

    events = world.run(close_office(1))

    assert any(isinstance(event, CountbackOpened) for event in events)
    while not any(isinstance(event, CountbackEnded) for event in world.events):
        world.run()
    assert sitting(world, BodyKind.COMMITTEE) == [2, 3, 4, 5, 6, 7, 9]
    followed = next(
        seat
        for seat in view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats
        if seat.office == office(9)
    )
    assert (followed.term_ends_ms, followed.place) == (seat.term_ends_ms, seat.place)
    left = {key[32] for key, _ in world.dump() if key.startswith(COOPERATIVE)}
    assert Collection.COUNTBACK not in left


def test_a_seat_that_nobody_wants_stays_vacant() -> None:
    """Then an election fills it."""
    world = make_committee()
    world.run(close_office(9), close_office(8))

    events = world.run(close_office(1))

    assert not any(isinstance(event, CountbackOpened) for event in events)
    assert sitting(world, BodyKind.COMMITTEE) == [2, 3, 4, 5, 6, 7]
    assert world.refuse(elect(BodyKind.COMMITTEE, number=2)) is None
