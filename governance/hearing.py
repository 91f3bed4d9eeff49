"""What bodies say of complaints: answers, advice, awards of arbitrators.

Nobody decides on a complaint about themselves: who is concerned cannot support its acts, and
their seats are not counted (specification §4.4.2).
"""

from msgspec.structs import replace

from governance.accountability_events import ComplaintAdvised, ComplaintAnswered
from governance.accountability_view import AccountabilityView
from governance.body_acts import (
    AdviseOnComplaint,
    AnswerComplaint,
    BodyAct,
    ComplaintAct,
    RecordAward,
    TakeOverComplaint,
)
from governance.body_records import BodyKind
from governance.complaint_records import Complaint, ComplaintStep, Verdict
from governance.complaint_steps import HEARD_BY, advance, close, is_concerned, wait
from governance.context import BlockContext
from governance.events import Events
from governance.refusals import RefusalCode, TxRefusedError


def do_on_complaint(
    view: AccountabilityView,
    act: ComplaintAct,
    *,
    cooperative: bytes,
    body: BodyKind,
    block: BlockContext,
) -> Events:
    """Do what a body decided about a complaint.

    Raises:
        TxRefusedError: COMPLAINT_UNKNOWN, COMPLAINT_CLOSED, STEP_OTHER; in this order.
    """
    complaint = _require_open(view, cooperative, act.complaint)
    match act:
        case AnswerComplaint():
            return _answer(view, act, complaint, cooperative, body, block=block)
        case TakeOverComplaint():
            if complaint.step >= ComplaintStep.ETHICS_PANEL:
                raise TxRefusedError(RefusalCode.STEP_OTHER)
            taken = replace(complaint, is_serious=True)
            return advance(view, cooperative, taken, to=ComplaintStep.ETHICS_PANEL, block=block)
        case AdviseOnComplaint():
            view.put_complaint(cooperative, replace(complaint, advice_hash=act.text_hash))
            return (
                ComplaintAdvised(
                    cooperative=cooperative, complaint=complaint.id, text_hash=act.text_hash
                ),
            )
        case RecordAward():
            if complaint.step is not ComplaintStep.ARBITRATION:
                raise TxRefusedError(RefusalCode.STEP_OTHER)
            awarded = replace(complaint, answer_hash=act.award_hash)
            return close(view, cooperative, awarded, Verdict.AWARDED)


def list_deciding(
    view: AccountabilityView, act: BodyAct, *, cooperative: bytes, body: BodyKind
) -> tuple[bytes, ...]:
    """Offices of a body that may decide on an act: all, but for those whom it is about."""
    offices = view.get_body(cooperative, body).offices
    if not isinstance(act, ComplaintAct):
        return offices
    complaint = view.get_complaint(cooperative, act.complaint)
    if complaint is None:
        return offices
    return tuple(
        office for office in offices if not is_concerned(view, cooperative, complaint, office)
    )


def _answer(
    view: AccountabilityView,
    act: AnswerComplaint,
    complaint: Complaint,
    cooperative: bytes,
    body: BodyKind,
    *,
    block: BlockContext,
) -> Events:
    if HEARD_BY.get(complaint.step) is not body:
        raise TxRefusedError(RefusalCode.STEP_OTHER)
    answered = replace(complaint, verdict=Verdict.SETTLED, answer_hash=act.text_hash)
    answered = wait(view, cooperative, answered, from_ms=block.time_ms)
    return (
        ComplaintAnswered(
            cooperative=cooperative,
            complaint=complaint.id,
            body=body,
            text_hash=act.text_hash,
            ends_ms=answered.ends_ms,
        ),
    )


def _require_open(view: AccountabilityView, cooperative: bytes, complaint_id: bytes) -> Complaint:
    complaint = view.get_complaint(cooperative, complaint_id)
    if complaint is None:
        raise TxRefusedError(RefusalCode.COMPLAINT_UNKNOWN)
    if complaint.step is ComplaintStep.CLOSED:
        raise TxRefusedError(RefusalCode.COMPLAINT_CLOSED)
    return complaint
