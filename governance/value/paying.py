"""Settlements on the ledger: what went to the bank, and what the bank made of it.

A payment file is its hash, control sum and number of payments here: who is paid, and where,
stands in the file (`node.settlement`). Its entry is pending until the bank has answered.
"""

from msgspec.structs import replace

from governance.charge_records import Charge
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.bookkeeping import post_for_rules
from governance.value.books import Leg, Maker, Stamp, resolve
from governance.value.chart import AccountKind, get_kind
from governance.value.events import SettlementRecorded, SettlementResolved
from governance.value.offices import require_books
from governance.value.records import Settlement, compute_entry_id
from governance.value.transactions import RecordSettlement, ResolveSettlement
from governance.value.view import LedgerBooks, ValueView

_PURPOSE = "settlement"


def apply_record_settlement(
    view: ValueView, tx: RecordSettlement, *, sender: Sender, block: BlockContext
) -> Events:
    """Note a payment file; what it pays is no longer available, and not paid yet.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            SETTLEMENT_EXISTS, SETTLEMENT_UNFIT, BOOK_ACCOUNT_UNKNOWN, FUNDS_MIXED,
            BALANCE_TOO_LARGE, BALANCE_TOO_SMALL; in this order.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    if view.get_settlement(tx.cooperative, tx.file_hash) is not None:
        raise TxRefusedError(RefusalCode.SETTLEMENT_EXISTS)
    if get_kind(tx.bank) is not AccountKind.ASSET:
        raise TxRefusedError(RefusalCode.SETTLEMENT_UNFIT, "bank")
    settlement = Settlement(
        debt=tx.debt,
        bank=tx.bank,
        control_sum_minor=tx.control_sum_minor,
        payments_count=tx.payments_count,
        period=books.period,
    )
    post_for_rules(
        view,
        tx.cooperative,
        _make_legs(settlement, tx.control_sum_minor),
        entry_id=compute_entry_id(purpose=_PURPOSE, subject=tx.file_hash, number=0),
        reference=tx.file_hash,
        stamp=Stamp(period=books.period, time_ms=block.time_ms),
        is_pending=True,
    )
    view.put_settlement(tx.cooperative, tx.file_hash, settlement)
    return (
        SettlementRecorded(
            cooperative=tx.cooperative,
            file_hash=tx.file_hash,
            debt=tx.debt,
            control_sum_minor=tx.control_sum_minor,
            payments_count=tx.payments_count,
        ),
    )


def apply_resolve_settlement(
    view: ValueView, tx: ResolveSettlement, *, sender: Sender, block: BlockContext
) -> Events:
    """Note what the bank paid: all, a part, or nothing; the rest is owed as before.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            SETTLEMENT_UNKNOWN, SETTLEMENT_RESOLVED, SETTLEMENT_UNFIT; in this order.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    settlement = view.get_settlement(tx.cooperative, tx.file_hash)
    if settlement is None:
        raise TxRefusedError(RefusalCode.SETTLEMENT_UNKNOWN)
    if settlement.is_resolved:
        raise TxRefusedError(RefusalCode.SETTLEMENT_RESOLVED)
    if tx.paid_minor > settlement.control_sum_minor:
        raise TxRefusedError(RefusalCode.SETTLEMENT_UNFIT, "paid_minor")
    is_whole = tx.paid_minor == settlement.control_sum_minor
    stamp = Stamp(period=books.period, time_ms=block.time_ms)
    resolve(
        LedgerBooks(view, tx.cooperative),
        compute_entry_id(purpose=_PURPOSE, subject=tx.file_hash, number=0),
        is_posted=is_whole,
        stamp=stamp,
        maker=Maker.RULES,
    )
    if not is_whole:
        post_for_rules(
            view,
            tx.cooperative,
            _make_legs(settlement, tx.paid_minor),
            entry_id=compute_entry_id(purpose=_PURPOSE, subject=tx.file_hash, number=1),
            reference=tx.file_hash,
            stamp=stamp,
        )
    settlement = replace(settlement, is_resolved=True, paid_minor=tx.paid_minor)
    view.put_settlement(tx.cooperative, tx.file_hash, settlement)
    return (
        SettlementResolved(
            cooperative=tx.cooperative, file_hash=tx.file_hash, paid_minor=tx.paid_minor
        ),
    )


def _make_legs(settlement: Settlement, amount_minor: int) -> tuple[Leg, ...]:
    if amount_minor == 0:
        return ()
    return (
        Leg(account=settlement.debt, amount_minor=amount_minor),
        Leg(account=settlement.bank, amount_minor=-amount_minor),
    )
