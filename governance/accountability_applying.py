"""Which rule applies to which transaction of accountability."""

from typing import assert_never

from governance.accountability_transactions import (
    AccountabilityPayload,
    AnswerDispute,
    EscalateComplaint,
    EscalateDispute,
    OpenComplaint,
    OpenDispute,
    WithdrawComplaint,
    WithdrawDispute,
)
from governance.accountability_view import AccountabilityView
from governance.complaints import (
    apply_escalate_complaint,
    apply_open_complaint,
    apply_withdraw_complaint,
)
from governance.context import BlockContext, Sender
from governance.disputes import (
    apply_answer_dispute,
    apply_escalate_dispute,
    apply_open_dispute,
    apply_withdraw_dispute,
)
from governance.events import Events


def apply_of_accountability(
    view: AccountabilityView,
    payload: AccountabilityPayload,
    *,
    sender: Sender,
    block: BlockContext,
) -> Events:
    """Apply one; arguments and refusals as `governance.machine.apply`."""
    match payload:
        case OpenComplaint():
            return apply_open_complaint(view, payload, sender=sender, block=block)
        case EscalateComplaint():
            return apply_escalate_complaint(view, payload, sender=sender, block=block)
        case WithdrawComplaint():
            return apply_withdraw_complaint(view, payload, sender=sender)
        case OpenDispute():
            return apply_open_dispute(view, payload, sender=sender, block=block)
        case AnswerDispute():
            return apply_answer_dispute(view, payload, sender=sender, block=block)
        case EscalateDispute():
            return apply_escalate_dispute(view, payload, sender=sender, block=block)
        case WithdrawDispute():
            return apply_withdraw_dispute(view, payload, sender=sender)
        case _:
            assert_never(payload)
