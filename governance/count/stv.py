"""The single transferable vote as Scotland counts it: weighted inclusive Gregory.

Several seats, in proportion to what voters prefer. Papers lie in piles by candidate; a
surplus, or an excluded candidate's papers, move on to the next candidate who still stands.
Work is cut to measure (`advance`), because a block may do only so much; how it is cut changes
nothing in the outcome or its trace. Values are whole numbers of 10^-5 vote, cut off below.

Source: The Scottish Local Government Elections Order 2007 (SSI 2007/42), Schedule 1, rules 45
to 52; below each rule is named by its number.
"""

import hashlib
from collections.abc import Callable
from itertools import repeat

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import COUNT_PAPERS_MAX
from governance.count.papers import Papers, check_papers_count, check_size
from governance.count.piles import MemoryPiles, Piles
from governance.count.stv_records import SCALE, Action, Phase, Row, StvCount, StvResult
from governance.count.ties import draw, keep_extreme, sort_if_known

_STAGE_ENDS = (Action.BEGIN, Action.TRANSFER)


def count_stv(
    papers: Papers, *, candidates_count: int, seats_count: int, withdrawn: bytes, lot: bytes
) -> StvResult:
    """Count ballots at once, in memory; arguments as `begin_count` and `add_papers`.

    Raises:
        RefusedError: As both.
        LotNeededError: As `advance`.
    """
    piles = MemoryPiles()
    begin_count(
        piles,
        candidates_count=candidates_count,
        seats_count=seats_count,
        withdrawn=withdrawn,
        lot=lot,
    )
    add_papers(piles, papers)
    close_papers(piles)
    finish(piles)
    return get_result(piles)


def begin_count(
    piles: Piles, *, candidates_count: int, seats_count: int, withdrawn: bytes, lot: bytes
) -> None:
    """Begin a count, without papers yet.

    Args:
        piles: An empty store.
        candidates_count: On the ballot paper.
        seats_count: To fill.
        withdrawn: Candidates who no longer stand, ascending.
        lot: Who wins ties, in this order (`ties.compute_lot_order`); empty for no lot.

    Raises:
        RefusedError: As `check_size`.
    """
    check_size(candidates_count=candidates_count, seats_count=seats_count)
    standing = bytes(place for place in range(candidates_count) if place not in withdrawn)
    piles.put_count(
        StvCount(
            phase=Phase.TAKING,
            seats_count=seats_count,
            lot=lot,
            continuing=standing,
            totals=tuple(repeat(0, candidates_count)),
        )
    )


