"""The tables of asking people for what is theirs, and their rows.

Apart from `node.web.uma_store`, which writes and finds them. Tickets are kept as hashes; who
asks whom is sealed under the key of the person who is asked, and goes with it.
"""

import hashlib
from dataclasses import dataclass

from did.consent.assessment import RequestingParty
from did.consent.terms import Purpose, Resource
from did.consent.tickets import Permission
from did.jcs import canonicalize

UMA_SCHEMA = """
CREATE TABLE uma_resources (
    id TEXT PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    server TEXT NOT NULL,
    kind TEXT NOT NULL,
    scopes TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX uma_resources_by_holder ON uma_resources (holder, server);
CREATE TABLE uma_tickets (
    id BLOB PRIMARY KEY,
    ticket BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL
) STRICT;
CREATE INDEX uma_tickets_by_end ON uma_tickets (expires_at_s);
CREATE TABLE uma_requests (
    id TEXT PRIMARY KEY,
    holder BLOB REFERENCES holders (id) ON DELETE CASCADE,
    party BLOB NOT NULL,
    asked BLOB NOT NULL,
    sealed BLOB,
    created_at_s INTEGER NOT NULL,
    expires_at_s INTEGER NOT NULL,
    is_refused INTEGER NOT NULL DEFAULT 0,
    UNIQUE (party, asked)
) STRICT;
CREATE INDEX uma_requests_by_holder ON uma_requests (holder, created_at_s);
CREATE INDEX uma_requests_by_end ON uma_requests (expires_at_s);
CREATE TABLE uma_tokens (
    id TEXT PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    server TEXT NOT NULL,
    client_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL,
    is_ended INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX uma_tokens_by_holder ON uma_tokens (holder);
CREATE INDEX uma_tokens_by_end ON uma_tokens (expires_at_s);
"""
OWN_SERVER = ""
"""The node itself, as a resource server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResource:
    """Something of a person's that a resource server keeps."""

    id: str
    """32 random hexadecimal digits; says nothing of whose it is."""
    holder: bytes
    server: str
    """Client id; `OWN_SERVER` for the node."""
    kind: Resource
    scopes: tuple[Purpose, ...]
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """What somebody asks a person for."""

    id: str
    holder: bytes | None
    """None if what is asked for is nobody's; then all that follows is empty."""
    is_refused: bool
    created_at_s: int
    expires_at_s: int
    party: RequestingParty | None = None
    client_id: str = ""
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A requesting party token that was given."""

    id: str
    holder: bytes
    server: str
    client_id: str
    party: RequestingParty
    is_ended: bool


def hash_party(party: RequestingParty) -> bytes:
    """Under what a requesting party's requests are found."""
    text = "\0".join(("rochdale/uma-party/v1", *party.dids))
    return hashlib.sha256(text.encode()).digest()


def hash_asked(client_id: str, permissions: tuple[Permission, ...]) -> bytes:
    """Under what the same request is found when it comes again."""
    asked = sorted([item.resource_id, *sorted(item.resource_scopes)] for item in permissions)
    value = {"client": client_id, "asked": asked}
    return hashlib.sha256(b"rochdale/uma-asked/v1\0" + canonicalize(value)).digest()
