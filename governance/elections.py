"""Elections: who stands, when, for which seats, and who sits afterwards.

A proposal asks to elect a body; candidates come forward with office accounts; members rank or
approve; candidates reveal the salts from which lots are drawn; the count follows. An election
fills the seats that are free or whose terms end soon. Counting is `governance.option_counts`.
"""

from msgspec.structs import replace

from config.errors import InvariantError
from governance.ballot_papers import get_method
from governance.body_events import (
    CandidateNominated,
    CandidateWithdrew,
    OfficersSeated,
    SaltRevealed,
    TermsEnded,
)
from governance.body_records import OVERSIGHT, WORKING_GROUPS, Body, BodyKind, Seat
from governance.body_transactions import (
    Nominate,
    RevealSalt,
    WithdrawNomination,
)
from governance.body_view import BodyView
from governance.bylaws import Bylaws, compute_window_ms
from governance.charter import COMMITTEE_LEAST, ELECTION_LEAD_S, ELECTION_SLACK_S
from governance.context import BlockContext, Sender
from governance.count.ties import is_salt_of
from governance.election_records import BallotPaper, Candidate, CountResult
from governance.events import Events
from governance.member_acts import ElectBody
from governance.offices import require_office
from governance.proposal_records import Proposal, ProposalKind, Stage
from governance.queues import Turn, put_due
from governance.records import Cooperative
from governance.refusals import RefusalCode, TxRefusedError

_CANDIDATES_MAX = 64


def apply_nominate(view: BodyView, tx: Nominate, *, sender: Sender, block: BlockContext) -> Events:
    """Stand for a body with an office account; saying it again replaces the statement.

    Raises:
        TxRefusedError: As `require_office`; then as `_require_nomination`, OFFICE_UNFIT,
            CANDIDATES_TOO_MANY; in this order.
    """
    require_office(view, tx.cooperative, sender=sender)
    proposal = _require_nomination(view, tx.cooperative, tx.proposal_id, block=block)
    body = require_election(view, proposal).body
    if not may_sit(view, tx.cooperative, body, sender.account):
        raise TxRefusedError(RefusalCode.OFFICE_UNFIT)
    standing = view.list_candidates(tx.cooperative, tx.proposal_id)
    is_new = all(office != sender.account for office, _ in standing)
    if is_new and len(standing) >= _CANDIDATES_MAX:
        raise TxRefusedError(RefusalCode.CANDIDATES_TOO_MANY)
    view.put_candidate(
        tx.cooperative,
        tx.proposal_id,
        sender.account,
        Candidate(statement_hash=tx.statement_hash, salt_commitment=tx.salt_commitment),
    )
    return (
        CandidateNominated(
            cooperative=tx.cooperative,
            proposal=tx.proposal_id,
            office=sender.account,
            statement_hash=tx.statement_hash,
        ),
    )


def apply_withdraw_nomination(
    view: BodyView, tx: WithdrawNomination, *, sender: Sender, block: BlockContext
) -> Events:
    """Stand no more, while nominations are open.

    Raises:
        TxRefusedError: As `require_office`; then as `_require_nomination`, NOT_A_CANDIDATE; in
            this order.
    """
    require_office(view, tx.cooperative, sender=sender)
    _require_nomination(view, tx.cooperative, tx.proposal_id, block=block)
    if view.get_candidate(tx.cooperative, tx.proposal_id, sender.account) is None:
        raise TxRefusedError(RefusalCode.NOT_A_CANDIDATE)
    view.delete_candidate(tx.cooperative, tx.proposal_id, sender.account)
    return (
        CandidateWithdrew(
            cooperative=tx.cooperative, proposal=tx.proposal_id, office=sender.account
        ),
    )


def apply_reveal_salt(
    view: BodyView, tx: RevealSalt, *, sender: Sender, block: BlockContext
) -> Events:
    """Reveal the salt that was committed to at the nomination; who does not loses every tie.

    Raises:
        TxRefusedError: As `require_office`; then PROPOSAL_UNKNOWN, NOT_A_CANDIDATE,
            STAGE_WRONG, SALT_WRONG; in this order.
    """
    require_office(view, tx.cooperative, sender=sender)
    proposal = view.get_proposal(tx.cooperative, tx.proposal_id)
    if proposal is None:
        raise TxRefusedError(RefusalCode.PROPOSAL_UNKNOWN)
    candidate = view.get_candidate(tx.cooperative, tx.proposal_id, sender.account)
    if candidate is None:
        raise TxRefusedError(RefusalCode.NOT_A_CANDIDATE)
    if proposal.stage is not Stage.REVEAL or block.time_ms >= proposal.reveal_ends_ms:
        raise TxRefusedError(RefusalCode.STAGE_WRONG)
    if not is_salt_of(candidate.salt_commitment, tx.salt):
        raise TxRefusedError(RefusalCode.SALT_WRONG)
    view.put_candidate(
        tx.cooperative, tx.proposal_id, sender.account, replace(candidate, salt=tx.salt)
    )
    return (
        SaltRevealed(cooperative=tx.cooperative, proposal=tx.proposal_id, office=sender.account),
    )


