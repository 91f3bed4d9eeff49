"""Books: balanced, immutable, and with walls around restricted money and the reserve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from config.limits import BALANCE_MINOR_MAX, MONEY_MINOR_MAX
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.books import Leg, Maker, MemoryBooks, Phase, post, resolve, reverse
from governance.value.chart import (
    BANK,
    CAPITAL,
    COMMONS,
    CONTRIBUTION_POOL,
    EQUAL_POOL,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    STANDARD,
    SURPLUS,
    UNRESTRICTED,
    Access,
    AccountKind,
    BookAccount,
    get_access,
    get_kind,
    make_standard_accounts,
)
from tests.governance.value.books_world import (
    COSTS,
    GRANT_BANK,
    GRANTS,
    LICENCES,
    OWN_ACCOUNTS,
    REFERENCE,
    STAMP,
    STUDY_COSTS,
    balances,
    draft,
    earn,
    enter,
    make_books,
    make_id,
)

CODES = sorted([*STANDARD, *(account.code for account in OWN_ACCOUNTS)])
MEMBERS_ACCOUNTS = (MEMBERS_PAYABLE, EQUAL_POOL, CONTRIBUTION_POOL, NEED_POOL)
legs = st.lists(
    st.tuples(st.sampled_from(CODES), st.integers(-50, 50).filter(bool)),
    min_size=1,
    max_size=4,
    unique_by=lambda leg: leg[0],
)


def balanced(items: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The last leg makes up for the others, where it can."""
    *others, (code, amount) = items
    rest = -sum(amount for _, amount in others)
    return [*others, (code, rest or amount)]


def refuse(books: MemoryBooks, *items: tuple[int, int], maker: Maker = Maker.OFFICER) -> str:
    before = (books.list_accounts(), books.list_entries())
    with pytest.raises(TxRefusedError) as caught:
        post(books, draft(99, *items), stamp=STAMP, maker=maker)
    assert (books.list_accounts(), books.list_entries()) == before
    return caught.value.refusal.name


@given(st.lists(st.tuples(legs.map(balanced), st.booleans(), st.sampled_from(Maker)), max_size=12))
def test_the_sum_of_all_entries_is_zero(
    drafts: list[tuple[list[tuple[int, int]], bool, Maker]],
) -> None:
    """V4: whatever was taken, the books balance, as a whole and within each fund."""
    books = make_books()
    for number, (items, is_pending, maker) in enumerate(drafts):
        try:
            enter(books, number, *items, is_pending=is_pending, maker=maker)
        except TxRefusedError:
            continue

    books.check()
    for entry in books.list_entries():
        assert sum(leg.amount_minor for leg in entry.legs) == 0


@given(st.lists(legs.map(balanced), max_size=12))
def test_restricted_funds_never_reach_members(drafts: list[list[tuple[int, int]]]) -> None:
    """V3: no chain of entries, not even of the rules' own, moves money out of a fund."""
    books = make_books()
    enter(books, 1_000, (GRANT_BANK, 500), (GRANTS, -500))
    for number, items in enumerate(drafts):
        try:
            enter(books, number, *items, maker=Maker.RULES)
        except TxRefusedError:
            continue

    for code in MEMBERS_ACCOUNTS:
        account = books.get_book_account(code)
        assert account is not None
        assert account.fund == UNRESTRICTED
    books.check()


def test_a_grant_can_be_spent_and_not_moved() -> None:
    """V3: its study is paid from it; members, the bank and the surplus are not."""
    books = make_books()
    enter(books, 1, (GRANT_BANK, 500), (GRANTS, -500))

    enter(books, 2, (STUDY_COSTS, 200), (GRANT_BANK, -200))

    assert balances(books, [GRANT_BANK, STUDY_COSTS]) == [300, 200]
    for code in (BANK, MEMBERS_PAYABLE, EQUAL_POOL, SURPLUS, COMMONS):
        legs_out = ((code, 100), (GRANT_BANK, -100))
        assert refuse(books, *legs_out, maker=Maker.RULES) == "FUNDS_MIXED"
    assert refuse(books, (BANK, 100), (GRANTS, -100)) == "FUNDS_MIXED"


