"""Countback: who follows a member whose seat falls vacant, without a new election.

The papers that elected the member are counted again among the candidates who were not elected
and still want the seat, each paper at the part of its value that stayed with the member. So
those voters choose who alone had that seat, nobody's vote counts twice, and nobody who has
another seat can lose it. If nobody wants the seat, there is no winner, and an election has to
fill it.

Source: Electoral Act 1992 (ACT), Schedule 4, Part 4.3 (casual vacancies); Cambridge,
Massachusetts, recounts the member's own papers too (M.G.L. chapter 54A). Two things are not as
in the ACT: the recount is by this count's own rules for one seat (`governance.count.stv`), and
values have five decimals.
"""

from config.errors import InvariantError
from governance.count.papers import Papers
from governance.count.piles import MemoryPiles
from governance.count.stv import (
    add_papers,
    begin_count,
    close_papers,
    count_stv,
    finish,
    get_result,
)
from governance.count.stv_records import SCALE, Action, Row, StvResult


def count_vacancy(
    papers: Papers,
    *,
    candidates_count: int,
    seats_count: int,
    withdrawn: bytes,
    lot: bytes,
    vacating: int,
    contesting: bytes,
) -> StvResult:
    """Fill a vacant seat from the ballots of the election.

    Args:
        papers: Of the election.
        candidates_count: Of the election, as all that follow up to the lot.
        seats_count: Of the election.
        withdrawn: Before the election was counted.
        lot: Who wins ties, then and now; empty for no lot.
        vacating: Who was elected and goes. If whoever followed by countback goes as well, this
            is again the first holder: the papers are those of the seat.
        contesting: Candidates who want the seat and may have it, ascending.

    Returns:
        A count for one seat; without a winner if nobody contests.

    Raises:
        InvariantError: The one who goes was not elected, or somebody contests who was, or who
            did not stand.
        LotNeededError: A tie that history does not settle, and no lot does.
    """
    election = count_stv(
        papers,
        candidates_count=candidates_count,
        seats_count=seats_count,
        withdrawn=withdrawn,
        lot=lot,
    )
    standing = bytes(one for one in range(candidates_count) if one not in withdrawn)
    _check_contest(election.winners, standing, vacating=vacating, contesting=contesting)
    others = bytes(one for one in range(candidates_count) if one not in contesting)
    piles = MemoryPiles()
    begin_count(piles, candidates_count=candidates_count, seats_count=1, withdrawn=others, lot=lot)
    mandate = find_mandate(papers, election, withdrawn=withdrawn, member=vacating)
    for value, choices in sorted(mandate.items()):
        add_papers(piles, choices, value=value)
    close_papers(piles)
    finish(piles)
    return get_result(piles)


def find_mandate(
    papers: Papers, election: StvResult, *, withdrawn: bytes, member: int
) -> dict[int, dict[bytes, int]]:
    """The papers that elected a member, by the part of their value that stayed there.

    Args:
        papers: Of the election.
        election: Its count.
        withdrawn: Before it was counted.
        member: Whose papers.

    Returns:
        By value in 10^-5 vote the papers, whole, as they were cast. All values together are
        the votes that the member had at the end (the quota, if there was a surplus and it
        moved), and what was cut off when the surplus moved.
    """
    first, *rows = election.rows
    continuing = bytes(one for one in range(len(first.totals)) if one not in withdrawn)
    held: dict[int, list[tuple[bytes, int]]] = {one: [] for one in continuing}
    _deal([(choice, SCALE) for choice in papers], held, continuing)
    before = first
    for row in rows:
        mover = row.candidate
        if mover is None:
            raise InvariantError("a trace begins twice")
        if row.action is not Action.TRANSFER:
            continuing = bytes(one for one in continuing if one != mover)
            continue
        moved = [(choice, _move_on(value, mover, before, row)) for choice, value in held[mover]]
        if mover == member:
            kept = zip(held[mover], moved, strict=True)
            return _group(papers, [(choice, value - new) for (choice, value), (_, new) in kept])
        held[mover] = []
        _deal(moved, held, continuing)
        before = row
    return _group(papers, held[member])


def _check_contest(winners: bytes, standing: bytes, *, vacating: int, contesting: bytes) -> None:
    if vacating not in winners:
        raise InvariantError("a seat falls vacant that its holder was not elected to")
    if any(one in winners or one not in standing for one in contesting):
        raise InvariantError("a vacancy is contested by one who cannot take it")


def _deal(
    papers: list[tuple[bytes, int]], held: dict[int, list[tuple[bytes, int]]], continuing: bytes
) -> None:
    """Give papers to the first whom they name of those who continue."""
    for choice, value in papers:
        holder = next((one for one in choice if one in continuing), None)
        if holder is not None:
            held[holder].append((choice, value))


def _move_on(value: int, mover: int, before: Row, after: Row) -> int:
    """What a paper is worth after its holder's surplus, or all of its holder's papers, moved."""
    total, kept = before.totals[mover], after.totals[mover]
    return value * (total - kept) // total if kept else value


def _group(papers: Papers, kept: list[tuple[bytes, int]]) -> dict[int, dict[bytes, int]]:
    mandate: dict[int, dict[bytes, int]] = {}
    for choice, value in kept:
        mandate.setdefault(value, {})[choice] = papers[choice]
    return mandate
