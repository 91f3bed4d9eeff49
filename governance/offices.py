"""Office accounts: with them officers and candidates act, never with their ballot accounts.

The registrar attests that each belongs to somebody on the roll, and to whom nobody else has
given one; nothing on the ledger says to whom.
"""

from governance.body_events import OfficesOpened
from governance.body_transactions import (
    OpenOffices,
)
from governance.body_view import BodyView
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.records import Account, AccountKey, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_participating, require_registrar


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
                keys_since_ms=block.time_ms,
                created_ms=block.time_ms,
            ),
        )
    return (OfficesOpened(cooperative=tx.cooperative, offices=offices),)


def is_office(account: Account, cooperative: bytes) -> bool:
    """Check if an account is an open office account of a cooperative."""
    is_open = account.left_height is None
    return is_open and account.role is Role.OFFICER and account.cooperative == cooperative


def require_office(view: BodyView, cooperative: bytes, *, sender: Sender) -> Account:
    """The sender's office account in a cooperative that takes part.

    Raises:
        TxRefusedError: As `require_participating`; then NOT_AN_OFFICER.
    """
    require_participating(view, cooperative)
    account = sender.record
    if not is_office(account, cooperative):
        raise TxRefusedError(RefusalCode.NOT_AN_OFFICER)
    return account
