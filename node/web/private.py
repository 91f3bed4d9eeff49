"""private.db: the register of people, drafts and texts, what only this cooperative knows.

The register's parts are `node.web.holders`, `applications`, `names` and `register_log`; the
post (`node.web.mailbox`), logins and the privacy budget lie beside them. The operator's
commands open the same file while the node runs. Never holds a health record.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from federation.budget import create_budget_table
from node.web.applications import APPLICATIONS_SCHEMA, ApplicationStore
from node.web.clock import Clock
from node.web.consent_anchor_store import CONSENT_ANCHORS_SCHEMA, ConsentAnchorStore
from node.web.consent_store import CONSENT_SCHEMA, ConsentStore
from node.web.credential_store import STATUS_LISTS_SCHEMA
from node.web.database import open_database, transaction
from node.web.holders import HOLDERS_SCHEMA, HolderStore
from node.web.insight_store import INSIGHTS_SCHEMA
from node.web.login_records import LOGIN_SCHEMA
from node.web.mailbox import MAILBOX_SCHEMA
from node.web.mandates import MANDATES_SCHEMA, MandateHandles
from node.web.names import NAMES_SCHEMA, NamesBook
from node.web.offer_store import OFFERS_SCHEMA
from node.web.passkey_store import PASSKEYS_SCHEMA
from node.web.register_log import REGISTER_LOG_SCHEMA, RegisterLog
from node.web.uma_records import UMA_SCHEMA
from node.web.uma_store import UmaStore

REGISTER_SCHEMA = HOLDERS_SCHEMA + APPLICATIONS_SCHEMA + NAMES_SCHEMA + REGISTER_LOG_SCHEMA
_VERSION = 1
_CLOCK = Clock()
_SCHEMA = f"""
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
{MAILBOX_SCHEMA}{INSIGHTS_SCHEMA}{STATUS_LISTS_SCHEMA}{LOGIN_SCHEMA}{PASSKEYS_SCHEMA}{OFFERS_SCHEMA}
{REGISTER_SCHEMA}{CONSENT_SCHEMA}{MANDATES_SCHEMA}{CONSENT_ANCHORS_SCHEMA}{UMA_SCHEMA}"""


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
        self,
        connection: sqlite3.Connection,
        *,
        key: bytes,
        random: Callable[[int], bytes],
        now_ms: Callable[[], int],
    ) -> None:
        self.connection = connection
        self.holders = HolderStore(connection, key=key, random=random, now_ms=now_ms)
        self.applications = ApplicationStore(connection, self.holders)
        self.consents = ConsentStore(connection, self.holders, random=random)
        self.mandates = MandateHandles(connection, self.holders)
        self.consent_anchors = ConsentAnchorStore(
            connection, self.holders, self.consents, random=random
        )
        self.uma = UmaStore(connection, self.holders, random=random)
        self.names = NamesBook(connection, random=random)
        self.log = RegisterLog(connection, self.holders)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key: bytes,
        random: Callable[[int], bytes],
        now_ms: Callable[[], int] = _CLOCK.now_ms,
    ) -> Self:
        """Open or make the database.

        Args:
            path: private.db.
            key: The register's key; 32 bytes.
            random: Source of secret bytes, as `secrets.token_bytes`.
            now_ms: Wall clock.

        Raises:
            MisconfiguredError: The file is damaged or of another version.
        """
        connection = open_database(path, schema=_SCHEMA, version=_VERSION, is_durable=True)
        connection.execute("PRAGMA secure_delete = ON")  # a deleted key is overwritten
        create_budget_table(connection)
        return cls(connection, key=key, random=random, now_ms=now_ms)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def write(self) -> AbstractContextManager[None]:
        """One transaction over everything in private.db."""
        return transaction(self.connection)

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


def _read_draft(row: sqlite3.Row) -> Draft:
    return Draft(
        digest=bytes(row["digest"]),
        document=bytes(row["document"]),
        is_published=bool(row["is_published"]),
    )
