"""A netting's entries: what each cooperative earned by insights and owes for others'.

When a quarter is netted, the rules enter it in each cooperative's own books, in the period that
is open there: periods that are closed stay as they are. No money changes currency by itself, so
only books of the netting's currency get an entry. What stands on the account of partners
afterwards is the cooperative's net, which payments settle.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from governance.context import BlockContext
from governance.events import Events
from governance.logs import get_frontier
from governance.refusals import TxRefusedError
from governance.value.bookkeeping import post_for_rules
from governance.value.books import Leg, Stamp
from governance.value.chart import INSIGHTS_EARNED, INSIGHTS_USED, PARTNERS
from governance.value.events import EntriesPosted
from governance.value.netting import Position
from governance.value.records import compute_entry_id
from governance.value.view import ValueView, journal_log
from governance.view import Savepoint

_DOMAIN: Final = b"rochdale/netting/v1"
_PURPOSE: Final = "netting"


def compute_netting_id(quarter: int, *, currency: str) -> bytes:
    """What entries of a netting name as their voucher: it is on the ledger; 32 bytes."""
    return hashlib.sha256(_DOMAIN + quarter.to_bytes(8, "big") + currency.encode()).digest()


def compute_netting_entry_id(netting_id: bytes) -> bytes:
    """Id of a netting's entry, the same in each cooperative's books; 32 bytes."""
    return compute_entry_id(purpose=_PURPOSE, subject=netting_id, number=0)


def make_netting_legs(position: Position) -> tuple[Leg, ...]:
    """What a netting does to a cooperative's books: revenue, costs, and what partners owe."""
    amounts = (
        (PARTNERS, position.net_minor),
        (INSIGHTS_EARNED, -position.earned_minor),
        (INSIGHTS_USED, position.used_minor),
    )
    return tuple(Leg(account=code, amount_minor=amount) for code, amount in amounts if amount)


def book_netting(
    view: ValueView,
    positions: Iterable[Position],
    *,
    quarter: int,
    currency: str,
    block: BlockContext,
) -> tuple[tuple[bytes, ...], Events]:
    """Enter a netting in the books of everybody who takes part.

    A cooperative whose books could not hold the amounts keeps nobody else from theirs.

    Args:
        view: State.
        positions: Ascending by cooperative.
        quarter: Which is netted.
        currency: In which.
        block: The block in which it happens.

    Returns:
        Whose books have an entry now, and what is told of each.
    """
    netting_id = compute_netting_id(quarter, currency=currency)
    entry_id = compute_netting_entry_id(netting_id)
    booked: tuple[bytes, ...] = ()
    events: Events = ()
    for position in positions:
        cooperative, legs = position.cooperative, make_netting_legs(position)
        books = view.get_books(cooperative)
        if books is None or books.currency != currency or not legs:
            continue
        savepoint = Savepoint(view.kv)
        try:
            post_for_rules(
                ValueView(savepoint),
                cooperative,
                legs,
                entry_id=entry_id,
                reference=netting_id,
                stamp=Stamp(period=books.period, time_ms=block.time_ms),
            )
        except TxRefusedError:
            continue
        savepoint.commit()
        booked += (cooperative,)
        events += (_render_posted(view, cooperative, entry_id, period=books.period),)
    return booked, events


def _render_posted(
    view: ValueView, cooperative: bytes, entry_id: bytes, *, period: int
) -> EntriesPosted:
    journal = get_frontier(view, journal_log(cooperative))
    return EntriesPosted(
        cooperative=cooperative,
        entries=(entry_id,),
        period=period,
        journal_size=journal.size,
        journal_root=journal.compute_root(),
    )
