"""Counting ballots with marks: in bounded steps, by the method of their ballot paper.

Ballots are read once for the turnout and the log (`governance.ballots`), and once more here,
when lots can be drawn. Where a count stands lies in state between two blocks; what it found
stays there.
"""

from itertools import islice
from typing import TypeAlias

from msgspec.structs import replace

from config.errors import InvariantError
from governance.body_view import BodyView
from governance.count.approval import ApprovalTally, add_approvals, begin_approval, elect_approved
from governance.count.ledger_piles import LedgerPiles
from governance.count.papers import Papers
from governance.count.quadratic import (
    QuadraticTally,
    add_votes,
    begin_quadratic,
    fund_items,
    rank_items,
)
from governance.count.schulze import SchulzeTally, add_rankings, begin_schulze, elect_schulze
from governance.count.stv import (
    add_papers,
    advance,
    begin_count,
    close_papers,
    get_result,
)
from governance.count.stv_records import StvResult
from governance.count.ties import LotEntry, compute_lot_order
from governance.election_records import BallotPaper, CountProgress, CountResult, Method
from governance.member_acts import FundItems
from governance.proposal_records import Proposal

_Tally: TypeAlias = ApprovalTally | SchulzeTally | QuadraticTally
_TALLIES: dict[Method, type[ApprovalTally | SchulzeTally | QuadraticTally]] = {
    Method.APPROVAL: ApprovalTally,
    Method.SCHULZE: SchulzeTally,
    Method.QUADRATIC: QuadraticTally,
}


def begin_option_count(view: BodyView, proposal: Proposal) -> None:
    """Begin to count a vote whose ballots are all in and whose lots can be drawn."""
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    lot = b"" if paper.method is Method.QUADRATIC else draw_lots(view, proposal, paper)
    count = len(paper.options)
    match paper.method:
        case Method.SCOTTISH_STV:
            begin_count(
                _piles_of(view, proposal),
                candidates_count=count,
                seats_count=min(paper.seats_count, count),
                withdrawn=b"",
                lot=lot,
            )
        case Method.SCHULZE:
            _put_tally(view, proposal, begin_schulze(candidates_count=count))
        case Method.APPROVAL:
            _put_tally(view, proposal, begin_approval(candidates_count=count))
        case Method.QUADRATIC:
            tally = begin_quadratic(items_count=count, credits=paper.credits)
            _put_tally(view, proposal, tally)
    view.put_count_progress(proposal.cooperative, proposal.id, CountProgress(lot=lot))


def continue_option_count(
    view: BodyView, proposal: Proposal, *, papers_max: int
) -> tuple[CountResult | None, int]:
    """Count on from where the last block stopped.

    Args:
        view: State.
        proposal: Whose count has begun.
        papers_max: Read or move at most so many papers now; at least 1.

    Returns:
        What the count found, once it has, and how many papers were read or moved.
    """
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    progress = view.require_count_progress(proposal.cooperative, proposal.id)
    if not progress.are_ballots_in:
        return None, _take_ballots(view, proposal, paper, progress, papers_max=papers_max)
    if paper.method is Method.SCOTTISH_STV:
        piles = _piles_of(view, proposal)
        if not advance(piles, papers_max=papers_max):
            return None, papers_max
        found = get_result(piles)
        return (
            CountResult(
                method=paper.method,
                winners=found.winners,
                scores=(),
                quota=found.quota,
                trace_hash=found.trace_hash,
            ),
            1,
        )
    return _conclude_tally(view, proposal, paper, progress), 1


def get_stv_result(view: BodyView, proposal: Proposal) -> StvResult:
    """Every stage of a count by the single transferable vote that has ended."""
    return get_result(_piles_of(view, proposal))


def clear_option_count(view: BodyView, proposal: Proposal, *, items_max: int) -> tuple[bool, int]:
    """Forget the papers of a count that has ended, at most so many chunks of them now.

    The stages of a single transferable vote stay.

    Returns:
        Whether none are left, and how many were forgotten; at least 1.
    """
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    cleared_count = 1
    if paper.method is Method.SCOTTISH_STV:
        piles = _piles_of(view, proposal)
        cleared_count = max(1, min(items_max, piles.count_chunks()))
        if not piles.clear_papers(items_max):
            return False, cleared_count
    else:
        view.delete_option_tally(proposal.cooperative, proposal.id)
    view.delete_count_progress(proposal.cooperative, proposal.id)
    return True, cleared_count