def check_election(
    view: BodyView, act: ElectBody, cooperative: Cooperative, *, block: BlockContext
) -> None:
    """Check that a body can be elected now.

    Raises:
        TxRefusedError: ELECTION_OPEN, NOTHING_TO_ELECT; in this order.
    """
    body = view.get_body(cooperative.id, act.body)
    if body.election:
        raise TxRefusedError(RefusalCode.ELECTION_OPEN)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    if count_free_seats(view, body, bylaws=bylaws, block=block) == 0:
        raise TxRefusedError(RefusalCode.NOTHING_TO_ELECT)


def make_ballot_paper(view: BodyView, proposal: Proposal, *, block: BlockContext) -> BallotPaper:
    """Who stands, in an order that nobody chooses, and for how many seats.

    Raises:
        TxRefusedError: CANDIDATES_TOO_FEW: for a committee fewer than the charter asks for, so
            that the assembly acts itself; else nobody. NOTHING_TO_ELECT: every seat has been
            filled meanwhile. In this order.
    """
    body = view.get_body(proposal.cooperative, require_election(view, proposal).body)
    offices = tuple(
        office
        for office, _ in view.list_candidates(proposal.cooperative, proposal.id)
        if may_sit(view, proposal.cooperative, body.kind, office)
    )
    needed = COMMITTEE_LEAST if body.kind is BodyKind.COMMITTEE and not body.seats else 1
    if len(offices) < needed:
        raise TxRefusedError(RefusalCode.CANDIDATES_TOO_FEW)
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    seats_count = count_free_seats(view, body, bylaws=bylaws, block=block)
    if seats_count == 0:
        raise TxRefusedError(RefusalCode.NOTHING_TO_ELECT)
    return BallotPaper(method=get_method(body.kind), options=offices, seats_count=seats_count)


def has_room(view: BodyView, cooperative: bytes, body: Body, *, block: BlockContext) -> bool:
    """Check if a vacant seat may still be filled without an election.

    Not once voters are choosing for it: a ballot paper that is fixed has counted it as free,
    and a body never has more seats than the bylaws say.
    """
    paper = view.get_ballot_paper(cooperative, body.election) if body.election else None
    election = view.get_proposal(cooperative, body.election) if body.election else None
    if paper is None or election is None:
        bylaws = view.get_bylaws(view.require_cooperative(cooperative).bylaws_hash)
        return len(body.seats) < get_seats_count(bylaws, body.kind)
    bylaws = view.get_bylaws(election.bylaws_hash)
    staying_count = len(_list_staying(view, body, block=block))
    return staying_count + paper.seats_count < get_seats_count(bylaws, body.kind)


