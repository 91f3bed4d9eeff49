"""People with an account."""

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import MisconfiguredError, RefusedError
from node.web.holder_tables import HOLDER_TABLES, REGISTER_TABLES
from node.web.private import PrivateStore

KEY = bytes(range(32))
DID = "did:key:z6MkOfAnn"
OTHER = "did:web:bob.example"


class Now:
    """A clock that tests set."""

    ms = 1_000

    def __call__(self) -> int:
        return self.ms


def open_store(folder: Path, *, key: bytes = KEY, now: Now | None = None) -> PrivateStore:
    return PrivateStore.open(
        folder / "private.db", key=key, random=secrets.token_bytes, now_ms=now or Now()
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PrivateStore]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_a_holder_is_found_by_did_and_by_id(store: PrivateStore) -> None:
    """And nobody by another's."""
    made = store.holders.create(DID)

    assert store.holders.find_by_did(DID) == store.holders.get(made.id) == made
    assert store.holders.find_by_did(OTHER) is None
    assert store.holders.get(bytes(16)) is None


def test_one_did_has_one_account(store: PrivateStore) -> None:
    """Signing up twice changes nothing."""
    assert store.holders.create(DID) == store.holders.create(DID)


def test_the_ledger_account_comes_with_membership(store: PrivateStore) -> None:
    """A holder is no member until then."""
    made = store.holders.create(DID)
    assert made.account is None

    store.holders.set_account(made.id, b"a" * 32, did="did:rochdale:x:z1")
    assert store.holders.find_by_did("did:rochdale:x:z1") == store.holders.get(made.id)

    found = store.holders.find_by_did(DID)
    assert found is not None
    assert found.account == b"a" * 32


def test_the_file_holds_no_did_and_no_account(tmp_path: Path) -> None:
    """Nor does its write-ahead log, while it is open or after."""
    store = open_store(tmp_path)
    made = store.holders.create(DID, account=b"her own-" * 4)
    store.holders.bind_did(made.id, OTHER, from_ms=0)

    for _ in range(2):
        data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert not any(text in data for text in (b"z6MkOfAnn", b"bob.example", b"her own-"))
        store.close()
        store = open_store(tmp_path)
    store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    column=st.sampled_from(["wrapped_key", "sealed"]),
    position=st.integers(min_value=0),
    flip=st.integers(1, 255),
)
def test_any_byte_that_was_changed_is_noticed(
    store: PrivateStore, column: str, position: int, flip: int
) -> None:
    """A row opens as it was written or not at all."""
    made = store.holders.create(DID)
    row = store.connection.execute("SELECT wrapped_key, sealed FROM holders").fetchone()
    data = {name: bytearray(row[name]) for name in row.keys()}  # noqa: SIM118 - no mapping
    data[column][position % len(data[column])] ^= flip
    write = "UPDATE holders SET wrapped_key = :wrapped_key, sealed = :sealed"
    store.connection.execute(write, data)

    with pytest.raises(MisconfiguredError, match="same backup"):
        store.holders.get(made.id)
    store.connection.execute(write, dict(row))
    assert store.holders.get(made.id) == made


@pytest.mark.parametrize(
    "columns",
    [
        "wrapped_key = :wrapped_key",
        "sealed = :sealed",
        "(wrapped_key, sealed) = (:wrapped_key, :sealed)",
    ],
)
def test_rows_that_were_swapped_are_noticed(store: PrivateStore, columns: str) -> None:
    """Even key and contents together are bound to their own id."""
    first, second = store.holders.create(DID), store.holders.create(OTHER)
    row = store.connection.execute("SELECT * FROM holders WHERE id = ?", (second.id,)).fetchone()
    store.connection.execute(
        f"UPDATE holders SET {columns} WHERE id = :id",  # noqa: S608 - from above
        {**dict(row), "id": first.id},
    )

    with pytest.raises(MisconfiguredError, match="same backup"):
        store.holders.get(first.id)
    assert store.holders.get(second.id) == second


