"""The privacy budget: never overspent, whoever asks and whatever crashes."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError, RefusedError
from federation.budget import (
    BudgetAccount,
    BudgetExceededError,
    create_budget_table,
    get_budget,
    list_charges,
    reserve_epsilon,
    return_epsilon,
    settle_epsilon,
)

_PROCESS = """
import sqlite3, sys
from config.errors import RefusedError
from federation.budget import BudgetAccount, reserve_epsilon
connection = sqlite3.connect(sys.argv[1], timeout=30)
taken = 0
for now_ms in range(20):
    try:
        reserve_epsilon(connection, BudgetAccount(dataset="heart", period="2026"),
                        epsilon_millionths=70_000, purpose="test", now_ms=now_ms)
    except RefusedError:
        continue
    taken += 1
print(taken)
"""


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        create_budget_table(opened)
        yield opened


def _account(dataset: str = "heart", period: str = "2026") -> BudgetAccount:
    return BudgetAccount(dataset=dataset, period=period)


def _reserve(
    connection: sqlite3.Connection, millionths: int, account: BudgetAccount | None = None
) -> int:
    return reserve_epsilon(
        connection,
        account or _account(),
        epsilon_millionths=millionths,
        purpose="test",
        now_ms=1,
    )


def _spent(connection: sqlite3.Connection) -> int:
    return get_budget(connection, _account()).spent_millionths


def test_a_release_may_use_the_last_of_the_budget_and_no_more(
    connection: sqlite3.Connection,
) -> None:
    """0.5 + 0.5 = 1.0 exactly; a millionth more is refused and takes nothing."""
    _reserve(connection, 500_000)
    _reserve(connection, 500_000)

    with pytest.raises(BudgetExceededError, match="too little left"):
        _reserve(connection, 1)

    assert _spent(connection) == 1_000_000


def test_a_reservation_counts_before_it_is_settled(connection: sqlite3.Connection) -> None:
    """A crash between noise and settlement must not give the ε back."""
    charge_id = _reserve(connection, 600_000)

    with pytest.raises(BudgetExceededError):
        _reserve(connection, 600_000)

    settle_epsilon(connection, charge_id)
    assert _spent(connection) == 600_000
    assert [charge.is_settled for charge in list_charges(connection, _account())] == [True]


def test_a_returned_reservation_can_be_spent_again(connection: sqlite3.Connection) -> None:
    """A worker that refused drew no noise."""
    return_epsilon(connection, _reserve(connection, 600_000))

    _reserve(connection, 1_000_000)

    assert _spent(connection) == 1_000_000


def test_a_settled_charge_is_never_returned(connection: sqlite3.Connection) -> None:
    """What was released stays released."""
    charge_id = _reserve(connection, 600_000)
    settle_epsilon(connection, charge_id)

    with pytest.raises(InvariantError):
        return_epsilon(connection, charge_id)
    with pytest.raises(InvariantError):
        settle_epsilon(connection, charge_id)

    assert _spent(connection) == 600_000
    assert not connection.in_transaction


def test_data_sets_and_periods_have_budgets_of_their_own(connection: sqlite3.Connection) -> None:
    """The budget is per data set and period."""
    _reserve(connection, 1_000_000)

    _reserve(connection, 1_000_000, _account(dataset="diabetes"))
    _reserve(connection, 1_000_000, _account(period="2027"))

    assert _spent(connection) == 1_000_000


@pytest.mark.parametrize("total", [0, -1, 1_000_001])
def test_refuses_a_budget_outside_the_charter(total: int) -> None:
    """No setting lifts the budget above ε = 1.0."""
    with pytest.raises(RefusedError):
        BudgetAccount(dataset="heart", period="2026", total_millionths=total)


@pytest.mark.parametrize("millionths", [0, -500_000])
def test_refuses_a_release_that_costs_nothing(
    connection: sqlite3.Connection, millionths: int
) -> None:
    """A negative charge would refill the budget."""
    with pytest.raises(RefusedError):
        _reserve(connection, millionths)

    assert _spent(connection) == 0


def test_refuses_to_share_somebody_elses_transaction(connection: sqlite3.Connection) -> None:
    """Their rollback would take the charge with it."""
    connection.execute("BEGIN")

    with pytest.raises(InvariantError):
        _reserve(connection, 100_000)


@given(st.lists(st.integers(1, 700_000), max_size=12))
def test_the_sum_never_passes_the_budget(amounts: list[int]) -> None:
    """Whatever is asked for, in whatever order."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_budget_table(connection)
        spent = 0
        for amount in amounts:
            try:
                _reserve(connection, amount)
            except BudgetExceededError:
                assert spent + amount > 1_000_000
            else:
                spent += amount

        assert _spent(connection) == spent <= 1_000_000


def test_two_processes_cannot_both_take_the_last_of_it(tmp_path: Path) -> None:
    """The write lock is taken before the sum is read: 14 times 0.07 fit into 1.0."""
    database = tmp_path / "private.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        create_budget_table(connection)

    processes = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(database)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    taken = sum(int(process.communicate(timeout=60)[0]) for process in processes)

    with closing(sqlite3.connect(database)) as connection:
        assert taken == 14
        assert _spent(connection) == 980_000
