"""Membership applications that wait for the registrar.

Each is sealed under its applicant's own key. Once it is decided its statement is dropped, and
with it name and contact: an admitted one's go to `node.web.names`. Never decides.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from config.errors import RefusedError, UnavailableError
from config.limits import APPLICATIONS_PENDING_MAX
from did.jcs import canonicalize, parse_json_object
from node.web.database import transaction
from node.web.holders import HolderStore

APPLICATIONS_SCHEMA = """
CREATE TABLE applications (
    id BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX applications_by_holder ON applications (holder);
"""


class ApplicationStatus(StrEnum):
    """How far an application is."""

    PENDING = "pending"
    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredApplication:
    """A membership application as the registrar reads it."""

    application_id: bytes
    """SHA-256 of the statement, whose nonce makes it unguessable; 32 bytes."""
    holder_id: bytes
    """Who applies; 16 bytes."""
    account: bytes
    """The ledger account that it asks for; 32 bytes."""
    status: ApplicationStatus
    received_at_ms: int
    jws: str
    """The statement as the wallet signed it; empty once it is decided."""


class ApplicationStore:
    """The applications' table of private.db."""

    def __init__(self, connection: sqlite3.Connection, holders: HolderStore) -> None:
        self._connection = connection
        self._holders = holders

    def put(self, jws: str, *, did: str, account: bytes, now_ms: int) -> bytes:
        """Keep a checked application; its id. The same one twice is kept once.

        Args:
            jws: The statement.
            did: Whose it is; they become a holder if they are none.
            account: The ledger account that it asks for.
            now_ms: Wall clock.

        Raises:
            UnavailableError: Too many wait for the registrar already.
        """
        application_id = hashlib.sha256(jws.encode()).digest()
        with transaction(self._connection):
            if self.get(application_id) is not None:
                return application_id
            pending = self._connection.execute(
                "SELECT COUNT(*) FROM applications WHERE status = ?", (ApplicationStatus.PENDING,)
            ).fetchone()[0]
            if pending >= APPLICATIONS_PENDING_MAX:
                raise UnavailableError(
                    "too many applications wait for the registrar: apply again in a while"
                )
            holder = self._holders.create(did)
            sealed = self._seal(holder.id, application_id, jws=jws, account=account)
            self._connection.execute(
                "INSERT INTO applications VALUES (?, ?, ?, ?, ?)",
                (application_id, holder.id, ApplicationStatus.PENDING, now_ms, sealed),
            )
        return application_id

    def get(self, application_id: bytes) -> StoredApplication | None:
        """One application, decrypted.

        Raises:
            MisconfiguredError: The register's key is not the one it was written with.
        """
        row = self._connection.execute(
            "SELECT * FROM applications WHERE id = ?", (application_id,)
        ).fetchone()
        return None if row is None else self._read(row)

    def list_by_status(self, status: ApplicationStatus) -> list[StoredApplication]:
        """Applications of one status, oldest first.

        Raises:
            MisconfiguredError: The register's key is not the one they were written with.
        """
        rows = self._connection.execute(
            "SELECT * FROM applications WHERE status = ? ORDER BY received_at_ms, id", (status,)
        )
        return [self._read(row) for row in rows]

    def list_of(self, holder_id: bytes) -> list[StoredApplication]:
        """One person's applications, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM applications WHERE holder = ? ORDER BY received_at_ms, id", (holder_id,)
        )
        return [self._read(row) for row in rows]

    def decide(self, application_id: bytes, status: ApplicationStatus) -> None:
        """Record what the registrar decided, and drop the statement with its name and contact.

        Raises:
            RefusedError: There is no such application.
        """
        with transaction(self._connection):
            found = self.get(application_id)
            if found is None:
                raise RefusedError("there is no such application: list them first")
            sealed = self._seal(found.holder_id, application_id, jws="", account=found.account)
            self._connection.execute(
                "UPDATE applications SET status = ?, sealed = ? WHERE id = ?",
                (status, sealed, application_id),
            )

    def _seal(self, holder_id: bytes, application_id: bytes, *, jws: str, account: bytes) -> bytes:
        data = canonicalize({"jws": jws, "account": account.hex()})
        return self._holders.seal_for(holder_id, data, purpose=_name(application_id))

    def _read(self, row: sqlite3.Row) -> StoredApplication:
        application_id, holder_id = bytes(row["id"]), bytes(row["holder"])
        fields = parse_json_object(
            self._holders.open_for(holder_id, bytes(row["sealed"]), purpose=_name(application_id))
        )
        return StoredApplication(
            application_id=application_id,
            holder_id=holder_id,
            account=bytes.fromhex(fields["account"]),
            status=ApplicationStatus(row["status"]),
            received_at_ms=row["received_at_ms"],
            jws=fields["jws"],
        )


def _name(application_id: bytes) -> str:
    return f"application/{application_id.hex()}"
