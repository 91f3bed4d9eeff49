"""Vacant seats: the ballots that elected who goes say who follows.

Of a body that was elected in proportion, the voters of the vacant seat alone fill it, from the
candidates who were not elected (`governance.count.countback`), for the rest of the term. Other
bodies' seats wait for an election. The ballots are read from the log of their count, some in
each block.
"""

import hashlib

from msgspec.structs import replace

from config.limits import COUNT_ITEMS_CLEARED_PER_BLOCK_MAX
from governance.body_events import CountbackEnded, CountbackOpened
from governance.body_records import Body, BodyKind, Seat
from governance.body_view import BodyView
from governance.context import BlockContext
from governance.count.countback import find_mandate
from governance.count.ledger_piles import LedgerPiles
from governance.count.stv import add_papers, advance, begin_count, clear, close_papers, get_result
from governance.counted_ballots import list_counted
from governance.election_records import BallotPaper, Countback, CountbackEntry, Method
from governance.elections import has_room, may_sit
from governance.events import Events
from governance.logs import Log, LogName, append
from governance.option_counts import draw_lots, get_stv_result
from governance.proposal_records import Proposal
from governance.queues import Turn, put_due

_DOMAIN = b"rochdale/countback/v1"


def vacate(
    view: BodyView, cooperative: bytes, kind: BodyKind, office: bytes, *, block: BlockContext
) -> Events:
    """Take a seat from its holder, and let the ballots of its election fill it if they can."""
    body = view.get_body(cooperative, kind)
    seat = next(seat for seat in body.seats if seat.office == office)
    body = replace(body, seats=tuple(other for other in body.seats if other != seat))
    view.put_body(cooperative, body)
    paper = view.get_ballot_paper(cooperative, seat.election)
    if paper is None or paper.method is not Method.SCOTTISH_STV:
        return ()
    contesting = _list_contesting(view, cooperative, body, seat, paper)
    if not contesting:
        return ()
    countback_id = hashlib.sha256(
        _DOMAIN + seat.election + office + block.height.to_bytes(8, "big")
    ).digest()
    countback = Countback(id=countback_id, body=kind, seat=seat, contesting=contesting)
    view.put_countback(cooperative, countback)
    put_due(
        view,
        Turn.COUNTBACK,
        due_ms=block.time_ms,
        cooperative=cooperative,
        subject=countback_id,
    )
    return (
        CountbackOpened(
            cooperative=cooperative,
            countback=countback_id,
            body=kind,
            office=office,
            election=seat.election,
        ),
    )


def continue_countback(
    view: BodyView,
    cooperative: bytes,
    countback_id: bytes,
    *,
    papers_max: int,
    block: BlockContext,
) -> tuple[Events, bool, int]:
    """Count on.

    Args:
        view: State.
        cooperative: Whose seat is vacant.
        countback_id: Which vacancy.
        papers_max: Read, move or forget at most so many papers now; at least 1.
        block: The block in which it happens.

    Returns:
        What came of it, whether nothing is left to do, and how many papers were handled.
    """
    countback = view.get_countback(cooperative, countback_id)
    if countback is None:
        return (), True, 1
    election = view.get_proposal(cooperative, countback.seat.election)
    paper = view.require_ballot_paper(cooperative, countback.seat.election)
    if election is None:
        return (), True, 1
    piles = LedgerPiles(view.kv, namespace=cooperative, subject=countback_id)
    if countback.is_over:
        return (), _forget(view, cooperative, countback, piles), papers_max
    if not countback.has_begun:
        _begin(view, election, piles, countback, paper)
        return (), False, 1
    if not countback.are_ballots_in:
        continued = _take_ballots(view, election, piles, countback, papers_max=papers_max)
        view.put_countback(cooperative, continued)
        return (), False, max(1, continued.read_count - countback.read_count)
    if not advance(piles, papers_max=papers_max):
        return (), False, papers_max
    winners = get_result(piles).winners
    events = _seat(view, cooperative, countback, paper, winners, block=block)
    return events, _forget(view, cooperative, countback, piles), papers_max


def _begin(
    view: BodyView,
    election: Proposal,
    piles: LedgerPiles,
    countback: Countback,
    paper: BallotPaper,
) -> None:
    count = len(paper.options)
    others = bytes(one for one in range(count) if one not in countback.contesting)
    begin_count(
        piles,
        candidates_count=count,
        seats_count=1,
        withdrawn=others,
        lot=draw_lots(view, election, paper),
    )
    view.put_countback(election.cooperative, replace(countback, has_begun=True))


def _forget(view: BodyView, cooperative: bytes, countback: Countback, piles: LedgerPiles) -> bool:
    """Forget the papers of a countback that is over, some at a time; whether none are left."""
    if not clear(piles, items_max=COUNT_ITEMS_CLEARED_PER_BLOCK_MAX):
        view.put_countback(cooperative, replace(countback, is_over=True))
        return False
    view.delete_countback(cooperative, countback.id)
    return True


def _take_ballots(
    view: BodyView,
    election: Proposal,
    piles: LedgerPiles,
    countback: Countback,
    *,
    papers_max: int,
) -> Countback:
    entries = list_counted(view, election, start=countback.read_count, count=papers_max)
    papers: dict[bytes, int] = {}
    for entry in entries:
        if isinstance(entry.choice, bytes):
            papers[entry.choice] = papers.get(entry.choice, 0) + 1
    mandate = find_mandate(
        papers, get_stv_result(view, election), withdrawn=b"", member=countback.seat.place
    )
    for value, choices in sorted(mandate.items()):
        add_papers(piles, choices, value=value)
    are_ballots_in = len(entries) < papers_max
    if are_ballots_in:
        close_papers(piles)
    return replace(
        countback,
        read_count=countback.read_count + len(entries),
        are_ballots_in=are_ballots_in,
    )


def _seat(
    view: BodyView,
    cooperative: bytes,
    countback: Countback,
    paper: BallotPaper,
    winners: bytes,
    *,
    block: BlockContext,
) -> Events:
    body = view.get_body(cooperative, countback.body)
    office = paper.options[winners[0]] if winners else b""
    is_fit = bool(office) and office not in body.offices
    if (
        is_fit
        and has_room(view, cooperative, body, block=block)
        and may_sit(view, cooperative, countback.body, office)
    ):
        seat = replace(countback.seat, office=office)
        seats = tuple(sorted((*body.seats, seat), key=lambda item: item.office))
        view.put_body(cooperative, replace(body, seats=seats))
    else:
        office = b""
    entry = CountbackEntry(
        countback=countback.id,
        body=countback.body,
        election=countback.seat.election,
        place=countback.seat.place,
        vacated=countback.seat.office,
        contesting=countback.contesting,
        follower=office,
    )
    append(view, Log(LogName.COUNTBACKS, namespace=cooperative), [entry.encode()])
    return (
        CountbackEnded(
            cooperative=cooperative,
            countback=countback.id,
            body=countback.body,
            office=office,
        ),
    )


def _list_contesting(
    view: BodyView, cooperative: bytes, body: Body, seat: Seat, paper: BallotPaper
) -> bytes:
    """Who stood, was not elected, and may still sit."""
    result = view.get_count_result(cooperative, seat.election)
    winners = b"" if result is None else result.winners
    return bytes(
        place
        for place, office in enumerate(paper.options)
        if place not in winners
        and office != seat.office
        and office not in body.offices
        and may_sit(view, cooperative, body.kind, office)
    )
