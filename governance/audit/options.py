"""Counting ballots with marks once more: from the ballot paper, the salts and the list of ballots.

In memory and at once, where the chain counts block by block over records in state.
"""

from collections.abc import Sequence

from config.errors import RefusedError
from governance.audit.findings import Place, expect
from governance.ballot_papers import get_method
from governance.body_view import BodyView
from governance.bylaws import Bylaws
from governance.count.approval import add_approvals, begin_approval, elect_approved
from governance.count.countback import count_vacancy
from governance.count.papers import Papers, is_choice
from governance.count.quadratic import (
    add_votes,
    begin_quadratic,
    check_votes,
)
from governance.count.schulze import add_rankings, begin_schulze, elect_schulze
from governance.count.stv import count_stv
from governance.count.ties import LotEntry, compute_lot_order, is_salt_of
from governance.election_records import BallotPaper, CountResult, Method
from governance.elections import get_seats_count
from governance.member_acts import ElectBody, FundItems
from governance.option_counts import compute_funded
from governance.proposal_records import BallotChoice, Proposal


def recount_vacancy(
    view: BodyView,
    proposal: Proposal,
    choices: Sequence[BallotChoice],
    *,
    vacating: int,
    contesting: bytes,
    place: Place,
) -> bytes:
    """Hold a countback again; the office that the ballots of a seat choose, or nothing.

    Args:
        view: State.
        proposal: The election.
        choices: Its ballots.
        vacating: Place on the ballot paper of who was elected to the seat.
        contesting: Places of who might have it; none of them elected.
        place: For findings.

    Raises:
        AuditError: The ballot paper, a salt or a ballot is not as it must be.
    """
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    found = count_vacancy(
        _lay_together(paper, choices, place=place),
        candidates_count=len(paper.options),
        seats_count=min(paper.seats_count, len(paper.options)),
        withdrawn=b"",
        lot=_draw_lots(view, proposal, paper, place=place),
        vacating=vacating,
        contesting=contesting,
    )
    return paper.options[found.winners[0]] if found.winners else b""


def recount_options(
    view: BodyView,
    proposal: Proposal,
    choices: Sequence[BallotChoice],
    *,
    bylaws: Bylaws,
    place: Place,
) -> CountResult:
    """What the ballots of a vote on options say.

    Raises:
        AuditError: The ballot paper, a salt or a ballot is not as it must be.
    """
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    act = view.require_act(proposal.cooperative, proposal.id)
    if isinstance(act, FundItems):
        expect(place, "ballot_paper.method", expected=Method.QUADRATIC, found=paper.method)
        expect(place, "ballot_paper.options", expected=act.items, found=paper.options)
        expect(
            place,
            "ballot_paper.credits",
            expected=bylaws.quadratic_voting.credits,
            found=paper.credits,
        )
        return _fund(paper, act, _lay_together(paper, choices, place=place))
    if isinstance(act, ElectBody):
        expect(place, "ballot_paper.method", expected=get_method(act.body), found=paper.method)
        most = get_seats_count(bylaws, act.body)
        seats_count = min(max(paper.seats_count, 1), most)
        expect(place, "ballot_paper.seats_count", expected=seats_count, found=paper.seats_count)
    lot = _draw_lots(view, proposal, paper, place=place)
    return _elect(paper, _lay_together(paper, choices, place=place), lot=lot)


def _lay_together(
    paper: BallotPaper, choices: Sequence[BallotChoice], *, place: Place
) -> dict[bytes, int]:
    """Papers that say the same together; a ballot that abstains says nothing of any option."""
    count = len(paper.options)
    blank = bytes(count) if paper.method is Method.QUADRATIC else b""
    papers: dict[bytes, int] = {}
    for choice in choices:
        marks = choice if isinstance(choice, bytes) else blank
        if marks not in papers:
            expect(place, "marks_fit", expected=True, found=_is_fit(paper, marks))
        papers[marks] = papers.get(marks, 0) + 1
    return papers


def _is_fit(paper: BallotPaper, marks: bytes) -> bool:
    count = len(paper.options)
    if paper.method is not Method.QUADRATIC:
        return is_choice(marks, candidates_count=count)
    try:
        check_votes(marks, items_count=count, credits=paper.credits)
    except RefusedError:
        return False
    return True


def _draw_lots(view: BodyView, proposal: Proposal, paper: BallotPaper, *, place: Place) -> bytes:
    entries = []
    for office in paper.options:
        candidate = view.get_candidate(proposal.cooperative, proposal.id, office)
        if candidate is None:
            expect(place, "candidate", expected=office, found=None)
            continue
        if candidate.salt:
            is_known = is_salt_of(candidate.salt_commitment, candidate.salt)
            expect(place, "salt_is_committed", expected=True, found=is_known)
        entries.append(
            LotEntry(
                candidate_id=office,
                commitment=candidate.salt_commitment,
                salt=candidate.salt or None,
            )
        )
    expect(
        place, "ballot_paper.options", expected=tuple(sorted(paper.options)), found=paper.options
    )
    return compute_lot_order(entries, vote_id=proposal.id)


def _elect(paper: BallotPaper, papers: Papers, *, lot: bytes) -> CountResult:
    count, quota, trace_hash = len(paper.options), 0, b""
    scores: tuple[int, ...] = ()
    if paper.method is Method.SCOTTISH_STV:
        found = count_stv(
            papers,
            candidates_count=count,
            seats_count=min(paper.seats_count, count),
            withdrawn=b"",
            lot=lot,
        )
        winners, quota, trace_hash = found.winners, found.quota, found.trace_hash
    elif paper.method is Method.SCHULZE:
        tally = add_rankings(begin_schulze(candidates_count=count), papers)
        winners = bytes([elect_schulze(tally, withdrawn=b"", lot=lot).winner])
    else:
        approvals = add_approvals(begin_approval(candidates_count=count), papers)
        approved = elect_approved(approvals, seats_count=paper.seats_count, withdrawn=b"", lot=lot)
        winners, scores = approved.winners, approved.approvals
    return CountResult(
        method=paper.method, winners=winners, scores=scores, quota=quota, trace_hash=trace_hash
    )


def _fund(paper: BallotPaper, act: FundItems, papers: Papers) -> CountResult:
    tally = add_votes(
        begin_quadratic(items_count=len(paper.options), credits=paper.credits), papers
    )
    return compute_funded(act, tally)
