"""The roll: who is a member, since when.

Admission is by the cooperative's registrar, in batches. An electorate is named by a height:
whoever had joined by then and had not left. Nothing here knows a name.
"""

from msgspec.structs import replace

from config.errors import InvariantError
from did.accounts import Inception
from governance.context import BlockContext, Sender
from governance.events import Events, MembersAdmitted
from governance.logs import Log, LogName, append
from governance.records import Account, AccountKey, Cooperative, Role, RollEntry
from governance.refusals import RefusalCode, TxRefusedError
from governance.transactions import AdmitMembers
from governance.view import StateView


def apply_admit_members(
    view: StateView, tx: AdmitMembers, *, sender: Sender, block: BlockContext
) -> Events:
    """Put a batch of applicants on the roll, all or none.

    Raises:
        TxRefusedError: As `require_registrar`; then ADMISSION_REPEATED, ACCOUNT_EXISTS; in
            this order.
    """
    require_registrar(view, tx.cooperative, sender=sender)
    accounts = tuple(inception.compute_id() for inception in tx.inceptions)
    if len(dict.fromkeys(accounts)) != len(accounts):
        raise TxRefusedError(RefusalCode.ADMISSION_REPEATED)
    if any(view.get_account(account) is not None for account in accounts):
        raise TxRefusedError(RefusalCode.ACCOUNT_EXISTS)
    for account, inception in zip(accounts, tx.inceptions, strict=True):
        view.put_new_account(account, _begin_account(inception, tx.cooperative, block=block))
    roll = view.get_roll(tx.cooperative)
    entries = [RollEntry(account=account, height=block.height) for account in accounts]
    log = append(view, roll_log(tx.cooperative), [entry.encode() for entry in entries])
    active_count = roll.active_count + len(accounts)
    roll = replace(roll, epoch=roll.epoch + 1, active_count=active_count)
    view.put_roll(tx.cooperative, roll)
    return (
        MembersAdmitted(
            cooperative=tx.cooperative,
            accounts=accounts,
            epoch=roll.epoch,
            active_count=roll.active_count,
            roll_root=log.compute_root(),
        ),
    )


def require_registrar(view: StateView, cooperative: bytes, *, sender: Sender) -> Cooperative:
    """A cooperative that takes part, whose registrar sends.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, IMPORT_UNFINISHED,
            NOT_REGISTRAR; in this order.
    """
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not found.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    if view.is_importing(cooperative):
        raise TxRefusedError(RefusalCode.IMPORT_UNFINISHED)
    if not _is_role(require_account(view, sender.account), cooperative, Role.REGISTRAR):
        raise TxRefusedError(RefusalCode.NOT_REGISTRAR)
    return found


def roll_log(cooperative: bytes) -> Log:
    """The log of who came onto a cooperative's roll."""
    return Log(LogName.ROLL, namespace=cooperative)


def require_account(view: StateView, account_id: bytes) -> Account:
    """An account that must be there: an authenticated sender's, or an author's.

    Raises:
        InvariantError: There is none.
    """
    account = view.get_account(account_id)
    if account is None:
        raise InvariantError(f"state lacks the account {account_id.hex()}")
    return account


def is_member(account: Account, cooperative: bytes) -> bool:
    """Check if an account is a member of a cooperative now; offices are not."""
    return _is_role(account, cooperative, Role.MEMBER)


def was_on_roll(account: Account, *, height: int) -> bool:
    """Check if an account had joined by a height and had not left then."""
    has_left = account.left_height is not None and account.left_height <= height
    return account.joined_height <= height and not has_left


def _is_role(account: Account, cooperative: bytes, role: Role) -> bool:
    return account.cooperative == cooperative and account.role is role


def _begin_account(inception: Inception, cooperative: bytes, *, block: BlockContext) -> Account:
    return Account(
        cooperative=cooperative,
        role=Role.MEMBER,
        keys=(AccountKey(public_key=inception.public_key),),
        next_key_commitment=inception.next_key_commitment,
        guardians_commitment=inception.guardians_commitment,
        joined_height=block.height,
    )
