"""The register's key, backups, and the erased who stay erased."""

import os
import secrets
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from config.errors import MisconfiguredError, UnavailableError
from did.sealing import compute_box_key
from node.home import Home, create_home
from node.keystore import create_keys
from node.lock import take_lock
from node.moving import copy_belongings
from node.register_upkeep import back_up_register, restore_register, rotate_register_key
from node.registrar import load_registrar_secret, open_register
from node.web.erasure import ErasureList, erase_person
from node.web.names import Person
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

DIDS = ("did:web:ann.example", "did:web:bob.example")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = create_home(tmp_path / "home")
    create_keys(made.keys, random=secrets.token_bytes)
    with open_register(made) as store:
        store.names.set_registrars([compute_box_key(load_registrar_secret(made))])
        for did in DIDS:
            enter(store, did)
    return made


def enter(store: PrivateStore, did: str) -> None:
    holder = store.holders.create(did)
    store.names.put(
        Person(
            name=f"Name of {did}",
            contact="by post",
            holder_id=holder.id,
            did=did,
            since_day=1,
            is_book=False,
        )
    )


def erase(home: Home, did: str) -> None:
    """As two registrars do."""
    with open_register(home) as store:
        holder = store.holders.find_by_did(did)
        assert holder is not None
        names = store.names.list_names(load_registrar_secret(home))
        entry = next(item.entry for item in names if item.name == f"Name of {did}")
        erasures = ErasureList(home.erasures_path)
        erase_person(store, erasures, holder_id=holder.id, entry=entry, now_ms=1)


def list_people(home: Home) -> list[str]:
    """Who has an account, and a name."""
    with open_register(home) as store:
        found = [did for did in DIDS if store.holders.find_by_did(did) is not None]
        names = store.names.list_names(load_registrar_secret(home))
    assert [item.name for item in names] == [f"Name of {did}" for did in found]
    return found


def test_a_restored_backup_brings_nobody_back(home: Home, tmp_path: Path) -> None:
    """The list is kept beside the database, and applied before anybody reads."""
    copy = tmp_path / "copy.db"
    back_up_register(home, copy)
    erase(home, DIDS[0])

    assert restore_register(home, copy, now_ms=5) == 2

    assert list_people(home) == [DIDS[1]]
    with open_register(home) as store:
        assert store.log.list_entries()[0].what is LogEvent.RESTORED


def test_a_copy_put_back_by_hand_brings_nobody_back_either(home: Home, tmp_path: Path) -> None:
    """Whatever opens the register applies the list."""
    copy = tmp_path / "copy.db"
    back_up_register(home, copy)
    erase(home, DIDS[0])

    home.private_path.write_bytes(copy.read_bytes())

    assert list_people(home) == [DIDS[1]]


def test_a_new_home_takes_the_erasure_list_along(home: Home, tmp_path: Path) -> None:
    """As when a sealed chain moves, or a lost one goes on."""
    erase(home, DIDS[0])
    new = create_home(tmp_path / "new")

    copy_belongings(home, new)

    assert list_people(new) == [DIDS[1]]
    assert new.erasures_path.read_bytes() == home.erasures_path.read_bytes()


def test_an_erasure_that_was_interrupted_is_finished(home: Home) -> None:
    """The list comes first."""
    with open_register(home) as store:
        holder = store.holders.find_by_did(DIDS[0])
        assert holder is not None
        ErasureList(home.erasures_path).add(holder.id)

    with open_register(home) as store:
        assert store.holders.find_by_did(DIDS[0]) is None


def test_the_key_of_the_erased_is_gone_from_the_file(home: Home) -> None:
    """Not only unlinked: its bytes are overwritten, in the database and its log."""
    with open_register(home) as store:
        rows = store.connection.execute("SELECT wrapped_key FROM holders").fetchall()
        (entry, *_) = store.connection.execute("SELECT name_keys FROM names").fetchall()
    secrets_kept = [bytes(row[0]) for row in rows] + [bytes(entry[0])]
    assert all(item in _read_all(home) for item in secrets_kept)

    for did in DIDS:
        erase(home, did)

    data = _read_all(home)
    assert not any(item in data for item in secrets_kept)