def add_papers(piles: Piles, papers: Papers, *, value: int = SCALE) -> None:
    """Take papers into the count, each to the candidate it prefers (rule 45).

    Args:
        piles: Of a count that still takes papers.
        papers: Choices of candidates that there are (`papers.is_choice`).
        value: Of each, in 10^-5 vote.

    Raises:
        RefusedError: More papers than can be counted.
    """
    count = piles.get_count()
    if count.phase is not Phase.TAKING:
        raise InvariantError("papers come to a count that takes none")
    parcels, blank_count = _sort(papers, count)
    totals, valid = list(count.totals), count.valid
    for candidate, parcel in enumerate(parcels):
        if parcel:
            gained = sum(parcel.values()) * value
            totals[candidate] += gained
            valid += gained
            piles.put_papers(candidate, value=value, papers=parcel)
    check_papers_count(valid // SCALE)
    piles.put_count(
        replace(
            count, totals=tuple(totals), valid=valid, blank_count=count.blank_count + blank_count
        )
    )


def close_papers(piles: Piles) -> None:
    """End the taking: compute the quota (rule 46) and write the first stage."""
    count = piles.get_count()
    if count.phase is not Phase.TAKING:
        raise InvariantError("a count is closed twice")
    quota = count.valid // (SCALE * (count.seats_count + 1)) + 1
    count = replace(count, phase=Phase.COUNTING, quota=quota)
    piles.put_count(_write_row(piles, count, Action.BEGIN, None))


def advance(piles: Piles, *, papers_max: int) -> bool:
    """Count on from where the last call stopped.

    Args:
        piles: Of a count whose papers are closed.
        papers_max: Move at most so many papers; a decision counts as one.

    Returns:
        Whether the count has ended.

    Raises:
        LotNeededError: A tie that history does not settle, and no lot does; papers stay where
            they are.
    """
    left = papers_max
    while left > 0 and piles.get_count().phase is Phase.COUNTING:
        left -= step(piles, papers_max=left)
    return piles.get_count().phase >= Phase.ENDED


def finish(piles: Piles) -> None:
    """Count to the end.

    Raises:
        LotNeededError: As `advance`.
    """
    has_ended = False
    while not has_ended:
        has_ended = advance(piles, papers_max=COUNT_PAPERS_MAX)


def step(piles: Piles, *, papers_max: int) -> int:
    """Decide what moves next, or move some of it; what it cost, in papers, at least 1."""
    count = piles.get_count()
    if count.phase is not Phase.COUNTING:
        raise InvariantError("a count goes on that is not counting")
    if count.mover is None:
        piles.put_count(_decide(piles, count))
        return 1
    count, moved_count = _move(piles, count, count.mover, papers_max=papers_max)
    piles.put_count(count)
    return max(moved_count, 1)


def clear(piles: Piles, *, items_max: int) -> bool:
    """Empty the store of a count that has ended.

    Args:
        piles: Whose result has been read.
        items_max: Forget at most so many chunks of papers and rows now.

    Returns:
        Whether nothing is left; then the count is as if it had never been.
    """
    count = piles.get_count()
    if count.phase < Phase.ENDED:
        raise InvariantError("a count is cleared that has not ended")
    if count.phase is Phase.ENDED:
        piles.put_count(replace(count, phase=Phase.CLEARING))
    return piles.clear(items_max)


def get_result(piles: Piles) -> StvResult:
    """What a count that has ended, and is not being cleared, found."""
    count = piles.get_count()
    if count.phase is not Phase.ENDED:
        raise InvariantError("a count has no result yet, or no longer")
    return StvResult(
        quota=count.quota,
        valid=count.valid,
        blank_count=count.blank_count,
        winners=count.elected,
        rows=tuple(piles.get_row(index) for index in range(count.rows_count)),
        trace_hash=count.trace_hash,
    )


def _decide(piles: Piles, count: StvCount) -> StvCount:
    count = _elect(piles, count, _find_reached(count))
    vacancies = count.seats_count - len(count.elected)
    if vacancies == 0 or len(count.continuing) <= vacancies:  # rule 52
        count = _elect(piles, count, count.continuing if vacancies else b"")
        return replace(count, phase=Phase.ENDED, pending=b"")
    if count.pending:  # rules 48(1) and 49
        mover = _settle(piles, count, count.pending, is_highest=True)
        rest = bytes(other for other in count.pending if other != mover)
        return replace(count, pending=rest, mover=mover, moved=0)
    mover = _settle(piles, count, count.continuing, is_highest=False)  # rules 50 and 51
    continuing = bytes(other for other in count.continuing if other != mover)
    count = replace(count, continuing=continuing, mover=mover, moved=0)
    return _write_row(piles, count, Action.DEFEAT, mover)


def _find_reached(count: StvCount) -> bytes:
    """Those who have the quota (rule 47)."""
    needed = count.quota * SCALE
    return bytes(one for one in count.continuing if count.totals[one] >= needed)


def _elect(piles: Piles, count: StvCount, elected: bytes) -> StvCount:
    for one in _sort_elected(piles, count, elected):
        continuing = bytes(other for other in count.continuing if other != one)
        count = replace(count, continuing=continuing, elected=count.elected + bytes([one]))
        if count.totals[one] > count.quota * SCALE:
            count = replace(count, pending=bytes(sorted(count.pending + bytes([one]))))
        count = _write_row(piles, count, Action.ELECT, one)
    return count


def _sort_elected(piles: Piles, count: StvCount, elected: bytes) -> bytes:
    """Those elected at one stage, who has more votes first.

    Equal votes: history, then the lot. Nobody's seat hangs on it, so without a lot they stand
    in the order of the ballot paper.
    """
    order, left = b"", elected
    while left:
        first = _narrow(piles, count, left, is_highest=True)
        order += sort_if_known(first, count.lot)
        left = bytes(one for one in left if one not in first)
    return order


def _settle(piles: Piles, count: StvCount, among: bytes, *, is_highest: bool) -> int:
    """The one with the most, or the fewest, votes: now, else earlier, else by lot."""
    tied = _narrow(piles, count, among, is_highest=is_highest)
    return draw(tied, count.lot, is_winner=is_highest)


def _narrow(piles: Piles, count: StvCount, among: bytes, *, is_highest: bool) -> bytes:
    """Those whom no stage tells apart: the latest that does decides (rules 49(2), 51(2))."""
    tied = keep_extreme(among, count.totals, is_highest=is_highest)
    for index in range(count.rows_count - 1, -1, -1):
        if len(tied) == 1:
            break
        row = piles.get_row(index)
        if row.action in _STAGE_ENDS:
            tied = keep_extreme(tied, row.totals, is_highest=is_highest)
    return tied


def _move(piles: Piles, count: StvCount, mover: int, *, papers_max: int) -> tuple[StvCount, int]:
    compute_value = _make_transfer(count, mover)
    totals, non_transferable, moved = list(count.totals), count.non_transferable, count.moved
    taken_count = 0
    for value, papers in piles.take_papers(mover, papers_max=papers_max):
        new_value = compute_value(value)
        taken_count += len(papers)
        parcels, ended_count = _sort(papers, count)
        non_transferable += ended_count * new_value
        moved += ended_count * new_value
        for candidate, parcel in enumerate(parcels):
            if parcel:
                gained = sum(parcel.values()) * new_value
                totals[candidate] += gained
                moved += gained
                piles.put_papers(candidate, value=new_value, papers=parcel)
    count = replace(count, totals=tuple(totals), non_transferable=non_transferable, moved=moved)
    if taken_count < papers_max:  # the pile is empty
        count = _end_stage(piles, count, mover)
    return count, taken_count


def _make_transfer(count: StvCount, mover: int) -> Callable[[int], int]:
    """How a paper's value changes: by the share of the surplus (rule 48(3)), or not (50(4))."""
    if mover not in count.elected:
        return lambda value: value
    total = count.totals[mover]
    surplus = total - count.quota * SCALE
    return lambda value: surplus * value // total


def _end_stage(piles: Piles, count: StvCount, mover: int) -> StvCount:
    kept = count.quota * SCALE if mover in count.elected else 0
    lost = count.totals[mover] - kept - count.moved
    if lost < 0 or (lost > 0 and mover not in count.elected):
        raise InvariantError("papers carried on another value than they had")
    totals = list(count.totals)
    totals[mover] = kept
    count = replace(count, totals=tuple(totals), lost=count.lost + lost, mover=None, moved=0)
    return _write_row(piles, count, Action.TRANSFER, mover)


def _sort(papers: Papers, count: StvCount) -> tuple[list[dict[bytes, int]], int]:
    """Sort papers by their next available preference.

    What comes before it can never count again and is left out, so that papers which agree in
    all that can still count become equal.

    Returns:
        A parcel for each candidate, and how many papers name nobody who stands.
    """
    gone = bytes(one for one in range(len(count.totals)) if one not in count.continuing)
    parcels: list[dict[bytes, int]] = [{} for _ in count.totals]
    ended_count = 0
    for choice, papers_count in papers.items():
        rest = choice.translate(None, gone)
        if rest:
            parcel = parcels[rest[0]]
            parcel[rest] = parcel.get(rest, 0) + papers_count
        else:
            ended_count += papers_count
    return parcels, ended_count


def _write_row(piles: Piles, count: StvCount, action: Action, candidate: int | None) -> StvCount:
    row = Row(
        action=action,
        candidate=candidate,
        totals=count.totals,
        non_transferable=count.non_transferable,
        lost=count.lost,
    )
    piles.put_row(count.rows_count, row)
    trace_hash = hashlib.sha256(count.trace_hash + row.encode()).digest()
    return replace(count, rows_count=count.rows_count + 1, trace_hash=trace_hash)
