"""Every netting between cooperatives once more: from reports and agreements to both books."""

from collections.abc import Sequence

from config.limits import BALANCE_MINOR_MAX, MONEY_MINOR_MAX
from governance.audit.findings import Place, expect
from governance.audit.journal import list_amounts
from governance.federal_view import FederalView
from governance.state_keys import FEDERATION, Collection, state_key
from governance.value.agreements import list_obligations
from governance.value.books import Entry, Leg, Maker, Phase
from governance.value.chart import BookAccount
from governance.value.netting import Net, Payment, compute_nets, compute_payments, compute_positions
from governance.value.netting_entries import (
    compute_netting_entry_id,
    compute_netting_id,
    make_netting_legs,
)
from governance.value.records import Netting
from governance.value.view import LedgerBooks, ValueView

_QUARTER_BYTES = 8


def audit_nettings(view: ValueView) -> int:
    """Net every quarter that is netted once more, and look for its entry in each one's books.

    Returns:
        How many nettings there are.

    Raises:
        AuditError: The ledger says something else.
    """
    cooperatives = [item.id for item in FederalView(view.kv).scan_cooperatives()]
    prefix = state_key(FEDERATION, Collection.NETTING, b"")
    nettings_count = 0
    for key, data in view.kv.scan(prefix):
        netting, record_id = Netting.decode(data), key[len(prefix) :]
        if netting.is_closed:
            quarter = int.from_bytes(record_id[:_QUARTER_BYTES], "big")
            currency = record_id[_QUARTER_BYTES:].decode()
            _audit_netting(view, netting, cooperatives, quarter=quarter, currency=currency)
            nettings_count += 1
    return nettings_count


def _audit_netting(
    view: ValueView,
    netting: Netting,
    cooperatives: Sequence[bytes],
    *,
    quarter: int,
    currency: str,
) -> None:
    place = Place(cooperative=b"", what="netting", id=f"{quarter} {currency}")
    positions = compute_positions(list_obligations(view, quarter, currency=currency))
    nets = compute_nets(positions)
    expect(place, "nets", expected=_list_nets(nets), found=_list_nets(netting.nets))
    payments = compute_payments(nets)
    expect(
        place, "payments", expected=_list_payments(payments), found=_list_payments(netting.payments)
    )
    netting_id = compute_netting_id(quarter, currency=currency)
    entry_id = compute_netting_entry_id(netting_id)
    legs = {item.cooperative: make_netting_legs(item) for item in positions}
    unfit = [item for item in netting.booked if item not in legs]
    expect(place, "booked_unfit", expected=(), found=tuple(unfit))
    for cooperative in cooperatives:
        entry = LedgerBooks(view, cooperative).get_entry(entry_id)
        place = Place(cooperative=cooperative, what="netting", id=f"{quarter} {currency}")
        is_booked = cooperative in netting.booked
        expect(place, "is_booked", expected=is_booked, found=entry is not None)
        if entry is not None:
            _check_entry(place, entry, legs[cooperative], reference=netting_id)
        elif cooperative in legs:
            is_owed = _is_entry_owed(
                view, cooperative, legs[cooperative], currency=currency, netting=netting
            )
            expect(place, "is_booked", expected=is_owed, found=False)


def _is_entry_owed(
    view: ValueView, cooperative: bytes, legs: Sequence[Leg], *, currency: str, netting: Netting
) -> bool:
    """Whether a cooperative kept books of the currency then, and they could hold the amounts.

    What an account was debited or credited never becomes less: one that has room now had room.
    """
    books = view.get_books(cooperative)
    if books is None or books.currency != currency or books.opened_ms >= netting.closed_ms:
        return False
    store = LedgerBooks(view, cooperative)
    return all(_has_room(store.get_book_account(leg.account), leg) for leg in legs)


def _has_room(account: BookAccount | None, leg: Leg) -> bool:
    if account is None or abs(leg.amount_minor) > MONEY_MINOR_MAX:
        return False
    debits_minor = account.debits_minor + account.debits_pending_minor
    credits_minor = account.credits_minor + account.credits_pending_minor
    return max(debits_minor, credits_minor) + abs(leg.amount_minor) <= BALANCE_MINOR_MAX


def _check_entry(place: Place, entry: Entry, legs: Sequence[Leg], *, reference: bytes) -> None:
    expect(place, "entry", expected=list_amounts(legs), found=list_amounts(entry.legs))
    expect(place, "entry.reference", expected=reference, found=entry.reference)
    expect(place, "entry.maker", expected=Maker.RULES, found=entry.maker)
    expect(place, "entry.phase", expected=Phase.POSTED, found=entry.phase)


def _list_nets(nets: Sequence[Net]) -> tuple[str, ...]:
    return tuple(f"{net.cooperative.hex()} {net.amount_minor}" for net in nets)


def _list_payments(payments: Sequence[Payment]) -> tuple[str, ...]:
    return tuple(
        f"{item.payer.hex()} pays {item.payee.hex()} {item.amount_minor}" for item in payments
    )