def test_backup_and_file_hold_no_name_did_or_contact(home: Home, tmp_path: Path) -> None:
    """And both are for their owner alone."""
    copy = tmp_path / "copy.db"
    with open_register(home):
        back_up_register(home, copy)
        data = _read_all(home) + copy.read_bytes()

    assert not any(text in data for text in (b"ann.example", b"Name of", b"by post"))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.erasures_path.parent.stat().st_mode) == 0o700


def test_a_backup_overwrites_nothing(home: Home, tmp_path: Path) -> None:
    """Not even an older backup."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"precious")

    with pytest.raises(MisconfiguredError, match="choose a new file"):
        back_up_register(home, copy)

    assert copy.read_bytes() == b"precious"


@pytest.mark.parametrize("damage", ["garbage", "page", "other key"])
def test_a_copy_that_is_not_whole_replaces_nothing(home: Home, tmp_path: Path, damage: str) -> None:
    """The register in use stays."""
    copy = tmp_path / "copy.db"
    back_up_register(home, copy)
    if damage == "garbage":
        copy.write_bytes(b"no database" * 100)
    elif damage == "page":
        data = bytearray(copy.read_bytes())
        data[4_096:8_192] = bytes(4_096)
        copy.write_bytes(data)
    else:
        with closing(sqlite3.connect(copy)) as changed:
            changed.execute("UPDATE holders SET wrapped_key = randomblob(60)")
            changed.commit()

    with pytest.raises(MisconfiguredError):
        restore_register(home, copy, now_ms=5)

    assert list_people(home) == list(DIDS)
    assert [path.name for path in home.web.iterdir() if "restoring" in path.name] == []


def test_a_restored_copy_logs_nobody_in(home: Home, tmp_path: Path) -> None:
    """An access that was ended since would be back."""
    copy = tmp_path / "copy.db"
    with open_register(home) as store:
        store.connection.execute(
            "INSERT INTO login_grants (id, holder, client_id, scope, jkt, method, created_at_s,"
            " expires_at_s) VALUES (x'01', ?, 'app', 'export', '', 'x', 0, ?)",
            (store.holders.list_ids()[0], int(time.time()) + 600),
        )
    back_up_register(home, copy)

    restore_register(home, copy, now_ms=5)

    with open_register(home) as store:
        assert store.connection.execute("SELECT COUNT(*) FROM login_grants").fetchone()[0] == 0


def test_a_rotated_key_opens_the_register_and_the_old_one_nothing(home: Home) -> None:
    """The old one is kept for old backups, until it is destroyed."""
    before = (home.keys / "register.key").read_text()

    retired = rotate_register_key(home, now_ms=5)

    assert list_people(home) == list(DIDS)
    assert retired.read_text() == before != (home.keys / "register.key").read_text()
    store = PrivateStore.open(
        home.private_path, key=bytes.fromhex(before), random=secrets.token_bytes
    )
    with closing(store):
        assert store.holders.find_by_did(DIDS[0]) is None


def test_an_interrupted_rotation_is_finished_by_the_next(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the database and the key's file."""

    def stop(*_: object) -> None:
        raise UnavailableError("the power failed")

    with monkeypatch.context() as patched:
        patched.setattr("node.register_upkeep.finish_key", stop)
        with pytest.raises(UnavailableError):
            rotate_register_key(home, now_ms=5)

    rotate_register_key(home, now_ms=6)

    assert list_people(home) == list(DIDS)


def test_neither_runs_beside_the_node(home: Home, tmp_path: Path) -> None:
    """It would go on with the old key or file."""
    copy = tmp_path / "copy.db"
    back_up_register(home, copy)
    descriptor = take_lock(home.lock_path, wait_s=0)

    with pytest.raises(UnavailableError):
        rotate_register_key(home, now_ms=5)
    with pytest.raises(UnavailableError):
        restore_register(home, copy, now_ms=5)

    os.close(descriptor)


def test_a_damaged_erasure_list_is_the_operators_to_mend(home: Home) -> None:
    """Going on without it could bring people back."""
    home.erasures_path.write_text("half a line")

    with pytest.raises(MisconfiguredError, match="longest copy"), open_register(home):
        pass


def _read_all(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.web.iterdir() if path.is_file())
