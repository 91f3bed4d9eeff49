"""Double-entry books: entries that add up to zero and are never changed.

An entry is posted at once, or pending until it is posted or voided (the two phases of
TigerBeetle); what was wrong is reversed by another entry. Its id is the sender's: the same
entry sent twice is there once. Three walls are in here and nowhere else:

- an entry balances within every restricted fund, so money given for a purpose can never reach
  members, whose accounts are all unrestricted, by whatever chain of entries;
- nothing is ever debited to the legal reserve, at a close, an exit or a dissolution;
- funds, pools and debts are never overdrawn, pending entries included.

Where accounts and entries lie is the caller's matter.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, Final, Protocol

from msgspec import Meta
from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import BALANCE_MINOR_MAX, BOOK_ACCOUNTS_MAX, ENTRY_LEGS_MAX, MONEY_MINOR_MAX
from did.codec import Record
from governance.fields import Count, Hash, HashOrEmpty, TimeMs
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.chart import (
    LEGAL_RESERVE,
    UNRESTRICTED,
    Access,
    BookAccount,
    Code,
    get_access,
    is_never_overdrawn,
)

RULES_ID_PREFIX: Final = b"rules/"
"""Begins the ids of entries that rules write, so that nobody can take one beforehand."""
Amount = Annotated[int, Meta(ge=-MONEY_MINOR_MAX, le=MONEY_MINOR_MAX)]
Money = Annotated[int, Meta(ge=0, le=MONEY_MINOR_MAX)]


class Leg(Record, frozen=True, kw_only=True):
    """One account's part in an entry."""

    account: Code
    amount_minor: Amount
    """Debits are positive, credits negative; never 0."""


class Draft(Record, frozen=True, kw_only=True):
    """An entry as it is asked for."""

    id: Hash
    """The sender's choice; the same for the same business."""
    reference: Hash
    """SHA-256 of the voucher, which the cooperative keeps."""
    legs: Annotated[tuple[Leg, ...], Meta(min_length=2, max_length=ENTRY_LEGS_MAX)]
    is_pending: bool = False


class Phase(IntEnum):
    """Where an entry stands."""

    POSTED = 1
    PENDING = 2
    VOIDED = 3


class Maker(IntEnum):
    """Who wrote an entry."""

    OFFICER = 1
    RULES = 2
    """A close, an allocation or a settlement: nobody else posts, voids or reverses it."""


class Stamp(Record, frozen=True, kw_only=True):
    """When an entry came into the books."""

    period: Count
    time_ms: TimeMs


class Entry(Record, frozen=True, kw_only=True):
    """An entry in the books."""

    id: Hash
    reference: Hash
    legs: Annotated[tuple[Leg, ...], Meta(min_length=2, max_length=BOOK_ACCOUNTS_MAX + 1)]
    phase: Phase
    maker: Maker
    stamp: Stamp
    """When it was written; of a pending one that was posted, when it was posted."""
    reverses: HashOrEmpty = b""
    reversed_by: HashOrEmpty = b""


class BookStore(Protocol):
    """Where books lie."""

    def get_book_account(self, code: int) -> BookAccount | None:
        """An account, or None."""

    def put_book_account(self, account: BookAccount) -> None:
        """Set an account."""

    def get_entry(self, entry_id: bytes) -> Entry | None:
        """An entry, or None."""

    def put_entry(self, entry: Entry) -> None:
        """Set an entry."""


def post(
    store: BookStore, draft: Draft, *, stamp: Stamp, maker: Maker = Maker.OFFICER
) -> Entry | None:
    """Enter a draft, posted or pending.

    Returns:
        The entry; None if the very same is in the books already.

    Raises:
        TxRefusedError: ENTRY_ID_TAKEN, ENTRY_UNBALANCED, BALANCE_TOO_LARGE (one amount),
            BOOK_ACCOUNT_UNKNOWN, RESERVE_INDIVISIBLE, BOOK_ACCOUNT_RESERVED, FUNDS_MIXED,
            BALANCE_TOO_LARGE (an account), BALANCE_TOO_SMALL; in this order, leg by leg where
            they concern one.
    """
    entry = Entry(
        id=draft.id,
        reference=draft.reference,
        legs=draft.legs,
        phase=Phase.PENDING if draft.is_pending else Phase.POSTED,
        maker=maker,
        stamp=stamp,
    )
    if maker is Maker.OFFICER:
        _check_id(draft.id)
    known = store.get_entry(draft.id)
    if known is None:
        return write(store, entry)
    if (known.reference, known.legs, known.maker) != (entry.reference, entry.legs, maker):
        raise TxRefusedError(RefusalCode.ENTRY_ID_TAKEN)
    return None


