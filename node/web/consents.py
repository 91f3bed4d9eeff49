"""Taking a signed consent: whose key signed it, and whether they may say it.

What is taken here holds at once; no block of the ledger is waited for. Never decides about
a use: `did.consent.evaluation` does.
"""

from did.consent.chain import Entry
from did.consent.evaluation import check_authority
from did.consent.policies import ConsentError, ConsentStatement, Grant, parse_consent
from node.web.authentication import Access
from node.web.context import WebContext
from node.web.holders import Holder
from node.web.mandates import describe_decision
from node.web.register_log import LogEvent


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
    signer = await check_signer(context, access, statement)
    is_own = signer is not None and signer.id == access.holder_id
    did = statement.did if is_own else access.did
    return keep_statement(context, access.holder_id, statement, text=text, did=did)


async def check_signer(
    context: WebContext, access: Access, statement: ConsentStatement
) -> Holder | None:
    """Check the signature of a statement; who logs in by the DID that signed, if anybody does.

    Attempts are counted by whoever hands it in, never by the DID that it claims.

    Raises:
        ConsentError: The signature is another's.
        RefusedError: The DID does not list the key for logging in, or the ledger replaced it.
        UnavailableError: The DID cannot be resolved now.
    """
    login = context.login
    login.proofs.take(access.holder_id.hex(), now_s=context.clock.steady_s())
    key = await login.keys.find(statement.did, statement.kid)
    if not statement.token.is_signed_by(key):
        raise ConsentError("the signature does not belong to this statement and key")
    signer = login.holders.find_by_did(statement.did)
    if signer is not None:
        await login.keys.check_current(key, statement.did, holder=signer)
    return signer


def keep_statement(
    context: WebContext, holder_id: bytes, statement: ConsentStatement, *, text: str, did: str
) -> Entry:
    """Keep a statement whose signature holds, and tell the person if a steward signed it.

    Args:
        context: Of the web process.
        holder_id: Whose consent it is.
        statement: Its signature holds.
        text: As it came.
        did: The person's, by which they log in now.

    Raises:
        ConsentError: Not by the person or a steward of theirs, or replayed.
        UnavailableError: There are too many statements.
    """
    private, claims = context.private, statement.claims
    now_s, now_ms = context.clock.now_s(), context.clock.now_ms()
    with private.write():
        # Read again: another statement may have come while the DID was resolved, and the
        # store then refuses this one by its number.
        standing = private.consents.get_standing(holder_id)
        check_authority(statement, standing.consents, did=did, now_s=now_s)
        entry = private.consents.add_statement(holder_id, text, claims, at_ms=now_ms)
        private.mandates.follow(holder_id, claims)
        if claims.mandate and isinstance(claims.act, Grant):  # a steward says nothing else
            private.log.add(
                LogEvent.STEWARD,
                at_ms=now_ms,
                detail=describe_decision(claims.act, steward=statement.did, mandate=claims.mandate),
                holder_id=holder_id,
            )
    return entry
