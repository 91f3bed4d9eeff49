"""Which function applies which payload about value; `governance.machine` asks this."""

from typing import assert_never

from governance.context import BlockContext, Sender
from governance.events import Events
from governance.value.agreements import (
    apply_close_netting,
    apply_report_usage,
    apply_sign_agreement,
)
from governance.value.allotting import apply_commit_allocation, apply_open_allocation
from governance.value.bookkeeping import (
    apply_open_accounts,
    apply_post_entries,
    apply_resolve_entry,
    apply_reverse_entry,
)
from governance.value.closing import apply_attest_metric, apply_close_period
from governance.value.paying import apply_record_settlement, apply_resolve_settlement
from governance.value.transactions import (
    AttestMetric,
    CloseNetting,
    ClosePeriod,
    CommitAllocation,
    OpenAccounts,
    OpenAllocation,
    PostEntries,
    RecordSettlement,
    ReportUsage,
    ResolveEntry,
    ResolveSettlement,
    ReverseEntry,
    SignAgreement,
    ValuePayload,
)
from governance.value.view import ValueView


def apply_value(
    view: ValueView, payload: ValuePayload, *, sender: Sender, block: BlockContext
) -> Events:
    """Apply an authenticated transaction about value.

    Raises:
        TxRefusedError: A rule forbids it; docs/transactions.md has the precedence.
    """
    match payload:
        case OpenAccounts():
            return apply_open_accounts(view, payload, sender=sender, block=block)
        case PostEntries():
            return apply_post_entries(view, payload, sender=sender, block=block)
        case ResolveEntry():
            return apply_resolve_entry(view, payload, sender=sender, block=block)
        case ReverseEntry():
            return apply_reverse_entry(view, payload, sender=sender, block=block)
        case AttestMetric():
            return apply_attest_metric(view, payload, sender=sender)
        case ClosePeriod():
            return apply_close_period(view, payload, sender=sender, block=block)
        case CommitAllocation():
            return apply_commit_allocation(view, payload, sender=sender)
        case OpenAllocation():
            return apply_open_allocation(view, payload, sender=sender, block=block)
        case _:
            return _apply_outward(view, payload, sender=sender, block=block)


def _apply_outward(
    view: ValueView,
    payload: RecordSettlement | ResolveSettlement | SignAgreement | ReportUsage | CloseNetting,
    *,
    sender: Sender,
    block: BlockContext,
) -> Events:
    match payload:
        case RecordSettlement():
            return apply_record_settlement(view, payload, sender=sender, block=block)
        case ResolveSettlement():
            return apply_resolve_settlement(view, payload, sender=sender, block=block)
        case SignAgreement():
            return apply_sign_agreement(view, payload, sender=sender)
        case ReportUsage():
            return apply_report_usage(view, payload, sender=sender, block=block)
        case CloseNetting():
            return apply_close_netting(view, payload, sender=sender, block=block)
        case _:
            assert_never(payload)
