"""An audit recounts everything, and names the first lie."""

from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from governance.audit.findings import Audited
from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.counted_ballots import counted_log
from governance.election_records import CountbackEntry
from governance.logs import DECISIONS, Log, LogName, entry_key
from governance.proposal_records import Choice, DecisionLeaf, Outcome, Stage
from tests.governance.audit.audit_world import (
    BUDGET_ID,
    MOTION_ID,
    SECOND_ID,
    audit,
    change_ballot,
    change_decision,
    copy_of,
    find,
    make_elected_world,
    make_voted_world,
    rewrite_list,
)
from tests.governance.body_world import close_office, office
from tests.governance.election_world import DAY_MS
from tests.governance.world import COOPERATIVE, World, proposal_id_of

VOTED = cache(make_voted_world)
ELECTED = cache(make_elected_world)


def voted() -> World:
    return copy_of(VOTED())


def elected() -> tuple[World, bytes]:
    world, election = ELECTED()
    return copy_of(world), proposal_id_of(election)


def test_first_and_second_calls_are_recounted() -> None:
    """Two outcomes of eight ballots."""
    assert audit(voted()) == Audited(outcomes_count=2, ballots_count=5 + 3)


def test_an_election_and_a_budget_are_recounted() -> None:
    """By the single transferable vote and the quadratic one, and who sits."""
    assert audit(elected()[0]) == Audited(outcomes_count=2, ballots_count=8 + 4)


def vacated() -> World:
    """The first of the committee goes, and a countback fills the seat."""
    world, _ = elected()
    world.run(close_office(1))
    for _ in range(5):
        world.run(after_ms=DAY_MS)
    return world


def test_a_vacancy_that_ballots_filled_is_held_again() -> None:
    """From the archived ballots; who follows is who should."""
    found = audit(vacated())

    assert (found.difference, found.countbacks_count) == (None, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"follower": office(2)}, "follower"),
        ({"contesting": b""}, "follower"),
        ({"contesting": bytes([63])}, "contesting_unfit"),
        ({"election": bytes(32)}, "election_is_held"),
        ({"place": 63}, "place_was_won"),
        ({"contesting": b"", "follower": b""}, "contesting"),
    ],
)
def test_a_changed_countback_is_found(changes: dict[str, Any], field: str) -> None:
    """Who followed whom, with whom it was held, and of which election."""
    world = vacated()
    log = Log(LogName.COUNTBACKS, namespace=COOPERATIVE)
    leaf = world.kv.get(entry_key(log, 0))
    assert leaf is not None

    rewrite_list(world, log, [replace(CountbackEntry.decode(leaf), **changes).encode()])

    found = find(world)
    assert (found.place.what, found.field) == ("countback", field)


def test_somebody_who_followed_by_no_countback_is_found() -> None:
    """The list of countbacks says who came to a seat that was vacated."""
    world = vacated()
    log = Log(LogName.COUNTBACKS, namespace=COOPERATIVE)
    world.kv.delete(entry_key(log, 0))
    rewrite_list(world, log, [])

    assert find(world).field == "seat.office"


def test_a_changed_ballot_is_found() -> None:
    """The list's root says that it is another ballot."""
    world = voted()

    change_ballot(world, MOTION_ID, 0, choice=Choice.NO)

    found = find(world)
    assert (found.place.what, found.place.id) == ("proposal", MOTION_ID.hex())
    assert found.field == "ballots_root"


def test_a_changed_ballot_is_found_whatever_else_was_changed_with_it() -> None:
    """Roots and counts made anew, the ballot in state and the decision log still tell."""
    world = voted()
    place = next(place for place in range(5) if _read_choice(world, place) != Choice.NO)
    leaves = change_ballot(world, MOTION_ID, place, choice=Choice.NO)
    root = rewrite_list(world, counted_log(COOPERATIVE, MOTION_ID, call=1), leaves)
    change_decision(world, MOTION_ID, ballots_root=root, yes_count=2, no_count=2)

    assert find(world).field == "ballots_changed"


def test_a_ballot_of_nobody_is_found() -> None:
    """Each ballot is that of one member of the electorate."""
    world = voted()
    leaves = change_ballot(world, MOTION_ID, 4, ballot_id=b"\xff" * 32)
    root = rewrite_list(world, counted_log(COOPERATIVE, MOTION_ID, call=1), leaves)
    change_decision(world, MOTION_ID, ballots_root=root)

    found = find(world)

    assert (found.field, found.expected, found.found) == ("ballots_of_others", "0", "1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("yes_count", 4),
        ("no_count", 0),
        ("abstain_count", 2),
        ("electorate_count", 9),
        ("quorum_bps", 1),
        ("yes_of_roll_bps", 1),
        ("call", 2),
        ("outcome", Outcome.REJECTED),
        ("ballots_root", bytes(32)),
    ],
)
def test_a_changed_decision_is_found(field: str, value: Any) -> None:
    """Every count and what follows from them."""
    world = voted()

    change_decision(world, MOTION_ID, **{field: value})

    found = find(world)
    assert (found.place.id, found.field) == (MOTION_ID.hex(), f"decision.{field}")


