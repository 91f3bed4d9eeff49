"""What of a person's others can read with their consent: statements, and the register's entry.

Of statements the node knows what the ledger knows: each closed period's equal share. What a
member got by contribution or need stays between them and the cooperative (docs/value.md). The
name is sealed to the registrars and the person: the node cannot tell it. Never gives a record.
"""

from config.uma_limits import STATEMENT_PERIODS_MAX
from did.consent.terms import Resource
from did.jcs import JsonObject
from governance.records import Account
from governance.state_keys import Collection, state_key
from governance.value.records import Books, Period
from node.sending import read_state
from node.web.context import WebContext
from node.web.holders import Holder

_NUMBER_BYTES = 8


async def read_shared(context: WebContext, kind: Resource, holder: Holder) -> JsonObject:
    """What a resource of a person's says.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    account = await _read_account(context, holder)
    if kind is Resource.STATEMENTS:
        return await _read_statements(context, account)
    if kind is Resource.REGISTER_ENTRY:
        return {
            "did": holder.did,
            "cooperative": context.registry.own.did,
            "is_member": account is not None and account.left_height is None,
            "joined_height": None if account is None else account.joined_height,
            "left_height": None if account is None else account.left_height,
        }
    return {"may_be_counted": True}


async def _read_account(context: WebContext, holder: Holder) -> Account | None:
    if holder.account is None:
        return None
    key = state_key(context.registry.own.id, Collection.ACCOUNT, holder.account)
    data = await read_state(context.engine, key)
    return Account.decode(data) if data else None


async def _read_statements(context: WebContext, account: Account | None) -> JsonObject:
    """The latest closed periods at whose close the person was on the roll, the newest first."""
    own = context.registry.own.id
    data = await read_state(context.engine, state_key(own, Collection.BOOKS, b""))
    books = Books.decode(data) if data else None
    periods = []
    if account is not None and books is not None:
        first = max(0, books.period - STATEMENT_PERIODS_MAX)
        for number in range(books.period - 1, first - 1, -1):
            place = state_key(own, Collection.PERIOD, number.to_bytes(_NUMBER_BYTES))
            found = await read_state(context.engine, place)
            period = Period.decode(found) if found else None
            if period is not None and _was_on_roll(account, period):
                periods.append(
                    {
                        "period": number,
                        "closed_ms": period.closed_ms,
                        "equal_share_minor": period.unit_minor,
                    }
                )
    return {"currency": None if books is None else books.currency, "periods": periods}


def _was_on_roll(account: Account, period: Period) -> bool:
    left = account.left_height
    return account.joined_height < period.closed_height and (
        left is None or left > period.closed_height
    )
