"""The names book."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import MisconfiguredError, RefusedError
from did.keys import KeyPair, did_key
from did.sealing import SealError, compute_box_key, find_box_secret, open_as_one, open_box
from node.web.names import Person
from node.web.private import PrivateStore

REGISTRARS = [bytes([number]) * 32 for number in (1, 2, 3)]
WALLET = KeyPair(b"w" * 32)
HOLDER = b"h" * 16


def make_person(name: str = "Ann Example", *, is_book: bool = True, did: str = "") -> Person:
    return Person(
        name=name,
        contact="ann@mail.example",
        holder_id=HOLDER,
        did=did or did_key(WALLET.public_key),
        since_day=20_000,
        is_book=is_book,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PrivateStore]:
    opened = PrivateStore.open(
        tmp_path / "private.db", key=bytes(32), random=secrets.token_bytes, now_ms=lambda: 0
    )
    opened.names.set_registrars([compute_box_key(secret) for secret in REGISTRARS])
    yield opened
    opened.close()


def get_entry(store: PrivateStore) -> bytes:
    (entry,) = store.names.list_entries()
    return entry


def test_nobody_is_entered_before_somebody_may_open_it(tmp_path: Path) -> None:
    """A name that nobody can read would be lost."""
    store = PrivateStore.open(tmp_path / "private.db", key=bytes(32), random=secrets.token_bytes)

    with pytest.raises(MisconfiguredError, match="rochdale register registrars"):
        store.names.put(make_person())
    store.close()


@pytest.mark.parametrize("secret", REGISTRARS)
def test_each_registrar_reads_names_and_nobody_else(store: PrivateStore, secret: bytes) -> None:
    """Sorted, so that the order tells nothing about who came when."""
    store.names.put(make_person("Zoe"))
    store.names.put(make_person("Ann"))

    assert [item.name for item in store.names.list_names(secret)] == ["Ann", "Zoe"]
    with pytest.raises(MisconfiguredError, match="does not open"):
        store.names.list_names(b"x" * 32)


def test_the_link_needs_two(store: PrivateStore) -> None:
    """The node's own key opens neither part."""
    store.names.put(make_person())
    inner = store.names.open_link(get_entry(store), REGISTRARS[0])

    assert HOLDER not in inner
    entry = get_entry(store)
    assert store.names.complete_link(entry, inner, REGISTRARS[1]) == HOLDER
    with pytest.raises(RefusedError, match="another person"):
        store.names.complete_link(bytes(16), inner, REGISTRARS[1])
    with pytest.raises(SealError):
        open_as_one(inner, secret=REGISTRARS[0])


def test_the_persons_own_wallet_opens_their_entry(store: PrivateStore) -> None:
    """With the key of their DID; the node cannot."""
    box = store.names.put(make_person())

    found = json.loads(open_box(box, secret=find_box_secret(WALLET)))

    assert found == {
        "entry": get_entry(store).hex(),
        "name": "Ann Example",
        "contact": "ann@mail.example",
    }


@pytest.mark.parametrize(
    "did", ["did:web:ann.example", "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"]
)
def test_to_other_wallets_nothing_is_sealed(store: PrivateStore, did: str) -> None:
    """They ask the registrars."""
    assert store.names.put(make_person(did=did)) == b""


def test_the_file_holds_no_name(store: PrivateStore, tmp_path: Path) -> None:
    """Nor a contact, nor whose it is."""
    store.names.put(make_person())

    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert not any(text in data for text in (b"Ann Example", b"mail.example", HOLDER))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    column=st.sampled_from(["name_keys", "name", "contact_keys", "contact"]),
    position=st.integers(min_value=0),
    flip=st.integers(1, 255),
)
def test_any_byte_that_was_changed_is_noticed(
    store: PrivateStore, column: str, position: int, flip: int
) -> None:
    """By the only registrar there is: with several, boxes for the others may differ unseen."""
    store.connection.execute("DELETE FROM names")
    store.names.set_registrars([compute_box_key(REGISTRARS[0])])
    store.names.put(make_person())
    row = store.connection.execute("SELECT * FROM names").fetchone()
    data = bytearray(row[column])
    data[position % len(data)] ^= flip
    changed = {**dict(row), column: bytes(data)}
    store.connection.execute(
        "UPDATE names SET name_keys = :name_keys, name = :name, contact_keys = :contact_keys,"
        " contact = :contact",
        changed,
    )

    with pytest.raises(MisconfiguredError):
        store.names.list_names(REGISTRARS[0])
        store.names.open_contact(get_entry(store), REGISTRARS[0])


def test_entries_that_were_swapped_are_noticed(store: PrivateStore) -> None:
    """A name is bound to its entry."""
    store.names.put(make_person("Ann"))
    store.names.put(make_person("Zoe"))
    first, second = store.names.list_entries()
    store.connection.execute(
        "UPDATE names SET (name_keys, name) = (SELECT name_keys, name FROM names WHERE entry = ?)"
        " WHERE entry = ?",
        (second, first),
    )

    with pytest.raises(MisconfiguredError, match="does not open"):
        store.names.list_names(REGISTRARS[0])


def test_of_a_member_the_name_stays_for_the_legal_term(store: PrivateStore) -> None:
    """Contact and link go at once, the rest when the term is over."""
    store.names.put(make_person())
    entry = get_entry(store)

    store.names.erase(entry, today=21_000)

    (kept,) = store.names.list_names(REGISTRARS[0])
    assert (kept.name, kept.since_day, kept.ended_day) == ("Ann Example", 20_000, 21_000)
    assert store.names.open_contact(entry, REGISTRARS[0]) == ""
    assert not store.names.has(entry)
    with pytest.raises(RefusedError, match="was erased"):
        store.names.open_link(entry, REGISTRARS[0])
    assert store.names.purge(today=21_000 + 3_659, book_years=10) == 0
    assert store.names.purge(today=21_000 + 3_660, book_years=10) == 1
    assert store.names.list_entries() == []


def test_of_somebody_else_nothing_stays(store: PrivateStore) -> None:
    """The law asks for members only."""
    store.names.put(make_person(is_book=False))

    store.names.erase(get_entry(store), today=21_000)

    assert store.names.list_entries() == []


def test_an_unknown_entry_is_refused(store: PrivateStore) -> None:
    """Not a traceback."""
    with pytest.raises(RefusedError, match="no such entry"):
        store.names.open_contact(bytes(16), REGISTRARS[0])
