"""Who may do what about value: one door, which asks whom the committee has charged with it."""

from governance.body_view import BodyView
from governance.charge_records import Charge
from governance.charges import get_holder
from governance.context import Sender
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.records import Books
from governance.value.view import ValueView


def require_officer(view: ValueView, sender: Sender, cooperative: bytes, charge: Charge) -> None:
    """Check that a sender is charged with something by a member cooperative.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED; in this order.
    """
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not found.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    if sender.account != get_holder(BodyView(view.kv), cooperative, charge):
        raise TxRefusedError(RefusalCode.OFFICE_REQUIRED)


def require_books(view: ValueView, sender: Sender, cooperative: bytes, charge: Charge) -> Books:
    """A member cooperative's books, for one of its officers.

    Raises:
        TxRefusedError: As `require_officer`, then BOOKS_UNKNOWN.
    """
    require_officer(view, sender, cooperative, charge)
    books = view.get_books(cooperative)
    if books is None:
        raise TxRefusedError(RefusalCode.BOOKS_UNKNOWN)
    return books
