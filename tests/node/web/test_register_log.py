"""Who looked into the register."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from node.web.private import PrivateStore
from node.web.register_log import LogEvent


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PrivateStore]:
    opened = PrivateStore.open(
        tmp_path / "private.db", key=bytes(32), random=secrets.token_bytes, now_ms=lambda: 0
    )
    yield opened
    opened.close()


def fill(store: PrivateStore) -> bytes:
    """Three entries, the second about one person; their id."""
    holder = store.holders.create("did:web:ann.example")
    store.log.add(LogEvent.INSPECTED, at_ms=1, detail="by law")
    store.log.add(LogEvent.OPENED, at_ms=2, detail="on a court's order", holder_id=holder.id)
    store.log.add(LogEvent.INSPECTED, at_ms=3, detail="again")
    return holder.id


def test_a_person_is_told_what_concerns_them_and_everybody(store: PrivateStore) -> None:
    """Newest first; others learn of the inspections only."""
    holder_id = fill(store)
    other = store.holders.create("did:web:bob.example")

    assert [item.detail for item in store.log.list_notices(holder_id)] == [
        "again",
        "on a court's order",
        "by law",
    ]
    assert [item.detail for item in store.log.list_notices(other.id)] == ["again", "by law"]
    store.log.check()


def test_what_concerns_one_person_is_not_in_the_clear(store: PrivateStore, tmp_path: Path) -> None:
    """It goes with their key; the chain holds all the same."""
    holder_id = fill(store)
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"court" not in data

    store.holders.delete(holder_id)

    assert [item.detail for item in store.log.list_entries()] == ["again", "", "by law"]
    store.log.check()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE register_log SET detail = x'00' WHERE seq = 2",
        "UPDATE register_log SET at_ms = 9 WHERE seq = 1",
        "UPDATE register_log SET what = 'erased' WHERE seq = 3",
        "UPDATE register_log SET holder = NULL WHERE seq = 2",
        "UPDATE register_log SET hash = zeroblob(32) WHERE seq = 1",
        "DELETE FROM register_log WHERE seq = 1",
        "DELETE FROM register_log WHERE seq = 2",
        "UPDATE register_log SET seq = 7 WHERE seq = 3",
    ],
)
def test_an_entry_that_was_changed_or_left_out_is_noticed(store: PrivateStore, change: str) -> None:
    """Each is bound to the one before."""
    fill(store)
    store.connection.execute(change)

    with pytest.raises(MisconfiguredError, match="log was changed at entry"):
        store.log.check()


def test_a_log_cut_off_at_its_end_has_another_head(store: PrivateStore) -> None:
    """Which is why the page shows it: people compare."""
    fill(store)
    before = store.log.get_head()
    store.connection.execute("DELETE FROM register_log WHERE seq = 3")

    store.log.check()
    assert store.log.get_head() != before
