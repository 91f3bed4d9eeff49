"""Closing a period: what is distributable, what the law takes, what members decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.bylaws import Bylaws, parse_bylaws
from governance.bylaws_tables import CAPITAL_MINOR_MIN
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.books import Draft, Leg, Maker, MemoryBooks, post
from governance.value.chart import (
    COMMONS,
    ENDOWMENT,
    EQUAL_POOL,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    SURPLUS,
)
from governance.value.period import (
    Distribution,
    DistributionSplit,
    Figures,
    check_dividend,
    check_split,
    compute_distribution,
    compute_legal_reserve,
    make_closing_legs,
    make_distribution_legs,
    make_endowment_legs,
    make_pool_legs,
    read_figures,
)
from tests.bylaws import make_bylaws
from tests.governance.value.books_world import (
    COSTS,
    GRANT_BANK,
    GRANTS,
    REFERENCE,
    STAMP,
    balances,
    earn,
    enter,
    make_books,
    make_id,
)

COOPERATIVE = b"c" * 32
BYLAWS = parse_bylaws(make_bylaws())


def with_value(**settings: int) -> Bylaws:
    """Bylaws with other settings of value."""
    return parse_bylaws(make_bylaws(value=settings))


def make_split(**changes: Any) -> DistributionSplit:
    fields: dict[str, Any] = {
        "cooperative": COOPERATIVE,
        "period": 0,
        "endowment_bps": 0,
        "reserve_bps": 1_000,
        "research_bps": 2_000,
        "information_bps": 1_000,
        "education_bps": 1_000,
        "dividend_bps": 5_000,
    }
    return DistributionSplit(**{**fields, **changes})


def make_figures(**changes: int) -> Figures:
    fields = {
        "revenue_minor": 0,
        "costs_minor": 0,
        "carried_minor": 0,
        "reserve_minor": 0,
        "endowment_minor": 0,
    }
    return Figures(**{**fields, **changes})


parts = st.lists(st.integers(0, 10_000), min_size=4, max_size=4).map(
    lambda cuts: [
        high - low for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 10_000], strict=True)
    ]
)
splits = st.builds(
    lambda items, endowment: make_split(
        endowment_bps=endowment,
        reserve_bps=items[0],
        research_bps=items[1],
        information_bps=items[2],
        education_bps=items[3],
        dividend_bps=items[4],
    ),
    parts,
    st.integers(0, 10_000),
)
bylaws_of_any_kind = st.integers(0, 1_000).map(
    lambda spend_bps: with_value(endowment_spend_bps=spend_bps)
)
money = st.integers(0, 10**9)
figures_of_any_kind = st.builds(
    Figures,
    revenue_minor=money,
    costs_minor=money,
    carried_minor=st.integers(-(10**9), 10**9),
    reserve_minor=st.integers(0, 10**7),
    endowment_minor=money,
)


def add_up(found: Distribution) -> int:
    return (
        found.legal_reserve_minor
        + found.endowment_minor
        + found.reserve_minor
        + found.research_minor
        + found.information_minor
        + found.education_minor
        + found.dividend_minor
        + found.carried_minor
    )


@given(figures_of_any_kind, st.none() | splits, bylaws_of_any_kind)
def test_all_of_the_surplus_goes_somewhere(
    figures: Figures, split: DistributionSplit | None, bylaws: Bylaws
) -> None:
    """V3: nothing is lost and nothing is made, with a vote or without."""
    found = compute_distribution(figures, split, bylaws=bylaws)

    assert add_up(found) == figures.result_minor + figures.carried_minor


@given(figures_of_any_kind, splits, bylaws_of_any_kind)
def test_only_what_is_left_after_losses_reserve_and_endowment_is_distributed(
    figures: Figures, split: DistributionSplit, bylaws: Bylaws
) -> None:
    """V3: distributable = revenue - costs - losses - legal reserve - endowment, never less."""
    found = compute_distribution(figures, split, bylaws=bylaws)
    left = (
        figures.revenue_minor
        - figures.costs_minor
        + figures.carried_minor
        - found.legal_reserve_minor
        - found.endowment_minor
    )

    assert found.distributable_minor == max(0, left)
    assert found.dividend_minor <= found.distributable_minor


@given(figures_of_any_kind)
def test_without_a_vote_nothing_is_distributed(figures: Figures) -> None:
    """V3: the law's reserve takes its part, and the rest is carried on."""
    found = compute_distribution(figures, None, bylaws=BYLAWS)

    assert found.distributable_minor == found.dividend_minor == found.endowment_minor == 0
    assert found.research_minor == found.information_minor == found.education_minor == 0
    assert found.carried_minor == (
        figures.result_minor + figures.carried_minor - found.legal_reserve_minor
    )


@given(figures_of_any_kind)
def test_the_legal_reserve_gets_15_percent_until_it_equals_the_capital(figures: Figures) -> None:
    """Regulation (EC) 1435/2003 art. 65(2)."""
    legal = compute_legal_reserve(figures, BYLAWS)
    surplus = max(0, figures.result_minor + min(0, figures.carried_minor))

    if figures.reserve_minor >= CAPITAL_MINOR_MIN:
        assert legal == 0
    else:
        is_filled = figures.reserve_minor + legal == CAPITAL_MINOR_MIN
        assert legal * 100 >= surplus * 15 or is_filled
    assert 0 <= legal <= surplus


