"""What holds after any history of a cooperative's books, block by block."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.value.chart import (
    BANK,
    COMMONS,
    CONTRIBUTION_POOL,
    EQUAL_POOL,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    RESEARCH,
    STANDARD,
)
from governance.value.events import AllocationOpened, PeriodClosed, SettlementResolved
from tests.governance.value.books_world import (
    COSTS,
    GRANT,
    GRANT_BANK,
    GRANTS,
    LICENCES,
    OWN_ACCOUNTS,
    STUDY_COSTS,
    draft,
)
from tests.governance.value.test_bookkeeping import resolve, reverse
from tests.governance.value.test_period import parts
from tests.governance.value.value_world import (
    balance,
    close,
    decide,
    make_books_world,
    make_split,
    open_pool,
    post,
    resolve_settlement,
    settle,
    view_of,
)
from tests.governance.world import COOPERATIVE, World

CODES = sorted([*STANDARD, *(account.code for account in OWN_ACCOUNTS)])
amounts = st.integers(1, 1_000_000)
numbers = st.integers(100, 110)
steps = st.one_of(
    st.tuples(st.just("earn"), amounts),
    st.tuples(st.just("spend"), amounts),
    st.tuples(st.just("grant"), amounts),
    st.tuples(st.just("study"), amounts),
    st.tuples(st.just("move"), st.sampled_from(CODES), st.sampled_from(CODES), amounts),
    st.tuples(st.just("reverse"), numbers),
    st.tuples(st.just("resolve"), numbers, st.booleans()),
    st.tuples(st.just("close"), st.none() | parts),
    st.tuples(st.just("open")),
    st.tuples(st.just("settle"), amounts),
    st.tuples(st.just("answer"), amounts),
)


@dataclass
class History:
    """A cooperative's books, and what was told of them."""

    world: World = field(default_factory=lambda: make_books_world(earned_minor=0))
    number: int = 100
    nonce: int = 0
    files: int = 0
    dividends_minor: int = 0
    commons_minor: int = 0
    paid_minor: int = 0
    reserve_minor: int = 0
    given_minor: int = 0

    def take(self, step: tuple) -> None:  # type: ignore[type-arg]
        """One step, whether or not it is refused, and then what always holds."""
        getattr(self, step[0])(*step[1:])
        for event in self.world.events:
            if isinstance(event, PeriodClosed):
                self.dividends_minor += event.dividend_minor
            elif isinstance(event, AllocationOpened):
                self.commons_minor += event.commons_minor
            elif isinstance(event, SettlementResolved):
                self.paid_minor += event.paid_minor
        self.check()

    def check(self) -> None:
        accounts = list(view_of(self.world).scan_book_accounts(COOPERATIVE))
        for fund in (0, GRANT):
            assert sum(item.balance_minor for item in accounts if item.fund == fund) == 0
        reserve_minor = -balance(self.world, LEGAL_RESERVE)
        assert reserve_minor >= self.reserve_minor
        self.reserve_minor = reserve_minor
        pools = (MEMBERS_PAYABLE, EQUAL_POOL, CONTRIBUTION_POOL, NEED_POOL)
        owed_minor = -sum(balance(self.world, code) for code in pools)
        assert owed_minor + self.paid_minor + self.commons_minor == self.dividends_minor
        study = balance(self.world, STUDY_COSTS) + balance(self.world, GRANT_BANK)
        assert study == -balance(self.world, GRANTS)

    def enter(self, *legs: tuple[int, int], is_pending: bool = False) -> None:
        self.number += 1
        self.world.run(post(draft(self.number, *legs, is_pending=is_pending)))

    def earn(self, amount: int) -> None:
        self.enter((BANK, amount), (LICENCES, -amount))

    def spend(self, amount: int) -> None:
        self.enter((COSTS, amount), (BANK, -amount), is_pending=amount % 2 == 0)

    def grant(self, amount: int) -> None:
        self.enter((GRANT_BANK, amount), (GRANTS, -amount))

    def study(self, amount: int) -> None:
        self.enter((STUDY_COSTS, amount), (GRANT_BANK, -amount))

    def move(self, source: int, target: int, amount: int) -> None:
        self.enter((target, amount), (source, -amount))

    def reverse(self, number: int) -> None:
        self.number += 1
        self.world.run(reverse(number, self.number))

    def resolve(self, number: int, is_posted: bool) -> None:
        self.world.run(resolve(number, is_posted=is_posted))

    def close(self, parts_bps: list[int] | None) -> None:
        books = view_of(self.world).get_books(COOPERATIVE)
        assert books is not None
        if parts_bps is None:
            self.world.run(close(books.period))
            return
        names = ("reserve", "research", "information", "education", "dividend")
        split = make_split(
            period=books.period,
            endowment_bps=500,
            **{f"{name}_bps": part for name, part in zip(names, parts_bps, strict=True)},
        )
        self.nonce += 1
        proposal = decide(self.world, split.compute_hash(), nonce=self.nonce)
        self.world.run(close(books.period, proposal=proposal, split=split))

    def open(self) -> None:
        books = view_of(self.world).get_books(COOPERATIVE)
        assert books is not None
        self.world.run(open_pool(0, 0, 0, period=max(0, books.period - 1)))

    def settle(self, amount: int) -> None:
        self.files += 1
        self.world.run(settle(amount, file_hash=self.files.to_bytes(32, "big")))

    def answer(self, amount: int) -> None:
        file_hash = self.files.to_bytes(32, "big")
        found = view_of(self.world).get_settlement(COOPERATIVE, file_hash)
        most = 0 if found is None else found.control_sum_minor
        self.world.run(resolve_settlement(min(amount, most), file_hash=file_hash))


@given(st.lists(steps, min_size=1, max_size=25))
@settings(max_examples=60, deadline=None)
def test_no_history_moves_restricted_money_or_the_reserve_to_members(
    history: list[tuple],  # type: ignore[type-arg]
) -> None:
    """V3: books balance within each fund, and the reserve only grows.

    Members are owed and paid just what their votes made dividends of, less what flowed to
    the commons.
    """
    world = History()
    world.earn(5_000_000)
    world.grant(300_000)

    for step in history:
        world.take(step)


def test_a_history_with_everything_in_it() -> None:
    """V3: so that each step is known to work in such a history."""
    history = History()
    for step in (
        ("earn", 1_000_001),
        ("grant", 500),
        ("study", 200),
        ("spend", 11),
        ("close", [1_000, 1_000, 1_000, 1_000, 6_000]),
        ("open",),
        ("settle", 100_000),
        ("answer", 60_000),
        ("move", RESEARCH, BANK, 10),
        ("move", BANK, RESEARCH, 10),
        ("close", None),
    ):
        history.take(step)

    assert history.dividends_minor > 0
    assert history.paid_minor == 60_000
    assert history.commons_minor > 0
    assert balance(history.world, COMMONS) == -history.commons_minor
    assert history.reserve_minor > 0
