"""An audit nets every quarter once more, and looks into both books."""

from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from config.limits import BALANCE_MINOR_MAX
from governance.audit.findings import Audited
from governance.audit.nettings import audit_nettings
from governance.logs import entry_key
from governance.state_keys import Collection, state_key
from governance.value.books import Leg, Phase
from governance.value.chart import INSIGHTS_EARNED, INSIGHTS_USED, PARTNERS, BookAccount
from governance.value.netting import Net
from governance.value.view import LedgerBooks, journal_log
from tests.governance.audit.audit_world import audit, copy_of, find, rewrite_list
from tests.governance.value.test_agreements import AGREEMENT, QUARTER, THIRD, close_netting
from tests.governance.value.test_netting_entries import (
    ENTRY_ID,
    PARTIES,
    make_used_world,
    netting_of,
)
from tests.governance.value.value_world import view_of
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, World


@cache
def make_netted_world() -> World:
    world = make_used_world(*PARTIES)
    world.run(close_netting())
    return world


def netted() -> World:
    return copy_of(make_netted_world())


def change_netting(world: World, **changes: Any) -> None:
    netting = replace(netting_of(world), **changes)
    view_of(world).put_netting(QUARTER, currency="EUR", netting=netting)


def test_a_netting_is_made_once_more() -> None:
    """From what both sides reported, at the agreement's price."""
    assert audit(netted()) == Audited(nettings_count=1)


def test_an_open_quarter_is_nothing_to_audit() -> None:
    """Reports may change until the netting."""
    assert audit(make_used_world(*PARTIES)) == Audited()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nets": (Net(cooperative=COOPERATIVE, amount_minor=1),)}, "nets"),
        ({"nets": ()}, "nets"),
        ({"payments": ()}, "payments"),
        ({"booked": ()}, "is_booked"),
        ({"booked": (*sorted(PARTIES), THIRD)}, "booked_unfit"),
        ({"booked": (COOPERATIVE,)}, "is_booked"),
    ],
)
def test_a_changed_netting_is_found(changes: dict[str, Any], field: str) -> None:
    """Nets, payments and whose books have an entry follow from the reports."""
    world = netted()

    change_netting(world, **changes)

    found = find(world)
    assert (found.place.what, found.field) == ("netting", field)


def test_a_changed_report_is_found() -> None:
    """What was admitted decides what is owed."""
    world = netted()
    view = view_of(world)
    agreement = AGREEMENT.compute_id()
    usage = view.get_usage(QUARTER, currency="EUR", agreement=agreement)
    assert usage is not None
    assert usage.by_user is not None

    fewer = replace(usage, by_user=replace(usage.by_user, uses_count=39))
    view.put_usage(QUARTER, currency="EUR", agreement=agreement, usage=fewer)

    assert find(world).field == "nets"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"reference": bytes(32)}, "entry.reference"), ({"maker": 1}, "entry.maker")],
)
def test_a_changed_entry_is_found(changes: dict[str, Any], field: str) -> None:
    """In whosever books: by the rules, with the netting as its voucher."""
    world = netted()
    books = LedgerBooks(view_of(world), OTHER_COOPERATIVE)
    books.put_entry(replace(books.require_entry(ENTRY_ID), **changes))

    found = find(world)

    assert (found.place.cooperative, found.field) == (OTHER_COOPERATIVE, field)


def test_other_amounts_are_found_though_the_books_balance() -> None:
    """A journal that adds up may still say that less was earned."""
    world = netted()
    books = LedgerBooks(view_of(world), COOPERATIVE)
    less = (
        Leg(account=PARTNERS, amount_minor=700),
        Leg(account=INSIGHTS_EARNED, amount_minor=-700),
    )
    books.put_entry(replace(books.require_entry(ENTRY_ID), legs=less))
    for account in (
        BookAccount(code=INSIGHTS_EARNED, credits_minor=700),
        BookAccount(code=INSIGHTS_USED),
    ):
        books.put_book_account(account)

    found = find(world)

    assert (found.place.cooperative, found.field) == (COOPERATIVE, "entry")


def test_an_entry_that_is_only_pending_is_found() -> None:
    """A netting is posted at once; the journal's sums say so first."""
    world = netted()
    books = LedgerBooks(view_of(world), COOPERATIVE)

    books.put_entry(replace(books.require_entry(ENTRY_ID), phase=Phase.PENDING))

    assert find(world).place.what == "books"


def leave_out(world: World) -> None:
    """Take the first cooperative's entry out of its books, which balance without it too."""
    change_netting(world, booked=(OTHER_COOPERATIVE,))
    books = LedgerBooks(view_of(world), COOPERATIVE)
    world.kv.delete(state_key(COOPERATIVE, Collection.BOOK_ENTRY, ENTRY_ID))
    for code in (PARTNERS, INSIGHTS_EARNED, INSIGHTS_USED):
        books.put_book_account(BookAccount(code=code))
    world.kv.delete(entry_key(journal_log(COOPERATIVE), 0))
    rewrite_list(world, journal_log(COOPERATIVE), [])


def test_whoever_kept_books_then_has_an_entry() -> None:
    """Nobody who keeps books of the currency is left out."""
    world = netted()
    leave_out(world)

    found = find(world)

    assert (found.place.what, found.place.cooperative) == ("netting", COOPERATIVE)
    assert (found.field, found.expected) == ("is_booked", "True")


@pytest.mark.parametrize("change", ["later", "currency", "full"])
def test_whose_books_could_take_no_entry_has_none(change: str) -> None:
    """Opened afterwards, in another currency, or full."""
    world = netted()
    leave_out(world)
    view = view_of(world)
    books = view.get_books(COOPERATIVE)
    assert books is not None
    if change == "later":
        books = replace(books, opened_ms=netting_of(world).closed_ms)
    elif change == "currency":
        books = replace(books, currency="CHF")
    else:
        full = BookAccount(code=INSIGHTS_EARNED, credits_minor=BALANCE_MINOR_MAX)
        LedgerBooks(view, COOPERATIVE).put_book_account(full)
    view.put_books(COOPERATIVE, books)

    assert audit_nettings(view) == 1
