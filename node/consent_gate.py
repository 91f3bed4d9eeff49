"""Who may be counted: the people whose consent for a purpose is live.

Asked by the operator's command before the process that reads records is started, so that it
is told whom to count and never learns a DID, an account or a consent. Never opens records.
"""

from collections.abc import Mapping

from config.errors import RefusedError
from config.limits import RECORDS_ROWS_MAX
from did.consent.evaluation import Use, is_use_permitted
from did.consent.terms import Purpose, Resource
from did.jcs import JsonObject
from node.web.private import PrivateStore


def find_permitted(
    store: PrivateStore, *, cooperative_did: str, purpose: Purpose, now_s: int
) -> dict[str, bytes]:
    """Find everybody who permits their records to be counted now; nobody else is.

    Args:
        store: The node's private database.
        cooperative_did: Whose aggregate it is.
        purpose: What it is for.
        now_s: Unix seconds.

    Returns:
        Holder's id by record key.

    Raises:
        RefusedError: More people than one aggregate can be told of.
        MisconfiguredError: The register's key is another, or a consent was changed.
    """
    use = Use(grantee=cooperative_did, purpose=purpose, resource=Resource.RECORDS, at_s=now_s)
    found = {
        store.consents.compute_record_key(holder_id): holder_id
        for holder_id in store.consents.list_holders()
        if is_use_permitted(
            store.consents.get_standing(holder_id).consents,
            use,
            # The asker is the cooperative itself, which every class contains.
            own_cooperative=cooperative_did,
            federation=frozenset(),
        )
    }
    if len(found) > RECORDS_ROWS_MAX:
        raise RefusedError(f"one aggregate counts at most {RECORDS_ROWS_MAX} people")
    return found


def note_uses(
    store: PrivateStore, permitted: Mapping[str, bytes], content: JsonObject, *, now_ms: int
) -> None:
    """Write into the histories of all who permitted an aggregate that it was made.

    Whether the records named them only the worker knew. Who was erased meanwhile has no
    history. The caller holds the transaction.
    """
    for holder_id in permitted.values():
        if store.holders.get(holder_id) is not None:
            store.consents.add_use(holder_id, content, at_ms=now_ms)