def seat_winners(
    view: BodyView, proposal: Proposal, result: CountResult, *, block: BlockContext
) -> Events:
    """Seat who was elected, in place of those whose terms end soon.

    Of a body that was empty, the first half sits for the whole term and the rest for half of
    it, so that later on half of the seats are elected at a time (specification §4.1.2).
    """
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    body = view.get_body(proposal.cooperative, require_election(view, proposal).body)
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    staying = _list_staying(view, body, block=block)
    scale = view.get_parameters().time_scale
    term_ms = compute_window_ms(get_term_s(bylaws, body.kind), time_scale=scale)
    full_count = len(result.winners) if body.seats else -(-len(result.winners) // 2)
    seated = tuple(
        Seat(
            office=paper.options[winner],
            since_ms=block.time_ms,
            term_ends_ms=block.time_ms + (term_ms if place < full_count else term_ms // 2),
            election=proposal.id,
            place=winner,
        )
        for place, winner in enumerate(result.winners)
        if may_sit(view, proposal.cooperative, body.kind, paper.options[winner])
    )
    kept = tuple(seat for seat in staying if all(seat.office != new.office for new in seated))
    seats = tuple(sorted((*kept, *seated), key=lambda seat: seat.office))
    failed_count = 0 if seated else body.failed_calls_count
    view.put_body(
        proposal.cooperative,
        replace(body, seats=seats, election=b"", failed_calls_count=failed_count),
    )
    _call_terms(view, proposal.cooperative, body.kind, seated, bylaws=bylaws)
    if body.kind is BodyKind.COMMITTEE and seated:
        cooperative = view.require_cooperative(proposal.cooperative)
        view.put_cooperative(replace(cooperative, founding_ends_ms=0))
    return (
        OfficersSeated(
            cooperative=proposal.cooperative,
            proposal=proposal.id,
            body=body.kind,
            offices=tuple(seat.office for seat in seated),
        ),
    )


def note_election(view: BodyView, proposal: Proposal, *, is_open: bool) -> None:
    """Note that a body is being elected, so that it is so once at a time, or is not any more."""
    if proposal.kind is not ProposalKind.ELECTION:
        return
    body = view.get_body(proposal.cooperative, require_election(view, proposal).body)
    view.put_body(proposal.cooperative, replace(body, election=proposal.id if is_open else b""))


def count_free_seats(view: BodyView, body: Body, *, bylaws: Bylaws, block: BlockContext) -> int:
    """Seats that nobody holds, or whose terms end soon."""
    staying = _list_staying(view, body, block=block)
    return max(0, get_seats_count(bylaws, body.kind) - len(staying))


def get_seats_count(bylaws: Bylaws, body: BodyKind) -> int:
    """How many seats a body has."""
    if body is BodyKind.COMMITTEE:
        return bylaws.bodies.committee_seats
    if body in WORKING_GROUPS:
        return bylaws.bodies.working_group_seats
    return 1 if body is BodyKind.OMBUDSPERSON else bylaws.bodies.panel_seats


def get_term_s(bylaws: Bylaws, body: BodyKind) -> int:
    """How long a seat is held."""
    if body is BodyKind.COMMITTEE:
        return bylaws.bodies.committee_term_s
    return bylaws.bodies.other_term_s


def end_terms(view: BodyView, cooperative: bytes, kind: BodyKind, *, block: BlockContext) -> Events:
    """Free the seats whose terms have ended."""
    body = view.get_body(cooperative, kind)
    seats = tuple(seat for seat in body.seats if seat.term_ends_ms > block.time_ms)
    ended = tuple(seat.office for seat in body.seats if seat not in seats)
    if not ended:
        return ()
    view.put_body(cooperative, replace(body, seats=seats))
    return (TermsEnded(cooperative=cooperative, body=kind, offices=ended),)


def require_election(view: BodyView, proposal: Proposal) -> ElectBody:
    """Which body an election proposal is about.

    Raises:
        InvariantError: It says nothing of it.
    """
    act = view.require_act(proposal.cooperative, proposal.id)
    if not isinstance(act, ElectBody):
        raise InvariantError("an election asks for something else")
    return act


def _require_nomination(
    view: BodyView, cooperative: bytes, proposal_id: bytes, *, block: BlockContext
) -> Proposal:
    """An election for which candidates come forward.

    Raises:
        TxRefusedError: PROPOSAL_UNKNOWN, STAGE_WRONG; in this order.
    """
    proposal = view.get_proposal(cooperative, proposal_id)
    if proposal is None or proposal.kind is not ProposalKind.ELECTION:
        raise TxRefusedError(RefusalCode.PROPOSAL_UNKNOWN)
    is_open = block.time_ms < proposal.nomination_ends_ms
    if proposal.stage is not Stage.NOMINATION or not is_open:
        raise TxRefusedError(RefusalCode.STAGE_WRONG)
    return proposal


def _list_staying(view: BodyView, body: Body, *, block: BlockContext) -> tuple[Seat, ...]:
    scale = view.get_parameters().time_scale
    soon_ms = block.time_ms + compute_window_ms(ELECTION_LEAD_S, time_scale=scale)
    return tuple(seat for seat in body.seats if seat.term_ends_ms > soon_ms)


def may_sit(view: BodyView, cooperative: bytes, kind: BodyKind, office: bytes) -> bool:
    """Check that an office is open, and sits in no body that watches this one or is watched."""
    account = view.get_account(office)
    if account is None or account.left_height is not None:
        return False
    if kind is BodyKind.COMMITTEE:
        others: tuple[BodyKind, ...] = OVERSIGHT
    else:
        others = (BodyKind.COMMITTEE,) if kind in OVERSIGHT else ()
    return all(office not in view.get_body(cooperative, other).offices for other in others)


def _call_terms(
    view: BodyView,
    cooperative: bytes,
    kind: BodyKind,
    seats: tuple[Seat, ...],
    *,
    bylaws: Bylaws,
) -> None:
    """Let seats fall free when their terms end, and elections begin in time before."""
    scale = view.get_parameters().time_scale
    lead_ms = compute_window_ms(_compute_lead_s(bylaws), time_scale=scale)
    for term_ends_ms in sorted({seat.term_ends_ms: None for seat in seats}):
        for turn, due_ms in ((Turn.TERM, term_ends_ms), (Turn.ELECTION, term_ends_ms - lead_ms)):
            put_due(
                view,
                turn,
                due_ms=due_ms,
                cooperative=cooperative,
                subject=kind.to_bytes(32, "big"),
            )


def _compute_lead_s(bylaws: Bylaws) -> int:
    """How long before terms end the rules submit the election: all its stages, and some more.

    Never longer than the time in which seats count as ending soon.
    """
    stages = bylaws.stages
    whole_s = (
        stages.review_s
        + stages.discussion_s
        + stages.recommendation_s
        + stages.nomination_s
        + stages.voting_s
        + stages.reveal_s
    )
    return min(whole_s + ELECTION_SLACK_S, ELECTION_LEAD_S)
