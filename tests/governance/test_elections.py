"""Elections, recalls and budgets: who stands, who counts, who sits, who is recalled."""

from typing import Any

import pytest

from governance import deadlines
from governance.body_events import (
    BallotPaperFixed,
    NominationOpened,
    OfficersSeated,
    OptionsCounted,
    RevealOpened,
)
from governance.body_records import BodyKind
from governance.election_records import Method
from governance.events import ProposalVoided
from governance.member_acts import FundItems
from governance.proposal_records import Choice, Outcome, ProposalKind, Stage
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
    YEAR_MS,
    elect,
    go_on_until,
    hold_election,
    mark,
    nominate,
    reveal,
    sitting,
    withdraw_nomination,
)
from tests.governance.world import (
    COOPERATIVE,
    TIME_SCALE,
    Act,
    proposal_id_of,
    propose,
    vote,
)


def test_g5_members_elect_a_committee_in_proportion_for_staggered_terms() -> None:
    """G5: seven seats by the single transferable vote, the first four for two years."""
    world = make_world_with_officers()
    ballots = [[1, 2, 3, 4], [2, 1, 5], [3, 6, 7], [4, 7, 8], [5, 6], [6, 5], [7, 8]]

    election = hold_election(world, BodyKind.COMMITTEE, range(1, 9), ballots)

    assert sitting(world, BodyKind.COMMITTEE) == [1, 2, 3, 4, 5, 6, 7]
    body = view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE)
    terms_ms = sorted(seat.term_ends_ms - seat.since_ms for seat in body.seats)
    whole_ms = 2 * 365 * 86_400_000 // TIME_SCALE
    assert terms_ms == [whole_ms // 2] * 3 + [whole_ms] * 4
    result = view_of(world).get_count_result(COOPERATIVE, proposal_id_of(election))
    assert result is not None
    assert (result.method, result.quota) == (Method.SCOTTISH_STV, 1)
    cooperative = world.view.get_cooperative(COOPERATIVE)
    assert cooperative is not None
    assert cooperative.founding_ends_ms == 0, "founding ends with the first election"


def test_an_election_tells_each_step() -> None:
    """Nomination, ballot paper, reveal, count, seats."""
    world = make_world_with_officers()
    told: list[str] = []
    election = elect(BodyKind.MEDIATORS)

    def run(*acts: Act, after_ms: int = DAY_MS) -> Stage:
        told.extend(type(event).__name__ for event in world.run(*acts, after_ms=after_ms))
        return world.get_proposal(election).stage

    run(election)
    stage = run(after_ms=1)
    run(nominate(1, election), nominate(2, election))
    while stage is not Stage.VOTING:
        stage = run()
    marks = mark(election, world, [1])
    run(*(vote(number, proposal_id_of(election), marks) for number in (1, 2, 3)))
    while stage is not Stage.CLOSED:
        stage = run()

    wanted = [
        event.__name__
        for event in (
            NominationOpened,
            BallotPaperFixed,
            RevealOpened,
            OptionsCounted,
            OfficersSeated,
        )
    ]
    assert [name for name in told if name in wanted] == wanted
    assert sitting(world, BodyKind.MEDIATORS) == [1, 2]


def test_with_fewer_than_seven_candidates_the_assembly_acts_itself() -> None:
    """A first committee of six is none: the election ends without an outcome."""
    world = make_world_with_officers()
    election = elect(BodyKind.COMMITTEE)
    world.run(election)
    go_on_until(world, election, Stage.NOMINATION)
    world.run(*(nominate(number, election) for number in range(1, 7)))

    go_on_until(world, election, Stage.VOID)

    (voided,) = world.events
    assert isinstance(voided, ProposalVoided)
    assert voided.refusal is RefusalCode.CANDIDATES_TOO_FEW
    assert sitting(world, BodyKind.COMMITTEE) == []
    assert world.refuse(elect(BodyKind.COMMITTEE, nonce=2)) is None


def test_one_ombudsperson_wins_against_each_other() -> None:
    """Schulze's method: who would beat everybody else."""
    world = make_world_with_officers()
    ballots = [[1, 2, 3], [1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 2, 1]]

    hold_election(world, BodyKind.OMBUDSPERSON, [1, 2, 3], ballots)

    assert sitting(world, BodyKind.OMBUDSPERSON) == [2]


def test_g6_a_working_group_is_elected_by_approval() -> None:
    """G6: whom most members find acceptable."""
    world = make_world_with_officers()
    ballots = [[1, 2], [2, 3], [2, 3, 4], [4], []]

    election = hold_election(world, BodyKind.PRIVACY, [1, 2, 3, 4], ballots)

    decision = world.view.get_decision(COOPERATIVE, proposal_id_of(election))
    assert decision is not None
    assert (decision.yes_count, decision.abstain_count) == (4, 1)
    assert sitting(world, BodyKind.PRIVACY) == [2, 3, 4]


def test_a_tie_is_settled_by_salts_and_who_keeps_theirs_loses() -> None:
    """The lot is nobody's to choose; not revealing loses it."""
    winners = []
    for silent in (1, 2):
        world = make_world_with_officers()
        election = elect(BodyKind.OMBUDSPERSON)
        world.run(election)
        go_on_until(world, election, Stage.NOMINATION)
        world.run(nominate(1, election), nominate(2, election))
        go_on_until(world, election, Stage.VOTING)
        for number, named in ((1, [1, 2]), (2, [2, 1]), (3, [1, 2]), (4, [2, 1])):
            world.run(vote(number, proposal_id_of(election), mark(election, world, named)))
        go_on_until(world, election, Stage.REVEAL)
        assert world.refuse(reveal(3 - silent, election, salt=bytes(32))) is RefusalCode.SALT_WRONG
        assert world.refuse(reveal(3 - silent, election)) is None
        go_on_until(world, election, Stage.CLOSED)
        winners += sitting(world, BodyKind.OMBUDSPERSON)

    assert winners == [2, 1]


def test_a_long_count_goes_on_in_the_next_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut, the count finds the same, and leaves no papers behind."""
    results = []
    ballots = [[1, 2, 3, 4], [2, 1, 5], [3, 6, 7], [4, 7, 8], [5, 6], [6, 5], [7, 8], [8, 1, 2]]
    for ballots_max in (10_000, 3, 1):
        monkeypatch.setattr(deadlines, "BALLOTS_COUNTED_PER_BLOCK_MAX", ballots_max)
        world = make_world_with_officers()
        election = hold_election(world, BodyKind.COMMITTEE, range(1, 9), ballots)
        results.append(view_of(world).get_count_result(COOPERATIVE, proposal_id_of(election)))
        for _ in range(4):
            world.run()
        keys = [key for key, _ in world.dump() if key.startswith(COOPERATIVE)]
        assert not any(key[32] == Collection.COUNT_PROGRESS for key in keys)
        chunks = [key for key in keys if key[32] == Collection.COUNT and key[65] == 3]
        assert chunks == [], "papers are cleared away, stages stay"

    assert results[0] is not None
    assert results[1:] == results[:1] * 2


def test_an_election_fills_what_is_free_or_ends_soon() -> None:
    """Half of the committee at a time: who has a year to go stays."""
    world = make_world_with_officers()
    ballots = [[number] for number in range(1, 8)]
    hold_election(world, BodyKind.COMMITTEE, range(1, 8), ballots)
    assert world.refuse(elect(BodyKind.COMMITTEE, number=2)) is RefusalCode.NOTHING_TO_ELECT
    first = sitting(world, BodyKind.COMMITTEE)

    world.run(after_ms=YEAR_MS - 119 * DAY_MS)

    seats = view_of(world).get_body(COOPERATIVE, BodyKind.COMMITTEE).seats
    longest_ms = max(seat.term_ends_ms for seat in seats)
    long = [seat.office for seat in seats if seat.term_ends_ms == longest_ms]
    stayed = [number for number in first if office(number) in long]
    assert len(stayed) == 4
    second = elect(BodyKind.COMMITTEE, number=2)
    assert world.refuse(second) is None
    assert world.refuse(elect(BodyKind.COMMITTEE, number=3)) is RefusalCode.ELECTION_OPEN
    go_on_until(world, second, Stage.NOMINATION)
    world.run(nominate(8, second), nominate(9, second))
    go_on_until(world, second, Stage.VOTING)
    for number in (1, 2, 3):
        marks = mark(second, world, [8, 9])
        world.run(vote(number, proposal_id_of(second), marks), after_ms=1)
    go_on_until(world, second, Stage.CLOSED)
    assert sitting(world, BodyKind.COMMITTEE) == [*stayed, 8, 9]


def test_nobody_watches_themselves() -> None:
    """Who sits in the committee cannot stand for the bodies that watch it, and conversely."""
    world = make_world_with_officers()
    fill(world, BodyKind.COMMITTEE, [1])
    fill(world, BodyKind.MEDIATORS, [2])
    audit, committee = elect(BodyKind.AUDITORS), elect(BodyKind.COMMITTEE, number=2)
    world.run(audit, committee)
    go_on_until(world, audit, Stage.NOMINATION)

    assert world.refuse(nominate(1, audit)) is RefusalCode.OFFICE_UNFIT
    assert world.refuse(nominate(2, committee)) is RefusalCode.OFFICE_UNFIT
    assert world.refuse(nominate(3, audit)) is None


def test_a_candidate_can_withdraw_and_others_cannot_come_late() -> None:
    """Who stands is settled before anybody votes."""
    world = make_world_with_officers()
    election = elect(BodyKind.MEDIATORS)
    assert world.refuse(nominate(1, election)) is RefusalCode.PROPOSAL_UNKNOWN
    world.run(election)
    go_on_until(world, election, Stage.NOMINATION)
    assert world.refuse(withdraw_nomination(1, election)) is RefusalCode.NOT_A_CANDIDATE
    world.run(nominate(1, election), nominate(2, election), nominate(3, election))
    assert world.refuse(withdraw_nomination(1, election)) is None
    world.run(close_office(3))

    go_on_until(world, election, Stage.VOTING)

    paper = view_of(world).require_ballot_paper(COOPERATIVE, proposal_id_of(election))
    assert paper.options == (office(2),)
    assert world.refuse(nominate(4, election)) is RefusalCode.STAGE_WRONG
    assert world.refuse(reveal(2, election)) is RefusalCode.STAGE_WRONG
    assert world.refuse(reveal(4, election)) is RefusalCode.NOT_A_CANDIDATE


@pytest.mark.parametrize("choice", [Choice.YES, Choice.NO, b"\x02", b"\x00\x00"])
def test_a_ballot_must_answer_the_question(choice: Any) -> None:
    """Counting never meets marks that name nobody, or somebody twice."""
    world = make_world_with_officers()
    election = elect(BodyKind.MEDIATORS)
    motion = propose(2)
    world.run(election, motion)
    go_on_until(world, election, Stage.NOMINATION)
    world.run(nominate(1, election), nominate(2, election))
    go_on_until(world, election, Stage.VOTING)

    refusal = world.refuse(vote(1, proposal_id_of(election), choice))

    assert refusal is RefusalCode.BALLOT_UNFIT


def test_a_question_of_yes_or_no_takes_no_marks() -> None:
    """Marks would count as neither."""
    world = make_world_with_officers()
    world.open_voting(propose(1))

    assert world.refuse(vote(1, proposal_id_of(propose(1)), b"\x00")) is RefusalCode.BALLOT_UNFIT


ITEMS = tuple(bytes([number]) * 32 for number in (1, 2, 3))


def test_v3_members_share_a_budget_by_quadratic_voting() -> None:
    """V3: equal credits, cost is the sum of squared votes; shares are cut off and carried."""
    world = make_world_with_officers()
    act = FundItems(items=ITEMS, pool_minor=1_000, cap_minor=0)
    budget = propose(1, kind=ProposalKind.BUDGET, act=act)
    world.run(budget)
    go_on_until(world, budget, Stage.VOTING)
    budget_id = proposal_id_of(budget)
    over = vote(1, budget_id, bytes([10, 1, 0]))
    assert world.refuse(over) is RefusalCode.BALLOT_UNFIT
    world.run(
        vote(1, budget_id, bytes([10, 0, 0])),
        vote(2, budget_id, bytes([0, 6, 8])),
        vote(3, budget_id, bytes([5, 5, 5])),
        vote(4, budget_id, Choice.ABSTAIN),
    )

    go_on_until(world, budget, Stage.CLOSED)

    result = view_of(world).get_count_result(COOPERATIVE, budget_id)
    assert result is not None
    assert result.scores == (15, 11, 13)
    assert result.amounts == (384, 282, 333)
    assert sum(result.amounts) + result.carried_minor == 1_000
    assert result.winners == bytes([0, 2, 1])


def test_items_stand_once_in_a_settled_order() -> None:
    """Nobody puts their item twice on a ballot paper."""
    world = make_world_with_officers()
    act = FundItems(items=(ITEMS[0], ITEMS[2], ITEMS[1]), pool_minor=0, cap_minor=0)

    budget = propose(1, kind=ProposalKind.BUDGET, act=act)

    assert world.refuse(budget) is RefusalCode.ITEMS_UNFIT


def test_g2_an_election_without_quorum_seats_nobody() -> None:
    """G2: too few have voted; the body can be elected again."""
    world = make_world_with_officers()
    election = elect(BodyKind.MEDIATORS)
    world.run(election)
    go_on_until(world, election, Stage.NOMINATION)
    world.run(nominate(1, election))

    go_on_until(world, election, Stage.CLOSED)

    decision = world.view.get_decision(COOPERATIVE, proposal_id_of(election))
    assert decision is not None
    assert decision.outcome is Outcome.NO_QUORUM
    assert sitting(world, BodyKind.MEDIATORS) == []
    assert world.refuse(elect(BodyKind.MEDIATORS, nonce=2)) is None