def test_a_period_in_figures() -> None:
    """V3: one example that can be followed by hand."""
    figures = make_figures(revenue_minor=100_000, costs_minor=30_000, carried_minor=-10_000)

    found = compute_distribution(figures, make_split(endowment_bps=1_000), bylaws=BYLAWS)

    assert found.legal_reserve_minor == 9_000  # 15 % of 60,000
    assert found.endowment_minor == 5_100  # 10 % of 51,000
    assert found.distributable_minor == 45_900
    assert (found.reserve_minor, found.research_minor) == (4_590, 9_180)
    assert (found.information_minor, found.education_minor) == (4_590, 4_590)
    assert found.pools.equal_minor == found.pools.contribution_minor == 9_180
    assert found.pools.need_minor == 4_590
    assert found.carried_minor == 0


def test_a_dividend_of_nothing_is_as_valid_as_any() -> None:
    """V3: members may put all of it into research."""
    split = make_split(
        reserve_bps=0, research_bps=10_000, information_bps=0, education_bps=0, dividend_bps=0
    )
    check_split(split, cooperative=COOPERATIVE, period=0)

    found = compute_distribution(make_figures(revenue_minor=1_000), split, bylaws=BYLAWS)

    assert (found.research_minor, found.dividend_minor) == (850, 0)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("cooperative", {"cooperative": b"x" * 32}),
        ("period", {"period": 1}),
        ("parts", {"dividend_bps": 4_999}),
        ("parts", {"dividend_bps": 5_001}),
    ],
)
def test_refuses_a_split_of_another_or_no_whole(field: str, change: dict[str, Any]) -> None:
    """V3: the refusal names the field."""
    with pytest.raises(TxRefusedError, match=field) as caught:
        check_split(make_split(**change), cooperative=COOPERATIVE, period=0)

    assert caught.value.refusal is RefusalCode.SPLIT_UNFIT


def test_v3_members_get_no_more_than_the_bylaws_allow() -> None:
    """V3, F1: a cooperative that pays nobody says so in its bylaws, before any surplus."""
    bylaws = with_value(dividend_max_bps=4_999)

    check_dividend(make_split(dividend_bps=4_999), bylaws)
    with pytest.raises(TxRefusedError, match="at most 4999") as caught:
        check_dividend(make_split(), bylaws)

    assert caught.value.refusal is RefusalCode.SPLIT_UNFIT


def test_a_split_has_one_hash() -> None:
    """What members vote on is all of it."""
    split = make_split()

    assert DistributionSplit.parse(split.encode()).compute_hash() == split.compute_hash()
    assert make_split(period=1).compute_hash() != split.compute_hash()
    assert make_split(endowment_bps=1).compute_hash() != split.compute_hash()


@given(st.integers(0, 10**6), st.integers(0, 10**6), splits)
def test_the_entries_of_a_close_say_the_same_as_its_figures(
    revenue: int, costs: int, split: DistributionSplit
) -> None:
    """V4: books after a close hold what was computed; restricted accounts run on."""
    books = make_books()
    enter(books, 1, (GRANT_BANK, 500), (GRANTS, -500))
    if revenue:
        earn(books, 2, revenue)
    if costs:
        enter(books, 3, (COSTS, costs), (COMMONS, -costs), maker=Maker.RULES)
    found = compute_distribution(read_figures(books.list_accounts()), split, bylaws=BYLAWS)

    write(books, 10, make_closing_legs(books.list_accounts()))
    write(books, 11, make_distribution_legs(found))
    write(books, 12, make_endowment_legs(found))
    write(
        books, 13, make_pool_legs(EQUAL_POOL, paid_minor=found.pools.equal_minor, commons_minor=0)
    )

    books.check()
    after = read_figures(books.list_accounts())
    assert (after.revenue_minor, after.costs_minor) == (0, 0)
    assert after.carried_minor == found.carried_minor
    assert after.reserve_minor == found.legal_reserve_minor + found.reserve_minor
    assert balances(books, [MEMBERS_PAYABLE, GRANTS]) == [-found.pools.equal_minor, -500]


def test_the_endowment_yields_to_the_commons_and_stays() -> None:
    """Its spend rate is in the bylaws."""
    books = make_books()
    enter(books, 1, (SURPLUS, 1_000), (ENDOWMENT, -1_000), maker=Maker.RULES)
    bylaws = with_value(endowment_spend_bps=400)

    found = compute_distribution(read_figures(books.list_accounts()), make_split(), bylaws=bylaws)
    write(books, 2, make_endowment_legs(found))

    assert balances(books, [ENDOWMENT, COMMONS, LEGAL_RESERVE]) == [-960, -40, 0]


def write(books: MemoryBooks, number: int, legs: tuple[Leg, ...]) -> None:
    """Post legs as the rules do, unless there are none."""
    if legs:
        draft = Draft(id=make_id(number), reference=REFERENCE, legs=legs)
        post(books, draft, stamp=STAMP, maker=Maker.RULES)
