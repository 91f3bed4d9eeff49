"""Taking people up who are no members: policy, invitations, and the two places they go to.

What is answered never tells whether somebody had an account before.
"""

import hashlib
import sqlite3

from config.errors import RefusedError, UnavailableError
from config.limits import INVITATIONS_MAX
from did.sign_ups import SignUp, SignUpError, parse_sign_up
from node.web.context import WebContext
from node.web.database import transaction
from node.web.names import Person, compute_day
from node.web.private import PrivateStore

_DOMAIN = b"rochdale/invitation/v1"


def put_invitation(
    connection: sqlite3.Connection, code: str, *, until_ms: int, now_ms: int
) -> None:
    """Let a code be used once.

    Raises:
        UnavailableError: Too many wait to be used.
    """
    with transaction(connection):
        connection.execute("DELETE FROM invitations WHERE until_ms <= ?", (now_ms,))
        count = connection.execute("SELECT COUNT(*) FROM invitations").fetchone()[0]
        if count >= INVITATIONS_MAX:
            raise UnavailableError("too many invitations wait: let some run out first")
        connection.execute("INSERT INTO invitations VALUES (?, ?)", (_hash(code), until_ms))


async def sign_up(context: WebContext, text: str) -> None:
    """Give whoever signed a statement an account; who has one keeps it as it is.

    Raises:
        RefusedError: The statement or its signature does not hold, or the policy refuses.
        UnavailableError: The DID cannot be resolved now, or nobody can be taken yet.
    """
    policy = context.settings.register.sign_up
    if policy == "closed":
        raise RefusedError("this cooperative takes no sign-ups here: apply for membership")
    statement = parse_sign_up(
        text, cooperative_id=context.registry.own.id, now_s=context.clock.now_s()
    )
    document = await context.dids.get_document(statement.did)
    key = document.get_key(statement.kid, purpose="authentication")
    if not statement.token.is_signed_by(key):
        raise SignUpError("the signature does not belong to this statement and key")
    context.login.proofs.take(statement.did, now_s=context.clock.steady_s())
    now_ms = context.clock.now_ms()
    with context.private.write():
        if not context.private.names.list_registrars():
            raise UnavailableError("this cooperative cannot take sign-ups yet: ask it")
        if policy == "invited":  # asked of everybody, or the refusal would tell who is here
            _take_invitation(context.private.connection, statement.claims.invitation, now_ms)
        if context.private.holders.find_by_did(statement.did) is None:
            _enter(context.private, statement, now_ms=now_ms)


def _enter(store: PrivateStore, statement: SignUp, *, now_ms: int) -> None:
    holder = store.holders.create(statement.did)
    person = Person(
        name=statement.claims.name,
        contact=statement.claims.contact,
        holder_id=holder.id,
        did=statement.did,
        since_day=compute_day(now_ms),
        is_book=False,
    )
    store.holders.set_name_box(holder.id, store.names.put(person))


def _take_invitation(connection: sqlite3.Connection, code: str, now_ms: int) -> None:
    taken = connection.execute(
        "DELETE FROM invitations WHERE hash = ? AND until_ms > ?", (_hash(code), now_ms)
    ).rowcount
    if not taken:
        raise RefusedError("this needs an invitation that nobody has used: ask the cooperative")


def _hash(code: str) -> bytes:
    return hashlib.sha256(_DOMAIN + code.encode()).digest()
