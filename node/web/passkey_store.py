"""The passkeys of holders, in private.db.

Public parts alone: whoever copies the file logs in nowhere. By which key of which DID each was
added is sealed to its holder. Never decides who logs in; `node.web.passkeys` does.
"""

import sqlite3
from dataclasses import dataclass

from config.did_limits import PASSKEYS_PER_HOLDER_MAX
from did.login.errors import OAuthError
from did.login.passkeys import Passkey
from node.web.database import transaction

PASSKEYS_SCHEMA = """
CREATE TABLE passkeys (
    id BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    proof BLOB NOT NULL,
    label TEXT NOT NULL,
    created_at_s INTEGER NOT NULL,
    used_at_s INTEGER
) STRICT;
CREATE INDEX passkeys_by_holder ON passkeys (holder);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPasskey:
    """A passkey of somebody."""

    passkey: Passkey
    holder: bytes
    proof: bytes
    """By which key of which DID it was added, sealed to its holder."""
    label: str
    """What its holder calls it."""
    created_at_s: int
    used_at_s: int | None


class PasskeyStore:
    """The passkeys' table of private.db."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, item: StoredPasskey) -> None:
        """Keep a new passkey.

        Raises:
            OAuthError: It is known already, or its holder has too many.
        """
        with transaction(self._connection):
            if len(self.list_of(item.holder)) >= PASSKEYS_PER_HOLDER_MAX:
                raise OAuthError(
                    "invalid_request",
                    f"you have {PASSKEYS_PER_HOLDER_MAX} passkeys: remove one first",
                )
            if self.find(item.passkey.id) is not None:
                raise OAuthError("invalid_request", "this passkey is known already")
            self._connection.execute(
                "INSERT INTO passkeys VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item.passkey.id,
                    item.holder,
                    item.passkey.public_key,
                    item.passkey.sign_count,
                    item.proof,
                    item.label,
                    item.created_at_s,
                    item.used_at_s,
                ),
            )

    def find(self, passkey_id: bytes) -> StoredPasskey | None:
        """The passkey of an id."""
        row = self._connection.execute(
            "SELECT * FROM passkeys WHERE id = ?", (passkey_id,)
        ).fetchone()
        return None if row is None else _read(row)

    def list_of(self, holder: bytes) -> list[StoredPasskey]:
        """A holder's passkeys, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM passkeys WHERE holder = ? ORDER BY created_at_s, rowid", (holder,)
        )
        return [_read(row) for row in rows]

    def use(self, passkey: Passkey, *, sign_count: int, now_s: int) -> bool:
        """Note a use; False if the passkey was used or removed in the meantime."""
        return (
            self._connection.execute(
                "UPDATE passkeys SET sign_count = ?, used_at_s = ? WHERE id = ? AND sign_count = ?",
                (sign_count, now_s, passkey.id, passkey.sign_count),
            ).rowcount
            > 0
        )

    def delete(self, passkey_id: bytes, *, holder: bytes) -> bool:
        """Remove a holder's passkey; False if they have no such one."""
        return (
            self._connection.execute(
                "DELETE FROM passkeys WHERE id = ? AND holder = ?", (passkey_id, holder)
            ).rowcount
            > 0
        )


def _read(row: sqlite3.Row) -> StoredPasskey:
    return StoredPasskey(
        passkey=Passkey(
            id=bytes(row["id"]),
            public_key=bytes(row["public_key"]),
            sign_count=row["sign_count"],
        ),
        holder=bytes(row["holder"]),
        proof=bytes(row["proof"]),
        label=row["label"],
        created_at_s=row["created_at_s"],
        used_at_s=row["used_at_s"],
    )
