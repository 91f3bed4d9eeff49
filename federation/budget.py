"""The privacy budget of a cooperative's datasets: how much ε is spent, in one SQLite table.

The unit of privacy is one member with all their records in a dataset; every release about
them in a budget period adds up (basic composition). ε is reserved before a worker may draw
noise and given back only if none was drawn. Amounts are integers, millionths of ε: floats
would let a sum of rounded parts slip under the limit. Never forgets a spent amount.
"""

import sqlite3
from dataclasses import dataclass

from config.errors import InvariantError, RefusedError
from config.limits import EPSILON_BUDGET_MILLIONTHS_MAX

_SCHEMA = """
CREATE TABLE IF NOT EXISTS epsilon_charges (
    charge_id INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset TEXT NOT NULL,
    period TEXT NOT NULL,
    epsilon_millionths INTEGER NOT NULL CHECK (epsilon_millionths > 0),
    purpose TEXT NOT NULL,
    is_settled INTEGER NOT NULL DEFAULT 0 CHECK (is_settled IN (0, 1)),
    reserved_at_ms INTEGER NOT NULL
) STRICT
"""


class BudgetExceededError(RefusedError):
    """The release would cost more ε than the period has left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAccount:
    """Where ε is spent from: one dataset in one period."""

    dataset: str
    """Name of the records; all releases about the same people share one."""
    period: str
    """Name of the budget period, e.g. `2026`."""
    total_millionths: int = EPSILON_BUDGET_MILLIONTHS_MAX
    """The period's budget, at most `EPSILON_BUDGET_MILLIONTHS_MAX`."""

    def __post_init__(self) -> None:
        if not 0 < self.total_millionths <= EPSILON_BUDGET_MILLIONTHS_MAX:
            raise RefusedError("a period's budget is more than ε = 0 and at most ε = 1.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is spent from an account."""

    account: BudgetAccount
    spent_millionths: int
    """Reserved amounts included: a crash may have come after the release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One release's cost, as the operator's pages list it."""

    charge_id: int
    epsilon_millionths: int
    purpose: str
    is_settled: bool
    """False while the worker runs, and for ever if the node died meanwhile; it counts."""
    reserved_at_ms: int


def create_budget_table(connection: sqlite3.Connection) -> None:
    """Make the table if it is not there."""
    connection.execute(_SCHEMA)


def get_budget(connection: sqlite3.Connection, account: BudgetAccount) -> Budget:
    """Read what is spent of a period's budget."""
    row = connection.execute(
        "SELECT COALESCE(SUM(epsilon_millionths), 0) FROM epsilon_charges"
        " WHERE dataset = ? AND period = ?",
        (account.dataset, account.period),
    ).fetchone()
    return Budget(account=account, spent_millionths=int(row[0]))


def list_charges(connection: sqlite3.Connection, account: BudgetAccount) -> list[Charge]:
    """Read what the period's budget was spent on, oldest first."""
    rows = connection.execute(
        "SELECT charge_id, epsilon_millionths, purpose, is_settled, reserved_at_ms"
        " FROM epsilon_charges WHERE dataset = ? AND period = ? ORDER BY charge_id",
        (account.dataset, account.period),
    )
    return [
        Charge(
            charge_id=row[0],
            epsilon_millionths=row[1],
            purpose=row[2],
            is_settled=bool(row[3]),
            reserved_at_ms=row[4],
        )
        for row in rows
    ]


def reserve_epsilon(
    connection: sqlite3.Connection,
    account: BudgetAccount,
    *,
    epsilon_millionths: int,
    purpose: str,
    now_ms: int,
) -> int:
    """Take ε from a period's budget before the noise is drawn.

    The write lock is taken before the sum is read, so two processes cannot both take the last
    of it.

    Args:
        connection: On the node's private database, with no transaction open.
        account: Where to take it from.
        epsilon_millionths: Cost of the release, > 0.
        purpose: What the release is for, for the operator to read.
        now_ms: Wall clock.

    Returns:
        The charge's id, for `settle_epsilon` or `return_epsilon`.

    Raises:
        BudgetExceededError: Less than that is left; nothing is taken.
    """
    if epsilon_millionths <= 0:
        raise RefusedError("a release costs more than no ε")
    with _WriteTransaction(connection):
        spent_millionths = get_budget(connection, account).spent_millionths
        if spent_millionths + epsilon_millionths > account.total_millionths:
            raise BudgetExceededError(
                f"the privacy budget of {account.dataset} for {account.period} has too little "
                "left: wait for the next period, or release with a smaller ε"
            )
        row = connection.execute(
            "INSERT INTO epsilon_charges"
            " (dataset, period, epsilon_millionths, purpose, reserved_at_ms)"
            " VALUES (?, ?, ?, ?, ?) RETURNING charge_id",
            (account.dataset, account.period, epsilon_millionths, purpose, now_ms),
        ).fetchone()
    return int(row[0])


def settle_epsilon(connection: sqlite3.Connection, charge_id: int) -> None:
    """Record that the release was made: its ε stays spent."""
    _change_reserved(
        connection,
        "UPDATE epsilon_charges SET is_settled = 1 WHERE charge_id = ? AND is_settled = 0",
        charge_id,
    )


def return_epsilon(connection: sqlite3.Connection, charge_id: int) -> None:
    """Give a reservation back; only if it is certain that no noised count was drawn."""
    _change_reserved(
        connection,
        "DELETE FROM epsilon_charges WHERE charge_id = ? AND is_settled = 0",
        charge_id,
    )


def _change_reserved(connection: sqlite3.Connection, statement: str, charge_id: int) -> None:
    with _WriteTransaction(connection):
        if connection.execute(statement, (charge_id,)).rowcount != 1:
            raise InvariantError(f"charge {charge_id} of the privacy budget is not reserved")


class _WriteTransaction:
    """Commits at the end, rolls back on any error; works in both of sqlite3's commit modes."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        if self._connection.in_transaction:
            raise InvariantError("the privacy budget needs a transaction of its own")
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        if error_type is None:
            self._connection.commit()
        else:
            self._connection.rollback()
