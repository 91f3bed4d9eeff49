"""Mandates of stewards: the names under which these find them, and what their people are told.

A handle follows from the key of the person who gave the mandate and tells nobody whose it is;
the table leads from it to them, and goes with them. Each decision of a steward becomes a
notice in the register's log. Never decides who may do what: `did.consent.evaluation` does.
"""

import hmac
import sqlite3
import time
from collections.abc import Iterable

from did.consent.policies import ConsentClaims, Grant, Mandate, Revocation
from node.web.holders import HolderStore

MANDATES_SCHEMA = """
CREATE TABLE mandate_handles (
    handle BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX mandate_handles_by_holder ON mandate_handles (holder);
"""
HANDLE_BYTES = 16
_PURPOSE = "mandate-handle/v1"


class MandateHandles:
    """The table of private.db that leads from a handle to whoever gave the mandate."""

    def __init__(self, connection: sqlite3.Connection, holders: HolderStore) -> None:
        self._connection = connection
        self._holders = holders

    def compute(self, holder_id: bytes, mandates: Iterable[Mandate]) -> dict[str, Mandate]:
        """A person's mandates by their handles, each of 32 hexadecimal digits.

        Raises:
            RefusedError: There is no such person.
        """
        key = self._holders.derive_for(holder_id, purpose=_PURPOSE)
        return {_compute_handle(key, item.id).hex(): item for item in mandates}

    def follow(self, holder_id: bytes, claims: ConsentClaims) -> None:
        """Learn from a statement that was kept which handles there are now.

        Raises:
            RefusedError: There is no such person.
        """
        act = claims.act
        if isinstance(act, Grant):
            return
        handle = _compute_handle(self._holders.derive_for(holder_id, purpose=_PURPOSE), act.id)
        if isinstance(act, Revocation):
            self._connection.execute("DELETE FROM mandate_handles WHERE handle = ?", (handle,))
        else:
            self._connection.execute(
                "INSERT OR IGNORE INTO mandate_handles VALUES (?, ?)", (handle, holder_id)
            )

    def find_holder(self, handle: str) -> bytes | None:
        """Id of whoever gave a mandate; None if there is none with this handle."""
        row = self._connection.execute(
            "SELECT holder FROM mandate_handles WHERE handle = ?", (bytes.fromhex(handle),)
        ).fetchone()
        return None if row is None else bytes(row["holder"])


def describe_decision(grant: Grant, *, steward: str, mandate: str) -> str:
    """What a person reads of a grant that a steward gave in their place.

    Args:
        grant: As the steward signed it.
        steward: Their DID.
        mandate: Id of the mandate.
    """
    until = time.strftime("%Y-%m-%d", time.gmtime(grant.until_s))
    return (
        f"{steward} granted {grant.grantee}, under your mandate {mandate}: purposes"
        f" {', '.join(grant.purposes)}; resources {', '.join(grant.resources)}; until {until}."
        f" To end it, revoke {grant.id}; to end all of this steward's, revoke the mandate."
    )


def _compute_handle(key: bytes, mandate: str) -> bytes:
    return hmac.digest(key, bytes.fromhex(mandate), "sha256")[:HANDLE_BYTES]
