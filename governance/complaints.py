"""Complaints of members: opened, brought further, withdrawn by who complains alone.

Nobody can stop one. How it goes from step to step is `governance.complaint_steps`', what bodies
say of it `governance.hearing`'s matter.
"""

from msgspec.structs import replace

from governance.accountability_events import ComplaintOpened
from governance.accountability_transactions import (
    EscalateComplaint,
    OpenComplaint,
    WithdrawComplaint,
    compute_complaint_id,
    compute_hearing_id,
)
from governance.accountability_view import AccountabilityView
from governance.body_records import BodyKind
from governance.complaint_records import About, Complaint, ComplaintStep, Verdict
from governance.complaint_steps import advance, close, get_next
from governance.context import BlockContext, Sender
from governance.events import Events, ProposalWithdrawn
from governance.logs import Log, LogName, append
from governance.offices import is_office
from governance.proposal_records import ProposalKind, Stage
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_active_member
from governance.windows import leave_queues

_BEFORE_VOTING = (Stage.SUBMITTED, Stage.REVIEW, Stage.DISCUSSION, Stage.RECOMMENDATION)
_SUBJECT_BYTES = 32


def apply_open_complaint(
    view: AccountabilityView, tx: OpenComplaint, *, sender: Sender, block: BlockContext
) -> Events:
    """Take a member's complaint to the first who can hear it.

    Raises:
        TxRefusedError: As `require_active_member`; then COMPLAINT_SUBJECT_UNFIT,
            COMPLAINTS_OPEN_TOO_MANY, COMPLAINT_EXISTS; in this order.
    """
    cooperative = require_active_member(view, tx.cooperative, sender=sender)
    if not _is_subject(view, tx):
        raise TxRefusedError(RefusalCode.COMPLAINT_SUBJECT_UNFIT)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    open_count = view.get_open_complaints(tx.cooperative, sender.account)
    if open_count >= bylaws.complaints.open_per_member_max:
        raise TxRefusedError(RefusalCode.COMPLAINTS_OPEN_TOO_MANY)
    complaint_id = compute_complaint_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if view.get_complaint(tx.cooperative, complaint_id) is not None:
        raise TxRefusedError(RefusalCode.COMPLAINT_EXISTS)
    complaint = Complaint(
        id=complaint_id,
        complainant=sender.account,
        about=tx.about,
        subject=tx.subject,
        text_hash=tx.text_hash,
        is_serious=tx.is_serious,
        step=ComplaintStep.OMBUDSPERSON,
        opened_height=block.height,
        opened_ms=block.time_ms,
    )
    view.put_open_complaints(tx.cooperative, sender.account, open_count + 1)
    append(view, Log(LogName.COMPLAINTS, namespace=tx.cooperative), [complaint_id])
    opened = ComplaintOpened(
        cooperative=tx.cooperative,
        complaint=complaint_id,
        about=tx.about,
        subject=tx.subject,
        text_hash=tx.text_hash,
        is_serious=tx.is_serious,
    )
    return (opened, *advance(view, tx.cooperative, complaint, to=complaint.step, block=block))


def apply_escalate_complaint(
    view: AccountabilityView, tx: EscalateComplaint, *, sender: Sender, block: BlockContext
) -> Events:
    """Go on to the next step, when a step's time is over or its answer is not enough.

    Raises:
        TxRefusedError: As `_require_own`; then ESCALATION_TOO_EARLY.
    """
    complaint = _require_own(view, tx.cooperative, tx.complaint, sender=sender)
    from_ms = complaint.escalates_from_ms
    if from_ms == 0 or block.time_ms < from_ms:
        raise TxRefusedError(RefusalCode.ESCALATION_TOO_EARLY)
    return advance(view, tx.cooperative, complaint, to=get_next(complaint), block=block)


def apply_withdraw_complaint(
    view: AccountabilityView, tx: WithdrawComplaint, *, sender: Sender
) -> Events:
    """Take a complaint back, and members' vote on it with it.

    Raises:
        TxRefusedError: As `_require_own`; then VOTING_OPENED: members are deciding on it.
    """
    complaint = _require_own(view, tx.cooperative, tx.complaint, sender=sender)
    events: Events = ()
    is_decided = complaint.verdict is not Verdict.NONE
    if complaint.step is ComplaintStep.ASSEMBLY and not is_decided:
        hearing = view.get_proposal(tx.cooperative, compute_hearing_id(complaint.id))
        if hearing is None or hearing.stage not in _BEFORE_VOTING:
            raise TxRefusedError(RefusalCode.VOTING_OPENED)
        leave_queues(view, hearing)
        view.put_proposal(replace(hearing, stage=Stage.WITHDRAWN))
        events = (ProposalWithdrawn(cooperative=tx.cooperative, proposal=hearing.id),)
    return (*close(view, tx.cooperative, complaint, Verdict.WITHDRAWN), *events)


def _require_own(
    view: AccountabilityView, cooperative: bytes, complaint_id: bytes, *, sender: Sender
) -> Complaint:
    """A complaint of the sender's that is open.

    Raises:
        TxRefusedError: As `require_active_member`; then COMPLAINT_UNKNOWN, NOT_COMPLAINANT,
            COMPLAINT_CLOSED; in this order.
    """
    require_active_member(view, cooperative, sender=sender)
    complaint = view.get_complaint(cooperative, complaint_id)
    if complaint is None:
        raise TxRefusedError(RefusalCode.COMPLAINT_UNKNOWN)
    if complaint.complainant != sender.account:
        raise TxRefusedError(RefusalCode.NOT_COMPLAINANT)
    if complaint.step is ComplaintStep.CLOSED:
        raise TxRefusedError(RefusalCode.COMPLAINT_CLOSED)
    return complaint


def _is_subject(view: AccountabilityView, tx: OpenComplaint) -> bool:
    """Check that a complaint names what it says that it is about."""
    match tx.about:
        case About.OFFICER:
            account = view.get_account(tx.subject)
            return account is not None and is_office(account, tx.cooperative)
        case About.BODY:
            kinds = [kind.to_bytes(_SUBJECT_BYTES, "big") for kind in BodyKind]
            return tx.subject in kinds
        case About.DATA_USE:
            proposal = view.get_proposal(tx.cooperative, tx.subject)
            return proposal is not None and proposal.kind is ProposalKind.DATA_USE
        case About.OTHER:
            return not tx.subject
