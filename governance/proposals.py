"""Proposals: who may put what before a cooperative, and how their windows open.

A proposal's stages and what moves it from one to the next: submitted → (next block)
discussion → (deadline, then next block) voting → (deadline, count) closed, or a second call
and voting once more. Nobody can hold a stage up. Counting is `governance.ballots`' matter.
"""

from msgspec.structs import replace

from governance.context import BlockContext, Sender
from governance.elections import note_election
from governance.events import (
    Events,
    ProposalAmended,
    ProposalWithdrawn,
)
from governance.insights import check_insight_motion
from governance.kinds import KINDS, Subject
from governance.member_acts import get_number
from governance.member_enactment import check_member_act
from governance.proposal_records import Proposal, ProposalKind, Stage
from governance.queues import put_opening
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account, require_active_member
from governance.roll_view import RollView
from governance.submitting import submit
from governance.transactions import (
    AmendProposal,
    SubmitProposal,
    WithdrawProposal,
    compute_proposal_id,
)
from governance.vetoes import check_vetoed
from governance.view import StateView
from governance.windows import leave_queues

_SUBJECT_BYTES = 32
_BEFORE_VOTING = (
    Stage.SUBMITTED,
    Stage.REVIEW,
    Stage.DISCUSSION,
    Stage.RECOMMENDATION,
    Stage.NOMINATION,
)


def apply_submit_proposal(
    view: RollView, tx: SubmitProposal, *, sender: Sender, block: BlockContext
) -> Events:
    """Take a member's motion; its discussion starts with the next block's time.

    Raises:
        TxRefusedError: As `require_active_member`; then SUBJECT_REQUIRED, SUBJECT_FORBIDDEN,
            ACT_REQUIRED, ACT_FORBIDDEN, RULES_SUBMIT, DATA_USE_UNKNOWN, as
            `check_insight_motion`, FOUNDING_UNFINISHED, PROPOSALS_OPEN_TOO_MANY,
            PROPOSAL_EXISTS, as `check_member_act`; in this order.
    """
    cooperative = require_active_member(view, tx.cooperative, sender=sender)
    account = sender.record
    _check_subject(tx)
    if not KINDS[tx.kind].is_submitted_by_members:
        raise TxRefusedError(RefusalCode.RULES_SUBMIT)
    if tx.kind is ProposalKind.VETO_OVERRIDE:
        check_vetoed(view, tx.cooperative, tx.subject)
    check_insight_motion(view, tx.kind, cooperative=tx.cooperative, insight=tx.subject)
    if KINDS[tx.kind].waits_for_founding and block.time_ms < cooperative.founding_ends_ms:
        raise TxRefusedError(RefusalCode.FOUNDING_UNFINISHED)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    if account.open_proposals_count >= bylaws.proposals.open_per_member_max:
        raise TxRefusedError(RefusalCode.PROPOSALS_OPEN_TOO_MANY)
    proposal_id = compute_proposal_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_proposal(tx.cooperative, proposal_id) is not None:
        raise TxRefusedError(RefusalCode.PROPOSAL_EXISTS)
    if tx.act is not None:
        check_member_act(view, tx.act, cooperative=cooperative, block=block)
    open_count = account.open_proposals_count + 1
    view.put_account(sender.account, replace(account, open_proposals_count=open_count))
    return submit(
        view,
        tx,
        cooperative=cooperative,
        proposal_id=proposal_id,
        proposer=sender.account,
        block=block,
    )


def apply_amend_proposal(view: RollView, tx: AmendProposal, *, sender: Sender) -> Events:
    """Give a proposal another text; its discussion begins anew with the next block's time.

    Whoever wants an amendment asks the proposer for it; only words can change, never what the
    proposal names or asks for.

    Raises:
        TxRefusedError: As `_require_own`; then AMENDMENTS_TOO_MANY.
    """
    proposal = _require_own(view, tx.cooperative, tx.proposal_id, sender=sender)
    bylaws = view.get_bylaws(proposal.bylaws_hash)
    if proposal.amendments_count >= bylaws.proposals.amendments_max:
        raise TxRefusedError(RefusalCode.AMENDMENTS_TOO_MANY)
    leave_queues(view, proposal)
    view.put_proposal(
        replace(
            proposal,
            stage=Stage.SUBMITTED,
            text_hash=tx.text_hash,
            amendments_count=proposal.amendments_count + 1,
        )
    )
    put_opening(view, cooperative=tx.cooperative, proposal_id=tx.proposal_id)
    return (
        ProposalAmended(
            cooperative=tx.cooperative, proposal=tx.proposal_id, text_hash=tx.text_hash
        ),
    )


def apply_withdraw_proposal(view: RollView, tx: WithdrawProposal, *, sender: Sender) -> Events:
    """Take a proposal back for good; it stays in the list of proposals if it was discussed.

    Raises:
        TxRefusedError: As `_require_own`.
    """
    proposal = _require_own(view, tx.cooperative, tx.proposal_id, sender=sender)
    leave_queues(view, proposal)
    view.put_proposal(replace(proposal, stage=Stage.WITHDRAWN))
    note_election(view, proposal, is_open=False)
    release_proposer(view, proposal)
    return (ProposalWithdrawn(cooperative=tx.cooperative, proposal=tx.proposal_id),)


def release_proposer(view: StateView, proposal: Proposal) -> None:
    """Give a proposal's author back the place that it took among open ones."""
    if proposal.proposer == proposal.cooperative:  # the rules submitted it
        return
    account = require_account(view, proposal.proposer)
    open_count = account.open_proposals_count - 1
    view.put_account(proposal.proposer, replace(account, open_proposals_count=open_count))


def _require_own(
    view: StateView, cooperative: bytes, proposal_id: bytes, *, sender: Sender
) -> Proposal:
    """A proposal of the sender's that still can change.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, PROPOSAL_UNKNOWN, NOT_PROPOSER, VOTING_OPENED; in
            this order.
    """
    if view.get_cooperative(cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    proposal = view.get_proposal(cooperative, proposal_id)
    if proposal is None:
        raise TxRefusedError(RefusalCode.PROPOSAL_UNKNOWN)
    if proposal.proposer != sender.account:
        raise TxRefusedError(RefusalCode.NOT_PROPOSER)
    if proposal.stage not in _BEFORE_VOTING:
        raise TxRefusedError(RefusalCode.VOTING_OPENED)
    return proposal


def _check_subject(tx: SubmitProposal) -> None:
    kind = KINDS[tx.kind]
    if kind.subject is Subject.DIGEST and len(tx.subject) != _SUBJECT_BYTES:
        raise TxRefusedError(RefusalCode.SUBJECT_REQUIRED)
    if kind.subject is not Subject.DIGEST and tx.subject:
        raise TxRefusedError(RefusalCode.SUBJECT_FORBIDDEN)
    if tx.act is None:
        if kind.subject is Subject.ACT:
            raise TxRefusedError(RefusalCode.ACT_REQUIRED)
    elif not kind.acts:
        raise TxRefusedError(RefusalCode.ACT_FORBIDDEN)
    elif get_number(tx.act) not in kind.acts:
        raise TxRefusedError(RefusalCode.ACT_REQUIRED)
