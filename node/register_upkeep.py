"""The register's key and its backups: changing the one, making and putting back the other.

What was erased stays erased: a restored copy gets the erasure list applied before anybody
reads it. Never runs beside a node that holds the old key or file.
"""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from config.errors import MisconfiguredError
from node.home import Home
from node.keystore import REGISTER_KEY_NAME, begin_key, finish_key, load_secret
from node.lock import take_lock
from node.web.erasure import ErasureList, replay_erasures
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

_SIDE_FILES = ("-wal", "-shm")


def rotate_register_key(home: Home, *, now_ms: int) -> Path:
    """Wrap every person's key under a new register key; the file of the old one.

    Interrupted, it is finished by running it again. Old backups open with the old key alone:
    destroy it once they are gone, and what was erased is gone from them too.

    Raises:
        UnavailableError: The node is running.
        MisconfiguredError: The register cannot be opened with its key.
    """
    with _stopped(home):
        successor = begin_key(home.keys, REGISTER_KEY_NAME, random=secrets.token_bytes).seed
        if not _opens_with(home, successor):
            old = load_secret(home.keys, REGISTER_KEY_NAME)
            with closing(_open(home, old)) as store:
                with store.write():
                    store.log.add(LogEvent.KEY_ROTATED, at_ms=now_ms, detail="")
                    store.holders.rewrap(successor)
                store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finish_key(home.keys, REGISTER_KEY_NAME)
    count = len(list(home.keys.glob(f"{REGISTER_KEY_NAME}-retired-*.key")))
    return home.keys / f"{REGISTER_KEY_NAME}-retired-{count}.key"


def back_up_register(home: Home, target: Path) -> None:
    """Copy private.db while the node may run; the copy is encrypted as the original is.

    Raises:
        MisconfiguredError: The target exists or cannot be written, or the copy is damaged.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise MisconfiguredError(
            f"{target} cannot be made ({error.strerror}): choose a new file"
        ) from error
    key = load_secret(home.keys, REGISTER_KEY_NAME)
    with closing(_open(home, key)) as store, closing(sqlite3.connect(target)) as copy:
        store.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    _check_copy(target)


def restore_register(home: Home, source: Path, *, now_ms: int) -> int:
    """Put a copy of private.db back and erase again whom it brings back; how many.

    The file that was in use is kept beside it under another name until the copy has proved
    to open with the register's key.

    Raises:
        UnavailableError: The node is running.
        MisconfiguredError: The copy is damaged, or belongs to another key.
    """
    with _stopped(home):
        _check_copy(source)
        key = load_secret(home.keys, REGISTER_KEY_NAME)
        fresh, former = _beside(home, "restoring"), _beside(home, "former")
        shutil.copyfile(source, fresh)
        fresh.chmod(0o600)
        try:
            with closing(PrivateStore.open(fresh, key=key, random=secrets.token_bytes)) as store:
                for holder_id in store.holders.list_ids():
                    store.holders.get(holder_id)
                store.log.check()
                count = replay_erasures(store, ErasureList(home.erasures_path), now_ms=now_ms)
                _end_logins(store)
                store.log.add(LogEvent.RESTORED, at_ms=now_ms, detail="")
                store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _drop_sides(home.private_path)
            home.private_path.replace(former)
            fresh.replace(home.private_path)
        finally:
            fresh.unlink(missing_ok=True)
            _drop_sides(fresh)
        former.unlink(missing_ok=True)
    return count


def _end_logins(store: PrivateStore) -> None:
    """An access that was ended after the copy was made must not come back: all end."""
    store.connection.execute("DELETE FROM login_grants")
    store.connection.execute("DELETE FROM login_requests")


@contextmanager
def _stopped(home: Home) -> Iterator[None]:
    descriptor = take_lock(home.lock_path, wait_s=0)
    try:
        yield
    finally:
        os.close(descriptor)


def _open(home: Home, key: bytes) -> PrivateStore:
    return PrivateStore.open(home.private_path, key=key, random=secrets.token_bytes)


def _opens_with(home: Home, key: bytes) -> bool:
    """Whether an interrupted rotation has come as far as to wrap all keys anew."""
    with closing(_open(home, key)) as store:
        ids = store.holders.list_ids()
        try:
            return bool(ids) and store.holders.get(ids[0]) is not None
        except MisconfiguredError:
            return False


def _check_copy(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise MisconfiguredError(f"{path} is no copy of private.db ({error})") from error
    if found != "ok":
        raise MisconfiguredError(f"{path} is damaged: use another copy")


def _beside(home: Home, name: str) -> Path:
    return home.private_path.with_name(f"{home.private_path.name}.{name}")


def _drop_sides(path: Path) -> None:
    for side in _SIDE_FILES:
        path.with_name(path.name + side).unlink(missing_ok=True)
