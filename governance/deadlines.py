"""What time brings by itself, before a block's transactions.

Windows that an earlier block announced start with this block's time; deadlines that fell due
move their proposals on. Work per block is bounded: what is left waits for the next block,
which follows at once because state has changed. A rule that fails here voids its proposal
instead of stopping the chain.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import (
    BALLOTS_ARCHIVED_PER_BLOCK_MAX,
    BALLOTS_COUNTED_PER_BLOCK_MAX,
    COUNT_ITEMS_CLEARED_PER_BLOCK_MAX,
    DEADLINES_PER_BLOCK_MAX,
)
from governance.accountability_view import AccountabilityView
from governance.admissions import end_objections
from governance.ballots import archive_ballots, close_proposal, compute_decision, count_ballots
from governance.body_events import OptionsCounted
from governance.body_records import BodyKind
from governance.complaint_steps import end_step
from governance.confidence import miss_duty
from governance.context import BlockContext
from governance.departures import end_appeal_window
from governance.duty_records import DutyKind
from governance.election_calls import call_before_terms_end
from governance.elections import end_terms
from governance.events import Events, ProposalVoided
from governance.guardians import complete_recovery
from governance.implementing import conclude
from governance.key_view import KeyView
from governance.kinds import KINDS
from governance.option_counts import (
    begin_option_count,
    clear_option_count,
    continue_option_count,
)
from governance.proposal_records import Outcome, Proposal, Stage, Tally
from governance.proposals import release_proposer
from governance.queues import Due, Turn, list_due, list_openings, put_due, put_opening
from governance.refusals import TxRefusedError
from governance.roll_batches import land_batch
from governance.roll_view import RollView
from governance.submitting import submit
from governance.transactions import SubmitProposal, compute_second_vote_id
from governance.vacancies import continue_countback
from governance.vetoes import end_veto_window
from governance.view import KeyValue, Savepoint, StateView
from governance.windows import (
    announce_second_call,
    extend_window,
    has_second_call,
    open_next_window,
    open_reveal,
)

_COUNTED = (Stage.VOTING, Stage.REVEAL, Stage.COUNTING)
"""Where ballots are counted when the time has come."""


@dataclass(slots=True)
class _Room:
    """What a block may still do, all that falls due in it together."""

    ballots: int
    """To read or move."""
    archived: int
    """Ballots to take out of state."""
    cleared: int
    """Chunks of papers to forget."""


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
    view = RollView(kv)
    events: Events = ()
    room = _Room(
        ballots=BALLOTS_COUNTED_PER_BLOCK_MAX,
        archived=BALLOTS_ARCHIVED_PER_BLOCK_MAX,
        cleared=COUNT_ITEMS_CLEARED_PER_BLOCK_MAX,
    )
    for due in list_due(view, time_ms=block.time_ms, entries_max=DEADLINES_PER_BLOCK_MAX):
        if due.turn is not Turn.PROPOSAL:
            events += _take_turn(view, due, room=room, block=block)
            continue
        proposal = _get_proposal(view, due.cooperative, due.subject)
        if proposal.stage not in _COUNTED:
            view.kv.delete(due.key)
            events += _end_waiting(view, due, proposal)
            continue
        if room.ballots <= 0:
            continue
        count = _end_voting if proposal.stage is Stage.VOTING else _count_options
        told, counted = count(view, due, proposal, ballots_max=room.ballots, block=block)
        events += told
        room.ballots -= counted
    return events


def _take_turn(view: RollView, due: Due, *, room: _Room, block: BlockContext) -> Events:
    match due.turn:
        case Turn.ROLL:
            return _land(view, due, block=block)
        case Turn.CLEARING | Turn.ARCHIVE:
            _tidy(view, due, room=room)
            return ()
        case Turn.COUNTBACK:
            if room.ballots <= 0:
                return ()
            events, has_ended, handled = continue_countback(
                view, due.cooperative, due.subject, papers_max=room.ballots, block=block
            )
            room.ballots -= handled
            if has_ended:
                view.kv.delete(due.key)
            return events
        case _:
            return _end_window(view, due, block=block)


def _tidy(view: RollView, due: Due, *, room: _Room) -> None:
    """Take out of state what a count has left there, as much as the block has room for."""
    if due.turn is Turn.ARCHIVE:
        if room.archived <= 0:
            return
        archived_max = room.archived
        count = archive_ballots(view, due.cooperative, due.subject, ballots_max=archived_max)
        room.archived -= max(1, count)
        has_ended = count < archived_max
    else:
        if room.cleared <= 0:
            return
        proposal = _get_proposal(view, due.cooperative, due.subject)
        has_ended, count = clear_option_count(view, proposal, items_max=room.cleared)
        room.cleared -= count
    if has_ended:
        view.kv.delete(due.key)


def _end_window(view: RollView, due: Due, *, block: BlockContext) -> Events:
    view.kv.delete(due.key)
    match due.turn:
        case Turn.ADMISSION:
            end_objections(view, due.cooperative, due.subject, block=block)
            return ()
        case Turn.EXCLUSION:
            return end_appeal_window(view, due.cooperative, due.subject, block=block)
        case Turn.SECOND_VOTE:
            return _submit_again(view, due, block=block)
        case Turn.VETO_WINDOW:
            return end_veto_window(view, due.cooperative, due.subject)
        case Turn.RECOVERY:
            return complete_recovery(KeyView(view.kv), due.cooperative, due.subject, block=block)
        case Turn.COMPLAINT:
            complaints = AccountabilityView(view.kv)
            return end_step(complaints, due.cooperative, due.subject, block=block)
        case Turn.ELECTION:
            kind = BodyKind(int.from_bytes(due.subject, "big"))
            return call_before_terms_end(
                view, due.cooperative, kind, due_ms=due.due_ms, block=block
            )
        case Turn.DUTY:
            duty = DutyKind(int.from_bytes(due.subject, "big"))
            return miss_duty(AccountabilityView(view.kv), due.cooperative, duty, block=block)
        case _:
            kind = BodyKind(int.from_bytes(due.subject, "big"))
            return end_terms(view, due.cooperative, kind, block=block)


def _land(view: RollView, due: Due, *, block: BlockContext) -> Events:
    if view.get_roll_clock(due.cooperative).due_ms != due.due_ms:  # another batch is awaited
        view.kv.delete(due.key)
        return ()
    events, is_whole = land_batch(view, due.cooperative, block=block)
    if is_whole:
        view.kv.delete(due.key)
    return events


def _count_options(
    view: RollView, due: Due, proposal: Proposal, *, ballots_max: int, block: BlockContext
) -> tuple[Events, int]:
    """Count ballots with marks on; what came of it, and how many papers were handled."""
    if proposal.stage is Stage.REVEAL:
        extended = extend_window(view, proposal, ends_ms=due.due_ms)
        if extended:
            view.kv.delete(due.key)
            return extended, 0
        proposal = replace(proposal, stage=Stage.COUNTING)
        view.put_proposal(proposal)
        begin_option_count(view, proposal)
    result, counted = continue_option_count(view, proposal, papers_max=ballots_max)
    if result is None:
        return (), min(counted, ballots_max)
    view.kv.delete(due.key)
    view.put_count_result(proposal.cooperative, proposal.id, result)
    put_due(
        view,
        Turn.CLEARING,
        due_ms=block.time_ms,
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    counted_event = OptionsCounted(
        cooperative=proposal.cooperative,
        proposal=proposal.id,
        method=result.method,
        winners=tuple(paper.options[place] for place in result.winners),
        amounts=result.amounts,
    )
    tally = view.get_tally(proposal.cooperative, proposal.id)
    closed = _close(view, proposal, tally, Outcome.ACCEPTED, block=block)
    return (counted_event, *closed), min(counted, ballots_max)


def _end_waiting(view: StateView, due: Due, proposal: Proposal) -> Events:
    """A window that is not the vote's is over: what comes next opens with the next block."""
    if proposal.stage is not Stage.SECOND_CALL:
        extended = extend_window(view, proposal, ends_ms=due.due_ms)
        if extended:
            return extended
    put_opening(view, cooperative=due.cooperative, proposal_id=due.subject)
    return ()


