"""The export, read by beancount itself."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import data, inventory, realization
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.refusals import TxRefusedError
from governance.value.beancount import render_amount, render_beancount
from governance.value.books import Maker, MemoryBooks, resolve, reverse
from governance.value.chart import BANK, COMMONS, BookAccount
from tests.governance.value.books_world import (
    COSTS,
    GRANT_BANK,
    GRANTS,
    LICENCES,
    REFERENCE,
    STAMP,
    STUDY_COSTS,
    earn,
    enter,
    make_books,
    make_id,
)
from tests.governance.value.test_books import balanced, legs

COOPERATIVE = b"c" * 32


def export(books: MemoryBooks, *, minor_digits: int = 2) -> str:
    return render_beancount(
        books.list_accounts(),
        books.list_entries(),
        cooperative=COOPERATIVE,
        currency="EUR",
        minor_digits=minor_digits,
    )


def read_balances(text: str) -> dict[str, Decimal]:
    """What beancount makes of the text, without an error."""
    entries, errors, _ = loader.load_string(text)
    assert errors == []
    root = realization.realize(entries)
    return {
        item.account: item.balance.get_currency_units("EUR").number
        for item in realization.iter_children(root)
        if isinstance(item.balance, inventory.Inventory) and item.txn_postings
    }


def name_of(account: BookAccount) -> str:
    roots = ("Assets", "Liabilities", "Equity", "Income", "Expenses")
    fund = f"Fund{account.fund}:" if account.fund else ""
    return f"{roots[account.kind - 1]}:{fund}{account.code}"


def check_same(books: MemoryBooks) -> None:
    found = read_balances(export(books))
    for account in books.list_accounts():
        assert found.get(name_of(account), Decimal(0)) == Decimal(account.balance_minor) / 100


def test_beancount_finds_our_balances() -> None:
    """V4: with a grant, a reversal, a pending and a voided entry."""
    books = make_books()
    earn(books, 1, 123_456)
    enter(books, 2, (GRANT_BANK, 500), (GRANTS, -500))
    enter(books, 3, (STUDY_COSTS, 205), (GRANT_BANK, -205))
    enter(books, 4, (COSTS, 77), (BANK, -77))
    reverse(books, make_id(4), reversal_id=make_id(5), reference=REFERENCE, stamp=STAMP)
    enter(books, 6, (COSTS, 9), (BANK, -9), is_pending=True)
    enter(books, 7, (COSTS, 8), (BANK, -8), is_pending=True)
    resolve(books, make_id(7), is_posted=False, stamp=STAMP)
    enter(books, 8, (BANK, 100), (COMMONS, -100), maker=Maker.RULES)

    check_same(books)
    assert f"; pending {make_id(6).hex()}" in export(books)
    assert f"; voided {make_id(7).hex()}" in export(books)


@given(st.lists(legs.map(balanced), max_size=10))
@settings(max_examples=25, deadline=None)
def test_beancount_finds_our_balances_of_any_books(
    drafts: Sequence[list[tuple[int, int]]],
) -> None:
    """V4: whatever was posted."""
    books = make_books()
    for number, items in enumerate(drafts):
        try:
            enter(books, number, *items, maker=Maker.RULES)
        except TxRefusedError:
            continue

    check_same(books)


def test_beancount_sees_a_balance_that_is_wrong() -> None:
    """V4: the text checks itself, by a minor unit."""
    books = make_books()
    earn(books, 1, 100)
    text = export(books)

    _, errors, _ = loader.load_string(text.replace("1.00 ~", "1.01 ~"))

    assert len(errors) == 2, "the bank and the revenue"


def test_books_without_entries_are_text_too() -> None:
    """V4: a cooperative that has just opened them."""
    entries, errors, _ = loader.load_string(export(make_books()))

    assert errors == []
    assert not data.filter_txns(entries) or not list(data.filter_txns(entries))


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [(0, 2, "0.00"), (-5, 2, "-0.05"), (1_234, 2, "12.34"), (-7, 0, "-7"), (1_001, 3, "1.001")],
)
def test_amounts_have_all_their_decimals(amount: int, digits: int, text: str) -> None:
    """No rounding anywhere."""
    assert render_amount(amount, minor_digits=digits) == text


def test_an_account_that_is_not_there_is_our_bug() -> None:
    """Entries are checked when they are posted; a currency has at most four decimals."""
    books = make_books()
    earn(books, 1, 100)
    accounts = [item for item in books.list_accounts() if item.code != LICENCES]
    for listed, digits in ((accounts, 2), (books.list_accounts(), 5)):
        with pytest.raises(InvariantError):
            render_beancount(
                listed,
                books.list_entries(),
                cooperative=COOPERATIVE,
                currency="EUR",
                minor_digits=digits,
            )
