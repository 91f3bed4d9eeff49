"""Who looked into the register, or decided in somebody's place: a log that nobody rewrites unseen.

Its people can read it. Each entry holds the hash of the one before. What concerns one person is
sealed under their key and becomes a notice to them, new until they have seen it; an inspection
concerns everybody. Never holds a name.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from config.errors import MisconfiguredError, RefusedError
from config.limits import REGISTER_ENTRIES_SHOWN_MAX
from did.jcs import canonicalize
from node.web.database import transaction
from node.web.holders import HolderStore

REGISTER_LOG_SCHEMA = """
CREATE TABLE register_log (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    what TEXT NOT NULL,
    holder BLOB,
    detail BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX register_log_by_holder ON register_log (holder);
CREATE TABLE notices_seen (
    holder BLOB PRIMARY KEY REFERENCES holders (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
_DOMAIN = b"rochdale/register-log/v1"
_START = bytes(32)


class LogEvent(StrEnum):
    """What happened; the value stays in the file and in exports."""

    REGISTRARS = "registrars-named"
    INSPECTED = "inspected"
    ASKED = "opening-asked"
    OPENED = "opened"
    CORRECTED = "corrected"
    BOUND = "login-replaced"
    OBJECTED = "login-replacement-stopped"
    ERASED = "erased"
    RESEALED = "resealed"
    KEY_ROTATED = "key-rotated"
    RESTORED = "restored"
    STEWARD = "steward-decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One entry."""

    seq: int
    """Counted from 1."""
    at_ms: int
    what: LogEvent
    holder_id: bytes | None
    """Whom it concerns; None for everybody."""
    detail: str
    """Why and by whom; empty once the person was erased."""
    hash: bytes
    """Over this entry and the hash before; 32 bytes."""


class RegisterLog:
    """The log's table of private.db."""

    def __init__(self, connection: sqlite3.Connection, holders: HolderStore) -> None:
        self._connection = connection
        self._holders = holders

    def add(
        self, what: LogEvent, *, at_ms: int, detail: str, holder_id: bytes | None = None
    ) -> None:
        """Write an entry."""
        data = detail.encode()
        with transaction(self._connection):
            seq, head = self.get_head()
            if holder_id is not None:
                data = self._holders.seal_for(holder_id, data, purpose=f"notice/{seq + 1}")
            digest = _compute_hash(
                head, seq=seq + 1, at_ms=at_ms, what=what, holder=holder_id, detail=data
            )
            self._connection.execute(
                "INSERT INTO register_log VALUES (?, ?, ?, ?, ?, ?)",
                (seq + 1, at_ms, what, holder_id, data, digest),
            )

    def get_head(self) -> tuple[int, bytes]:
        """How many entries there are, and the hash of the last."""
        row = self._connection.execute(
            "SELECT seq, hash FROM register_log ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return (0, _START) if row is None else (row["seq"], bytes(row["hash"]))

    def list_entries(self) -> list[LogEntry]:
        """The newest entries, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM register_log ORDER BY seq DESC LIMIT ?", (REGISTER_ENTRIES_SHOWN_MAX,)
        )
        return [self._read(row) for row in rows]

    def list_notices(self, holder_id: bytes) -> list[LogEntry]:
        """What concerns one person, or everybody, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM register_log WHERE holder = ? OR holder IS NULL"
            " ORDER BY seq DESC LIMIT ?",
            (holder_id, REGISTER_ENTRIES_SHOWN_MAX),
        )
        return [self._read(row) for row in rows]

    def get_seen(self, holder_id: bytes) -> int:
        """Number of the latest notice that a person has seen; 0 if they saw none."""
        row = self._connection.execute(
            "SELECT seq FROM notices_seen WHERE holder = ?", (holder_id,)
        ).fetchone()
        return 0 if row is None else int(row["seq"])

    def mark_seen(self, holder_id: bytes, seq: int) -> None:
        """Note that a person has seen their notices up to one; an earlier one changes nothing.

        Raises:
            RefusedError: There is no such entry yet.
        """
        with transaction(self._connection):
            if not 0 < seq <= self.get_head()[0]:
                raise RefusedError("there is no notice with this number")
            self._connection.execute(
                "INSERT INTO notices_seen VALUES (?, ?) ON CONFLICT (holder)"
                " DO UPDATE SET seq = max(seq, excluded.seq)",
                (holder_id, seq),
            )

    def check(self) -> None:
        """Check that no entry was changed, left out or put in between.

        Raises:
            MisconfiguredError: One was; names the first. Cut off at its end, the log is
                shorter than the count that people have seen on the page.
        """
        head = _START
        for index, row in enumerate(
            self._connection.execute("SELECT * FROM register_log ORDER BY seq"), start=1
        ):
            head = _compute_hash(
                head,
                seq=row["seq"],
                at_ms=row["at_ms"],
                what=row["what"],
                holder=row["holder"],
                detail=bytes(row["detail"]),
            )
            if row["seq"] != index or head != bytes(row["hash"]):
                raise MisconfiguredError(
                    f"the register's log was changed at entry {index}: put web/private.db back"
                    " from your backup, and tell the members"
                )

    def _read(self, row: sqlite3.Row) -> LogEntry:
        holder_id, detail = row["holder"], bytes(row["detail"])
        if holder_id is not None:
            is_here = self._holders.get(holder_id) is not None
            purpose = f"notice/{row['seq']}"
            detail = self._holders.open_for(holder_id, detail, purpose=purpose) if is_here else b""
        return LogEntry(
            seq=row["seq"],
            at_ms=row["at_ms"],
            what=LogEvent(row["what"]),
            holder_id=holder_id,
            detail=detail.decode(),
            hash=bytes(row["hash"]),
        )


def _compute_hash(
    previous: bytes, *, seq: int, at_ms: int, what: str, holder: bytes | None, detail: bytes
) -> bytes:
    fields = [seq, at_ms, str(what), "" if holder is None else holder.hex(), detail.hex()]
    return hashlib.sha256(_DOMAIN + previous + canonicalize(fields)).digest()
