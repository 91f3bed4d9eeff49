"""A registrar comes, goes, or has another key: the register is sealed anew."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import MisconfiguredError, RefusedError
from did.keys import KeyPair, did_key
from did.sealing import compute_box_key
from node import register_reseal
from node.register_office import (
    Act,
    begin_request,
    complete_request,
    name_registrars,
    parse_request,
)
from node.register_reseal import Resealed, begin_reseal, complete_reseal, parse_reseal
from node.web.erasure import ErasureList, erase_person
from node.web.names import NamesBook, Person
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

RUTH, OMAR, NEW = (bytes([number]) * 32 for number in (1, 2, 3))
REASON = "Omar has left"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PrivateStore]:
    """Ann, a member, and Bob, sealed to Ruth and Omar; then Omar's successor is named."""
    opened = PrivateStore.open(
        tmp_path / "private.db", key=bytes(32), random=secrets.token_bytes, now_ms=lambda: 1
    )
    name(opened, RUTH, OMAR)
    enter(opened, "Ann", 1)
    enter(opened, "Bob", 2)
    name(opened, RUTH, NEW)
    yield opened
    opened.close()


def name(store: PrivateStore, *secrets_of_registrars: bytes) -> None:
    keys = [compute_box_key(secret) for secret in secrets_of_registrars]
    name_registrars(store, keys, is_alone=len(keys) == 1, now_ms=0)


def enter(store: PrivateStore, called: str, number: int) -> bytes:
    did = did_key(KeyPair(number.to_bytes(32)).public_key)
    holder = store.holders.create(did, account=bytes([number]) * 32 if number == 1 else None)
    person = Person(
        name=called,
        contact=f"{called}@mail.example",
        holder_id=holder.id,
        did=did,
        since_day=20_000,
        is_book=number == 1,
    )
    store.holders.set_name_box(holder.id, store.names.put(person))
    return holder.id


def begin(store: PrivateStore, secret: bytes = RUTH) -> tuple[Resealed, bytes]:
    return begin_reseal(store, secret, reason=REASON, now_ms=2)


def complete(store: PrivateStore, data: bytes, secret: bytes = OMAR) -> Resealed:
    request = parse_reseal(data)
    assert request is not None
    return complete_reseal(store, secret, request, now_ms=3)


def open_as(store: PrivateStore, first: bytes, second: bytes, folder: Path, called: str) -> bytes:
    """What two registrars learn; the holder's id."""
    data = begin_request(store, first, act=Act.OPEN, name=called, reason="why", now_ms=4)
    done = complete_request(
        store,
        ErasureList(folder / "erased.log"),
        second,
        parse_request(data),
        has_left=False,
        is_test_chain=True,
        now_ms=5,
    )
    return done.holder.id


def test_the_registrars_of_now_open_everything_and_the_former_one_nothing(
    store: PrivateStore, tmp_path: Path
) -> None:
    """Names and contacts with the first step, links with the second; nobody gets lost."""
    holders = {store.holders.get(item): item for item in store.holders.list_ids()}
    first, data = begin(store)
    second = complete(store, data)

    assert first == Resealed(done_count=2, left_count=2)
    assert second == Resealed(done_count=2, left_count=0)
    for secret in (RUTH, NEW):
        names = store.names.list_names(secret)
        assert [item.name for item in names] == ["Ann", "Bob"]
        assert [item.since_day for item in names] == [20_000, 20_000]
        contacts = [store.names.open_contact(item.entry, secret) for item in names]
        assert contacts == ["Ann@mail.example", "Bob@mail.example"]
    found = {open_as(store, RUTH, NEW, tmp_path, called) for called in ("Ann", "Bob")}
    assert found == set(holders.values())
    for entry in store.names.list_entries():
        with pytest.raises(MisconfiguredError, match="does not open"):
            store.names.get_name(entry, OMAR)
        with pytest.raises(MisconfiguredError, match="does not open"):
            store.names.open_contact(entry, OMAR)
        with pytest.raises(RefusedError, match="sealed to others"):
            store.names.open_link(entry, OMAR)


def test_an_old_key_of_an_entry_opens_the_new_one_no_more(store: PrivateStore) -> None:
    """Whoever has kept the keys of entries, and not only a registrar's, reads nothing new."""
    rows = "SELECT entry, name, contact FROM names ORDER BY entry"
    before = [tuple(row) for row in store.connection.execute(rows)]
    begin(store)
    after = [tuple(row) for row in store.connection.execute(rows)]

    assert len(before) == 2
    assert not {part for row in before for part in row[1:]} & {
        part for row in after for part in row
    }


def test_everybody_is_told_by_whom_and_why(store: PrivateStore) -> None:
    """Each step; the file names nobody."""
    _, data = begin(store)
    complete(store, data)

    told = [item for item in store.log.list_entries() if item.what is LogEvent.RESEALED]
    assert [item.holder_id for item in told] == [None, None]
    ruth, omar = (compute_box_key(item).hex()[:16] for item in (RUTH, OMAR))
    assert told[0].detail == f"by {ruth} and {omar}, links: {REASON}"
    assert told[1].detail == f"by {ruth}, names and contacts: {REASON}"
    assert not any(text in data for text in (b"Ann", b"Bob"))
    store.log.check()


