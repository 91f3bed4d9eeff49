"""Erasing people, so that no backup brings them back.

The list of erased ids is a file beside the database: whoever puts an old copy of the database
back has the erasures done again when it is next opened. It holds hashes of random ids and
tells nothing about anybody. Never forgets an entry.
"""

import hashlib
import os
from pathlib import Path

from config.errors import MisconfiguredError
from node.web.holder_tables import HOLDER_TABLES
from node.web.names import compute_day
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

_DOMAIN = b"rochdale/erased/v1"
_LINE_CHARACTERS = 64


class ErasureList:
    """The file; appended to and never rewritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, *ids: bytes) -> None:
        """Append ids, on disk before this returns."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, "".join(f"{_hash(item)}\n" for item in ids).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> frozenset[str]:
        """All hashes in it; none if nobody was erased yet.

        Raises:
            MisconfiguredError: A line is damaged.
        """
        if not self._path.exists():
            return frozenset()
        lines = self._path.read_text(encoding="ascii", errors="replace").splitlines()
        if any(
            len(line) != _LINE_CHARACTERS or set(line) - set("0123456789abcdef") for line in lines
        ):
            raise MisconfiguredError(
                f"{self._path} is damaged: put the longest copy back from your backups, else"
                " people who were erased may come back"
            )
        return frozenset(lines)


def erase_person(
    store: PrivateStore,
    erasures: ErasureList,
    *,
    holder_id: bytes | None,
    entry: bytes | None,
    now_ms: int,
) -> None:
    """Erase somebody: their account, their entry in the names book, or both.

    The list comes first: what is interrupted afterwards is finished at the next opening.

    Args:
        store: private.db.
        erasures: The list beside it.
        holder_id: Whose account; None to leave it.
        entry: Of the names book; a member's name stays there for the legal term.
        now_ms: Wall clock.
    """
    ids = [item for item in (holder_id, entry) if item is not None]
    erasures.add(*ids)
    with store.write():
        if holder_id is not None:
            store.log.add(LogEvent.ERASED, at_ms=now_ms, detail="an account was erased")
        _erase(store, holder_id, entry, now_ms=now_ms)
    _scrub(store)


def replay_erasures(store: PrivateStore, erasures: ErasureList, *, now_ms: int) -> int:
    """Erase again whom an old copy of the database brought back; how many.

    Raises:
        MisconfiguredError: The list is damaged.
    """
    erased = erasures.read()
    if not erased:
        return 0
    holders = [item for item in store.holders.list_ids() if _hash(item) in erased]
    entries = [
        item
        for item in store.names.list_entries()
        if _hash(item) in erased and store.names.has(item)
    ]
    if holders or entries:
        with store.write():
            for holder_id in holders:
                _erase(store, holder_id, None, now_ms=now_ms)
            for entry in entries:
                _erase(store, None, entry, now_ms=now_ms)
        _scrub(store)
    return len(holders) + len(entries)


def _erase(
    store: PrivateStore, holder_id: bytes | None, entry: bytes | None, *, now_ms: int
) -> None:
    if holder_id is not None:
        _erase_rows(store, holder_id)
        store.holders.delete(holder_id)
    if entry is not None:
        store.names.erase(entry, today=compute_day(now_ms))


def _erase_rows(store: PrivateStore, holder_id: bytes) -> None:
    holder = store.holders.get(holder_id)
    for table in HOLDER_TABLES:
        if not table.is_by_account:
            store.connection.execute(
                f"DELETE FROM {table.name} WHERE {table.column} = ?",  # noqa: S608 - our names
                (holder_id,),
            )
        elif holder is not None and holder.account is not None:
            store.connection.execute(
                f"UPDATE {table.name} SET {table.column} = NULL"  # noqa: S608 - our names
                f" WHERE {table.column} = ?",
                (holder.account,),
            )


def _scrub(store: PrivateStore) -> None:
    """Take deleted pages out of the write-ahead log; the file's own are overwritten."""
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _hash(item: bytes) -> str:
    return hashlib.sha256(_DOMAIN + item).hexdigest()
