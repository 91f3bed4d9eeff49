"""Agreements between cooperatives, the uses under them, and each quarter's netting.

An agreement has two signatures. Both sides report uses, and what both admit counts
(`governance.value.netting`). A quarter is of the calendar, by block time; on test chains that
time runs faster by the chain's scale. Any member may ask for a netting once the reports have
had their fortnight: its result is the same whoever asks.
"""

from typing import Final

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import NETTING_COOPERATIVES_MAX, USAGE_REPORTS_MAX
from governance.charge_records import Charge
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.logs import append
from governance.open_matters import MatterKind, close_matter, open_matter
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.civil import compute_quarter
from governance.value.events import AgreementSigned, NettingClosed, UsageReported
from governance.value.netting import (
    Obligation,
    compute_admitted_uses,
    compute_nets,
    compute_payments,
    compute_positions,
)
from governance.value.netting_entries import book_netting
from governance.value.offices import require_officer
from governance.value.records import (
    Agreement,
    Netting,
    Reporter,
    SignedAgreement,
    Usage,
    UsageReport,
)
from governance.value.transactions import CloseNetting, ReportUsage, SignAgreement
from governance.value.view import AGREEMENTS, ValueView

REPORTING_MS: Final = 14 * 86_400_000
"""After a quarter's end; then it may be netted."""


def apply_sign_agreement(view: ValueView, tx: SignAgreement, *, sender: Sender) -> Events:
    """Note a signature; with the other side's the agreement is in force.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED,
            AGREEMENT_UNFIT, AGREEMENT_SIGNED; in this order.
    """
    require_officer(view, sender, tx.cooperative, Charge.TREASURER)
    agreement = tx.agreement
    _check_parties(view, agreement, tx.cooperative)
    agreement_id = agreement.compute_id()
    signed = view.get_agreement(agreement_id)
    if signed is None:
        signed = SignedAgreement(agreement=agreement)
        append(view, AGREEMENTS, [agreement_id])
    is_provider = tx.cooperative == agreement.provider
    if signed.has_provider_signed if is_provider else signed.has_user_signed:
        raise TxRefusedError(RefusalCode.AGREEMENT_SIGNED)
    if is_provider:
        signed = replace(signed, has_provider_signed=True)
    else:
        signed = replace(signed, has_user_signed=True)
    view.put_agreement(agreement_id, signed)
    return (
        AgreementSigned(
            cooperative=tx.cooperative,
            agreement=agreement_id,
            provider=agreement.provider,
            user=agreement.user,
            is_in_force=signed.is_in_force,
        ),
    )


def apply_report_usage(
    view: ValueView, tx: ReportUsage, *, sender: Sender, block: BlockContext
) -> Events:
    """Note what one side says of a quarter's uses; until the netting it may say it anew.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED,
            AGREEMENT_UNKNOWN, AGREEMENT_UNFIT, AGREEMENT_NOT_IN_FORCE, QUARTER_OPEN,
            QUARTER_NETTED, USAGE_REPORTS_TOO_MANY; in this order.
    """
    require_officer(view, sender, tx.cooperative, Charge.TREASURER)
    signed = view.get_agreement(tx.agreement)
    if signed is None:
        raise TxRefusedError(RefusalCode.AGREEMENT_UNKNOWN)
    agreement = signed.agreement
    if tx.cooperative not in (agreement.provider, agreement.user):
        raise TxRefusedError(RefusalCode.AGREEMENT_UNFIT, "cooperative")
    is_covered = agreement.first_quarter <= tx.quarter <= agreement.last_quarter
    if not signed.is_in_force or not is_covered:
        raise TxRefusedError(RefusalCode.AGREEMENT_NOT_IN_FORCE)
    if tx.quarter > _compute_quarter(view, block, earlier_ms=0):
        raise TxRefusedError(RefusalCode.QUARTER_OPEN)
    _put_report(view, tx, agreement)
    return (
        UsageReported(
            cooperative=tx.cooperative,
            agreement=tx.agreement,
            quarter=tx.quarter,
            uses_count=tx.uses_count,
        ),
    )


