"""Office accounts: with them officers and candidates act, never with their ballot accounts.

The registrar attests that each belongs to somebody on the roll, and to whom nobody else has
given one; nothing on the ledger says to whom. An office without a seat may be closed by the
registrar, one with a seat by its holder alone: elected people are recalled, not deleted.
"""

from msgspec.structs import replace

from governance.body_events import OfficeClosed, OfficesOpened
from governance.body_records import BodyKind
from governance.body_transactions import (
    CloseOffice,
    OpenOffices,
)
from governance.body_view import BodyView
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.records import Account, AccountKey, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account, require_registrar


def apply_open_offices(
    view: BodyView, tx: OpenOffices, *, sender: Sender, block: BlockContext
) -> Events:
    """Give members office accounts, all or none.

    Raises:
        TxRefusedError: As `require_registrar`; then ADMISSION_REPEATED, ACCOUNT_EXISTS,
            OFFICES_TOO_MANY; in this order.
    """
    require_registrar(view, tx.cooperative, sender=sender)
    offices = tuple(inception.compute_id() for inception in tx.inceptions)
    if len(dict.fromkeys(offices)) != len(offices):
        raise TxRefusedError(RefusalCode.ADMISSION_REPEATED)
    if any(view.get_account(office) is not None for office in offices):
        raise TxRefusedError(RefusalCode.ACCOUNT_EXISTS)
    count = view.get_offices_count(tx.cooperative) + len(offices)
    if count > view.get_roll(tx.cooperative).active_count:
        raise TxRefusedError(RefusalCode.OFFICES_TOO_MANY)
    view.put_offices_count(tx.cooperative, count)
    for office, inception in zip(offices, tx.inceptions, strict=True):
        view.put_new_account(
            office,
            Account(
                cooperative=tx.cooperative,
                role=Role.OFFICER,
                keys=(AccountKey(public_key=inception.public_key),),
                next_key_commitment=inception.next_key_commitment,
                guardians_commitment=inception.guardians_commitment,
                joined_height=block.height,
            ),
        )
    return (OfficesOpened(cooperative=tx.cooperative, offices=offices),)


def apply_close_office(
    view: BodyView, tx: CloseOffice, *, sender: Sender, block: BlockContext
) -> Events:
    """Close an office account, and give up its seats.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, OFFICE_UNKNOWN, then for the holder nothing, for
            others as `require_registrar`, OFFICE_SEATED; in this order.
    """
    if view.get_cooperative(tx.cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    account = view.get_account(tx.office)
    if account is None or not is_office(account, tx.cooperative):
        raise TxRefusedError(RefusalCode.OFFICE_UNKNOWN)
    held = [kind for kind in BodyKind if tx.office in view.get_body(tx.cooperative, kind).offices]
    if sender.account != tx.office:
        require_registrar(view, tx.cooperative, sender=sender)
        if held:
            raise TxRefusedError(RefusalCode.OFFICE_SEATED)
    for kind in held:
        body = view.get_body(tx.cooperative, kind)
        seats = tuple(seat for seat in body.seats if seat.office != tx.office)
        view.put_body(tx.cooperative, replace(body, seats=seats))
    view.put_account(tx.office, replace(account, left_height=block.height))
    view.put_offices_count(tx.cooperative, view.get_offices_count(tx.cooperative) - 1)
    return (OfficeClosed(cooperative=tx.cooperative, office=tx.office, bodies=tuple(held)),)


def is_office(account: Account, cooperative: bytes) -> bool:
    """Check if an account is an open office account of a cooperative."""
    is_open = account.left_height is None
    return is_open and account.role is Role.OFFICER and account.cooperative == cooperative


def require_office(view: BodyView, cooperative: bytes, *, sender: Sender) -> Account:
    """The sender's office account in a cooperative that takes part.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, IMPORT_UNFINISHED,
            NOT_AN_OFFICER; in this order.
    """
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not found.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    if view.is_importing(cooperative):
        raise TxRefusedError(RefusalCode.IMPORT_UNFINISHED)
    account = require_account(view, sender.account)
    if not is_office(account, cooperative):
        raise TxRefusedError(RefusalCode.NOT_AN_OFFICER)
    return account