def test_what_is_sealed_for_one_purpose_or_person_opens_for_no_other(store: PrivateStore) -> None:
    """Other parts of the node seal under a person's key too."""
    first, second = store.holders.create(DID), store.holders.create(OTHER)
    sealed = store.holders.seal_for(first.id, b"secret", purpose="notes")

    assert store.holders.open_for(first.id, sealed, purpose="notes") == b"secret"
    with pytest.raises(MisconfiguredError):
        store.holders.open_for(first.id, sealed, purpose="other")
    with pytest.raises(MisconfiguredError):
        store.holders.open_for(second.id, sealed, purpose="notes")
    store.holders.delete(first.id)
    with pytest.raises(RefusedError, match="no such person"):
        store.holders.open_for(first.id, sealed, purpose="notes")


def test_another_login_holds_from_its_moment_on(tmp_path: Path) -> None:
    """Until then the present one, afterwards that one alone."""
    now = Now()
    store = open_store(tmp_path, now=now)
    made = store.holders.create(DID)
    store.holders.bind_did(made.id, OTHER, from_ms=5_000)

    assert store.holders.find_by_did(OTHER) is None
    assert store.holders.find_by_did(DID) is not None
    now.ms = 5_000
    found = store.holders.find_by_did(OTHER)
    assert found is not None
    assert (found.id, found.did) == (made.id, OTHER)
    assert store.holders.find_by_did(DID) is None
    store.close()


def test_an_objection_keeps_the_present_login(tmp_path: Path) -> None:
    """Once it holds it is too late."""
    now = Now()
    store = open_store(tmp_path, now=now)
    made = store.holders.create(DID)
    store.holders.bind_did(made.id, OTHER, from_ms=5_000)

    assert store.holders.cancel_binding(made.id)
    assert not store.holders.cancel_binding(made.id)
    now.ms = 9_000
    assert store.holders.find_by_did(DID) == made
    assert store.holders.find_by_did(OTHER) is None
    store.close()


def test_nobody_gets_anothers_did(store: PrivateStore) -> None:
    """Neither now nor later."""
    first = store.holders.create(DID)
    store.holders.create(OTHER)

    with pytest.raises(RefusedError, match="cannot be taken"):
        store.holders.bind_did(first.id, OTHER, from_ms=5_000)

    assert store.holders.get(first.id) == first


def test_a_login_that_was_replaced_opens_no_new_account(store: PrivateStore) -> None:
    """Whoever stole it would be taken for somebody."""
    made = store.holders.create(DID)
    store.holders.bind_did(made.id, OTHER, from_ms=0)

    with pytest.raises(RefusedError, match="cannot be taken"):
        store.holders.create(DID)
    assert len(store.holders.list_ids()) == 1


def test_logins_of_one_person_are_bounded(store: PrivateStore) -> None:
    """Eight."""
    made = store.holders.create(DID)
    for number in range(7):
        store.holders.bind_did(made.id, f"{OTHER}:{number}", from_ms=0)

    with pytest.raises(RefusedError, match="8 DIDs"):
        store.holders.bind_did(made.id, OTHER, from_ms=0)
    with pytest.raises(RefusedError, match="characters"):
        store.holders.create("did:web:" + "x" * 2_048)


def test_another_register_key_opens_the_same_people(tmp_path: Path) -> None:
    """After a rotation the old one opens nothing."""
    store = open_store(tmp_path)
    made = store.holders.create(DID)
    sealed = store.holders.seal_for(made.id, b"kept", purpose="notes")

    with store.write():
        store.holders.rewrap(b"n" * 32)

    assert store.holders.find_by_did(DID) == made
    assert store.holders.open_for(made.id, sealed, purpose="notes") == b"kept"
    store.close()
    old, new = open_store(tmp_path), open_store(tmp_path, key=b"n" * 32)
    assert old.holders.find_by_did(DID) is None
    with pytest.raises(MisconfiguredError):
        old.holders.get(made.id)
    assert new.holders.find_by_did(DID) == made
    old.close()
    new.close()


def test_every_table_about_people_is_known_to_export_and_erasure(store: PrivateStore) -> None:
    """A column that is called holder needs a row in `node.web.holder_tables`."""
    known = {(table.name, table.column) for table in HOLDER_TABLES}
    found = {
        (row["name"], "holder")
        for row in store.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if "holder" in _list_columns(store.connection, row["name"])
        and row["name"] not in REGISTER_TABLES
    }

    assert found <= known
    for table in HOLDER_TABLES:
        assert {table.column, *table.exported} <= _list_columns(store.connection, table.name)


def _list_columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
