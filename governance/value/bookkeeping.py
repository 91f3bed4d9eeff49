"""A cooperative's books on the ledger: opening accounts, entries, and taking them back.

What an entry may do is `governance.value.books`' matter; who closes periods,
`governance.value.closing`'s.
"""

from msgspec.structs import replace

from config.limits import BOOK_ACCOUNTS_MAX
from governance.charge_records import Charge
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.logs import append, get_frontier
from governance.merkle_log import Frontier
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.books import Draft, Entry, Leg, Maker, Phase, Stamp, post, resolve, reverse
from governance.value.chart import (
    OWED_TO_MEMBERS,
    STANDARD,
    BookAccount,
    make_standard_accounts,
)
from governance.value.events import AccountsOpened, EntriesPosted, EntryResolved, EntryReversed
from governance.value.offices import require_books, require_officer
from governance.value.records import Books, compute_entry_id
from governance.value.transactions import OpenAccounts, PostEntries, ResolveEntry, ReverseEntry
from governance.value.view import LedgerBooks, ValueView, journal_log

_HASH_BYTES = 32


def apply_open_accounts(
    view: ValueView, tx: OpenAccounts, *, sender: Sender, block: BlockContext
) -> Events:
    """Add accounts to a cooperative's books; the first time the standard ones too.

    What the cooperative had before is entered then, reserve and funds included, which no
    officer writes to afterwards.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED,
            CURRENCY_OTHER, OPENING_UNFIT, BOOK_ACCOUNT_UNFIT, BOOK_ACCOUNT_EXISTS,
            BOOK_ACCOUNTS_TOO_MANY, then as `books.write`; in this order.
    """
    require_officer(view, sender, tx.cooperative, Charge.TREASURER)
    store = LedgerBooks(view, tx.cooperative)
    books = view.get_books(tx.cooperative)
    if books is not None and books.currency != tx.currency:
        raise TxRefusedError(RefusalCode.CURRENCY_OTHER, books.currency)
    _check_opening(tx, is_first=books is None)
    codes = [account.code for account in tx.accounts]
    if len(dict.fromkeys(codes)) != len(codes) or any(code in STANDARD for code in codes):
        raise TxRefusedError(RefusalCode.BOOK_ACCOUNT_UNFIT, "code")
    if any(store.get_book_account(code) is not None for code in codes):
        raise TxRefusedError(RefusalCode.BOOK_ACCOUNT_EXISTS)
    if books is None:
        for account in make_standard_accounts():
            store.put_book_account(account)
        books = Books(currency=tx.currency, opened_ms=block.time_ms, accounts_count=len(STANDARD))
    accounts_count = books.accounts_count + len(codes)
    if accounts_count > BOOK_ACCOUNTS_MAX:
        raise TxRefusedError(RefusalCode.BOOK_ACCOUNTS_TOO_MANY)
    for new in tx.accounts:
        store.put_book_account(BookAccount(code=new.code, fund=new.fund))
    view.put_books(tx.cooperative, replace(books, accounts_count=accounts_count))
    post_for_rules(
        view,
        tx.cooperative,
        tx.opening,
        entry_id=compute_entry_id(purpose="opening", subject=tx.cooperative, number=0),
        reference=tx.reference,
        stamp=Stamp(period=books.period, time_ms=block.time_ms),
    )
    return (
        AccountsOpened(
            cooperative=tx.cooperative,
            currency=books.currency,
            accounts_count=accounts_count,
            journal_root=get_frontier(view, journal_log(tx.cooperative)).compute_root(),
        ),
    )


def apply_post_entries(
    view: ValueView, tx: PostEntries, *, sender: Sender, block: BlockContext
) -> Events:
    """Enter business in the books, all or none; what is there already stays once.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            then as `books.post`, entry by entry.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    store = LedgerBooks(view, tx.cooperative)
    stamp = Stamp(period=books.period, time_ms=block.time_ms)
    posted = [
        entry for draft in tx.entries if (entry := post(store, draft, stamp=stamp)) is not None
    ]
    pending_count = sum(1 for entry in posted if entry.phase is Phase.PENDING)
    view.put_books(
        tx.cooperative, replace(books, pending_count=books.pending_count + pending_count)
    )
    journal = write_journal(view, tx.cooperative, posted)
    return (
        EntriesPosted(
            cooperative=tx.cooperative,
            entries=tuple(entry.id for entry in posted),
            period=books.period,
            journal_size=journal.size,
            journal_root=journal.compute_root(),
        ),
    )


def apply_resolve_entry(
    view: ValueView, tx: ResolveEntry, *, sender: Sender, block: BlockContext
) -> Events:
    """Post or void a pending entry.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            ENTRY_UNKNOWN, ENTRY_NOT_PENDING; in this order.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    resolve(
        LedgerBooks(view, tx.cooperative),
        tx.entry,
        is_posted=tx.is_posted,
        stamp=Stamp(period=books.period, time_ms=block.time_ms),
    )
    view.put_books(tx.cooperative, replace(books, pending_count=books.pending_count - 1))
    return (EntryResolved(cooperative=tx.cooperative, entry=tx.entry, is_posted=tx.is_posted),)


def apply_reverse_entry(
    view: ValueView, tx: ReverseEntry, *, sender: Sender, block: BlockContext
) -> Events:
    """Take an officer's posted entry back, in the period that is open now.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            then as `books.reverse`.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    entry = reverse(
        LedgerBooks(view, tx.cooperative),
        tx.entry,
        reversal_id=tx.reversal,
        reference=tx.reference,
        stamp=Stamp(period=books.period, time_ms=block.time_ms),
    )
    write_journal(view, tx.cooperative, [entry])
    return (EntryReversed(cooperative=tx.cooperative, entry=tx.entry, reversal=tx.reversal),)


def post_for_rules(
    view: ValueView,
    cooperative: bytes,
    legs: tuple[Leg, ...],
    *,
    entry_id: bytes,
    reference: bytes,
    stamp: Stamp,
    is_pending: bool = False,
) -> None:
    """Enter what follows from a rule; nothing if there are no legs.

    Raises:
        TxRefusedError: As `books.post`.
    """
    if not legs:
        return
    draft = Draft(id=entry_id, reference=reference, legs=legs, is_pending=is_pending)
    entry = post(LedgerBooks(view, cooperative), draft, stamp=stamp, maker=Maker.RULES)
    write_journal(view, cooperative, [] if entry is None else [entry])


def _check_opening(tx: OpenAccounts, *, is_first: bool) -> None:
    if len(tx.reference) != (_HASH_BYTES if tx.opening else 0):
        raise TxRefusedError(RefusalCode.OPENING_UNFIT, "reference")
    if tx.opening and not is_first:
        raise TxRefusedError(RefusalCode.OPENING_UNFIT, "opening")
    if any(leg.account in OWED_TO_MEMBERS for leg in tx.opening):
        raise TxRefusedError(RefusalCode.OPENING_UNFIT, "owed to members")


def write_journal(view: ValueView, cooperative: bytes, entries: list[Entry]) -> Frontier:
    """Add entries to the log of all that ever came into the books."""
    return append(view, journal_log(cooperative), [entry.id for entry in entries])
