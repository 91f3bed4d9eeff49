"""Insights that this node holds: its own, and those that partners sent.

Apart from the post because an insight outlives the activity that brought it: it is shown,
served and checked again. Kept byte for byte as received; what could not be checked yet waits
here and is never dropped in silence. Lives in private.db.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from node.web.database import transaction

INSIGHTS_SCHEMA = """
CREATE TABLE insights (
    url TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    cooperative BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    is_own INTEGER NOT NULL,
    activity BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    verified_at_ms INTEGER
) STRICT;
CREATE INDEX insights_by_digest ON insights (digest);
"""


class InsightState(StrEnum):
    """What this node knows of an insight."""

    PENDING = "pending"
    """Signed by its cooperative; this node's own ledger does not know the decision yet."""
    VERIFIED = "verified"
    """Signatures, decision, privacy facts: all checked here."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Its own members have taken it back, by this node's own ledger: it is shown no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldInsight:
    """One insight with the activity that brought it."""

    url: str
    """The insight's own id."""
    digest: bytes
    """What its members decided on; 32 bytes."""
    cooperative: bytes
    """Whose it is; 32 bytes."""
    state: InsightState
    reason: str
    """Why it waits or was refused; empty when verified."""
    is_own: bool
    activity: bytes
    """The Create as it was received, or as we sent it."""
    received_at_ms: int
    verified_at_ms: int | None


class InsightStore:
    """The insights' table in private.db; the connection is the private store's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, insight: HeldInsight) -> None:
        """Keep an insight, or what has been learnt about it since.

        A verified or withdrawn one is never replaced: insights are immutable.
        """
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO insights VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (url) DO UPDATE SET digest = excluded.digest,"
                " cooperative = excluded.cooperative, state = excluded.state,"
                " reason = excluded.reason, activity = excluded.activity,"
                " received_at_ms = excluded.received_at_ms,"
                " verified_at_ms = excluded.verified_at_ms"
                " WHERE insights.state NOT IN (?, ?)",
                (
                    insight.url,
                    insight.digest,
                    insight.cooperative,
                    insight.state,
                    insight.reason,
                    int(insight.is_own),
                    insight.activity,
                    insight.received_at_ms,
                    insight.verified_at_ms,
                    InsightState.VERIFIED,
                    InsightState.WITHDRAWN,
                ),
            )

    def mark_withdrawn(self, url: str) -> None:
        """Record that an insight was withdrawn by its members."""
        self._connection.execute(
            "UPDATE insights SET state = ?, reason = '' WHERE url = ?",
            (InsightState.WITHDRAWN, url),
        )

    def find(self, url: str) -> HeldInsight | None:
        """The insight with an id."""
        row = self._connection.execute("SELECT * FROM insights WHERE url = ?", (url,)).fetchone()
        return None if row is None else _read(row)

    def find_by_digest(self, digest: bytes) -> HeldInsight | None:
        """The insight with a digest; a verified one before any other."""
        row = self._connection.execute(
            "SELECT * FROM insights WHERE digest = ? ORDER BY state = ? DESC, url",
            (digest, InsightState.VERIFIED),
        ).fetchone()
        return None if row is None else _read(row)

    def list_newest(self, *, limit: int) -> list[HeldInsight]:
        """The insights that came last, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM insights ORDER BY received_at_ms DESC, url LIMIT ?", (limit,)
        )
        return [_read(row) for row in rows]

    def list_pending(self) -> list[HeldInsight]:
        """The insights that wait for this node's ledger, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM insights WHERE state = ? ORDER BY received_at_ms, url",
            (InsightState.PENDING,),
        )
        return [_read(row) for row in rows]

    def count_own(self) -> int:
        """How many insights of its own this node publishes."""
        row = self._connection.execute(
            "SELECT COUNT(*) FROM insights WHERE is_own AND state != ?", (InsightState.WITHDRAWN,)
        ).fetchone()
        return int(row[0])

    def count_pending(self, cooperative: bytes) -> int:
        """How many insights of a cooperative wait."""
        row = self._connection.execute(
            "SELECT COUNT(*) FROM insights WHERE cooperative = ? AND state = ?",
            (cooperative, InsightState.PENDING),
        ).fetchone()
        return int(row[0])

    def list_held_digests(self, cooperative: bytes) -> set[bytes]:
        """Digests of a cooperative's insights that were received and not refused."""
        rows = self._connection.execute(
            "SELECT digest FROM insights WHERE cooperative = ? AND state != ?",
            (cooperative, InsightState.REFUSED),
        )
        return {bytes(row["digest"]) for row in rows}


def _read(row: sqlite3.Row) -> HeldInsight:
    return HeldInsight(
        url=row["url"],
        digest=bytes(row["digest"]),
        cooperative=bytes(row["cooperative"]),
        state=InsightState(row["state"]),
        reason=row["reason"],
        is_own=bool(row["is_own"]),
        activity=bytes(row["activity"]),
        received_at_ms=row["received_at_ms"],
        verified_at_ms=row["verified_at_ms"],
    )
