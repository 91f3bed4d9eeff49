"""Credentials end with the block that ends what they say: of leavers, recovered accounts, seats.

What was issued to an account that guardians recovered may be a thief's; its owner gets another.
Apart from the follower, which reads the ledger for many; called before a block is noted as
read, so that no block is missed over a restart. Reading old blocks anew changes nothing that
was issued since.
"""

from collections.abc import Iterable

from governance.accountability_events import BodyDismissed
from governance.body_events import CountbackOpened, OfficeClosed, OfficerRecalled, TermsEnded
from governance.events import Event, MembersLeft
from governance.key_events import AccountRecovered
from node.web.credential_store import CredentialStore


def revoke_leavers(store: CredentialStore, events: Iterable[Event], *, time_ms: int) -> int:
    """Revoke what was issued to those who left, were recovered or lost a seat; how many held.

    An officer who sits elsewhere too gets a credential of that anew.

    Args:
        store: Of this cooperative's credentials; others' accounts are not in it.
        events: Of one block.
        time_ms: That block's header time.
    """
    return sum(
        store.revoke_account(account, now_ms=time_ms)
        for event in events
        for account in _list_ended(event)
    )


def _list_ended(event: Event) -> tuple[bytes, ...]:
    match event:
        case MembersLeft():
            return event.accounts
        case AccountRecovered():
            return (event.account,)
        case TermsEnded() | BodyDismissed():
            return event.offices
        case OfficeClosed() | OfficerRecalled() | CountbackOpened():
            return (event.office,)
        case _:
            return ()
