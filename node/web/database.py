"""Opening SQLite the way both databases of the web process need it.

Write-ahead logging, so that commands of the operator read and write beside the running node;
explicit transactions only. Never used for the ledger's own state.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import MisconfiguredError
from config.limits import DATABASE_BUSY_TIMEOUT_S


def open_database(path: Path, *, schema: str, version: int, is_durable: bool) -> sqlite3.Connection:
    """Open a database, with its tables made if it is new; the file is private to its owner.

    Args:
        path: The file.
        schema: Statements that make every table; run once, on an empty database.
        version: Of the schema; kept in the file.
        is_durable: Whether a committed transaction must survive a loss of power.

    Raises:
        MisconfiguredError: The file cannot be opened, is damaged or has another version.
    """
    try:
        path.touch(mode=0o600)
        connection = sqlite3.connect(
            path, isolation_level=None, timeout=DATABASE_BUSY_TIMEOUT_S, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        with transaction(connection):
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found == 0:
                _run_script(connection, schema)
                connection.execute(f"PRAGMA user_version = {version}")
                found = version
    except (OSError, sqlite3.DatabaseError) as error:
        raise MisconfiguredError(
            f"{path} cannot be used ({error}): stop the node and put it back from your backup"
        ) from error
    if found != version:
        connection.close()
        raise MisconfiguredError(
            f"{path} was written by another version of Rochdale ({found}, not {version}):"
            " run the version that wrote it"
        )
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; the lock is taken before anything is read.

    Inside another one it is part of that.
    """
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def forgetful(connection: sqlite3.Connection) -> Iterator[None]:
    """Let what is written within be lost with the power, never half: no wait for the disk.

    For a durable database, and steps that can simply be begun again. Inside a transaction it
    changes nothing: that is as durable as it began.
    """
    if connection.in_transaction:
        yield
        return
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _run_script(connection: sqlite3.Connection, schema: str) -> None:
    # Not executescript: it would commit the transaction that this is part of.
    for statement in schema.split(";\n"):
        if statement.strip():
            connection.execute(statement)
