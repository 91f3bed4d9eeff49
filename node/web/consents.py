"""Taking a signed consent: whose key signed it, and whether they may say it.

What is taken here holds at once; no block of the ledger is waited for. Never decides about
a use: `did.consent.evaluation` does.
"""

from did.consent.chain import Entry
from did.consent.evaluation import check_authority
from did.consent.policies import ConsentError, parse_consent
from node.web.authentication import Access
from node.web.context import WebContext


async def take_statement(context: WebContext, access: Access, text: str) -> Entry:
    """Check a statement about the caller's consent and keep it.

    Args:
        context: Of the web process.
        access: Whose consent it is; a steward's statement comes through the person too.
        text: Compact JWS.

    Raises:
        ConsentError: Not by the person or a steward of theirs, replayed, stale, forbidden.
        RefusedError: Malformed, or by a key that its DID does not list for logging in.
        UnavailableError: The DID cannot be resolved now, or there are too many statements.
    """
    store = context.private.consents
    now_s = context.clock.now_s()
    statement = parse_consent(
        text,
        cooperative_id=context.registry.own.id,
        seq_before=store.get_standing(access.holder_id).seq,
        now_s=now_s,
    )
    login = context.login
    login.proofs.take(statement.did, now_s=context.clock.steady_s())
    key = await login.keys.find(statement.did, statement.kid)
    if not statement.token.is_signed_by(key):
        raise ConsentError("the signature does not belong to this statement and key")
    signer = login.holders.find_by_did(statement.did)
    if signer is not None:
        await login.keys.check_current(key, statement.did, holder=signer)
    is_own = signer is not None and signer.id == access.holder_id
    with context.private.write():
        # Read again: another statement may have come while the DID was resolved, and the
        # store then refuses this one by its number.
        standing = store.get_standing(access.holder_id)
        check_authority(
            statement,
            standing.consents,
            did=statement.did if is_own else access.did,
            now_s=now_s,
        )
        return store.add_statement(
            access.holder_id, text, statement.claims, at_ms=context.clock.now_ms()
        )
