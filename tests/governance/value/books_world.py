"""Books that tests write into, with a grant's restricted accounts beside the standard ones."""

from collections.abc import Sequence

from governance.value.books import Draft, Entry, Leg, Maker, MemoryBooks, Stamp, post
from governance.value.chart import BANK, BookAccount, make_standard_accounts

STAMP = Stamp(period=0, time_ms=1_700_000_000_000)
REFERENCE = b"r" * 32
LICENCES, GRANTS, COSTS, STUDY_COSTS, GRANT_BANK = 4_000, 4_100, 5_000, 5_100, 1_010
GRANT = 7
"""The fund of a grant."""
OWN_ACCOUNTS = (
    BookAccount(code=GRANT_BANK, fund=GRANT),
    BookAccount(code=LICENCES),
    BookAccount(code=GRANTS, fund=GRANT),
    BookAccount(code=COSTS),
    BookAccount(code=STUDY_COSTS, fund=GRANT),
)


def make_books() -> MemoryBooks:
    return MemoryBooks((*make_standard_accounts(), *OWN_ACCOUNTS))


def make_id(number: int) -> bytes:
    return number.to_bytes(32, "big")


def draft(number: int, *legs: tuple[int, int], is_pending: bool = False) -> Draft:
    return Draft(
        id=make_id(number),
        reference=REFERENCE,
        legs=tuple(Leg(account=code, amount_minor=amount) for code, amount in legs),
        is_pending=is_pending,
    )


def enter(
    books: MemoryBooks,
    number: int,
    *legs: tuple[int, int],
    is_pending: bool = False,
    maker: Maker = Maker.OFFICER,
) -> Entry | None:
    return post(books, draft(number, *legs, is_pending=is_pending), stamp=STAMP, maker=maker)


def earn(books: MemoryBooks, number: int, amount_minor: int) -> Entry | None:
    """Unrestricted revenue, paid into the bank."""
    return enter(books, number, (BANK, amount_minor), (LICENCES, -amount_minor))


def balances(books: MemoryBooks, codes: Sequence[int]) -> list[int]:
    found = [books.get_book_account(code) for code in codes]
    return [0 if account is None else account.balance_minor for account in found]