def _take_ballots(
    view: BodyView,
    proposal: Proposal,
    paper: BallotPaper,
    progress: CountProgress,
    *,
    papers_max: int,
) -> int:
    ballots = view.scan_ballots(
        proposal.cooperative, proposal_id=proposal.id, after=progress.last_ballot_id
    )
    papers: dict[bytes, int] = {}
    read_count, last_ballot_id = 0, progress.last_ballot_id
    for ballot_id, ballot in islice(ballots, papers_max):
        marks = ballot.choice if isinstance(ballot.choice, bytes) else _blank(paper)
        papers[marks] = papers.get(marks, 0) + 1
        read_count, last_ballot_id = read_count + 1, ballot_id
    are_ballots_in = next(ballots, None) is None
    _add(view, proposal, paper, papers)
    if are_ballots_in and paper.method is Method.SCOTTISH_STV:
        close_papers(_piles_of(view, proposal))
    view.put_count_progress(
        proposal.cooperative,
        proposal.id,
        replace(progress, last_ballot_id=last_ballot_id, are_ballots_in=are_ballots_in),
    )
    return max(1, read_count)


def _blank(paper: BallotPaper) -> bytes:
    """What a ballot says that abstains."""
    return bytes(len(paper.options)) if paper.method is Method.QUADRATIC else b""


def _add(view: BodyView, proposal: Proposal, paper: BallotPaper, papers: Papers) -> None:
    if paper.method is Method.SCOTTISH_STV:
        add_papers(_piles_of(view, proposal), papers)
        return
    tally = _get_tally(view, proposal, paper)
    if isinstance(tally, ApprovalTally):
        _put_tally(view, proposal, add_approvals(tally, papers))
    elif isinstance(tally, SchulzeTally):
        _put_tally(view, proposal, add_rankings(tally, papers))
    else:
        _put_tally(view, proposal, add_votes(tally, papers))


def _conclude_tally(
    view: BodyView, proposal: Proposal, paper: BallotPaper, progress: CountProgress
) -> CountResult:
    tally = _get_tally(view, proposal, paper)
    if isinstance(tally, ApprovalTally):
        approved = elect_approved(
            tally, seats_count=paper.seats_count, withdrawn=b"", lot=progress.lot
        )
        winners, scores = approved.winners, approved.approvals
    elif isinstance(tally, SchulzeTally):
        winners = bytes([elect_schulze(tally, withdrawn=b"", lot=progress.lot).winner])
        scores = ()
    else:
        return _fund(view, proposal, tally)
    return CountResult(method=paper.method, winners=winners, scores=scores, quota=0, trace_hash=b"")


def _fund(view: BodyView, proposal: Proposal, tally: QuadraticTally) -> CountResult:
    act = view.require_act(proposal.cooperative, proposal.id)
    if not isinstance(act, FundItems):
        raise InvariantError("a budget asks for something else")
    return compute_funded(act, tally)


def compute_funded(act: FundItems, tally: QuadraticTally) -> CountResult:
    """What a budget's votes give each item."""
    funding = fund_items(tally, pool=act.pool_minor, cap=act.cap_minor or None)
    return CountResult(
        method=Method.QUADRATIC,
        winners=b"".join(rank_items(tally)),
        scores=tally.votes,
        quota=0,
        trace_hash=b"",
        amounts=funding.amounts,
        carried_minor=funding.carried,
    )


def draw_lots(view: BodyView, proposal: Proposal, paper: BallotPaper) -> bytes:
    """Who wins ties among the candidates of a vote, by the salts that they have revealed."""
    entries = []
    for office in paper.options:
        candidate = view.get_candidate(proposal.cooperative, proposal.id, office)
        if candidate is None:
            raise InvariantError("a ballot paper names nobody's candidacy")
        entries.append(
            LotEntry(
                candidate_id=office,
                commitment=candidate.salt_commitment,
                salt=candidate.salt or None,
            )
        )
    return compute_lot_order(entries, vote_id=proposal.id)


def _piles_of(view: BodyView, proposal: Proposal) -> LedgerPiles:
    return LedgerPiles(view.kv, namespace=proposal.cooperative, subject=proposal.id)


def _get_tally(view: BodyView, proposal: Proposal, paper: BallotPaper) -> _Tally:
    data = view.require_option_tally(proposal.cooperative, proposal.id)
    return _TALLIES[paper.method].decode(data)


def _put_tally(view: BodyView, proposal: Proposal, tally: _Tally) -> None:
    view.put_option_tally(proposal.cooperative, proposal.id, tally.encode())
