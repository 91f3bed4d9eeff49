"""An audit recounts everything, and names the first lie."""

import json
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from config.errors import RefusedError
from governance.audit.findings import Audited
from governance.audit.sealed import SEALED_FORMAT, parse_sealed
from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.counted_ballots import counted_log
from governance.logs import DECISIONS, entry_key
from governance.proposal_records import Choice, DecisionLeaf, Outcome, Stage
from governance.value.commitments import add_points, commit, encode_scalar
from governance.value.need import NeedBand, SlotCommitment, compute_slot
from governance.value.records import Pool, compute_pool_id
from governance.value.view import LedgerBooks, ValueView, commitments_log
from tests.governance.audit.audit_world import (
    BUDGET_ID,
    MOTION_ID,
    NEED_PLACE,
    SECOND_ID,
    audit,
    change_ballot,
    change_decision,
    copy_of,
    find,
    make_elected_world,
    make_shared_world,
    make_voted_world,
    rewrite_list,
)
from tests.governance.body_world import close_office, office
from tests.governance.election_world import DAY_MS
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, World, proposal_id_of

BANDS = [
    NeedBand.NONE,
    NeedBand.SOME,
    NeedBand.SOME,
    NeedBand.GREAT,
    NeedBand.URGENT,
    NeedBand.NONE,
    NeedBand.NONE,
    NeedBand.SOME,
]
POOL_ID = compute_pool_id(cooperative=COOPERATIVE, period=0, pool=Pool.NEED)
VOTED = cache(make_voted_world)
ELECTED = cache(make_elected_world)
SHARED = cache(lambda: make_shared_world(BANDS))


def voted() -> World:
    return copy_of(VOTED())


def elected() -> tuple[World, bytes]:
    world, election = ELECTED()
    return copy_of(world), proposal_id_of(election)


def shared() -> World:
    return copy_of(SHARED()[0])


def sealed_file(**changes: Any) -> dict[str, Any]:
    """What an auditor is shown; changes are to the fourth member."""
    members = []
    for case in SHARED()[1]:
        slot = compute_slot(account=case.account, salt=case.salt, pool=POOL_ID)
        members.append(
            {
                "period": 0,
                "pool": "need",
                "slot": slot.hex(),
                "weight": int(case.band),
                "blinding": encode_scalar(case.blinding).hex(),
                "amount_minor": 850_000 // 9 * case.band,
            }
        )
    members[3] |= changes
    return {"format": SEALED_FORMAT, "cooperative": COOPERATIVE.hex(), "members": members}


def test_first_and_second_calls_are_recounted() -> None:
    """Two outcomes of eight ballots."""
    assert audit(voted()) == Audited(outcomes_count=2, ballots_count=5 + 3)


def test_an_election_and_a_budget_are_recounted() -> None:
    """By the single transferable vote and the quadratic one, and who sits."""
    assert audit(elected()[0]) == Audited(outcomes_count=2, ballots_count=8 + 4)


def test_a_vacancy_that_ballots_filled_is_no_difference() -> None:
    """Who follows by countback stood and was not elected."""
    world, _ = elected()
    world.run(close_office(1))
    for _ in range(5):
        world.run(after_ms=DAY_MS)

    assert audit(world).difference is None


def test_a_distribution_is_made_once_more() -> None:
    """From the journal, the split and the commitments."""
    found = audit(shared())

    assert found == Audited(outcomes_count=1, ballots_count=8, distributions_count=1)


def test_with_what_the_auditor_was_shown_every_amount_is_checked() -> None:
    """The commitments open to weights, and amounts follow from these."""
    sealed = parse_sealed(json.dumps(sealed_file()).encode())

    found = audit(shared(), sealed=sealed)

    assert found.difference is None
    assert found.amounts_count == len(BANDS)


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


@pytest.mark.parametrize(
    "field",
    [
        "result_minor",
        "legal_reserve_minor",
        "distributable_minor",
        "dividend_minor",
        "carried_minor",
        "members_count",
        "unit_minor",
    ],
)
def test_another_figure_of_a_period_is_found(field: str) -> None:
    """All follow from the journal, the split and the roll."""
    world = shared()
    view = ValueView(world.kv)
    period = view.get_period(COOPERATIVE, 0)
    assert period is not None

    view.put_period(COOPERATIVE, replace(period, **{field: getattr(period, field) + 1}))

    found = find(world)
    assert (found.place.what, found.place.id, found.field) == ("period", "0", field)