@pytest.mark.parametrize("maker", Maker)
@pytest.mark.parametrize("code", [BANK, MEMBERS_PAYABLE, SURPLUS, COMMONS, CAPITAL])
def test_nothing_is_ever_taken_from_the_reserve(maker: Maker, code: int) -> None:
    """V3: the indivisible reserve takes no debit, not even from the rules."""
    books = make_books()
    enter(books, 1, (BANK, 500), (LEGAL_RESERVE, -500), maker=Maker.RULES)

    legs_out = ((LEGAL_RESERVE, 100), (code, -100))
    assert refuse(books, *legs_out, maker=maker) == "RESERVE_INDIVISIBLE"


@pytest.mark.parametrize("code", [code for code in STANDARD if code != LEGAL_RESERVE])
def test_officers_write_only_where_they_may(code: int) -> None:
    """V4: pools, surplus and debts to members follow from a close; funds are only spent."""
    books = make_books()
    enter(books, 1, (BANK, 500), (code if code != BANK else LICENCES, -500), maker=Maker.RULES)
    access = get_access(code)

    if access is Access.RULES:
        assert refuse(books, (code, 1), (LICENCES, -1)) == "BOOK_ACCOUNT_RESERVED"
    else:
        enter(books, 2, (code, 1), (LICENCES, -1))
    if access is Access.OPEN:
        enter(books, 3, (code, -1), (COSTS, 1))
    else:
        assert refuse(books, (code, -1), (COSTS, 1)) == "BOOK_ACCOUNT_RESERVED"


@pytest.mark.parametrize(
    "items",
    [
        ((BANK, 1), (LICENCES, -2)),
        ((BANK, 1), (BANK, -1)),
        ((BANK, 0), (LICENCES, 0)),
        ((BANK, 5), (LICENCES, -5), (COSTS, 0)),
    ],
)
def test_refuses_an_entry_that_does_not_balance(items: tuple[tuple[int, int], ...]) -> None:
    """V4: debits equal credits; an account stands once."""
    assert refuse(make_books(), *items) == "ENTRY_UNBALANCED"


def test_refuses_an_account_that_is_not_there() -> None:
    """V4: the chart is public before the first entry."""
    assert refuse(make_books(), (BANK, 1), (4_999, -1)) == "BOOK_ACCOUNT_UNKNOWN"


def test_the_same_entry_twice_is_there_once() -> None:
    """V4: ids make sending again harmless; another entry under the id is refused."""
    books = make_books()
    assert earn(books, 1, 100) is not None

    assert earn(books, 1, 100) is None
    assert balances(books, [BANK]) == [100]
    with pytest.raises(TxRefusedError) as caught:
        earn(books, 1, 101)

    assert caught.value.refusal is RefusalCode.ENTRY_ID_TAKEN


@pytest.mark.parametrize("is_posted", [True, False])
def test_a_pending_entry_counts_when_it_is_posted(is_posted: bool) -> None:
    """V4: two phases; a voided one leaves no trace in balances and stays in the books."""
    books = make_books()
    enter(books, 1, (BANK, 100), (LICENCES, -100), is_pending=True)
    assert balances(books, [BANK, LICENCES]) == [0, 0]

    entry = resolve(books, make_id(1), is_posted=is_posted, stamp=STAMP)

    assert entry.phase is (Phase.POSTED if is_posted else Phase.VOIDED)
    assert balances(books, [BANK, LICENCES]) == ([100, -100] if is_posted else [0, 0])
    account = books.get_book_account(BANK)
    assert account is not None
    assert (account.debits_pending_minor, account.credits_pending_minor) == (0, 0)
    with pytest.raises(TxRefusedError) as caught:
        resolve(books, make_id(1), is_posted=True, stamp=STAMP)
    assert caught.value.refusal is RefusalCode.ENTRY_NOT_PENDING
    # Sending a resolved one again is as harmless as any other.
    assert enter(books, 1, (BANK, 100), (LICENCES, -100), is_pending=True) is None


def test_officers_do_not_resolve_what_the_rules_wrote() -> None:
    """V4: a settlement's entry waits for the bank's result."""
    books = make_books()
    enter(books, 1, (BANK, 1), (LICENCES, -1), is_pending=True, maker=Maker.RULES)

    with pytest.raises(TxRefusedError) as caught:
        resolve(books, make_id(1), is_posted=True, stamp=STAMP)
    assert caught.value.refusal is RefusalCode.ENTRY_NOT_PENDING
    with pytest.raises(TxRefusedError) as caught:
        resolve(books, make_id(2), is_posted=True, stamp=STAMP)
    assert caught.value.refusal is RefusalCode.ENTRY_UNKNOWN


