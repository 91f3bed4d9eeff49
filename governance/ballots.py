"""Ballots: taking them, counting them at the close, and closing votes.

Counting sees an opaque ballot identity and a choice, nothing else, and goes on in the next
block when a vote is longer than what one block may count. Whether a vote binds is
`governance.counting`'s matter.
"""

from itertools import islice

from msgspec.structs import replace

from governance.ballot_papers import check_choice
from governance.body_view import BodyView
from governance.bylaws import compute_window_ms
from governance.charter import ARCHIVE_S
from governance.context import BlockContext, Sender
from governance.counted_ballots import compute_ballot_leaf, counted_log
from governance.counting import compute_outcome
from governance.events import BallotCast, Events, ProposalClosed
from governance.kinds import KINDS
from governance.logs import (
    DECISIONS,
    append,
    get_frontier,
)
from governance.proposal_records import (
    Ballot,
    Choice,
    Decision,
    DecisionLeaf,
    Outcome,
    Proposal,
    Stage,
    Tally,
    compute_ballot_id,
)
from governance.proposals import release_proposer
from governance.queues import Turn, put_due
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import is_member, was_on_roll
from governance.transactions import CastBallot
from governance.view import StateView


def apply_cast_ballot(
    view: BodyView, tx: CastBallot, *, sender: Sender, block: BlockContext
) -> Events:
    """Take a ballot; a later one with the same identity replaces it until voting closes.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, PROPOSAL_UNKNOWN, NOT_A_MEMBER, VOTING_NOT_OPEN,
            VOTING_CLOSED, NOT_IN_ELECTORATE, BALLOT_UNFIT; in this order.
    """
    if view.get_cooperative(tx.cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    proposal = view.get_proposal(tx.cooperative, tx.proposal_id)
    if proposal is None:
        raise TxRefusedError(RefusalCode.PROPOSAL_UNKNOWN)
    account = sender.record
    if not is_member(account, tx.cooperative):
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
    _check_voting(proposal, block=block)
    if not was_on_roll(account, height=proposal.roll_height):
        raise TxRefusedError(RefusalCode.NOT_IN_ELECTORATE)
    check_choice(view, proposal, tx.choice)
    ballot_id = compute_ballot_id(proposal_id=tx.proposal_id, account=sender.account)
    replaced = view.get_ballot(tx.cooperative, proposal_id=tx.proposal_id, ballot_id=ballot_id)
    view.put_ballot(
        tx.cooperative,
        proposal_id=tx.proposal_id,
        ballot_id=ballot_id,
        ballot=Ballot(choice=tx.choice),
    )
    return (
        BallotCast(
            cooperative=tx.cooperative,
            proposal=tx.proposal_id,
            ballot=ballot_id,
            replaced=replaced is not None,
        ),
    )


def count_ballots(view: StateView, proposal: Proposal, *, ballots_max: int) -> tuple[Tally, bool]:
    """Count on from where the last block stopped.

    Args:
        view: State.
        proposal: Whose voting has closed.
        ballots_max: At most so many now.

    Returns:
        The tally so far, and whether it is complete.
    """
    tally = view.get_tally(proposal.cooperative, proposal.id)
    ballots = view.scan_ballots(
        proposal.cooperative, proposal_id=proposal.id, after=tally.last_ballot_id
    )
    counts = {Choice.NO: 0, Choice.YES: 0, Choice.ABSTAIN: 0}
    marked_count = 0
    last_ballot_id, leaves = tally.last_ballot_id, []
    for ballot_id, ballot in islice(ballots, ballots_max):
        if isinstance(ballot.choice, Choice):
            counts[ballot.choice] += 1
        else:
            marked_count += 1
        leaves.append(compute_ballot_leaf(ballot_id=ballot_id, choice=ballot.choice))
        last_ballot_id = ballot_id
    is_complete = next(ballots, None) is None
    append(view, counted_log(proposal.cooperative, proposal.id, call=proposal.call), leaves)
    counted = Tally(
        yes_count=tally.yes_count + counts[Choice.YES] + marked_count,
        no_count=tally.no_count + counts[Choice.NO],
        abstain_count=tally.abstain_count + counts[Choice.ABSTAIN],
        last_ballot_id=last_ballot_id,
    )
    return counted, is_complete


def compute_decision(proposal: Proposal, tally: Tally) -> Outcome:
    """What a complete count decides."""
    return compute_outcome(
        yes_count=tally.yes_count,
        no_count=tally.no_count,
        abstain_count=tally.abstain_count,
        electorate_count=proposal.electorate_count,
        quorum_bps=proposal.quorum_bps,
        yes_of_roll_bps=proposal.yes_of_roll_bps,
        threshold=KINDS[proposal.kind].threshold,
    )


def close_proposal(
    view: StateView, proposal: Proposal, tally: Tally, *, outcome: Outcome, block: BlockContext
) -> Events:
    """Close a vote whose count is complete, and log the decision."""
    leaf = DecisionLeaf(
        cooperative=proposal.cooperative,
        proposal=proposal.id,
        kind=proposal.kind,
        outcome=outcome,
        subject=proposal.subject,
        yes_count=tally.yes_count,
        no_count=tally.no_count,
        abstain_count=tally.abstain_count,
        electorate_count=proposal.electorate_count,
    )
    ballots = counted_log(proposal.cooperative, proposal.id, call=proposal.call)
    decision = Decision(
        yes_count=tally.yes_count,
        no_count=tally.no_count,
        abstain_count=tally.abstain_count,
        electorate_count=proposal.electorate_count,
        quorum_bps=proposal.quorum_bps,
        outcome=outcome,
        ballots_root=get_frontier(view, ballots).compute_root(),
        decision_index=append(view, DECISIONS, [leaf.encode()]).size - 1,
        closed_height=block.height,
        closed_ms=block.time_ms,
        yes_of_roll_bps=proposal.yes_of_roll_bps,
        call=proposal.call,
    )
    view.put_decision(proposal.cooperative, proposal.id, decision)
    view.put_proposal(replace(proposal, stage=Stage.CLOSED))
    view.delete_tally(proposal.cooperative, proposal.id)
    release_proposer(view, proposal)
    scale = view.get_parameters().time_scale
    put_due(
        view,
        Turn.ARCHIVE,
        due_ms=block.time_ms + compute_window_ms(ARCHIVE_S, time_scale=scale),
        cooperative=proposal.cooperative,
        subject=proposal.id,
    )
    return (_render_closed(proposal, decision),)


def archive_ballots(
    view: StateView, cooperative: bytes, proposal_id: bytes, *, ballots_max: int
) -> int:
    """Take counted ballots out of state, at most so many now; how many there were of them.

    They stay in the log of their count, from which anybody can count them again.
    """
    ballots = view.scan_ballots(cooperative, proposal_id=proposal_id)
    found = [ballot_id for ballot_id, _ in islice(ballots, ballots_max)]
    for ballot_id in found:
        view.delete_ballot(cooperative, proposal_id=proposal_id, ballot_id=ballot_id)
    return len(found)


def _check_voting(proposal: Proposal, *, block: BlockContext) -> None:
    if proposal.stage in (Stage.CLOSED, Stage.VOID, Stage.WITHDRAWN):
        raise TxRefusedError(RefusalCode.VOTING_CLOSED)
    if proposal.stage is not Stage.VOTING:
        raise TxRefusedError(RefusalCode.VOTING_NOT_OPEN)
    if block.time_ms >= proposal.closes_at_ms:  # its count goes on
        raise TxRefusedError(RefusalCode.VOTING_CLOSED)


def _render_closed(proposal: Proposal, decision: Decision) -> ProposalClosed:
    return ProposalClosed(
        cooperative=proposal.cooperative,
        proposal=proposal.id,
        kind=proposal.kind,
        outcome=decision.outcome,
        subject=proposal.subject,
        yes_count=decision.yes_count,
        no_count=decision.no_count,
        abstain_count=decision.abstain_count,
        electorate_count=decision.electorate_count,
        quorum_bps=decision.quorum_bps,
        ballots_root=decision.ballots_root,
        decision_index=decision.decision_index,
        yes_of_roll_bps=decision.yes_of_roll_bps,
        call=decision.call,
    )
