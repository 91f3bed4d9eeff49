"""Exit and dissolution: members get back their capital, and never the reserve (V3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from governance.value.books import Maker
from governance.value.chart import BANK, CAPITAL, COMMONS, LEGAL_RESERVE, MEMBERS_PAYABLE
from governance.value.dissolution import (
    compute_dissolution,
    compute_exit_claim,
    compute_owed_to_members,
)
from tests.governance.value.books_world import (
    COSTS,
    GRANT_BANK,
    GRANTS,
    earn,
    enter,
    make_books,
)

money = st.integers(0, 10**9)


@given(money, money, money, money)
def test_dissolution_never_gives_members_more_than_their_capital(
    capital: int, reserve: int, commons: int, loss: int
) -> None:
    """V3: reserve, funds and restricted money devolve on a body with the same purpose."""
    books = make_books()
    for number, (code, amount) in enumerate(
        [(CAPITAL, capital), (LEGAL_RESERVE, reserve), (COMMONS, commons)]
    ):
        if amount:
            enter(books, number, (BANK, amount), (code, -amount), maker=Maker.RULES)
    enter(books, 10, (GRANT_BANK, 7), (GRANTS, -7))
    if loss:
        enter(books, 11, (COSTS, loss), (BANK, -loss))

    found = compute_dissolution(books.list_accounts())

    net = capital + reserve + commons - loss
    assert found.members_minor == max(0, min(capital, net))
    assert found.successor_minor == max(0, net - found.members_minor)
    assert found.restricted_minor == 7


def test_what_is_owed_to_members_is_a_debt_and_no_part_of_it() -> None:
    """V3: an allotted dividend is paid before anything is divided."""
    books = make_books()
    earn(books, 1, 100)
    enter(books, 2, (COSTS, 40), (MEMBERS_PAYABLE, -40), maker=Maker.RULES)

    found = compute_dissolution(books.list_accounts())

    assert compute_owed_to_members(books.list_accounts()) == 40
    assert (found.members_minor, found.successor_minor) == (0, 60)


@given(st.integers(0, 100), st.integers(100, 1_000), money, money)
def test_a_leaving_member_has_no_claim_against_the_reserve(
    paid_in: int, capital: int, loss: int, reserves: int
) -> None:
    """V3: at most what was paid in, less losses that no reserve bears."""
    claim = compute_exit_claim(
        paid_in_minor=paid_in, capital_minor=capital, loss_minor=loss, reserves_minor=reserves
    )

    assert 0 <= claim <= paid_in
    if loss <= reserves:
        assert claim == paid_in


@pytest.mark.parametrize(
    ("paid_in", "capital", "loss", "reserves"),
    [(2, 1, 0, 0), (-1, 1, 0, 0), (0, 0, 0, 0), (1, 1, -1, 0), (1, 1, 0, -1)],
)
def test_a_claim_out_of_bounds_is_our_bug(
    paid_in: int, capital: int, loss: int, reserves: int
) -> None:
    """All of these come from the books."""
    with pytest.raises(InvariantError):
        compute_exit_claim(
            paid_in_minor=paid_in, capital_minor=capital, loss_minor=loss, reserves_minor=reserves
        )
