"""What time brings by itself, before a block's transactions.

Windows that an earlier block announced start with this block's time; deadlines that fell due
move their proposals on. Work per block is bounded: what is left waits for the next block,
which follows at once because state has changed. A rule that fails here voids its proposal
instead of stopping the chain.
"""

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import BALLOTS_COUNTED_PER_BLOCK_MAX, DEADLINES_PER_BLOCK_MAX
from governance.ballots import close_proposal, compute_decision, count_ballots
from governance.body_view import BodyView
from governance.context import BlockContext
from governance.events import Events, ProposalVoided
from governance.implementing import conclude
from governance.proposal_records import Outcome, Proposal, Stage, Tally
from governance.proposals import release_proposer, submit
from governance.queues import Due, Turn, list_due, list_openings, put_opening
from governance.refusals import TxRefusedError
from governance.transactions import SubmitProposal, compute_second_vote_id
from governance.vetoes import end_veto_window
from governance.view import KeyValue, Savepoint, StateView
from governance.windows import (
    announce_second_call,
    extend_window,
    has_second_call,
    open_next_window,
)


def apply_openings(kv: KeyValue, *, block: BlockContext) -> Events:
    """Start the windows that earlier blocks announced."""
    view = StateView(kv)
    events: Events = ()
    for opening in list_openings(view, entries_max=DEADLINES_PER_BLOCK_MAX):
        view.kv.delete(opening.key)
        proposal = _get_proposal(view, opening.cooperative, opening.proposal_id)
        events += _open(kv, proposal, block=block)
    return events


def apply_deadlines(kv: KeyValue, *, block: BlockContext) -> Events:
    """Do what has fallen due, earliest first."""
    view = BodyView(kv)
    events: Events = ()
    ballots_left = BALLOTS_COUNTED_PER_BLOCK_MAX
    for due in list_due(view, time_ms=block.time_ms, entries_max=DEADLINES_PER_BLOCK_MAX):
        if due.turn is Turn.SECOND_VOTE:
            view.kv.delete(due.key)
            events += _submit_again(view, due, block=block)
            continue
        if due.turn is Turn.VETO_WINDOW:
            view.kv.delete(due.key)
            events += end_veto_window(view, due.cooperative, due.subject)
            continue
        proposal = _get_proposal(view, due.cooperative, due.subject)
        if proposal.stage is not Stage.VOTING:
            view.kv.delete(due.key)
            events += _end_waiting(view, due, proposal)
            continue
        if ballots_left == 0:
            break
        told, counted = _end_voting(view, due, proposal, ballots_max=ballots_left, block=block)
        events += told
        ballots_left -= counted
    return events


def _end_waiting(view: StateView, due: Due, proposal: Proposal) -> Events:
    """A window that is not the vote's is over: what comes next opens with the next block."""
    if proposal.stage is not Stage.SECOND_CALL:
        extended = extend_window(view, proposal, ends_ms=due.due_ms)
        if extended:
            return extended
    put_opening(view, cooperative=due.cooperative, proposal_id=due.subject)
    return ()


def _end_voting(
    view: BodyView, due: Due, proposal: Proposal, *, ballots_max: int, block: BlockContext
) -> tuple[Events, int]:
    """Count on; what came of it, and how many ballots were read."""
    before = view.get_tally(proposal.cooperative, proposal.id)
    if before == Tally():
        extended = extend_window(view, proposal, ends_ms=due.due_ms)
        if extended:
            view.kv.delete(due.key)
            return extended, 0
    tally, is_complete = count_ballots(view, proposal, ballots_max=ballots_max)
    counted = tally.ballots_count - before.ballots_count
    if not is_complete:
        view.put_tally(proposal.cooperative, proposal.id, tally)
        return (), counted
    view.kv.delete(due.key)
    return _decide(view, proposal, tally, block=block), counted


def _decide(view: BodyView, proposal: Proposal, tally: Tally, *, block: BlockContext) -> Events:
    outcome = compute_decision(proposal, tally)
    if outcome is Outcome.NO_QUORUM and has_second_call(view, proposal):
        view.delete_tally(proposal.cooperative, proposal.id)
        return announce_second_call(view, proposal, ballots_count=tally.ballots_count, block=block)
    events = close_proposal(view, proposal, tally, outcome=outcome, block=block)
    closed = _get_proposal(view, proposal.cooperative, proposal.id)
    is_accepted = outcome is Outcome.ACCEPTED
    return events + conclude(view, closed, is_accepted=is_accepted, block=block)


def _submit_again(view: BodyView, due: Due, *, block: BlockContext) -> Events:
    """Put an accepted ending before the members once more, unless they have left meanwhile."""
    first = _get_proposal(view, due.cooperative, due.subject)
    cooperative = view.require_cooperative(due.cooperative)
    if not cooperative.is_member:
        return ()
    again = SubmitProposal(
        cooperative=first.cooperative,
        kind=first.kind,
        text_hash=first.text_hash,
        subject=b"",
        act=view.get_act(first.cooperative, first.id),
    )
    return submit(
        view,
        again,
        cooperative=cooperative,
        proposal_id=compute_second_vote_id(first.id),
        proposer=first.cooperative,
        block=block,
    )


def _open(kv: KeyValue, proposal: Proposal, *, block: BlockContext) -> Events:
    savepoint = Savepoint(kv)
    try:
        events = open_next_window(BodyView(savepoint), proposal, block=block)
    except TxRefusedError as error:
        return _void(BodyView(kv), proposal, error, block=block)
    savepoint.commit()
    return events


def _void(
    view: BodyView, proposal: Proposal, error: TxRefusedError, *, block: BlockContext
) -> Events:
    proposal = replace(proposal, stage=Stage.VOID)
    view.put_proposal(proposal)
    release_proposer(view, proposal)
    voided = ProposalVoided(
        cooperative=proposal.cooperative, proposal=proposal.id, refusal=error.refusal
    )
    return (voided, *conclude(view, proposal, is_accepted=False, block=block))


def _get_proposal(view: StateView, cooperative: bytes, proposal_id: bytes) -> Proposal:
    proposal = view.get_proposal(cooperative, proposal_id)
    if proposal is None:
        raise InvariantError("a queue names a proposal that is not there")
    return proposal
