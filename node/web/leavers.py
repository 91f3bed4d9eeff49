"""Credentials of members who left, or whose account was recovered, end with the block that says so.

What was issued to an account that guardians recovered may be a thief's; its owner gets another.
Apart from the follower, which reads the ledger for many; called before a block is noted as
read, so that no block is missed over a restart. Reading old blocks anew changes nothing that
was issued since.
"""

from collections.abc import Iterable

from governance.events import Event, MembersLeft
from governance.key_events import AccountRecovered
from node.web.credential_store import CredentialStore


def revoke_leavers(store: CredentialStore, events: Iterable[Event], *, time_ms: int) -> int:
    """Revoke what was issued to those who left or were recovered; how many held until now.

    Args:
        store: Of this cooperative's credentials; others' accounts are not in it.
        events: Of one block.
        time_ms: That block's header time.
    """
    return sum(
        store.revoke_account(account, now_ms=time_ms)
        for event in events
        for account in _list_accounts(event)
    )


def _list_accounts(event: Event) -> tuple[bytes, ...]:
    """Accounts whose credentials an event ends."""
    if isinstance(event, MembersLeft):
        return event.accounts
    return (event.account,) if isinstance(event, AccountRecovered) else ()