def test_a_reversal_takes_an_entry_back_and_keeps_both() -> None:
    """V4: entries are never changed; what was wrong is answered by its opposite, once."""
    books = make_books()
    earn(books, 1, 100)

    found = reverse(books, make_id(1), reversal_id=make_id(2), reference=REFERENCE, stamp=STAMP)

    assert balances(books, [BANK, LICENCES]) == [0, 0]
    assert found.legs == (
        Leg(account=BANK, amount_minor=-100),
        Leg(account=LICENCES, amount_minor=100),
    )
    original = books.get_entry(make_id(1))
    assert original is not None
    assert (original.reversed_by, found.reverses) == (make_id(2), make_id(1))
    for number in (1, 2):
        with pytest.raises(TxRefusedError) as caught:
            reverse(
                books, make_id(number), reversal_id=make_id(3), reference=REFERENCE, stamp=STAMP
            )
        assert caught.value.refusal is RefusalCode.ENTRY_NOT_REVERSIBLE


def test_money_spent_from_a_fund_comes_back_by_reversal() -> None:
    """V4: although officers fill no fund, a mistake is mended."""
    books = make_books()
    enter(books, 1, (BANK, 100), (COMMONS, -100), maker=Maker.RULES)
    enter(books, 2, (COMMONS, 60), (BANK, -60))

    reverse(books, make_id(2), reversal_id=make_id(3), reference=REFERENCE, stamp=STAMP)

    assert balances(books, [COMMONS]) == [-100]


@pytest.mark.parametrize(
    ("entry", "reversal", "refusal"),
    [
        (9, 10, RefusalCode.ENTRY_UNKNOWN),
        (1, 2, RefusalCode.ENTRY_ID_TAKEN),
        (2, 10, RefusalCode.ENTRY_NOT_REVERSIBLE),
        (3, 10, RefusalCode.ENTRY_NOT_REVERSIBLE),
    ],
)
def test_refuses_to_reverse_what_is_not_an_officers_posted_entry(
    entry: int, reversal: int, refusal: RefusalCode
) -> None:
    """V4: pending ones are voided; the rules' own are no mistakes."""
    books = make_books()
    earn(books, 1, 1)
    enter(books, 2, (BANK, 1), (LICENCES, -1), is_pending=True)
    enter(books, 3, (BANK, 1), (LICENCES, -1), maker=Maker.RULES)

    with pytest.raises(TxRefusedError) as caught:
        reverse(
            books, make_id(entry), reversal_id=make_id(reversal), reference=REFERENCE, stamp=STAMP
        )

    assert caught.value.refusal is refusal


def test_a_fund_is_not_overdrawn_by_pending_entries_either() -> None:
    """V4: what is promised is not there twice."""
    books = make_books()
    enter(books, 1, (BANK, 100), (COMMONS, -100), maker=Maker.RULES)
    enter(books, 2, (COMMONS, 60), (BANK, -60), is_pending=True)

    assert refuse(books, (COMMONS, 41), (BANK, -41)) == "BALANCE_TOO_SMALL"
    enter(books, 3, (COMMONS, 40), (BANK, -40))


def test_an_account_takes_no_more_than_the_greatest_balance() -> None:
    """Sums stay within 64 bits."""
    books = MemoryBooks(
        [
            *make_standard_accounts(),
            BookAccount(code=LICENCES, credits_minor=BALANCE_MINOR_MAX - MONEY_MINOR_MAX + 1),
        ]
    )

    with pytest.raises(TxRefusedError) as caught:
        earn(books, 1, MONEY_MINOR_MAX)

    assert caught.value.refusal is RefusalCode.BALANCE_TOO_LARGE


def test_kinds_follow_from_codes() -> None:
    """V4: a reader of the chart sees what an account is."""
    assert [get_kind(code) for code in (1_000, 2_999, 3_000, 4_500, 5_999)] == list(AccountKind)
    assert BookAccount(code=5_100).kind is AccountKind.EXPENSE


def test_books_that_do_not_balance_are_our_bug() -> None:
    """Each entry balances, so they must."""
    with pytest.raises(InvariantError):
        MemoryBooks([BookAccount(code=BANK, debits_minor=1)]).check()
