"""The tables of login and their rows.

Apart from `node.web.login_store`, which writes and finds them. Secrets that were handed out
are kept as hashes, holders by the cooperative's own id; who is erased takes all rows along.
"""

import hashlib
import sqlite3
from dataclasses import dataclass, fields

from did.login.authorization import AuthorizationRequest

LOGIN_SCHEMA = """
CREATE TABLE login_clients (
    id TEXT PRIMARY KEY,
    metadata BLOB NOT NULL,
    created_at_s INTEGER NOT NULL
) STRICT;
CREATE TABLE login_requests (
    id BLOB PRIMARY KEY,
    request BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL,
    nonce TEXT NOT NULL,
    session BLOB,
    ticket BLOB UNIQUE,
    holder BLOB REFERENCES holders (id) ON DELETE CASCADE,
    method TEXT,
    response_code BLOB,
    proof BLOB,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX login_requests_by_end ON login_requests (expires_at_s);
CREATE TABLE login_grants (
    id BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    jkt TEXT NOT NULL,
    method TEXT NOT NULL,
    created_at_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL,
    proof BLOB,
    ended_at_s INTEGER,
    refresh BLOB,
    refresh_until_s INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX login_grants_by_holder ON login_grants (holder);
CREATE INDEX login_grants_by_end ON login_grants (expires_at_s);
CREATE TABLE login_codes (
    id BLOB PRIMARY KEY,
    grant_id BLOB NOT NULL REFERENCES login_grants (id) ON DELETE CASCADE,
    request BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL,
    is_used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX login_codes_by_grant ON login_codes (grant_id);
CREATE INDEX login_codes_by_end ON login_codes (expires_at_s);
CREATE TABLE login_keys (
    thumbprint TEXT PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    created_at_s INTEGER NOT NULL,
    proof BLOB
) STRICT;
CREATE INDEX login_keys_by_holder ON login_keys (holder);
CREATE TABLE login_events (
    id INTEGER PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    at_s INTEGER NOT NULL,
    what TEXT NOT NULL,
    client_id TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX login_events_by_holder ON login_events (holder, id);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """A login that is under way."""

    id: bytes
    request: AuthorizationRequest
    expires_at_s: int
    nonce: str
    """What the person's wallet signs."""
    session: bytes | None
    """Hash of the cookie of the browser that began it."""
    holder: bytes | None
    """Who proved to be here; None until then."""
    method: str
    response_code: bytes | None
    """Hash of what brings the browser and the proof together."""
    tries: int
    proof: bytes | None
    """By which key of which DID they proved it, sealed to them; None until they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a holder allowed an application."""

    id: bytes
    holder: bytes
    client_id: str
    scope: str
    jkt: str
    """Thumbprint of the key that its tokens are bound to; empty until the first."""
    method: str
    """How the holder proved to be who they are."""
    created_at_s: int
    expires_at_s: int
    proof: bytes | None = None
    """To what key of the holder it goes back, sealed to them; without it nothing is renewed."""
    ended_at_s: int | None = None
    refresh: bytes | None = None
    """Hash of its one refresh token that is good now."""
    refresh_until_s: int = 0

    def is_live(self, now_s: int) -> bool:
        """Whether it still holds."""
        return self.ended_at_s is None and now_s < self.expires_at_s


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """An authorization code that was handed out."""

    id: bytes
    grant: Grant
    request: AuthorizationRequest
    """What it was asked with."""
    expires_at_s: int
    is_used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginKey:
    """A key to which a holder's credential is bound."""

    holder: bytes
    proof: bytes | None
    """To what key of the holder the credential goes back, sealed to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginEvent:
    """An entry of a holder's audit trail."""

    at_s: int
    what: str
    client_id: str
    detail: str


def hash_secret(secret: str) -> bytes:
    """Under what a secret is stored; its entropy makes a slow hash needless."""
    return hashlib.sha256(b"rochdale/login-secret/v1\0" + secret.encode()).digest()


def read_request(row: sqlite3.Row) -> LoginRequest:
    """A row of `login_requests`."""
    return LoginRequest(
        id=bytes(row["id"]),
        request=AuthorizationRequest.decode(bytes(row["request"])),
        expires_at_s=row["expires_at_s"],
        nonce=row["nonce"],
        session=row["session"],
        holder=row["holder"],
        method=row["method"] or "",
        response_code=row["response_code"],
        tries=row["tries"],
        proof=row["proof"],
    )


def read_grant(row: sqlite3.Row) -> Grant:
    """A row of `login_grants`."""
    return Grant(**{name: row[name] for name in _GRANT_FIELDS})


_GRANT_FIELDS = tuple(item.name for item in fields(Grant))