def write(store: BookStore, entry: Entry) -> Entry:
    """Check an entry with a new id, and write it and the balances that follow.

    Raises:
        TxRefusedError: As `post`, from ENTRY_UNBALANCED on.
    """
    check_balanced(entry.legs)
    accounts = [_require_account(store, leg.account) for leg in entry.legs]
    for place, leg in enumerate(entry.legs):
        if leg.account == LEGAL_RESERVE and leg.amount_minor > 0:
            raise TxRefusedError(RefusalCode.RESERVE_INDIVISIBLE, f"legs[{place}]")
        if entry.maker is Maker.OFFICER and not entry.reverses:
            _check_access(leg, place)
    _check_funds(entry.legs, accounts)
    changed = [
        _check_balance(_add(account, leg.amount_minor, phase=entry.phase))
        for leg, account in zip(entry.legs, accounts, strict=True)
    ]
    for account in changed:
        store.put_book_account(account)
    store.put_entry(entry)
    return entry


def resolve(
    store: BookStore,
    entry_id: bytes,
    *,
    is_posted: bool,
    stamp: Stamp,
    maker: Maker = Maker.OFFICER,
) -> Entry:
    """Post or void a pending entry.

    Raises:
        TxRefusedError: ENTRY_UNKNOWN, ENTRY_NOT_PENDING; in this order.
    """
    entry = store.get_entry(entry_id)
    if entry is None:
        raise TxRefusedError(RefusalCode.ENTRY_UNKNOWN)
    if entry.phase is not Phase.PENDING or entry.maker is not maker:
        raise TxRefusedError(RefusalCode.ENTRY_NOT_PENDING)
    for leg in entry.legs:
        account = _add(_require_account(store, leg.account), -leg.amount_minor, phase=Phase.VOIDED)
        if is_posted:
            account = _add(account, leg.amount_minor, phase=Phase.POSTED)
        store.put_book_account(account)
    entry = replace(entry, phase=Phase.POSTED if is_posted else Phase.VOIDED, stamp=stamp)
    store.put_entry(entry)
    return entry


def reverse(
    store: BookStore, entry_id: bytes, *, reversal_id: bytes, reference: bytes, stamp: Stamp
) -> Entry:
    """Take an officer's posted entry back by its opposite, once; both stay in the books.

    Raises:
        TxRefusedError: ENTRY_UNKNOWN, ENTRY_NOT_REVERSIBLE, ENTRY_ID_TAKEN,
            BALANCE_TOO_LARGE, BALANCE_TOO_SMALL; in this order.
    """
    entry = store.get_entry(entry_id)
    if entry is None:
        raise TxRefusedError(RefusalCode.ENTRY_UNKNOWN)
    is_reversible = (entry.phase, entry.maker) == (Phase.POSTED, Maker.OFFICER)
    if not is_reversible or entry.reverses or entry.reversed_by:
        raise TxRefusedError(RefusalCode.ENTRY_NOT_REVERSIBLE)
    _check_id(reversal_id)
    if store.get_entry(reversal_id) is not None:
        raise TxRefusedError(RefusalCode.ENTRY_ID_TAKEN)
    reversal = write(
        store,
        Entry(
            id=reversal_id,
            reference=reference,
            legs=tuple(
                Leg(account=leg.account, amount_minor=-leg.amount_minor) for leg in entry.legs
            ),
            phase=Phase.POSTED,
            maker=Maker.OFFICER,
            stamp=stamp,
            reverses=entry_id,
        ),
    )
    store.put_entry(replace(entry, reversed_by=reversal_id))
    return reversal


def check_balanced(legs: Sequence[Leg]) -> None:
    """Check that amounts add up to zero, none is zero or too large, no account stands twice.

    Raises:
        TxRefusedError: ENTRY_UNBALANCED, BALANCE_TOO_LARGE; in this order.
    """
    codes = [leg.account for leg in legs]
    if len(dict.fromkeys(codes)) != len(codes) or any(leg.amount_minor == 0 for leg in legs):
        raise TxRefusedError(RefusalCode.ENTRY_UNBALANCED, "legs")
    if sum(leg.amount_minor for leg in legs) != 0:
        raise TxRefusedError(RefusalCode.ENTRY_UNBALANCED, "amount_minor")
    if any(abs(leg.amount_minor) > MONEY_MINOR_MAX for leg in legs):
        raise TxRefusedError(RefusalCode.BALANCE_TOO_LARGE, "amount_minor")


