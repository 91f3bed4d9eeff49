"""Who sits in elected bodies, against the elections that put them there.

A seat names the election and the place on its ballot paper by which it was filled. Whoever is
elected sits unless the ledger says why not: the term is over, the office is closed, members
recalled it, or it stood for a body that excludes this one. Who sits there instead followed by
the last countback of that place (`governance.audit.vacancies`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.audit.findings import Place, expect
from governance.body_records import OVERSIGHT, BodyKind, Seat
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.election_records import BallotPaper, CountbackEntry
from governance.elections import get_term_s
from governance.member_acts import ElectBody, RecallOfficer
from governance.proposal_records import Outcome, Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Election:
    """An election that has seated somebody."""

    body: BodyKind
    index: int
    """Of its decision."""
    closed_ms: int
    term_ms: int
    paper: BallotPaper
    winners: bytes

    @property
    def offices(self) -> tuple[bytes, ...]:
        """Who was elected, in the order of election."""
        return tuple(self.paper.options[winner] for winner in self.winners)


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """What a cooperative's closed votes say of who should sit."""

    elections: dict[bytes, _Election]
    recalled: dict[tuple[BodyKind, bytes], None]
    followers: dict[tuple[bytes, int], bytes]
    """Office that came last to an election's place by countback."""


def check_seats(
    view: BodyView,
    cooperative: bytes,
    proposals: Sequence[Proposal],
    countbacks: Sequence[CountbackEntry],
    *,
    time_ms: int,
) -> None:
    """Check that those sit in a cooperative's bodies who were elected.

    Args:
        view: State.
        cooperative: Whose bodies.
        proposals: All before it, recounted.
        countbacks: All that have ended, in order, held again.
        time_ms: Of the last block.

    Raises:
        AuditError: Somebody sits who was not elected, or does not though elected.
    """
    history = _read_history(view, cooperative, proposals)
    for entry in countbacks:
        if entry.follower:
            history.followers[entry.election, entry.place] = entry.follower
    for kind in BodyKind:
        place = Place(cooperative=cooperative, what="body", id=kind.name.lower())
        seats = view.get_body(cooperative, kind).seats
        for seat in seats:
            _check_seat(seat, kind, history, place=place)
        places = [(seat.election, seat.place) for seat in seats]
        expect(place, "seats_held_once", expected=len(places), found=len(dict.fromkeys(places)))
        held = [election for election in history.elections.values() if election.body is kind]
        if held:
            newest = max(held, key=lambda election: election.index)
            sitting = tuple(seat.office for seat in seats)
            for office in _list_expected(view, newest, history, time_ms=time_ms):
                found = office if office in sitting else None
                expect(place, "seat.office", expected=office, found=found)


def _read_history(view: BodyView, cooperative: bytes, proposals: Sequence[Proposal]) -> _History:
    history = _History(elections={}, recalled={}, followers={})
    scale = view.get_parameters().time_scale
    for proposal in proposals:
        decision = view.get_decision(cooperative, proposal.id)
        if decision is None or decision.outcome is not Outcome.ACCEPTED:
            continue
        act = view.get_act(cooperative, proposal.id)
        if isinstance(act, RecallOfficer):
            history.recalled[act.body, act.office] = None
        result = view.get_count_result(cooperative, proposal.id)
        if not isinstance(act, ElectBody) or result is None:
            continue
        term_s = get_term_s(view.get_bylaws(proposal.bylaws_hash), act.body)
        history.elections[proposal.id] = _Election(
            body=act.body,
            index=decision.decision_index,
            closed_ms=decision.closed_ms,
            term_ms=compute_window_ms(term_s, time_scale=scale),
            paper=view.require_ballot_paper(cooperative, proposal.id),
            winners=result.winners,
        )
    return history


def _check_seat(seat: Seat, kind: BodyKind, history: _History, *, place: Place) -> None:
    election = history.elections.get(seat.election)
    is_known = election is not None and election.body is kind
    expect(place, "seat.election_is_held", expected=True, found=is_known)
    if election is None:
        return
    expect(place, "seat.place_was_won", expected=True, found=seat.place in election.winners)
    elected = election.paper.options[seat.place]
    holder = history.followers.get((seat.election, seat.place), elected)
    expect(place, "seat.office", expected=holder, found=seat.office)
    expect(place, "seat.since_ms", expected=election.closed_ms, found=seat.since_ms)
    whole_ms = election.closed_ms + election.term_ms
    half_ms = election.closed_ms + election.term_ms // 2
    is_half = seat.term_ends_ms == half_ms
    expect(
        place,
        "seat.term_ends_ms",
        expected=half_ms if is_half else whole_ms,
        found=seat.term_ends_ms,
    )


def _list_expected(
    view: BodyView, election: _Election, history: _History, *, time_ms: int
) -> list[bytes]:
    """Whom the newest election of a body put there, and nothing has taken away since."""
    watched = _list_watched(election.body)
    candidates_there = {
        office: None
        for other in history.elections.values()
        if other.body in watched
        for office in other.paper.options
    }
    first_half_count = -(-len(election.winners) // 2)
    expected = []
    for number, office in enumerate(election.offices):
        term_ms = election.term_ms if number < first_half_count else election.term_ms // 2
        account = view.get_account(office)
        is_there = account is not None and account.left_height is None
        is_recalled = (election.body, office) in history.recalled
        is_excluded = office in candidates_there
        is_over = time_ms >= election.closed_ms + term_ms
        if is_there and not (is_recalled or is_excluded or is_over):
            expected.append(office)
    return expected


def _list_watched(kind: BodyKind) -> tuple[BodyKind, ...]:
    """Bodies in which nobody sits who sits in this one."""
    if kind is BodyKind.COMMITTEE:
        return OVERSIGHT
    return (BodyKind.COMMITTEE,) if kind in OVERSIGHT else ()
