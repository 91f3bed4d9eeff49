"""Credentials of members who left hold no longer, from the block on that says so.

Apart from the follower, which reads the ledger for many; called before a block is noted as
read, so that no block is missed over a restart. Reading old blocks anew changes nothing that
was issued since.
"""

from collections.abc import Iterable

from governance.events import Event, MembersLeft
from node.web.credential_store import CredentialStore


def revoke_leavers(store: CredentialStore, events: Iterable[Event], *, time_ms: int) -> int:
    """Revoke what was issued to members who left; how many credentials held until now.

    Args:
        store: Of this cooperative's credentials; others' accounts are not in it.
        events: Of one block.
        time_ms: That block's header time.
    """
    return sum(
        store.revoke_account(account, now_ms=time_ms)
        for event in events
        if isinstance(event, MembersLeft)
        for account in event.accounts
    )
