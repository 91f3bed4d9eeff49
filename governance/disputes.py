"""Disputes between cooperatives: opened, answered, brought further, withdrawn by root accounts.

A party that has left the federation stays a party: what it did as a member does not end with its
membership. How a dispute goes on by itself is `governance.dispute_steps`' matter.
"""

from msgspec.structs import replace

from config.limits import MOTIONS_OPEN_MAX
from governance.accountability_transactions import (
    AnswerDispute,
    EscalateDispute,
    OpenDispute,
    WithdrawDispute,
    compute_dispute_id,
)
from governance.bylaws import compute_window_ms
from governance.charter import DISPUTE_WAIT_S
from governance.context import BlockContext, Sender
from governance.dispute_records import Dispute, DisputeAnswer, DisputeStep, DisputeVerdict
from governance.dispute_steps import advance, call_up, close, decide, get_next
from governance.events import Events
from governance.federal_events import DisputeAnswered, DisputeOpened
from governance.federal_view import FederalView
from governance.logs import Log, LogName, append
from governance.open_matters import MatterKind, open_matter
from governance.records import Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import require_root


def apply_open_dispute(
    view: FederalView, tx: OpenDispute, *, sender: Sender, block: BlockContext
) -> Events:
    """Take a dispute with another cooperative, which may have left, to mediation.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, RESPONDENT_UNFIT, MOTIONS_OPEN_TOO_MANY,
            DISPUTE_EXISTS; in this order.
    """
    claimant = require_root(view, sender)
    if tx.respondent == claimant.id or view.get_cooperative(tx.respondent) is None:
        raise TxRefusedError(RefusalCode.RESPONDENT_UNFIT)
    root = sender.record
    if root.open_proposals_count >= MOTIONS_OPEN_MAX:
        raise TxRefusedError(RefusalCode.MOTIONS_OPEN_TOO_MANY)
    dispute_id = compute_dispute_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_dispute(dispute_id) is not None:
        raise TxRefusedError(RefusalCode.DISPUTE_EXISTS)
    dispute = Dispute(
        id=dispute_id,
        claimant=claimant.id,
        respondent=tx.respondent,
        text_hash=tx.text_hash,
        step=DisputeStep.MEDIATION,
        opened_height=block.height,
        opened_ms=block.time_ms,
    )
    open_count = root.open_proposals_count + 1
    view.put_account(sender.account, replace(root, open_proposals_count=open_count))
    append(view, Log(LogName.DISPUTES), [dispute_id])
    for party in dispute.parties:
        open_matter(view, MatterKind.DISPUTE, dispute_id, cooperative=party)
    opened = DisputeOpened(
        cooperative=claimant.id,
        dispute=dispute_id,
        respondent=tx.respondent,
        text_hash=tx.text_hash,
    )
    return (opened, *advance(view, dispute, to=DisputeStep.MEDIATION, block=block))


def apply_answer_dispute(
    view: FederalView, tx: AnswerDispute, *, sender: Sender, block: BlockContext
) -> Events:
    """Record a settlement, a panel's decision or an award; saying it again replaces it.

    Two parties that say the same settle it, or record the award; most of a panel decide it.

    Raises:
        TxRefusedError: As `_require_open`; then NOT_ASKED: the dispute is before others, or is
            decided.
    """
    dispute, cooperative = _require_open(view, tx.dispute, sender=sender)
    is_panel = dispute.step is DisputeStep.PANEL
    asked = dispute.panel if is_panel else dispute.parties
    is_decided = dispute.verdict is not DisputeVerdict.NONE
    if cooperative not in asked or is_decided or dispute.step is DisputeStep.ASSEMBLY:
        raise TxRefusedError(RefusalCode.NOT_ASKED)
    others = (item for item in dispute.answers if item.cooperative != cooperative)
    answer = DisputeAnswer(cooperative=cooperative, text_hash=tx.text_hash)
    answers = tuple(sorted((*others, answer), key=lambda item: item.cooperative))
    dispute = replace(dispute, answers=answers)
    view.put_dispute(dispute)
    answered = DisputeAnswered(cooperative=cooperative, dispute=dispute.id, text_hash=tx.text_hash)
    same_count = sum(1 for item in answers if item.text_hash == tx.text_hash)
    if 2 * same_count > len(asked):
        return (answered, *_agree(view, dispute, tx.text_hash, block=block))
    if dispute.ends_ms == 0:  # an award that came late: the other party may still object
        scale = view.get_parameters().time_scale
        wait_ms = compute_window_ms(DISPUTE_WAIT_S, time_scale=scale)
        call_up(view, dispute, ends_ms=block.time_ms + wait_ms)
    return (answered,)


def apply_escalate_dispute(
    view: FederalView, tx: EscalateDispute, *, sender: Sender, block: BlockContext
) -> Events:
    """Go on to the next step, when a step's time is over or its decision is not enough.

    Raises:
        TxRefusedError: As `_require_open`; then NOT_ASKED: by no party; ESCALATION_TOO_EARLY;
            in this order.
    """
    dispute, cooperative = _require_open(view, tx.dispute, sender=sender)
    if cooperative not in dispute.parties:
        raise TxRefusedError(RefusalCode.NOT_ASKED)
    from_ms = dispute.escalates_from_ms
    if from_ms == 0 or block.time_ms < from_ms:
        raise TxRefusedError(RefusalCode.ESCALATION_TOO_EARLY)
    return advance(view, dispute, to=get_next(dispute), block=block)


def apply_withdraw_dispute(view: FederalView, tx: WithdrawDispute, *, sender: Sender) -> Events:
    """Take a dispute back.

    Raises:
        TxRefusedError: As `_require_open`; then NOT_ASKED: not by the claimant.
    """
    dispute, cooperative = _require_open(view, tx.dispute, sender=sender)
    if cooperative != dispute.claimant:
        raise TxRefusedError(RefusalCode.NOT_ASKED)
    return close(view, dispute, DisputeVerdict.WITHDRAWN, b"")


def _agree(view: FederalView, dispute: Dispute, text_hash: bytes, *, block: BlockContext) -> Events:
    match dispute.step:
        case DisputeStep.PANEL:
            return decide(view, dispute, DisputeVerdict.BY_PANEL, text_hash, block=block)
        case DisputeStep.ARBITRATION:
            return close(view, dispute, DisputeVerdict.AWARDED, text_hash)
        case _:
            return close(view, dispute, DisputeVerdict.SETTLED, text_hash)


def _require_open(view: FederalView, dispute_id: bytes, *, sender: Sender) -> tuple[Dispute, bytes]:
    """A dispute that goes on, and the cooperative whose root account signed, member or not.

    Raises:
        TxRefusedError: NOT_ROOT, DISPUTE_UNKNOWN, DISPUTE_CLOSED; in this order.
    """
    account = sender.record
    if account.role is not Role.ROOT:
        raise TxRefusedError(RefusalCode.NOT_ROOT)
    dispute = view.get_dispute(dispute_id)
    if dispute is None:
        raise TxRefusedError(RefusalCode.DISPUTE_UNKNOWN)
    if dispute.step is DisputeStep.CLOSED:
        raise TxRefusedError(RefusalCode.DISPUTE_CLOSED)
    return dispute, account.cooperative
