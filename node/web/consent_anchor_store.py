"""Periods of the histories of consent: roots, and each person's sealed path, of private.db.

A period is kept whole before its root is sent, so that whoever sends it again sends the same.
Its paths are shown only once the ledger has the root. Never sends anything.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from config.did_limits import CONSENT_PERIODS_LISTED_MAX
from node.consent_roots import ConsentPath, compute_consent_root
from node.web.consent_store import ConsentStore
from node.web.database import transaction
from node.web.holders import HolderStore

CONSENT_ANCHORS_SCHEMA = """
CREATE TABLE consent_anchors (
    chain TEXT NOT NULL,
    period INTEGER NOT NULL,
    root BLOB NOT NULL,
    closed_at_ms INTEGER NOT NULL,
    is_anchored INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (chain, period)
) STRICT, WITHOUT ROWID;
CREATE TABLE consent_paths (
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    chain TEXT NOT NULL,
    period INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (holder, chain, period),
    FOREIGN KEY (chain, period) REFERENCES consent_anchors (chain, period) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
"""
_SEALING = "consent-path/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnchor:
    """A period, as this node has closed it."""

    period: int
    """From 1, on its chain."""
    root: bytes
    closed_at_ms: int
    """Wall clock; what happened until then is covered."""


class ConsentAnchorStore:
    """Closed periods, and who has which path under their roots."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        holders: HolderStore,
        consents: ConsentStore,
        *,
        random: Callable[[int], bytes],
    ) -> None:
        self._connection = connection
        self._holders = holders
        self._consents = consents
        self._random = random

    def close_period(self, chain: str, period: int, *, at_ms: int) -> ConsentAnchor:
        """Take every history as it is now under one root; all is kept, or nothing.

        Args:
            chain: Id of the chain that will have the root.
            period: One more than that chain's latest.
            at_ms: Wall clock.

        Raises:
            MisconfiguredError: The register's key is another, or the table was changed.
        """
        with transaction(self._connection):
            heads = {}
            for holder_id in self._consents.list_holders():
                latest = self._consents.get_latest(holder_id)
                if latest is not None:
                    heads[holder_id] = latest.number, latest.head
            root, paths = compute_consent_root(heads, period=period, random=self._random)
            self._connection.execute(
                "INSERT INTO consent_anchors (chain, period, root, closed_at_ms)"
                " VALUES (?, ?, ?, ?)",
                (chain, period, root, at_ms),
            )
            for holder_id, path in paths.items():
                sealed = self._holders.seal_for(holder_id, path.encode(), purpose=_SEALING)
                self._connection.execute(
                    "INSERT INTO consent_paths VALUES (?, ?, ?, ?)",
                    (holder_id, chain, period, sealed),
                )
        return ConsentAnchor(period=period, root=root, closed_at_ms=at_ms)

    def find_waiting(self, chain: str) -> ConsentAnchor | None:
        """The period whose root was perhaps sent, and is not known to be on the ledger."""
        row = self._connection.execute(
            "SELECT * FROM consent_anchors WHERE chain = ? AND is_anchored = 0"
            " ORDER BY period LIMIT 1",
            (chain,),
        ).fetchone()
        return None if row is None else _read_anchor(row)

    def find_latest(self, chain: str) -> ConsentAnchor | None:
        """The latest period whose root is on the ledger."""
        row = self._connection.execute(
            "SELECT * FROM consent_anchors WHERE chain = ? AND is_anchored = 1"
            " ORDER BY period DESC LIMIT 1",
            (chain,),
        ).fetchone()
        return None if row is None else _read_anchor(row)

    def note_anchored(self, chain: str, period: int) -> None:
        """Note that the ledger has a period's root: its paths may be shown."""
        self._connection.execute(
            "UPDATE consent_anchors SET is_anchored = 1 WHERE chain = ? AND period = ?",
            (chain, period),
        )

    def drop(self, chain: str, period: int) -> None:
        """Forget a period of which the ledger has another root."""
        self._connection.execute(
            "DELETE FROM consent_anchors WHERE chain = ? AND period = ?", (chain, period)
        )

    def list_of(self, chain: str, holder_id: bytes) -> list[ConsentAnchor]:
        """Periods on the ledger that cover a person's history, newest first."""
        rows = self._connection.execute(
            "SELECT consent_anchors.* FROM consent_anchors JOIN consent_paths"
            " USING (chain, period) WHERE chain = ? AND holder = ? AND is_anchored = 1"
            " ORDER BY period DESC LIMIT ?",
            (chain, holder_id, CONSENT_PERIODS_LISTED_MAX),
        )
        return [_read_anchor(row) for row in rows]

    def find_path(self, chain: str, holder_id: bytes, period: int) -> ConsentPath | None:
        """A person's path to the root of a period that is on the ledger.

        Raises:
            MisconfiguredError: The register's key is another, or the table was changed.
        """
        row = self._connection.execute(
            "SELECT sealed FROM consent_anchors JOIN consent_paths USING (chain, period)"
            " WHERE chain = ? AND holder = ? AND period = ? AND is_anchored = 1",
            (chain, holder_id, period),
        ).fetchone()
        if row is None:
            return None
        return ConsentPath.decode(
            self._holders.open_for(holder_id, bytes(row["sealed"]), purpose=_SEALING)
        )


def _read_anchor(row: sqlite3.Row) -> ConsentAnchor:
    return ConsentAnchor(
        period=row["period"], root=bytes(row["root"]), closed_at_ms=row["closed_at_ms"]
    )
