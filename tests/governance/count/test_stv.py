"""Scottish STV: against a public election, and by its properties."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from config.errors import InvariantError, RefusedError
from config.limits import COUNT_CANDIDATES_MAX, COUNT_PAPERS_MAX
from governance.count.piles import MemoryPiles
from governance.count.stv import (
    add_papers,
    advance,
    begin_count,
    clear,
    close_papers,
    count_stv,
    get_result,
    step,
)
from governance.count.stv_records import SCALE, Action, Row, StvResult, render_votes
from governance.count.ties import LotNeededError
from tests.governance.count.elections import WARDS, Election, elections, load_stages, load_ward

REPORTED_ONLY = {"unpend", "end"}
"""Lines of the reference that repeat the totals before them."""


def count_papers(
    papers: dict[bytes, int], *, candidates_count: int, seats_count: int, lot: bytes = b""
) -> StvResult:
    return count_stv(
        papers,
        candidates_count=candidates_count,
        seats_count=seats_count,
        withdrawn=b"",
        lot=lot,
    )


def render_row(row: Row) -> tuple[str, str, tuple[str, ...]]:
    totals = tuple(render_votes(total) for total in row.totals)
    return row.action.name.lower(), render_votes(row.non_transferable), totals


@pytest.mark.parametrize("ward", WARDS)
def test_counts_glasgow_2007_to_the_last_decimal(ward: str) -> None:
    """Winners, quota and every total of every stage are those of the reference counter."""
    election, stages = load_ward(ward), load_stages(ward)

    result = count_stv(
        election.papers,
        candidates_count=len(election.names),
        seats_count=election.seats_count,
        withdrawn=election.withdrawn,
        lot=b"",
    )

    last = stages[-1]
    winners = {name for name, state in zip(last.names, last.states, strict=True) if state == "E"}
    wanted = [
        (stage.action, stage.non_transferable, stage.totals)
        for stage in stages
        if stage.action not in REPORTED_ONLY
    ]
    ours = [render_row(row) for row in result.rows]
    assert {election.names[winner] for winner in result.winners} == winners
    assert f"{result.quota}.00000" == last.quota
    assert election.names == last.names
    assert ours == wanted[: len(ours)]
    # When all seats are filled the reference calls the others defeated, without a transfer.
    assert all(
        (action, totals) == ("defeat", ours[-1][2]) for action, _, totals in wanted[len(ours) :]
    )


def test_all_wards_are_here() -> None:
    """A missing file would be a test that nobody misses."""
    assert len(WARDS) == 15


@given(elections())
def test_no_vote_appears_or_vanishes(election: Election) -> None:
    """At every stage totals, what is not transferable and what was cut off are the valid votes."""
    result = election.count()

    standing = set(range(election.candidates_count)) - set(election.withdrawn)
    valid = sum(count for choice, count in election.papers.items() if set(choice) & standing)
    assert result.valid == valid * SCALE
    assert result.blank_count == sum(election.papers.values()) - valid
    for row in result.rows:
        assert sum(row.totals) + row.non_transferable + row.lost == result.valid


@given(elections())
def test_every_seat_is_filled_while_candidates_last(election: Election) -> None:
    """Winners are as many as seats, each once, and none withdrew."""
    result = election.count()

    standing = election.candidates_count - len(election.withdrawn)
    assert len(result.winners) == min(election.seats_count, standing)
    assert len(set(result.winners)) == len(result.winners)
    assert not set(result.winners) & set(election.withdrawn)


@given(elections(), st.randoms(use_true_random=False))
def test_the_order_of_ballots_changes_nothing(
    election: Election,
    random: Random,
) -> None:
    """The trace is the same to the last byte."""
    shuffled = list(election.papers.items())
    random.shuffle(shuffled)
    other = Election(**{**vars(election), "papers": dict(shuffled)})

    assert other.count() == election.count()


@given(elections())
def test_who_has_a_majority_of_first_preferences_is_elected(election: Election) -> None:
    """More than half reach any quota at once."""
    result = election.count()

    for candidate, votes in enumerate(result.rows[0].totals):
        if votes * 2 > result.valid:
            assert result.winners[0] == candidate


@given(elections(withdrawn_max=0), st.data())
def test_renaming_candidates_renames_the_winners(election: Election, data: st.DataObject) -> None:
    """No place on the ballot paper is better than another."""
    names = bytes(data.draw(st.permutations(range(election.candidates_count))))
    renamed = Election(
        candidates_count=election.candidates_count,
        seats_count=election.seats_count,
        papers={choice.translate(_table(names)): n for choice, n in election.papers.items()},
        withdrawn=b"",
        lot=election.lot.translate(_table(names)),
    )

    assert renamed.count().winners == election.count().winners.translate(_table(names))


def _table(names: bytes) -> bytes:
    return names + bytes(range(len(names), 256))


def test_a_surplus_moves_by_the_share_that_is_not_needed() -> None:
    """Rule 48(3): surplus times value by total, cut after five decimals."""
    result = count_papers(
        {bytes([0, 1]): 7, bytes([0, 2]): 2, bytes([1]): 1, bytes([2]): 2},
        candidates_count=3,
        seats_count=2,
        lot=b"",
    )

    assert result.quota == 5
    transfer = result.rows[2]
    assert (transfer.action, transfer.candidate) == (Action.TRANSFER, 0)
    assert transfer.totals == (500_000, 100_000 + 7 * 44_444, 200_000 + 2 * 44_444)
    assert transfer.lost == 400_000 - 9 * 44_444


def test_exactly_the_quota_leaves_no_surplus() -> None:
    """Rule 48(1) asks for more than the quota: the papers stay."""
    result = count_papers(
        {bytes([0, 1]): 4, bytes([1]): 3, bytes([2]): 2}, candidates_count=3, seats_count=2
    )

    assert result.quota == 4
    assert [row.action for row in result.rows] == [
        Action.BEGIN, Action.ELECT, Action.DEFEAT, Action.TRANSFER, Action.ELECT,
    ]  # fmt: skip
    assert result.rows[-1].totals[0] == 4 * SCALE


def test_of_two_surpluses_the_larger_moves_first() -> None:
    """Rule 49(1)."""
    result = count_papers(
        {bytes([0, 2]): 10, bytes([1, 3]): 12, bytes([2]): 1, bytes([3]): 1},
        candidates_count=4,
        seats_count=3,
    )

    moved = [row.candidate for row in result.rows if row.action is Action.TRANSFER]
    assert moved[:2] == [1, 0]


def test_the_latest_stage_that_differs_settles_a_tie() -> None:
    """Rule 51(2)(a): two are last with equal votes, and had different ones before."""
    papers = {
        bytes([0]): 10, bytes([1]): 5, bytes([2]): 4, bytes([3, 2]): 1, bytes([4]): 20,
    }  # fmt: skip

    result = count_papers(papers, candidates_count=5, seats_count=1)

    defeated = [row.candidate for row in result.rows if row.action is Action.DEFEAT]
    assert defeated[:2] == [3, 2]


def test_a_tie_in_all_stages_needs_a_lot() -> None:
    """The error names who is tied; the lot decides who goes first and who goes out."""
    papers = {bytes([0]): 5, bytes([1]): 2, bytes([2]): 2, bytes([3]): 3}

    with pytest.raises(LotNeededError) as caught:
        count_papers(papers, candidates_count=4, seats_count=1)
    first = count_papers(papers, candidates_count=4, seats_count=1, lot=bytes([1, 2]))
    second = count_papers(papers, candidates_count=4, seats_count=1, lot=bytes([2, 1]))

    assert caught.value.tied == bytes([1, 2])
    assert next(row.candidate for row in first.rows if row.action is Action.DEFEAT) == 2
    assert next(row.candidate for row in second.rows if row.action is Action.DEFEAT) == 1


def test_a_tie_leaves_the_papers_where_they_are() -> None:
    """The count can go on from there when a lot is known."""
    piles = MemoryPiles()
    begin_count(piles, candidates_count=3, seats_count=1, withdrawn=b"", lot=b"")
    add_papers(piles, {bytes([0]): 2, bytes([1]): 2, bytes([2]): 2})
    close_papers(piles)
    before = piles.get_count()

    with pytest.raises(LotNeededError):
        advance(piles, papers_max=100)

    assert piles.get_count() == before


def test_nobody_votes() -> None:
    """Then the lot alone decides."""
    result = count_papers({}, candidates_count=3, seats_count=1, lot=bytes([2, 0, 1]))

    assert result.winners == bytes([2])
    assert result.quota == 1


def test_equals_at_one_stage_are_elected_in_the_order_of_the_lot() -> None:
    """Who is first has the longer term; without a lot it is the order of the ballot paper."""
    papers = {bytes([0]): 4, bytes([1]): 4}

    assert count_papers(papers, candidates_count=2, seats_count=2).winners == bytes([0, 1])
    drawn = count_papers(papers, candidates_count=2, seats_count=2, lot=bytes([1, 0]))
    assert drawn.winners == bytes([1, 0])


def test_the_trace_hash_commits_to_every_row() -> None:
    """Two counts that differ anywhere differ in it."""
    first = count_papers({bytes([0]): 3, bytes([1]): 1}, candidates_count=2, seats_count=1)
    second = count_papers({bytes([0]): 3, bytes([1]): 2}, candidates_count=2, seats_count=1)

    assert first.trace_hash != second.trace_hash
    assert first.winners == second.winners


def test_stages_only_ever_take_from_the_mover() -> None:
    """Nobody who still stands loses votes."""
    for ward in WARDS[:3]:
        election = load_ward(ward)
        rows = count_papers(
            election.papers,
            candidates_count=len(election.names),
            seats_count=election.seats_count,
        ).rows

        for before, after in pairwise(rows):
            lower = [
                place
                for place, (old, new) in enumerate(zip(before.totals, after.totals, strict=True))
                if new < old
            ]
            assert lower in ([], [after.candidate])


@pytest.mark.parametrize(
    ("candidates_count", "seats_count"), [(0, 1), (COUNT_CANDIDATES_MAX + 1, 1), (2, 0), (2, 65)]
)
def test_refuses_elections_beyond_the_limits(candidates_count: int, seats_count: int) -> None:
    with pytest.raises(RefusedError, match="there must be 1 to"):
        count_papers({}, candidates_count=candidates_count, seats_count=seats_count)


def test_refuses_more_papers_than_the_arithmetic_allows() -> None:
    with pytest.raises(RefusedError, match="papers are more than"):
        count_papers({bytes([0]): COUNT_PAPERS_MAX + 1}, candidates_count=2, seats_count=1)


def test_the_count_has_an_order() -> None:
    """Papers, close, count, result, clearing: anything else is our defect."""
    piles = MemoryPiles()
    with pytest.raises(InvariantError):
        piles.get_count()
    begin_count(piles, candidates_count=2, seats_count=1, withdrawn=b"", lot=b"")
    for early in (lambda: step(piles, papers_max=1), lambda: get_result(piles)):
        with pytest.raises(InvariantError):
            early()
    with pytest.raises(InvariantError):
        clear(piles, items_max=1)
    with pytest.raises(InvariantError):
        piles.put_row(
            1, Row(action=Action.ELECT, candidate=0, totals=(), non_transferable=0, lost=0)
        )
    add_papers(piles, {bytes([0]): 1})
    close_papers(piles)
    with pytest.raises(InvariantError):
        close_papers(piles)
    with pytest.raises(InvariantError):
        add_papers(piles, {bytes([0]): 1})
    assert advance(piles, papers_max=100)
    assert get_result(piles).winners == bytes([0])
    assert clear(piles, items_max=1)
    with pytest.raises(InvariantError):
        get_result(piles)


def test_a_value_that_changes_by_itself_ends_the_count() -> None:
    """An excluded candidate's papers carry on all they had, or state is corrupt."""
    piles = MemoryPiles()
    begin_count(piles, candidates_count=3, seats_count=1, withdrawn=b"", lot=b"")
    add_papers(piles, {bytes([0]): 3, bytes([1]): 2, bytes([2]): 1})
    close_papers(piles)
    step(piles, papers_max=1)
    piles.put_count(replace(piles.get_count(), moved=1))

    with pytest.raises(InvariantError, match="another value"):
        step(piles, papers_max=10)


def test_memory_is_counted_in_pieces_as_well() -> None:
    """Part of the papers of one value may be taken."""
    piles = MemoryPiles()
    piles.put_papers(0, value=SCALE, papers={bytes([0]): 1, bytes([0, 1]): 2})

    taken = piles.take_papers(0, papers_max=1) + piles.take_papers(0, papers_max=1)

    assert sorted(count for _, papers in taken for count in papers.values()) == [1, 2]
    assert piles.take_papers(0, papers_max=1) == []
