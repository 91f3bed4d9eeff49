"""Proposals: who may put what before a cooperative, and how their windows open.

A proposal's stages and what moves it from one to the next: submitted → (next block)
discussion → (deadline, then next block) voting → (deadline, count) closed. Nobody can hold a
stage up. Counting is `governance.ballots`' matter.
"""

from msgspec.structs import replace

from governance.bylaws import compute_window_ms
from governance.context import BlockContext, Sender
from governance.events import DiscussionOpened, Events, ProposalSubmitted, VotingOpened
from governance.logs import Log, LogName, append, get_frontier
from governance.queues import put_due, put_opening
from governance.records import Proposal, ProposalKind, Stage
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import is_member, require_account, roll_log
from governance.transactions import SubmitProposal, compute_proposal_id
from governance.view import StateView

_SUBJECT_BYTES = 32
_DAY_S = 86_400


def apply_submit_proposal(
    view: StateView, tx: SubmitProposal, *, sender: Sender, block: BlockContext
) -> Events:
    """Take a member's motion; its discussion starts with the next block's time.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, IMPORT_UNFINISHED,
            NOT_A_MEMBER, SUBJECT_REQUIRED, SUBJECT_FORBIDDEN, PROPOSALS_OPEN_TOO_MANY,
            PROPOSAL_EXISTS; in this order.
    """
    cooperative = view.get_cooperative(tx.cooperative)
    if cooperative is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not cooperative.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    if view.is_importing(tx.cooperative):
        raise TxRefusedError(RefusalCode.IMPORT_UNFINISHED)
    account = require_account(view, sender.account)
    if not is_member(account, tx.cooperative):
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
    _check_subject(tx)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    if account.open_proposals_count >= bylaws.open_proposals_per_member_max:
        raise TxRefusedError(RefusalCode.PROPOSALS_OPEN_TOO_MANY)
    proposal_id = compute_proposal_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_proposal(tx.cooperative, proposal_id) is not None:
        raise TxRefusedError(RefusalCode.PROPOSAL_EXISTS)
    open_count = account.open_proposals_count + 1
    view.put_account(sender.account, replace(account, open_proposals_count=open_count))
    view.put_proposal(
        Proposal(
            id=proposal_id,
            cooperative=tx.cooperative,
            kind=tx.kind,
            proposer=sender.account,
            text_hash=tx.text_hash,
            subject=tx.subject,
            bylaws_hash=cooperative.bylaws_hash,
            voting_s=max(bylaws.voting_s, tx.voting_days * _DAY_S),
            stage=Stage.SUBMITTED,
            submitted_height=block.height,
            submitted_ms=block.time_ms,
        )
    )
    put_opening(view, cooperative=tx.cooperative, proposal_id=proposal_id)
    return (_render_submitted(tx, proposal_id, sender.account, cooperative.bylaws_hash),)


def open_next_window(view: StateView, proposal: Proposal, *, block: BlockContext) -> Events:
    """Start the window that was announced in an earlier block, with this block's time.

    Raises:
        TxRefusedError: ELECTORATE_EMPTY.
    """
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    scale = view.get_parameters().time_scale
    if proposal.stage is Stage.SUBMITTED:
        # Only now: the order of a block's transactions must not become the order of the log.
        append(view, Log(LogName.PROPOSALS, namespace=proposal.cooperative), [proposal.id])
        ends_ms = block.time_ms + compute_window_ms(bylaws.discussion_s, time_scale=scale)
        _call_up(view, replace(proposal, stage=Stage.DISCUSSION, discussion_ends_ms=ends_ms))
        opened = DiscussionOpened(
            cooperative=proposal.cooperative, proposal=proposal.id, ends_ms=ends_ms
        )
        return (opened,)
    return _open_voting(
        view,
        proposal,
        closes_at_ms=block.time_ms + compute_window_ms(proposal.voting_s, time_scale=scale),
        quorum_bps=bylaws.get_quorum_bps(proposal.kind),
        # This block's own admissions come after its deadlines: they are not of the electorate.
        roll_height=block.height - 1,
    )


def release_proposer(view: StateView, proposal: Proposal) -> None:
    """Give a proposal's author back the place that it took among open ones."""
    account = require_account(view, proposal.proposer)
    open_count = account.open_proposals_count - 1
    view.put_account(proposal.proposer, replace(account, open_proposals_count=open_count))


def _open_voting(
    view: StateView, proposal: Proposal, *, closes_at_ms: int, quorum_bps: int, roll_height: int
) -> Events:
    roll = view.get_roll(proposal.cooperative)
    if roll.active_count == 0:
        raise TxRefusedError(RefusalCode.ELECTORATE_EMPTY)
    proposal = replace(
        proposal,
        stage=Stage.VOTING,
        closes_at_ms=closes_at_ms,
        roll_height=roll_height,
        roll_epoch=roll.epoch,
        roll_root=get_frontier(view, roll_log(proposal.cooperative)).compute_root(),
        electorate_count=roll.active_count,
        quorum_bps=quorum_bps,
    )
    _call_up(view, proposal)
    return (
        VotingOpened(
            cooperative=proposal.cooperative,
            proposal=proposal.id,
            closes_at_ms=closes_at_ms,
            roll_epoch=proposal.roll_epoch,
            roll_root=proposal.roll_root,
            electorate_count=proposal.electorate_count,
            quorum_bps=quorum_bps,
        ),
    )


def _call_up(view: StateView, proposal: Proposal) -> None:
    is_voting = proposal.stage is Stage.VOTING
    put_due(
        view,
        due_ms=proposal.closes_at_ms if is_voting else proposal.discussion_ends_ms,
        cooperative=proposal.cooperative,
        proposal_id=proposal.id,
    )
    view.put_proposal(proposal)


def _check_subject(tx: SubmitProposal) -> None:
    if tx.kind is ProposalKind.INSIGHT and len(tx.subject) != _SUBJECT_BYTES:
        raise TxRefusedError(RefusalCode.SUBJECT_REQUIRED)
    if tx.kind is ProposalKind.ORDINARY and tx.subject:
        raise TxRefusedError(RefusalCode.SUBJECT_FORBIDDEN)


def _render_submitted(
    tx: SubmitProposal, proposal_id: bytes, proposer: bytes, bylaws_hash: bytes
) -> ProposalSubmitted:
    return ProposalSubmitted(
        cooperative=tx.cooperative,
        proposal=proposal_id,
        kind=tx.kind,
        proposer=proposer,
        text_hash=tx.text_hash,
        subject=tx.subject,
        bylaws_hash=bylaws_hash,
    )