def _end_voting(
    view: RollView, due: Due, proposal: Proposal, *, ballots_max: int, block: BlockContext
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


def _decide(view: RollView, proposal: Proposal, tally: Tally, *, block: BlockContext) -> Events:
    outcome = compute_decision(proposal, tally)
    if outcome is Outcome.NO_QUORUM and has_second_call(view, proposal):
        view.delete_tally(proposal.cooperative, proposal.id)
        return announce_second_call(view, proposal, ballots_count=tally.ballots_count, block=block)
    if KINDS[proposal.kind].has_options and outcome is not Outcome.NO_QUORUM:
        view.put_tally(proposal.cooperative, proposal.id, tally)
        return _begin_options(view, proposal, block=block)
    return _close(view, proposal, tally, outcome, block=block)


def _begin_options(view: RollView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Enough have voted: draw lots among candidates first; items need none."""
    if KINDS[proposal.kind].is_nominated:
        return open_reveal(view, proposal, block=block)
    proposal = replace(proposal, stage=Stage.COUNTING)
    view.put_proposal(proposal)
    begin_option_count(view, proposal)
    put_due(
        view,
        Turn.PROPOSAL,
        due_ms=block.time_ms,
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    return ()


def _close(
    view: RollView, proposal: Proposal, tally: Tally, outcome: Outcome, *, block: BlockContext
) -> Events:
    events = close_proposal(view, proposal, tally, outcome=outcome, block=block)
    closed = _get_proposal(view, proposal.cooperative, proposal.id)
    is_accepted = outcome is Outcome.ACCEPTED
    return events + conclude(view, closed, is_accepted=is_accepted, block=block)


def _submit_again(view: RollView, due: Due, *, block: BlockContext) -> Events:
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
        events = open_next_window(RollView(savepoint), proposal, block=block)
    except TxRefusedError as error:
        return _void(RollView(kv), proposal, error, block=block)
    savepoint.commit()
    return events


def _void(
    view: RollView, proposal: Proposal, error: TxRefusedError, *, block: BlockContext
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
