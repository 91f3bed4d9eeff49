"""How members take part: numbers that follow from state and its logs alone (K1)."""

from dataclasses import replace

from governance.body_acts import Review, Stance
from governance.body_records import BodyKind
from governance.duty_records import DutyKind
from governance.participation import (
    ClosedVote,
    Participation,
    PeriodFacts,
    Stay,
    compute_participation,
    compute_permille,
)
from governance.participation_facts import collect_facts, read_from
from governance.proposal_records import Choice
from tests.governance.body_world import (
    REASONS,
    ask_body,
    fill,
    make_world_with_officers,
    office,
    support,
)
from tests.governance.election_world import DAY_MS, hold_election
from tests.governance.test_duties import begin, fulfil
from tests.governance.world import (
    COOPERATIVE,
    GENESIS_MS,
    TIME_SCALE,
    World,
    make_world_with_members,
    proposal_id_of,
    propose,
    vote,
)

QUIET = PeriodFacts(
    start_ms=1_000,
    end_ms=9_000,
    time_scale=1,
    members_count=0,
    votes=(),
    proposals_count=0,
    group_seats_count=0,
    group_supporting_count=0,
    assemblies_ms=(),
    stays=(),
    elected=(),
)


def collect(world: World, *, start_ms: int = GENESIS_MS) -> PeriodFacts:
    reading = collect_facts(COOPERATIVE, start_ms=start_ms, end_ms=world.time_ms + 1)
    return read_from(world.kv, reading)


def test_k1_where_nothing_happened_all_is_nothing() -> None:
    """K1: a period without votes, groups or officers divides by nothing."""
    assert compute_participation(QUIET) == Participation(
        votes_count=0,
        voting_rate_permille=0,
        proposals_count=0,
        proposals_per_member_permille=0,
        group_participation_permille=0,
        assemblies_count=0,
        attendance_permille=0,
        officers_count=0,
        longest_stay_days=0,
    )


def test_k1_shares_are_whole_thousandths_cut_off() -> None:
    """K1: integers, as everything that is decided by."""
    assert [compute_permille(part, 3) for part in range(4)] == [0, 333, 666, 1_000]


def test_k1_the_voting_rate_weighs_each_vote_by_its_electorate() -> None:
    """K1: ten of a hundred and nine of ten are nineteen of a hundred and ten."""
    votes = (
        ClosedVote(closed_ms=2_000, ballots_count=10, electorate_count=100),
        ClosedVote(closed_ms=3_000, ballots_count=9, electorate_count=10),
    )

    found = compute_participation(replace(QUIET, votes=votes))

    assert (found.votes_count, found.voting_rate_permille) == (2, 172)


def test_k1_attendance_is_the_greatest_turnout_before_each_assembly() -> None:
    """K1: an assembly has the votes since the one before; one without votes had nobody."""
    votes = (
        ClosedVote(closed_ms=500, ballots_count=10, electorate_count=10),
        ClosedVote(closed_ms=2_000, ballots_count=4, electorate_count=10),
        ClosedVote(closed_ms=2_500, ballots_count=6, electorate_count=10),
        ClosedVote(closed_ms=8_000, ballots_count=10, electorate_count=10),
    )
    facts = replace(QUIET, votes=votes, assemblies_ms=(900, 3_000, 5_000, 9_000))

    found = compute_participation(facts)

    assert (found.assemblies_count, found.attendance_permille) == (2, 300)


def test_k1_leadership_is_as_diverse_as_offices_are_many() -> None:
    """K1: who sits twice counts once; who was elected and is gone counts as well."""
    day_ms = 86_400_000
    facts = replace(
        QUIET,
        end_ms=100 * day_ms,
        stays=(
            Stay(office=office(1), since_ms=10 * day_ms),
            Stay(office=office(1), since_ms=70 * day_ms),
            Stay(office=office(2), since_ms=99 * day_ms),
        ),
        elected=(office(2), office(3)),
    )

    found = compute_participation(facts)

    assert (found.officers_count, found.longest_stay_days) == (3, 90)