def test_a_changed_entry_of_the_decision_log_is_found() -> None:
    """Also where its root was made anew."""
    world = voted()
    leaves = [world.kv.get(entry_key(DECISIONS, place)) or b"" for place in range(2)]
    leaves[1] = replace(DecisionLeaf.decode(leaves[1]), outcome=Outcome.ACCEPTED).encode()
    world.kv.put(entry_key(DECISIONS, 1), leaves[1])
    assert find(world).field == "decisions_root"

    rewrite_list(world, DECISIONS, leaves)

    found = find(world)
    assert (found.place.id, found.field) == (SECOND_ID.hex(), "decision_leaf.outcome")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quorum_bps": 1}, "quorum_bps"),
        ({"yes_of_roll_bps": 1}, "yes_of_roll_bps"),
        ({"electorate_count": 11}, "electorate_count"),
        ({"roll_root": bytes(32)}, "roll_root"),
        ({"stage": Stage.VOID}, "is_decided"),
    ],
)
def test_other_terms_of_a_vote_are_found(changes: dict[str, Any], field: str) -> None:
    """Quorum and share are the bylaws', the electorate the roll's."""
    world = voted()
    proposal = world.view.get_proposal(COOPERATIVE, MOTION_ID)
    assert proposal is not None

    world.view.put_proposal(replace(proposal, **changes))

    assert find(world).field == field


def test_a_decision_that_nobody_took_is_found() -> None:
    """As many decisions as votes that closed."""
    world = voted()
    decision = world.view.get_decision(COOPERATIVE, MOTION_ID)
    assert decision is not None

    world.view.put_decision(COOPERATIVE, bytes(32), decision)

    assert find(world).place.id == "decisions"


@pytest.mark.parametrize("place", [0, 6])
def test_another_winner_is_found(place: int) -> None:
    """The ballots elect whom they elect."""
    world, election_id = elected()
    view = BodyView(world.kv)
    result = view.get_count_result(COOPERATIVE, election_id)
    assert result is not None
    loser = next(one for one in range(8) if one not in result.winners)
    winners = bytearray(result.winners)
    winners[place] = loser

    view.put_count_result(COOPERATIVE, election_id, replace(result, winners=bytes(winners)))

    found = find(world)
    assert (found.place.id, found.field) == (election_id.hex(), "count_result.winners")


def test_somebody_in_anothers_seat_is_found() -> None:
    """And somebody who was elected and does not sit."""
    world, _ = elected()
    view = BodyView(world.kv)
    body = view.get_body(COOPERATIVE, BodyKind.COMMITTEE)
    seats = (replace(body.seats[0], office=office(9)), *body.seats[1:])
    view.put_body(COOPERATIVE, replace(body, seats=seats))
    first = find(world)

    view.put_body(COOPERATIVE, replace(body, seats=body.seats[1:]))

    for found in (first, find(world)):
        assert (found.place.what, found.place.id) == ("body", "committee")
        assert (found.field, found.expected) == ("seat.office", body.seats[0].office.hex())


@pytest.mark.parametrize("changes", [{"since_ms": 1}, {"term_ends_ms": 1 << 50}, {"place": 63}])
def test_another_term_of_office_is_found(changes: dict[str, int]) -> None:
    """A seat's time and place follow from its election."""
    world, _ = elected()
    view = BodyView(world.kv)
    body = view.get_body(COOPERATIVE, BodyKind.COMMITTEE)

    seats = (replace(body.seats[0], **changes), *body.seats[1:])
    view.put_body(COOPERATIVE, replace(body, seats=seats))

    assert find(world).place.what == "body"


def test_a_salt_that_nobody_committed_to_is_found() -> None:
    """Lots are drawn from what was committed to before the vote."""
    world, election_id = elected()
    view = BodyView(world.kv)
    candidate = view.get_candidate(COOPERATIVE, election_id, office(1))
    assert candidate is not None

    view.put_candidate(COOPERATIVE, election_id, office(1), replace(candidate, salt=bytes(32)))

    assert find(world).field == "salt_is_committed"


def test_other_shares_of_a_budget_are_found() -> None:
    """Amounts follow from votes and pool."""
    world, _ = elected()
    view = BodyView(world.kv)
    result = view.get_count_result(COOPERATIVE, BUDGET_ID)
    assert result is not None

    view.put_count_result(COOPERATIVE, BUDGET_ID, replace(result, amounts=(385, 281, 333)))

    assert find(world).field == "count_result.amounts"


def _read_choice(world: World, place: int) -> object:
    from governance.counted_ballots import CountedEntry

    leaf = world.kv.get(entry_key(counted_log(COOPERATIVE, MOTION_ID, call=1), place))
    assert leaf is not None
    return CountedEntry.decode(leaf).choice