@pytest.mark.parametrize("secret", [RUTH, NEW, b"x" * 32], ids=["same", "new", "stranger"])
def test_links_take_two_who_could_open_them(store: PrivateStore, secret: bytes) -> None:
    """Neither the same one again nor somebody who was named later."""
    _, data = begin(store)

    with pytest.raises(RefusedError, match="another registrar"):
        complete(store, data, secret)

    assert store.names.count_outdated() == 2


def test_a_stranger_changes_nothing(store: PrivateStore) -> None:
    """Whose key opens nothing seals nothing anew, and gets no file."""
    done, data = begin(store, b"x" * 32)

    assert (done, data) == (Resealed(done_count=0, left_count=2), b"")
    assert LogEvent.RESEALED not in [item.what for item in store.log.list_entries()]


def test_both_registrars_may_change_at_once(store: PrivateStore, tmp_path: Path) -> None:
    """The former two hand over to the next two."""
    name(store, NEW, b"4" * 32)
    _, data = begin(store)
    complete(store, data)

    assert open_as(store, b"4" * 32, NEW, tmp_path, "Ann") in store.holders.list_ids()
    with pytest.raises(MisconfiguredError):
        store.names.list_names(RUTH)


def test_from_one_registrar_to_two(store: PrivateStore, tmp_path: Path) -> None:
    """What the node's own registrar key opened alone then takes two."""
    begin(store)
    name(store, NEW)
    enter(store, "Cleo", 3)
    name(store, RUTH, NEW)
    _, data = begin(store, NEW)
    complete(store, data, NEW)

    assert open_as(store, RUTH, NEW, tmp_path, "Cleo") in store.holders.list_ids()
    with pytest.raises(RefusedError, match="another registrar"):
        open_as(store, NEW, NEW, tmp_path, "Cleo")


def test_the_name_of_who_was_erased_is_sealed_anew_too(store: PrivateStore, tmp_path: Path) -> None:
    """Only the name: the contact and the link stay gone."""
    (ann,) = [item.entry for item in store.names.list_names(RUTH) if item.name == "Ann"]
    erasures = ErasureList(tmp_path / "erased.log")
    erase_person(store, erasures, holder_id=None, entry=ann, now_ms=1)

    begin(store)

    assert store.names.get_name(ann, NEW) == "Ann"
    assert store.names.open_contact(ann, NEW) == ""
    assert not store.names.has(ann)


def test_who_is_erased_between_the_steps_stays_erased(store: PrivateStore, tmp_path: Path) -> None:
    """The file that the first registrar wrote brings nobody back."""
    _, data = begin(store)
    (bob,) = [item.entry for item in store.names.list_names(RUTH) if item.name == "Bob"]
    erase_person(store, ErasureList(tmp_path / "erased.log"), holder_id=None, entry=bob, now_ms=1)

    done = complete(store, data)

    assert done == Resealed(done_count=1, left_count=0)
    assert [item.name for item in store.names.list_names(RUTH)] == ["Ann"]


def test_an_opening_seals_its_entry_anew_by_itself(store: PrivateStore, tmp_path: Path) -> None:
    """Two who still can open a link: afterwards the registrars of now can, and Omar cannot."""
    holder_id = open_as(store, RUTH, OMAR, tmp_path, "Ann")

    assert store.names.count_outdated() == 1
    begin(store)
    assert open_as(store, NEW, RUTH, tmp_path, "Ann") == holder_id
    (ann,) = [item.entry for item in store.names.list_names(RUTH) if item.name == "Ann"]
    with pytest.raises(RefusedError, match="sealed to others"):
        store.names.open_link(ann, OMAR)


@pytest.mark.parametrize("step", ["reseal_name", "reseal_link"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_crash_between_entries_is_mended_by_running_it_again(
    store: PrivateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, at: int
) -> None:
    """Each entry is whole at every moment, and nobody is lost."""
    enter(store, "Cleo", 3)  # sealed to those of now already
    monkeypatch.setattr(register_reseal, "RESEAL_ENTRIES_PER_WRITE", 1)
    right, count = getattr(NamesBook, step), 0

    def crash(book: NamesBook, *arguments: bytes) -> None:
        nonlocal count
        count += 1
        if count == at + 1:
            raise KeyboardInterrupt
        right(book, *arguments)

    monkeypatch.setattr(NamesBook, step, crash)
    try:
        complete(store, begin(store)[1])
    except KeyboardInterrupt:
        assert at < 2
    monkeypatch.setattr(NamesBook, step, right)
    assert [item.name for item in store.names.list_names(RUTH)] == ["Ann", "Bob", "Cleo"]

    data = begin(store)[1]
    if data:
        complete(store, data)

    assert store.names.count_outdated() == 0
    found = {open_as(store, RUTH, NEW, tmp_path, called) for called in ("Ann", "Bob", "Cleo")}
    assert found == set(store.holders.list_ids())


def test_nothing_is_left_to_do_twice(store: PrivateStore) -> None:
    """And the same file again changes nothing."""
    _, data = begin(store)
    complete(store, data)
    again = complete(store, data)

    assert again == Resealed(done_count=0, left_count=0)
    assert begin(store) == (Resealed(done_count=0, left_count=0), b"")


@pytest.mark.parametrize("data", [b"", b"{}", b'{"act":"open"}', b"x" * 50_000_000])
def test_other_files_are_no_such_request(data: bytes) -> None:
    """They are read as requests for something else, or refused."""
    assert parse_reseal(data) is None
