"""Who may do what about value: one door, so that offices can be given to others later.

Until treasurers, panels and attestors are elected to offices of their own, the cooperative's
root account and its registrar's office stand in for them. Either can ask for several of its
keys to sign, which is how two of a panel's three agree.
"""

from enum import IntEnum
from typing import Final

from governance.context import Sender
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.records import Books
from governance.value.view import ValueView


class Office(IntEnum):
    """For what somebody acts."""

    TREASURER = 1
    """Books, closes, settlements, nettings, agreements, usage."""
    PANEL = 2
    """Need: the hardship panel."""
    ATTESTOR = 3
    """Contributions."""


_STAND_INS: Final = {
    Office.TREASURER: Role.ROOT,
    Office.PANEL: Role.REGISTRAR,
    Office.ATTESTOR: Role.REGISTRAR,
}


def require_officer(view: ValueView, sender: Sender, cooperative: bytes, office: Office) -> None:
    """Check that a sender holds an office of a member cooperative.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED; in this order.
    """
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not found.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    holder = compute_office_account_id(cooperative=cooperative, role=_STAND_INS[office])
    if sender.account != holder:
        raise TxRefusedError(RefusalCode.OFFICE_REQUIRED)


def require_books(view: ValueView, sender: Sender, cooperative: bytes, office: Office) -> Books:
    """A member cooperative's books, for one of its officers.

    Raises:
        TxRefusedError: As `require_officer`, then BOOKS_UNKNOWN.
    """
    require_officer(view, sender, cooperative, office)
    books = view.get_books(cooperative)
    if books is None:
        raise TxRefusedError(RefusalCode.BOOKS_UNKNOWN)
    return books
