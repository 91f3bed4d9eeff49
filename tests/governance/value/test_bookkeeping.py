"""Books on the ledger: who opens them, who posts, what is refused."""

from dataclasses import replace as replace_act

import pytest

from config.limits import BOOK_ACCOUNTS_MAX
from governance.logs import get_entry, get_frontier
from governance.merkle_log import EMPTY_ROOT
from governance.refusals import RefusalCode
from governance.value.books import RULES_ID_PREFIX, Draft, Leg, Phase
from governance.value.chart import (
    BANK,
    CAPITAL,
    COMMONS,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    STANDARD,
)
from governance.value.events import AccountsOpened, EntriesPosted
from governance.value.transactions import PostEntries, ResolveEntry, ReverseEntry
from governance.value.view import journal_log
from tests.governance.value.books_world import COSTS, LICENCES, OWN_ACCOUNTS, draft, make_id
from tests.governance.value.value_world import (
    balance,
    by_treasurer,
    entry,
    make_books_world,
    open_accounts,
    post,
    view_of,
)
from tests.governance.world import (
    COOPERATIVE,
    OTHER_COOPERATIVE,
    Act,
    make_world_with_members,
    member,
    registrar,
)

REFERENCE = b"v" * 32


def resolve(number: int, *, is_posted: bool) -> Act:
    payload = ResolveEntry(cooperative=COOPERATIVE, entry=make_id(number), is_posted=is_posted)
    return by_treasurer(payload)


def reverse(number: int, reversal: int) -> Act:
    return by_treasurer(
        ReverseEntry(
            cooperative=COOPERATIVE,
            entry=make_id(number),
            reversal=make_id(reversal),
            reference=REFERENCE,
        )
    )


def test_the_first_accounts_open_the_books() -> None:
    """V4: the standard chart is there from the beginning, in one currency."""
    world = make_world_with_members()

    events = world.run(open_accounts((LICENCES, 0)))

    assert events == [
        AccountsOpened(
            cooperative=COOPERATIVE,
            currency="EUR",
            accounts_count=len(STANDARD) + 1,
            journal_root=EMPTY_ROOT,
        )
    ]
    codes = [account.code for account in view_of(world).scan_book_accounts(COOPERATIVE)]
    assert codes == sorted([*STANDARD, LICENCES])
    assert view_of(world).get_books(OTHER_COOPERATIVE) is None


def test_what_a_cooperative_had_before_comes_with_its_first_accounts() -> None:
    """V4: its reserve and funds too, which no officer writes to afterwards."""
    world = make_world_with_members()
    had = [(BANK, 900), (1_010, 50), (CAPITAL, -300), (LEGAL_RESERVE, -400), (COMMONS, -200)]
    sheet = [*had, (4_100, -50)]

    refusal = world.refuse(
        open_accounts((1_010, 7), (4_100, 7), opening=sheet, reference=REFERENCE)
    )

    assert refusal is None
    assert [balance(world, code) for code, _ in sheet] == [amount for _, amount in sheet]
    assert get_frontier(world.view, journal_log(COOPERATIVE)).size == 1


@pytest.mark.parametrize(
    ("opening", "reference", "refusal"),
    [
        ([(BANK, 9), (CAPITAL, -9)], b"", RefusalCode.OPENING_UNFIT),
        ([], REFERENCE, RefusalCode.OPENING_UNFIT),
        ([(BANK, 9), (MEMBERS_PAYABLE, -9)], REFERENCE, RefusalCode.OPENING_UNFIT),
        ([(BANK, 9), (NEED_POOL, -9)], REFERENCE, RefusalCode.OPENING_UNFIT),
        ([(BANK, 9), (CAPITAL, -8)], REFERENCE, RefusalCode.ENTRY_UNBALANCED),
        ([(BANK, -9), (LEGAL_RESERVE, 9)], REFERENCE, RefusalCode.RESERVE_INDIVISIBLE),
        ([(BANK, 9), (4_100, -9)], REFERENCE, RefusalCode.FUNDS_MIXED),
    ],
)
def test_refuses_an_opening_that_does_not_fit(
    opening: list[tuple[int, int]], reference: bytes, refusal: RefusalCode
) -> None:
    """V3 and V4: with its balance sheet, and through the same walls."""
    act = open_accounts((4_100, 7), opening=opening, reference=reference)

    assert make_world_with_members().refuse(act) is refusal


