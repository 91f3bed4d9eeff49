"""The members' register, drafts and texts."""

import secrets
import sqlite3
import stat
from pathlib import Path

import pytest

from config.errors import MisconfiguredError, RefusedError
from node.web.applications import ApplicationStatus
from node.web.private import PrivateStore

KEY = bytes(range(32))
ACCOUNT = b"a" * 32
DID = "did:key:z6MkexampleOfAPerson"


def open_store(tmp_path: Path, *, key: bytes = KEY) -> PrivateStore:
    return PrivateStore.open(tmp_path / "private.db", key=key, random=secrets.token_bytes)


def test_an_application_can_be_read_again(tmp_path: Path) -> None:
    """The registrar gets exactly what the wallet signed."""
    store = open_store(tmp_path)

    application_id = store.applications.put(
        "header.payload.signature", did=DID, account=ACCOUNT, now_ms=1
    )
    stored = store.applications.get(application_id)

    assert stored is not None
    assert stored.jws == "header.payload.signature"
    assert stored.status is ApplicationStatus.PENDING
    store.close()


def test_the_file_holds_no_application_in_the_clear(tmp_path: Path) -> None:
    """A copied file tells nothing about members."""
    store = open_store(tmp_path)
    store.applications.put("a-name-in-the-clear", did=DID, account=ACCOUNT, now_ms=1)
    store.close()

    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"a-name-in-the-clear" not in data
    assert stat.S_IMODE((tmp_path / "private.db").stat().st_mode) == 0o600


def test_refuses_a_row_that_was_swapped(tmp_path: Path) -> None:
    """Each row is bound to its own id: another's content under it does not open."""
    store = open_store(tmp_path)
    first = store.applications.put("first", did=DID, account=ACCOUNT, now_ms=1)
    second = store.applications.put("second", did=DID, account=ACCOUNT, now_ms=2)
    store.connection.execute(
        "UPDATE applications SET sealed = (SELECT sealed FROM applications WHERE id = ?)"
        " WHERE id = ?",
        (second, first),
    )

    with pytest.raises(MisconfiguredError, match="register"):
        store.applications.get(first)
    store.close()


def test_another_key_does_not_open_the_register(tmp_path: Path) -> None:
    """The message names the files to put back."""
    store = open_store(tmp_path)
    application_id = store.applications.put("x", did=DID, account=ACCOUNT, now_ms=1)
    store.close()
    other = open_store(tmp_path, key=bytes(32))

    with pytest.raises(MisconfiguredError, match=r"keys/register\.key"):
        other.applications.get(application_id)
    other.close()


def test_a_repeated_application_is_kept_once(tmp_path: Path) -> None:
    """Sending again after a lost answer is harmless, also after the decision."""
    store = open_store(tmp_path)
    first = store.applications.put("x", did=DID, account=ACCOUNT, now_ms=1)
    store.applications.decide(first, ApplicationStatus.REFUSED)

    again = store.applications.put("x", did=DID, account=ACCOUNT, now_ms=2)

    assert again == first
    assert store.applications.list_by_status(ApplicationStatus.PENDING) == []
    store.close()


def test_refuses_to_decide_on_an_unknown_application(tmp_path: Path) -> None:
    """A mistyped id changes nothing and says so."""
    store = open_store(tmp_path)

    with pytest.raises(RefusedError, match="no such application"):
        store.applications.decide(bytes(32), ApplicationStatus.ADMITTED)
    store.close()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """Everything in private.db that belongs together is one transaction."""
    store = open_store(tmp_path)

    def fail() -> None:
        with store.write():
            store.put_text(b"half")
            raise RefusedError("the other half failed")

    with pytest.raises(RefusedError):
        fail()

    assert store.connection.execute("SELECT COUNT(*) FROM texts").fetchone()[0] == 0
    store.close()


def test_a_file_that_is_no_database_is_the_operators_to_mend(tmp_path: Path) -> None:
    """Private data is never thrown away to make a start succeed."""
    (tmp_path / "private.db").write_bytes(b"not a database" * 100)

    with pytest.raises(MisconfiguredError, match="backup"):
        open_store(tmp_path)


def test_refuses_a_file_of_another_version(tmp_path: Path) -> None:
    """A newer program's file is not written to."""
    open_store(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "private.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(MisconfiguredError, match="another version"):
        open_store(tmp_path)
