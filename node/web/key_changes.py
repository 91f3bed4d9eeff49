"""Logins end with the key that they go back to, from the block on that replaces it.

Apart from the follower, which reads the ledger for many. What was begun while the block was
being decided is ended when it is next renewed (`node.web.login_grants`), and so is what goes
back to a key that no ledger knows.
"""

from collections.abc import Iterable

from did.accounts import render_account_did
from governance.events import Event
from governance.key_events import AccountDeactivated, AccountRecovered, KeysRotated
from node.web.login import Login


def end_logins(login: Login, events: Iterable[Event], *, network: str, time_ms: int) -> int:
    """End what was allowed with keys that are replaced now; how many people's.

    Args:
        login: The authorization server.
        events: Of one block.
        network: Name of the ledger's network, as in its DIDs.
        time_ms: That block's header time: what is younger was allowed with the new keys.
    """
    ended = 0
    for event in events:
        if not isinstance(event, KeysRotated | AccountRecovered | AccountDeactivated):
            continue
        did = render_account_did(network=network, account_id=event.account)
        holder = login.holders.find_by_did(did)
        if holder is not None and login.store.end_grants_of(
            holder.id, before_s=time_ms // 1_000, now_s=login.clock.now_s()
        ):
            login.note(holder.id, "ended", client_id="", detail="the key was replaced")
            ended += 1
    return ended
