"""What time brings by itself, before a block's transactions.

Windows that an earlier block announced start with this block's time; deadlines that fell due
move their proposals on. Work per block is bounded: what is left waits for the next block,
which follows at once because state has changed. A rule that fails here voids its proposal
instead of stopping the chain.
"""

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import BALLOTS_COUNTED_PER_BLOCK_MAX, DEADLINES_PER_BLOCK_MAX
from governance.ballots import close_proposal, count_ballots
from governance.context import BlockContext
from governance.events import Events, ProposalVoided
from governance.proposals import open_next_window, release_proposer
from governance.queues import Entry, list_due, list_openings, put_opening
from governance.records import Proposal, Stage
from governance.refusals import TxRefusedError
from governance.view import KeyValue, Savepoint, StateView


def apply_openings(kv: KeyValue, *, block: BlockContext) -> Events:
    """Start the windows that earlier blocks announced."""
    view = StateView(kv)
    events: Events = ()
    for entry in list_openings(view, entries_max=DEADLINES_PER_BLOCK_MAX):
        view.kv.delete(entry.key)
        events += _open(kv, entry, block=block)
    return events


def apply_deadlines(kv: KeyValue, *, block: BlockContext) -> Events:
    """Move on the proposals whose deadlines have come, earliest first."""
    view = StateView(kv)
    events: Events = ()
    ballots_left = BALLOTS_COUNTED_PER_BLOCK_MAX
    for entry in list_due(view, time_ms=block.time_ms, entries_max=DEADLINES_PER_BLOCK_MAX):
        proposal = _get_proposal(view, entry)
        if proposal.stage is Stage.DISCUSSION:
            view.kv.delete(entry.key)
            put_opening(view, cooperative=entry.cooperative, proposal_id=entry.proposal_id)
            continue
        if ballots_left == 0:
            break
        counted_before = view.get_tally(proposal.cooperative, proposal.id).ballots_count
        tally, is_complete = count_ballots(view, proposal, ballots_max=ballots_left)
        ballots_left -= tally.ballots_count - counted_before
        if is_complete:
            view.kv.delete(entry.key)
            events += close_proposal(view, proposal, tally, block=block)
        else:
            view.put_tally(proposal.cooperative, proposal.id, tally)
    return events


def _open(kv: KeyValue, entry: Entry, *, block: BlockContext) -> Events:
    savepoint = Savepoint(kv)
    view = StateView(savepoint)
    proposal = _get_proposal(view, entry)
    try:
        events = open_next_window(view, proposal, block=block)
    except TxRefusedError as error:
        return _void(StateView(kv), proposal, error)
    savepoint.commit()
    return events


def _void(view: StateView, proposal: Proposal, error: TxRefusedError) -> Events:
    view.put_proposal(replace(proposal, stage=Stage.VOID))
    release_proposer(view, proposal)
    return (
        ProposalVoided(
            cooperative=proposal.cooperative, proposal=proposal.id, refusal=error.refusal
        ),
    )


def _get_proposal(view: StateView, entry: Entry) -> Proposal:
    proposal = view.get_proposal(entry.cooperative, entry.proposal_id)
    if proposal is None:
        raise InvariantError("a queue names a proposal that is not there")
    return proposal