def apply_close_netting(
    view: ValueView, tx: CloseNetting, *, sender: Sender, block: BlockContext
) -> Events:
    """Net a quarter's obligations in one currency, and enter it in everybody's books.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, QUARTER_OPEN,
            QUARTER_NETTED, USAGE_REPORTS_TOO_MANY; in this order.
    """
    require_officer(view, sender, tx.cooperative, Charge.TREASURER)
    if tx.quarter >= _compute_quarter(view, block, earlier_ms=REPORTING_MS):
        raise TxRefusedError(RefusalCode.QUARTER_OPEN)
    netting = view.get_netting(tx.quarter, currency=tx.currency)
    if netting.is_closed:
        raise TxRefusedError(RefusalCode.QUARTER_NETTED)
    positions = compute_positions(list_obligations(view, tx.quarter, currency=tx.currency))
    nets = compute_nets(positions)
    if len(positions) > NETTING_COOPERATIVES_MAX:  # members come and go, never so many at once
        raise TxRefusedError(RefusalCode.USAGE_REPORTS_TOO_MANY)
    payments = compute_payments(nets)
    booked, posted = book_netting(
        view, positions, quarter=tx.quarter, currency=tx.currency, block=block
    )
    view.put_netting(
        tx.quarter,
        currency=tx.currency,
        netting=replace(
            netting,
            is_closed=True,
            closed_ms=block.time_ms,
            nets=nets,
            payments=payments,
            booked=booked,
        ),
    )
    _close_reported(view, tx)
    return (
        NettingClosed(
            cooperative=tx.cooperative,
            quarter=tx.quarter,
            currency=tx.currency,
            payments_count=len(payments),
            total_minor=sum(payment.amount_minor for payment in payments),
        ),
        *posted,
    )


def list_obligations(view: ValueView, quarter: int, *, currency: str) -> list[Obligation]:
    """What was owed for a quarter's uses by what both sides admit, agreement by agreement."""
    return [
        _compute_obligation(_require_agreement(view, agreement), usage)
        for agreement, usage in view.scan_usage(quarter, currency=currency)
    ]


def _check_parties(view: ValueView, agreement: Agreement, cooperative: bytes) -> None:
    parties = (agreement.provider, agreement.user)
    if cooperative not in parties or agreement.provider == agreement.user:
        raise TxRefusedError(RefusalCode.AGREEMENT_UNFIT, "cooperative")
    if agreement.first_quarter > agreement.last_quarter:
        raise TxRefusedError(RefusalCode.AGREEMENT_UNFIT, "last_quarter")
    for party in parties:
        found = view.get_cooperative(party)
        if found is None or not found.is_member:
            raise TxRefusedError(RefusalCode.AGREEMENT_UNFIT, "not a member")


def _put_report(view: ValueView, tx: ReportUsage, agreement: Agreement) -> None:
    currency = agreement.currency
    netting = view.get_netting(tx.quarter, currency=currency)
    if netting.is_closed:
        raise TxRefusedError(RefusalCode.QUARTER_NETTED)
    usage = view.get_usage(tx.quarter, currency=currency, agreement=tx.agreement)
    if usage is None:
        netting = _count_report(netting, tx.cooperative)
        view.put_netting(tx.quarter, currency=currency, netting=netting)
        for party in (agreement.provider, agreement.user):
            open_matter(view, MatterKind.AGREEMENT, tx.agreement, cooperative=party)
        usage = Usage()
    report = UsageReport(uses_count=tx.uses_count, receipts_root=tx.receipts_root)
    if tx.cooperative == agreement.provider:
        usage = replace(usage, by_provider=report)
    else:
        usage = replace(usage, by_user=report)
    view.put_usage(tx.quarter, currency=currency, agreement=tx.agreement, usage=usage)


def _close_reported(view: ValueView, tx: CloseNetting) -> None:
    for agreement_id, _ in view.scan_usage(tx.quarter, currency=tx.currency):
        agreement = _require_agreement(view, agreement_id)
        for party in (agreement.provider, agreement.user):
            close_matter(view, MatterKind.AGREEMENT, agreement_id, cooperative=party)


def _count_report(netting: Netting, cooperative: bytes) -> Netting:
    counts = {item.cooperative: item.count for item in netting.reporters}
    counts[cooperative] = counts.get(cooperative, 0) + 1
    if counts[cooperative] > USAGE_REPORTS_MAX or len(counts) > NETTING_COOPERATIVES_MAX:
        raise TxRefusedError(RefusalCode.USAGE_REPORTS_TOO_MANY)
    return replace(
        netting,
        reporters=tuple(Reporter(cooperative=item, count=counts[item]) for item in sorted(counts)),
    )


def _compute_quarter(view: ValueView, block: BlockContext, *, earlier_ms: int) -> int:
    scaled_ms = block.time_ms * view.get_parameters().time_scale
    return compute_quarter(scaled_ms - earlier_ms)


def _require_agreement(view: ValueView, agreement: bytes) -> Agreement:
    signed = view.get_agreement(agreement)
    if signed is None:
        raise InvariantError("usage is reported of an agreement that is not in state")
    return signed.agreement


def _compute_obligation(agreement: Agreement, usage: Usage) -> Obligation:
    uses_count = compute_admitted_uses(
        by_user=None if usage.by_user is None else usage.by_user.uses_count,
        by_provider=None if usage.by_provider is None else usage.by_provider.uses_count,
    )
    return Obligation(
        debtor=agreement.user,
        creditor=agreement.provider,
        amount_minor=uses_count * agreement.price_minor,
    )