def test_refuses_an_opening_of_books_that_are_open() -> None:
    """V4: or an officer could fill the reserve and the funds at any time."""
    act = open_accounts(opening=[(BANK, 9), (CAPITAL, -9)], reference=REFERENCE)

    assert make_books_world().refuse(act) is RefusalCode.OPENING_UNFIT


def test_refuses_accounts_that_do_not_fit_the_chart() -> None:
    """V4: a code once, not a standard one, one currency, so many."""
    world = make_books_world()
    many = [(4_200 + number, 0) for number in range(32)]

    assert world.refuse(open_accounts(currency="CHF")) is RefusalCode.CURRENCY_OTHER
    for accounts in ([(BANK, 0)], [(4_200, 0), (4_200, 1)]):
        assert world.refuse(open_accounts(*accounts)) is RefusalCode.BOOK_ACCOUNT_UNFIT
    assert world.refuse(open_accounts((LICENCES, 0))) is RefusalCode.BOOK_ACCOUNT_EXISTS
    left = BOOK_ACCOUNTS_MAX - len(STANDARD) - len(OWN_ACCOUNTS)
    for start in range(0, left - left % 32, 32):
        accounts = [(code + start, fund) for code, fund in many]
        assert world.refuse(open_accounts(*accounts)) is None
    rest = [(5_500 + number, 0) for number in range(left % 32 + 1)]
    assert world.refuse(open_accounts(*rest)) is RefusalCode.BOOK_ACCOUNTS_TOO_MANY
    assert world.refuse(open_accounts(*rest[1:])) is None


def test_entries_are_in_books_and_journal() -> None:
    """V4: the journal lists every entry in the order in which it came."""
    world = make_books_world(earned_minor=0)

    [event] = world.run(
        post(
            draft(1, (BANK, 500), (LICENCES, -500)),
            draft(2, (COSTS, 200), (BANK, -200), is_pending=True),
        )
    )

    assert isinstance(event, EntriesPosted)
    assert event.entries == (make_id(1), make_id(2))
    log = journal_log(COOPERATIVE)
    frontier = get_frontier(world.view, log)
    assert (event.journal_size, event.journal_root) == (2, frontier.compute_root())
    assert [get_entry(world.view, log, place) for place in range(2)] == [make_id(1), make_id(2)]
    assert balance(world, BANK) == 500
    books = view_of(world).get_books(COOPERATIVE)
    assert books is not None
    assert books.pending_count == 1


def test_sending_the_same_entries_again_changes_nothing() -> None:
    """V4: the event says that none is new."""
    world = make_books_world(earned_minor=0)
    batch = post(draft(1, (BANK, 500), (LICENCES, -500)))
    world.run(batch)
    before = world.dump()

    [event] = world.run(batch)

    assert isinstance(event, EntriesPosted)
    assert event.entries == ()
    assert world.dump() == before