def test_k1_facts_come_from_state_and_the_decision_log() -> None:
    """K1: two proposals, one vote of three of five, and none of another cooperative's."""
    world = make_world_with_members(5)
    motion = propose(1)
    world.open_voting(motion)
    proposal_id = proposal_id_of(motion)
    world.run(*(vote(number, proposal_id, Choice.YES) for number in (1, 2, 3)))
    world.close_voting()
    world.run(propose(2))
    world.run()

    facts = collect(world)

    assert [(item.ballots_count, item.electorate_count) for item in facts.votes] == [(3, 5)]
    assert (facts.proposals_count, facts.members_count) == (2, 5)
    assert compute_participation(facts).proposals_per_member_permille == 400
    later = collect(world, start_ms=world.time_ms - 1_500)
    assert (later.votes, later.proposals_count) == ((), 1)
    other = collect_facts(propose(1).account, start_ms=0, end_ms=1)
    assert next(other), "a reading asks for one key after another"


def test_k1_working_groups_are_counted_by_who_supports_anything() -> None:
    """K1: two of three seats in the period, and a motion of the committee does not count."""
    world = make_world_with_officers()
    fill(world, BodyKind.FINANCE, [7, 8, 9])
    motion = propose(1)
    world.run(motion)
    world.run()
    review = Review(proposal=proposal_id_of(motion), stance=Stance.FOR, text_hash=REASONS)
    asked = ask_body(7, BodyKind.FINANCE, review)
    world.run(asked, support(8, asked))
    assert world.refusals == [None, None]

    facts = collect(world)

    assert (facts.group_supporting_count, facts.group_seats_count) == (2, 3)
    world.run(after_ms=DAY_MS)
    assert collect(world, start_ms=world.time_ms).group_supporting_count == 0
    before = collect_facts(COOPERATIVE, start_ms=0, end_ms=GENESIS_MS)
    assert read_from(world.kv, before).group_supporting_count == 0


def test_k1_elections_tell_who_has_sat_since_when() -> None:
    """K1: the stay begins with the first election that the decisions know."""
    world = make_world_with_officers()
    hold_election(world, BodyKind.MEDIATORS, [1, 2], [[1], [1, 2], [2], [1], [2]])
    elected_ms = world.time_ms
    world.run(after_ms=30 * DAY_MS)

    facts = collect(world)

    assert sorted(facts.elected) == sorted([office(1), office(2)])
    assert {stay.since_ms for stay in facts.stays} == {elected_ms}
    found = compute_participation(facts)
    passed_days = (world.time_ms + 1 - elected_ms) * TIME_SCALE // 86_400_000
    assert (found.officers_count, found.longest_stay_days) == (2, passed_days)
    before = collect_facts(COOPERATIVE, start_ms=0, end_ms=GENESIS_MS)
    assert read_from(world.kv, before).stays == ()


def test_k1_assemblies_are_those_that_the_committee_has_recorded() -> None:
    """K1: from the list of duties, with the one before the period and no other."""
    world = make_world_with_officers()
    begin(world, BodyKind.COMMITTEE, range(1, 8))
    times = []
    for nonce in range(1, 4):
        asked = fulfil(1, BodyKind.COMMITTEE, DutyKind.ASSEMBLY, nonce=nonce)
        world.run(asked, *(support(number, asked, nonce=nonce) for number in (2, 3, 4)))
        assert world.refusals == [None] * 4
        times.append(world.time_ms)
        report = fulfil(1, BodyKind.COMMITTEE, DutyKind.REPORT, nonce=nonce + 10)
        world.run(report, *(support(number, report, nonce=nonce + 10) for number in (2, 3, 4)))

    assert collect(world).assemblies_ms == tuple(times)
    assert collect(world, start_ms=times[2]).assemblies_ms == tuple(times[1:])