def _check_id(entry_id: bytes) -> None:
    if entry_id.startswith(RULES_ID_PREFIX):
        raise TxRefusedError(RefusalCode.ENTRY_ID_TAKEN, "begins as the rules' own do")


def _check_access(leg: Leg, place: int) -> None:
    access = get_access(leg.account)
    is_filling = access is Access.FUND and leg.amount_minor < 0
    if access is Access.RULES or is_filling:
        raise TxRefusedError(RefusalCode.BOOK_ACCOUNT_RESERVED, f"legs[{place}]")


def _check_funds(legs: Sequence[Leg], accounts: Sequence[BookAccount]) -> None:
    totals: dict[int, int] = {}
    for leg, account in zip(legs, accounts, strict=True):
        totals[account.fund] = totals.get(account.fund, 0) + leg.amount_minor
    for fund, total in totals.items():
        if fund != UNRESTRICTED and total != 0:
            raise TxRefusedError(RefusalCode.FUNDS_MIXED, f"fund {fund}")


def _add(account: BookAccount, amount_minor: int, *, phase: Phase) -> BookAccount:
    """An account after a leg; voiding takes a pending one away, by the opposite amount."""
    debit_minor, credit_minor = max(0, amount_minor), max(0, -amount_minor)
    if phase is Phase.POSTED:
        debits_minor = account.debits_minor + debit_minor
        credits_minor = account.credits_minor + credit_minor
        return replace(account, debits_minor=debits_minor, credits_minor=credits_minor)
    if phase is Phase.PENDING:
        debits_minor = account.debits_pending_minor + debit_minor
        credits_minor = account.credits_pending_minor + credit_minor
    else:
        debits_minor = account.debits_pending_minor - credit_minor
        credits_minor = account.credits_pending_minor - debit_minor
    return replace(account, debits_pending_minor=debits_minor, credits_pending_minor=credits_minor)


def _check_balance(account: BookAccount) -> BookAccount:
    debits_minor = account.debits_minor + account.debits_pending_minor
    credits_minor = account.credits_minor + account.credits_pending_minor
    if max(debits_minor, credits_minor) > BALANCE_MINOR_MAX:
        raise TxRefusedError(RefusalCode.BALANCE_TOO_LARGE, f"account {account.code}")
    if is_never_overdrawn(account.code) and account.available_minor < 0:
        raise TxRefusedError(RefusalCode.BALANCE_TOO_SMALL, f"account {account.code}")
    return account


def _require_account(store: BookStore, code: int) -> BookAccount:
    account = store.get_book_account(code)
    if account is None:
        raise TxRefusedError(RefusalCode.BOOK_ACCOUNT_UNKNOWN, f"account {code}")
    return account


class MemoryBooks:
    """Books in memory: for simulators, exports and tests."""

    def __init__(self, accounts: Sequence[BookAccount]) -> None:
        self._accounts = {account.code: account for account in accounts}
        self._entries: dict[bytes, Entry] = {}

    def get_book_account(self, code: int) -> BookAccount | None:
        """An account, or None."""
        return self._accounts.get(code)

    def put_book_account(self, account: BookAccount) -> None:
        """Set an account."""
        self._accounts[account.code] = account

    def get_entry(self, entry_id: bytes) -> Entry | None:
        """An entry, or None."""
        return self._entries.get(entry_id)

    def put_entry(self, entry: Entry) -> None:
        """Set an entry."""
        self._entries[entry.id] = entry

    def list_accounts(self) -> tuple[BookAccount, ...]:
        """All accounts, ascending by code."""
        return tuple(self._accounts[code] for code in sorted(self._accounts))

    def list_entries(self) -> tuple[Entry, ...]:
        """All entries, in the order in which they came."""
        return tuple(self._entries.values())

    def check(self) -> None:
        """Check that the books balance as a whole and within each fund.

        Raises:
            InvariantError: They do not.
        """
        totals: dict[int, int] = {}
        for account in self._accounts.values():
            totals[account.fund] = totals.get(account.fund, 0) + account.balance_minor
        if any(totals.values()):
            raise InvariantError("the books do not balance")