def test_a_batch_is_entered_as_a_whole_or_not_at_all() -> None:
    """V4: a refusal rolls back."""
    world = make_books_world(earned_minor=0)
    before = world.dump()

    refusal = world.refuse(
        post(draft(1, (BANK, 500), (LICENCES, -500)), draft(2, (BANK, 1), (LICENCES, -2)))
    )

    assert refusal is RefusalCode.ENTRY_UNBALANCED
    assert world.dump() == before


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_pending_entry_is_resolved_once(is_posted: bool) -> None:
    """V4: two phases."""
    world = make_books_world(earned_minor=0)
    world.run(post(draft(1, (BANK, 500), (LICENCES, -500), is_pending=True)))

    assert world.refuse(resolve(1, is_posted=is_posted)) is None

    assert entry(world, make_id(1)).phase is (Phase.POSTED if is_posted else Phase.VOIDED)
    assert balance(world, BANK) == (500 if is_posted else 0)
    assert world.refuse(resolve(1, is_posted=True)) is RefusalCode.ENTRY_NOT_PENDING
    assert world.refuse(resolve(2, is_posted=True)) is RefusalCode.ENTRY_UNKNOWN
    books = view_of(world).get_books(COOPERATIVE)
    assert books is not None
    assert books.pending_count == 0


def test_an_entry_is_reversed_once() -> None:
    """V4: nothing is ever changed or deleted."""
    world = make_books_world(earned_minor=500)

    assert world.refuse(reverse(1, 2)) is None

    assert balance(world, BANK) == 0
    assert entry(world, make_id(1)).reversed_by == make_id(2)
    assert get_frontier(world.view, journal_log(COOPERATIVE)).size == 2
    assert world.refuse(reverse(1, 3)) is RefusalCode.ENTRY_NOT_REVERSIBLE
    assert world.refuse(reverse(9, 3)) is RefusalCode.ENTRY_UNKNOWN


def test_nobody_takes_an_id_that_the_rules_will_need() -> None:
    """V4: or a close could be prevented for ever."""
    world = make_books_world(earned_minor=500)
    taken = (RULES_ID_PREFIX + b"x" * 32)[:32]
    legs = (Leg(account=BANK, amount_minor=1), Leg(account=LICENCES, amount_minor=-1))
    payload = ReverseEntry(
        cooperative=COOPERATIVE, entry=make_id(1), reversal=taken, reference=REFERENCE
    )

    entering = post(Draft(id=taken, reference=REFERENCE, legs=legs))
    assert world.refuse(entering) is RefusalCode.ENTRY_ID_TAKEN
    assert world.refuse(by_treasurer(payload)) is RefusalCode.ENTRY_ID_TAKEN


def test_refuses_what_the_books_refuse() -> None:
    """V4: as `books.post`; one of each kind on the ledger itself."""
    world = make_books_world()

    for legs, refusal in (
        (((BANK, 1), (4_999, -1)), RefusalCode.BOOK_ACCOUNT_UNKNOWN),
        (((3_100, 1), (BANK, -1)), RefusalCode.RESERVE_INDIVISIBLE),
        (((MEMBERS_PAYABLE, -1), (BANK, 1)), RefusalCode.BOOK_ACCOUNT_RESERVED),
        (((1_010, 1), (BANK, -1)), RefusalCode.FUNDS_MIXED),
        (((3_300, 1), (BANK, -1)), RefusalCode.BALANCE_TOO_SMALL),
    ):
        assert world.refuse(post(draft(50, *legs))) is refusal


def test_only_the_treasurer_keeps_the_books() -> None:
    """V4: not a member, not the registrar, not another cooperative's root."""
    world = make_books_world()
    act = post(draft(50, (BANK, 1), (LICENCES, -1)))

    for account in (member(1), registrar(), OTHER_COOPERATIVE):
        refusal = world.refuse(replace_act(act, account=account))
        assert refusal is RefusalCode.OFFICE_REQUIRED
    unknown = PostEntries(cooperative=b"x" * 32, entries=act.payload.entries)  # type: ignore[union-attr]
    assert world.refuse(by_treasurer(unknown)) is RefusalCode.COOPERATIVE_UNKNOWN
    elsewhere = PostEntries(cooperative=OTHER_COOPERATIVE, entries=unknown.entries)
    assert world.refuse(Act(OTHER_COOPERATIVE, elsewhere)) is RefusalCode.BOOKS_UNKNOWN
