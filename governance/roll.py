"""The roll: who is a member, since when.

An electorate is named by a height: whoever had joined by then and had not left. How people come
and go is `governance.admissions` and `governance.departures`; both land in batches
(`governance.roll_batches`). Nothing here knows a name.
"""

from config.errors import InvariantError
from governance.context import Sender
from governance.logs import Log, LogName
from governance.records import Account, Cooperative, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.view import StateView


def require_participating(view: StateView, cooperative: bytes) -> Cooperative:
    """A cooperative that takes part: in the federation, with its whole roll.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, IMPORT_UNFINISHED; in this order.
    """
    found = view.get_cooperative(cooperative)
    if found is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not found.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    if view.is_importing(cooperative):
        raise TxRefusedError(RefusalCode.IMPORT_UNFINISHED)
    return found


def require_active_member(view: StateView, cooperative: bytes, *, sender: Sender) -> Cooperative:
    """A cooperative that takes part, one of whose members sends.

    Raises:
        TxRefusedError: As `require_participating`; then NOT_A_MEMBER.
    """
    found = require_participating(view, cooperative)
    if not is_member(sender.record, cooperative):
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
    return found


def require_registrar(view: StateView, cooperative: bytes, *, sender: Sender) -> Cooperative:
    """A cooperative that takes part, whose registrar sends.

    Raises:
        TxRefusedError: As `require_participating`; then NOT_REGISTRAR.
    """
    found = require_participating(view, cooperative)
    if not _is_role(sender.record, cooperative, Role.REGISTRAR):
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


def changes_log(cooperative: bytes) -> Log:
    """The log of who left a cooperative's roll, or came back to it."""
    return Log(LogName.ROLL_CHANGES, namespace=cooperative)


def is_member(account: Account, cooperative: bytes) -> bool:
    """Check if an account is a member of a cooperative now; offices are not."""
    return _is_role(account, cooperative, Role.MEMBER)


def has_left_roll(account: Account, cooperative: bytes) -> bool:
    """Check if an account was a cooperative's member and may come back to its roll."""
    return _is_role(account, cooperative, Role.MEMBER) and account.left_height is not None


def was_on_roll(account: Account, *, height: int) -> bool:
    """Check if an account had joined by a height and had not left then."""
    has_left = account.left_height is not None and account.left_height <= height
    return account.joined_height <= height and not has_left


def _is_role(account: Account, cooperative: bytes, role: Role) -> bool:
    return account.cooperative == cooperative and account.role is role
