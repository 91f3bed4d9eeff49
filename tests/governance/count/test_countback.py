"""Countback: the voters of a vacant seat fill it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.count.countback import count_vacancy, find_mandate
from governance.count.stv_records import SCALE, Action, StvResult
from tests.governance.count.elections import Election, elections, load_ward


def fill(election: Election, vacating: int, contesting: bytes) -> StvResult:
    return count_vacancy(
        election.papers,
        candidates_count=election.candidates_count,
        seats_count=election.seats_count,
        withdrawn=election.withdrawn,
        lot=election.lot,
        vacating=vacating,
        contesting=contesting,
    )


def find_losers(election: Election, result: StvResult) -> bytes:
    return bytes(
        one
        for one in range(election.candidates_count)
        if one not in result.winners and one not in election.withdrawn
    )


TWO_CAMPS = Election(
    candidates_count=5,
    seats_count=2,
    # Camp A wants 0, then 1; camp B, which is smaller, 2, then 3.
    papers={bytes([0, 1]): 50, bytes([2, 3]): 29, bytes([4, 1]): 8, bytes([3, 2]): 2},
    withdrawn=b"",
    lot=bytes(range(5)),
)


def test_a_seat_goes_to_whom_its_own_voters_prefer() -> None:
    """Camp B's seat stays with camp B, although camp A's second has more support."""
    assert TWO_CAMPS.count().winners == bytes([0, 2])

    follows_b = fill(TWO_CAMPS, 2, bytes([1, 3, 4]))
    follows_a = fill(TWO_CAMPS, 0, bytes([1, 3, 4]))

    assert follows_b.winners == bytes([3])
    assert follows_a.winners == bytes([1])


def test_papers_count_with_what_stayed_after_the_surplus() -> None:
    """Fifty papers, a quota of 30: what went on to others is not counted again."""
    election = TWO_CAMPS.count()
    mandate = find_mandate(TWO_CAMPS.papers, election, withdrawn=b"", member=0)

    moved = 20 * SCALE // 50
    assert mandate == {SCALE - moved: {bytes([0, 1]): 50}}
    assert fill(TWO_CAMPS, 0, bytes([1])).valid == 50 * (SCALE - moved)


def test_a_candidate_who_was_out_before_counts_as_first_preferred() -> None:
    """Papers are read from their beginning again (ACT, clause 14)."""
    election = Election(
        candidates_count=4,
        seats_count=1,
        papers={bytes([1, 0, 2]): 3, bytes([0, 2]): 4, bytes([2]): 5, bytes([3]): 1},
        withdrawn=b"",
        lot=bytes(range(4)),
    )
    assert election.count().winners == bytes([0])

    result = fill(election, 0, bytes([1, 2]))

    assert result.rows[0].totals[1] == 3 * SCALE
    assert result.rows[0].totals[2] == 4 * SCALE


def test_nobody_contests() -> None:
    """Then an election has to fill the seat."""
    assert fill(TWO_CAMPS, 0, b"").winners == b""


@given(elections(), st.data())
def test_no_seat_that_is_held_can_be_lost(election: Election, data: st.DataObject) -> None:
    """One new member at most, from those who contest; nobody seated takes part."""
    result = election.count()
    if not result.winners:
        return
    losers = find_losers(election, result)
    vacating = data.draw(st.sampled_from(list(result.winners)))
    contesting = bytes(sorted(data.draw(st.sets(st.sampled_from(list(losers))))) if losers else b"")

    filled = fill(election, vacating, contesting)

    assert len(filled.winners) == min(len(contesting), 1)
    assert all(one in contesting for one in filled.winners)
    for row in filled.rows:
        assert sum(row.totals) + row.non_transferable + row.lost == filled.valid


@given(elections())
def test_a_mandate_is_what_elected_the_member(election: Election) -> None:
    """The quota, or the votes at the end; and nothing of any paper counts for two members."""
    result = election.count()
    spent: dict[bytes, int] = {}
    for member in result.winners:
        mandate = find_mandate(election.papers, result, withdrawn=election.withdrawn, member=member)
        for value, choices in mandate.items():
            for choice in choices:
                spent[choice] = spent.get(choice, 0) + value

        total = sum(value * sum(choices.values()) for value, choices in mandate.items())
        wanted = result.rows[-1].totals[member]
        lost = 0
        for before, row in zip(result.rows, result.rows[1:], strict=False):
            if (row.action, row.candidate) == (Action.TRANSFER, member):
                lost = row.lost - before.lost
        assert total == wanted + lost
    assert all(value <= SCALE for value in spent.values())


def test_fills_a_seat_in_glasgow() -> None:
    """Each seat of a real ward, among all who were not elected."""
    ward = load_ward("Govan-2007")
    election = Election(len(ward.names), 4, ward.papers, b"", bytes(range(len(ward.names))))
    result = election.count()
    losers = find_losers(election, result)

    followers = [ward.names[fill(election, seat, losers).winners[0]] for seat in result.winners]

    assert len(followers) == 4
    assert fill(election, result.winners[0], losers).valid < result.quota * SCALE


@pytest.mark.parametrize(
    ("vacating", "contesting"), [(1, bytes([3])), (0, bytes([2])), (0, bytes([9]))]
)
def test_only_a_seat_that_was_won_falls_vacant(vacating: int, contesting: bytes) -> None:
    """And only candidates who were not elected contest it."""
    with pytest.raises(InvariantError):
        fill(TWO_CAMPS, vacating, contesting)


def test_a_trace_has_one_beginning() -> None:
    election = TWO_CAMPS.count()
    broken = StvResult(
        quota=election.quota,
        valid=election.valid,
        blank_count=0,
        winners=election.winners,
        rows=(election.rows[0], election.rows[0]),
        trace_hash=election.trace_hash,
    )

    with pytest.raises(InvariantError, match="begins twice"):
        find_mandate(TWO_CAMPS.papers, broken, withdrawn=b"", member=0)
