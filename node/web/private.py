"""The members' register, drafts and texts: what only this cooperative knows.

Lives in private.db, beside the post (`node.web.mailbox`) and the privacy budget. A member's
application is encrypted row by row under the register's key, bound to its own id, so that a
copied file or a swapped row tells nothing. The operator's commands open the same file while
the node runs. Never holds a health record.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import APPLICATIONS_PENDING_MAX
from federation.budget import create_budget_table
from node.web.credential_store import STATUS_LISTS_SCHEMA
from node.web.database import open_database, transaction
from node.web.insight_store import INSIGHTS_SCHEMA
from node.web.login_records import LOGIN_SCHEMA
from node.web.mailbox import MAILBOX_SCHEMA

_VERSION = 1
_NONCE_BYTES = 12
_ASSOCIATED = b"rochdale/application/v1"
_SCHEMA = f"""
CREATE TABLE applications (
    id BLOB PRIMARY KEY,
    account BLOB NOT NULL,
    status TEXT NOT NULL,
    received_at_ms INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE drafts (
    digest BLOB PRIMARY KEY,
    document BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    is_published INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE texts (
    digest BLOB PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
{MAILBOX_SCHEMA}{INSIGHTS_SCHEMA}{STATUS_LISTS_SCHEMA}{LOGIN_SCHEMA}"""


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
    account: bytes
    """The ledger account that it asks for; 32 bytes."""
    status: ApplicationStatus
    received_at_ms: int
    jws: str
    """The statement as the wallet signed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An insight that waits for its members' decision."""

    digest: bytes
    """What the proposal's subject must be; 32 bytes."""
    document: bytes
    """The insight's JSON, as it was computed."""
    is_published: bool


class PrivateStore:
    """private.db, open. One per process; not for several threads at once."""

    def __init__(
        self, connection: sqlite3.Connection, *, key: bytes, random: Callable[[int], bytes]
    ) -> None:
        self.connection = connection
        self._cipher = AESGCM(key)
        self._random = random

    @classmethod
    def open(cls, path: Path, *, key: bytes, random: Callable[[int], bytes]) -> Self:
        """Open or make the database.

        Args:
            path: private.db.
            key: The register's key; 32 bytes.
            random: Source of secret bytes, as `secrets.token_bytes`.

        Raises:
            MisconfiguredError: The file is damaged or of another version.
        """
        connection = open_database(path, schema=_SCHEMA, version=_VERSION, is_durable=True)
        create_budget_table(connection)
        return cls(connection, key=key, random=random)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def write(self) -> AbstractContextManager[None]:
        """One transaction over everything in private.db."""
        return transaction(self.connection)

    def put_application(self, jws: str, *, account: bytes, now_ms: int) -> bytes:
        """Keep a checked application; its id. The same one twice is kept once.

        Raises:
            UnavailableError: Too many wait for the registrar already.
        """
        application_id = hashlib.sha256(jws.encode()).digest()
        nonce = self._random(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, jws.encode(), _ASSOCIATED + application_id)
        with transaction(self.connection):
            pending = self.connection.execute(
                "SELECT COUNT(*) FROM applications WHERE status = ?", (ApplicationStatus.PENDING,)
            ).fetchone()[0]
            if pending >= APPLICATIONS_PENDING_MAX:
                raise UnavailableError(
                    "too many applications wait for the registrar: apply again in a while"
                )
            self.connection.execute(
                "INSERT OR IGNORE INTO applications VALUES (?, ?, ?, ?, ?)",
                (application_id, account, ApplicationStatus.PENDING, now_ms, sealed),
            )
        return application_id

    def get_application(self, application_id: bytes) -> StoredApplication | None:
        """One application, decrypted.

        Raises:
            MisconfiguredError: The register's key is not the one it was written with.
        """
        row = self.connection.execute(
            "SELECT * FROM applications WHERE id = ?", (application_id,)
        ).fetchone()
        return None if row is None else self._open_application(row)

    def list_applications(self, status: ApplicationStatus) -> list[StoredApplication]:
        """Applications of one status, oldest first.

        Raises:
            MisconfiguredError: The register's key is not the one they were written with.
        """
        rows = self.connection.execute(
            "SELECT * FROM applications WHERE status = ? ORDER BY received_at_ms, id", (status,)
        )
        return [self._open_application(row) for row in rows]

    def set_application_status(self, application_id: bytes, status: ApplicationStatus) -> None:
        """Record what the registrar decided.

        Raises:
            RefusedError: There is no such application.
        """
        changed = self.connection.execute(
            "UPDATE applications SET status = ? WHERE id = ?", (status, application_id)
        ).rowcount
        if changed != 1:
            raise RefusedError("there is no such application: list them first")

    def put_draft(self, *, digest: bytes, document: bytes, now_ms: int) -> None:
        """Keep an insight until its proposal is decided; the same one twice is kept once."""
        self.connection.execute(
            "INSERT OR IGNORE INTO drafts (digest, document, created_at_ms) VALUES (?, ?, ?)",
            (digest, document, now_ms),
        )

    def get_draft(self, digest: bytes) -> Draft | None:
        """The draft with a digest, if there is one."""
        row = self.connection.execute("SELECT * FROM drafts WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else _read_draft(row)

    def list_drafts(self) -> list[Draft]:
        """All drafts, oldest first."""
        rows = self.connection.execute("SELECT * FROM drafts ORDER BY created_at_ms, digest")
        return [_read_draft(row) for row in rows]

    def mark_published(self, digest: bytes) -> None:
        """Record that a draft has become an activity."""
        self.connection.execute("UPDATE drafts SET is_published = 1 WHERE digest = ?", (digest,))

    def put_text(self, text: bytes) -> bytes:
        """Keep a proposal's text; its SHA-256."""
        digest = hashlib.sha256(text).digest()
        self.connection.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (digest, text))
        return digest

    def get_text(self, digest: bytes) -> bytes | None:
        """The text with a SHA-256, if it is here."""
        row = self.connection.execute("SELECT body FROM texts WHERE digest = ?", (digest,))
        found = row.fetchone()
        return None if found is None else bytes(found["body"])

    def _open_application(self, row: sqlite3.Row) -> StoredApplication:
        sealed = bytes(row["sealed"])
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            jws = self._cipher.decrypt(nonce, ciphertext, _ASSOCIATED + bytes(row["id"]))
        except InvalidTag as error:
            raise MisconfiguredError(
                "the members' register cannot be opened: put keys/register.key and"
                " web/private.db back from the same backup"
            ) from error
        return StoredApplication(
            application_id=bytes(row["id"]),
            account=bytes(row["account"]),
            status=ApplicationStatus(row["status"]),
            received_at_ms=row["received_at_ms"],
            jws=jws.decode(),
        )


def _read_draft(row: sqlite3.Row) -> Draft:
    return Draft(
        digest=bytes(row["digest"]),
        document=bytes(row["document"]),
        is_published=bool(row["is_published"]),
    )