@pytest.mark.parametrize("field", ["unit_minor", "paid_minor", "carry_minor", "weight_total"])
def test_another_unit_of_a_pool_is_found(field: str) -> None:
    """Floor and carry; and the sum opens to one total alone."""
    world = shared()
    view = ValueView(world.kv)
    allocation = view.get_allocation(COOPERATIVE, POOL_ID)
    assert allocation is not None

    changed = replace(allocation, **{field: getattr(allocation, field) + 1})
    view.put_allocation(COOPERATIVE, POOL_ID, changed)

    found = find(world)
    expected = "sum_opens_to_weight_total" if field == "weight_total" else field
    assert (found.place.id, found.field) == (NEED_PLACE, expected)


def test_a_replaced_commitment_is_found() -> None:
    """By the list's root, by the sum, and by what the sum opens to."""
    world = shared()
    view = ValueView(world.kv)
    log = commitments_log(COOPERATIVE, POOL_ID)
    leaves = [world.kv.get(entry_key(log, place)) or b"" for place in range(len(BANDS))]
    point = commit(4, blinding=99)
    leaves[2] = replace(SlotCommitment.decode(leaves[2]), commitment=point).encode()
    world.kv.put(entry_key(log, 2), leaves[2])
    assert find(world).field == "commitments_root"

    rewrite_list(world, log, leaves)
    assert find(world).field == "commitments_sum"

    total = b"\x01" + bytes(31)
    for leaf in leaves:
        total = add_points(total, SlotCommitment.decode(leaf).commitment)
    allocation = view.get_allocation(COOPERATIVE, POOL_ID)
    assert allocation is not None
    view.put_allocation(COOPERATIVE, POOL_ID, replace(allocation, commitments_sum=total))

    assert find(world).field == "sum_opens_to_weight_total"


def test_a_changed_balance_or_entry_is_found() -> None:
    """State's balances are what the journal adds up to, and entries add up to nothing."""
    world = shared()
    books = LedgerBooks(ValueView(world.kv), COOPERATIVE)
    account = books.get_book_account(3_100)
    assert account is not None
    books.put_book_account(replace(account, credits_minor=account.credits_minor + 1))

    assert find(world).field == "account 3100"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight": 4}, "opens"),
        ({"blinding": "01" + "00" * 31}, "opens"),
        ({"amount_minor": 1}, "amount is right"),
        ({"slot": "00" * 32}, "True"),
    ],
)
def test_a_wrong_amount_is_found(changes: dict[str, Any], field: str) -> None:
    """What a member was paid is unit times band, and the band is the committed one."""
    sealed = parse_sealed(json.dumps(sealed_file(**changes)).encode())

    found = find(shared(), sealed=sealed)

    assert found.place.id == NEED_PLACE
    assert field in f"{found.field} {found.expected}"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pool": "equal"}, "pool"),
        ({"slot": "00"}, "slot"),
        ({"blinding": "ff" * 32}, "blinding"),
        ({"weight": -1}, "weight"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"name": "somebody"}, "docs/governance.md"),
    ],
)
def test_a_malformed_sealed_file_is_refused(changes: dict[str, Any], reason: str) -> None:
    """It names the member's place and the field, and nothing that stands there."""
    with pytest.raises(RefusedError, match=reason):
        parse_sealed(json.dumps(sealed_file(**changes)).encode())


def test_a_sealed_file_must_be_whole_and_of_this_chain() -> None:
    """A member twice, another format, another chain's cooperative."""
    file = sealed_file()
    twice = {**file, "members": [file["members"][0]] * 2}
    for wrong, reason in ((twice, "twice"), ({**file, "format": "x"}, "format")):
        with pytest.raises(RefusedError, match=reason):
            parse_sealed(json.dumps(wrong).encode())
    strange = parse_sealed(json.dumps({**file, "cooperative": "00" * 32}).encode())
    with pytest.raises(RefusedError, match="does not have"):
        audit(shared(), sealed=strange)
    other = parse_sealed(json.dumps({**file, "cooperative": OTHER_COOPERATIVE.hex()}).encode())
    assert audit(shared(), sealed=other).amounts_count == 0


def _read_choice(world: World, place: int) -> object:
    from governance.counted_ballots import CountedEntry

    leaf = world.kv.get(entry_key(counted_log(COOPERATIVE, MOTION_ID, call=1), place))
    assert leaf is not None
    return CountedEntry.decode(leaf).choice
