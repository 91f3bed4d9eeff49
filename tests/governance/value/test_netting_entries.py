"""A netting books itself: in each cooperative's own books, in the period that is open there."""

import pytest
from msgspec.structs import replace

from config.limits import BALANCE_MINOR_MAX
from governance.refusals import RefusalCode
from governance.value.books import Entry, Maker, Phase
from governance.value.chart import INSIGHTS_EARNED, INSIGHTS_USED, PARTNERS, BookAccount
from governance.value.events import EntriesPosted, NettingClosed
from governance.value.netting_entries import compute_netting_entry_id, compute_netting_id
from governance.value.records import Netting
from governance.value.transactions import (
    ClosePeriod,
    OpenAccounts,
    ResolveEntry,
    ReverseEntry,
)
from governance.value.view import LedgerBooks, list_journal
from tests.governance.value.test_agreements import (
    AGREEMENT,
    QUARTER,
    THIRD,
    close_netting,
    end_quarter,
    make_agreed_world,
    report,
)
from tests.governance.value.value_world import view_of
from tests.governance.world import COOPERATIVE, OTHER_COOPERATIVE, Act, World

ENTRY_ID = compute_netting_entry_id(compute_netting_id(QUARTER, currency="EUR"))
BACK = replace(AGREEMENT, provider=OTHER_COOPERATIVE, user=COOPERATIVE, price_minor=10)
PARTIES = (COOPERATIVE, OTHER_COOPERATIVE)


def open_books(cooperative: bytes, *, currency: str = "EUR") -> Act:
    payload = OpenAccounts(
        cooperative=cooperative, currency=currency, accounts=(), opening=(), reference=b""
    )
    return Act(cooperative, payload)


def close_period(cooperative: bytes) -> Act:
    return Act(
        cooperative, ClosePeriod(cooperative=cooperative, period=0, proposal=b"", split=None)
    )


def make_used_world(*booking: bytes, currency: str = "EUR") -> World:
    """The first earns 1,000 and uses 300 of the second's; these cooperatives keep books."""
    world = make_agreed_world(BACK)
    for cooperative in booking:
        assert world.refuse(open_books(cooperative, currency=currency)) is None
    world.run(report(OTHER_COOPERATIVE, 40), report(COOPERATIVE, 30, agreement=BACK))
    assert world.refusals == [None, None]
    end_quarter(world)
    return world


def balances(world: World, cooperative: bytes) -> list[int]:
    books = LedgerBooks(view_of(world), cooperative)
    found = [books.get_book_account(code) for code in (PARTNERS, INSIGHTS_EARNED, INSIGHTS_USED)]
    return [0 if account is None else account.balance_minor for account in found]


def entry_of(world: World, cooperative: bytes) -> Entry | None:
    return LedgerBooks(view_of(world), cooperative).get_entry(ENTRY_ID)


def netting_of(world: World) -> Netting:
    return view_of(world).get_netting(QUARTER, currency="EUR")


def test_a_netting_is_booked_on_both_sides() -> None:
    """F1: revenue, costs and the net that payments settle, each in its own namespace."""
    world = make_used_world(*PARTIES)

    events = world.run(close_netting(sender=THIRD))

    assert balances(world, COOPERATIVE) == [700, -1_000, 300]
    assert balances(world, OTHER_COOPERATIVE) == [-700, -300, 1_000]
    assert netting_of(world).booked == tuple(sorted(PARTIES))
    posted = {event.cooperative: event for event in events if isinstance(event, EntriesPosted)}
    assert sorted(posted) == sorted(PARTIES)
    for cooperative in PARTIES:
        assert posted[cooperative].entries == (ENTRY_ID,)
        assert list(list_journal(view_of(world), cooperative)) == [ENTRY_ID]
        entry = entry_of(world, cooperative)
        assert entry is not None
        assert (entry.phase, entry.maker) == (Phase.POSTED, Maker.RULES)
        assert entry.reference == compute_netting_id(QUARTER, currency="EUR")


def test_it_is_entered_in_the_period_that_is_open() -> None:
    """V4: a closed period stays as it was; the other side may be in another period."""
    world = make_used_world(*PARTIES)
    assert world.refuse(close_period(COOPERATIVE)) is None
    closed = view_of(world).get_period(COOPERATIVE, 0)

    world.run(close_netting())

    entries = {item: entry_of(world, item) for item in PARTIES}
    assert [entries[item].stamp.period for item in PARTIES] == [1, 0]  # type: ignore[union-attr]
    assert view_of(world).get_period(COOPERATIVE, 0) == closed
    assert world.refuse(close_period(OTHER_COOPERATIVE)) is None
    period = view_of(world).get_period(OTHER_COOPERATIVE, 0)
    assert period is not None
    assert period.result_minor == 300 - 1_000


@pytest.mark.parametrize(
    ("booking", "currency"), [((), "EUR"), ((OTHER_COOPERATIVE,), "EUR"), (PARTIES, "CHF")]
)
def test_books_that_there_are_not_get_no_entry(booking: tuple[bytes, ...], currency: str) -> None:
    """F1: who keeps no books here, or in another currency, is netted all the same."""
    world = make_used_world(*booking, currency=currency)

    events = world.run(close_netting())

    booked = booking if currency == "EUR" else ()
    assert netting_of(world).booked == booked
    assert [entry_of(world, item) is not None for item in PARTIES] == [
        item in booked for item in PARTIES
    ]
    (told,) = [event for event in events if isinstance(event, NettingClosed)]
    assert told.total_minor == 700


def test_whose_books_are_full_keeps_nobody_from_theirs() -> None:
    """F1: a balance that cannot grow stops neither the netting nor the partner's entry."""
    world = make_used_world(*PARTIES)
    books = LedgerBooks(view_of(world), COOPERATIVE)
    full = BookAccount(code=INSIGHTS_EARNED, credits_minor=BALANCE_MINOR_MAX)
    books.put_book_account(full)

    assert world.refuse(close_netting()) is None

    assert netting_of(world).booked == (OTHER_COOPERATIVE,)
    assert entry_of(world, COOPERATIVE) is None
    assert balances(world, COOPERATIVE) == [0, -BALANCE_MINOR_MAX, 0]
    assert balances(world, OTHER_COOPERATIVE) == [-700, -300, 1_000]


def test_a_circle_of_debts_is_booked_though_nobody_pays() -> None:
    """F1: what was earned and used is revenue and costs, even where nets are zero."""
    even = replace(AGREEMENT, provider=OTHER_COOPERATIVE, user=COOPERATIVE)
    world = make_agreed_world(even)
    for cooperative in PARTIES:
        world.run(open_books(cooperative))
    world.run(report(OTHER_COOPERATIVE, 4), report(COOPERATIVE, 4, agreement=even))
    end_quarter(world)

    world.run(close_netting())

    assert netting_of(world).payments == ()
    assert [balances(world, item) for item in PARTIES] == [[0, -100, 100]] * 2


def test_no_officer_takes_a_nettings_entry_back() -> None:
    """V4: what the rules entered, the rules alone could change."""
    world = make_used_world(*PARTIES)
    world.run(close_netting())
    reverse = ReverseEntry(
        cooperative=COOPERATIVE, entry=ENTRY_ID, reversal=b"x" * 32, reference=b"r" * 32
    )
    void = ResolveEntry(cooperative=COOPERATIVE, entry=ENTRY_ID, is_posted=False)

    assert world.refuse(Act(COOPERATIVE, reverse)) is RefusalCode.ENTRY_NOT_REVERSIBLE
    assert world.refuse(Act(COOPERATIVE, void)) is RefusalCode.ENTRY_NOT_PENDING
