"""A person's history of consent: what was granted, changed, revoked and used, hash to hash.

Each entry commits to its content with a salt and to the entry before. Only the head leaves,
salted again for each period, so that a published leaf says nothing once the salts are gone:
erasing the person's key erases the history, and the roots on the ledger stay valid.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.errors import RefusedError
from did.jcs import Json, JsonObject, canonicalize, parse_json_object

SALT_BYTES = 32
EMPTY_HEAD = bytes(32)
"""Head of a history without entries."""
_ENTRY_DOMAIN = b"rochdale/consent-entry/v1"
_LEAF_DOMAIN = b"rochdale/consent-leaf/v1"
_FIELDS = {"number", "kind", "atMs", "content"}
_AT_MS_MAX = 253_402_300_799_999
"""The end of the year 9999, as calendars write it."""


class EntryKind(StrEnum):
    """What happened."""

    GRANT = "grant"
    CHANGE = "change"
    REVOCATION = "revocation"
    MANDATE = "mandate"
    STEWARD_DECISION = "steward-decision"
    USE = "use"
    REFUSAL = "refusal"


class ChainError(RefusedError):
    """A history does not hang together; the message names the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    number: int
    """From 1."""
    kind: EntryKind
    at_ms: int
    """Wall clock of the node."""
    content: JsonObject
    """For a statement its JWS, for a use who, why, what, and the ledger height."""
    salt: bytes
    """32 random bytes; without them the commitment tells nothing."""
    head: bytes
    """Over this entry and all before; 32 bytes."""


def append_entry(
    before: Entry | None, *, kind: EntryKind, at_ms: int, content: JsonObject, salt: bytes
) -> Entry:
    """Make the entry after another, or the first.

    Args:
        before: The latest entry; None if there is none.
        kind: What happened.
        at_ms: Wall clock.
        content: JSON of what happened.
        salt: 32 fresh random bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ChainError(f"a salt has {SALT_BYTES} bytes")
    number = 1 if before is None else before.number + 1
    head = compute_head(
        EMPTY_HEAD if before is None else before.head,
        body=_render_body(number=number, kind=kind, at_ms=at_ms, content=content),
        salt=salt,
    )
    return Entry(number=number, kind=kind, at_ms=at_ms, content=content, salt=salt, head=head)


def check_chain(entries: Sequence[Entry]) -> bytes:
    """Check a whole history, oldest first; its head.

    Raises:
        ChainError: An entry was changed, left out or moved; the first such is named.
    """
    head = EMPTY_HEAD
    for number, entry in enumerate(entries, start=1):
        expected = compute_head(head, body=render_body(entry), salt=entry.salt)
        if entry.number != number or entry.head != expected:
            raise ChainError(f"entry {number} was changed, left out or moved")
        head = expected
    return head


def compute_leaf(head: bytes, *, period: int, salt: bytes) -> bytes:
    """What stands for a person under a period's root; 32 bytes.

    Args:
        head: Of their history at the period's end.
        period: Number of the period.
        salt: 32 random bytes for this person and period: leaves of two periods cannot be linked.
    """
    if len(salt) != SALT_BYTES:
        raise ChainError(f"a salt has {SALT_BYTES} bytes")
    return hashlib.sha256(_LEAF_DOMAIN + period.to_bytes(8) + salt + head).digest()


def render_body(entry: Entry) -> bytes:
    """What an entry commits to: canonical JSON (RFC 8785) of all but its salt."""
    return _render_body(
        number=entry.number, kind=entry.kind, at_ms=entry.at_ms, content=entry.content
    )


def parse_body(body: bytes, *, bytes_max: int, salt: bytes, head: bytes) -> Entry:
    """Read an entry from what it commits to.

    Args:
        body: As `render_body` writes it.
        bytes_max: Longest body that is looked at.
        salt: The entry's.
        head: Over it and all before, computed by the caller.

    Raises:
        RefusedError: It is no such entry, or spelled in another way.
    """
    fields = parse_json_object(body, bytes_max=bytes_max)
    if set(fields) != _FIELDS or canonicalize(fields) != body or _has_fraction(fields):
        raise ChainError("an entry of a history is spelled in its canonical way, in whole numbers")
    number, at_ms, content = fields["number"], fields["atMs"], fields["content"]
    is_number = type(number) is int and number >= 1
    is_time = type(at_ms) is int and 0 <= at_ms <= _AT_MS_MAX
    is_fit = is_number and is_time and isinstance(content, dict)
    if not is_fit or fields["kind"] not in list(EntryKind):
        raise ChainError("an entry of a history says number, kind, time and content")
    kind = EntryKind(fields["kind"])
    return Entry(number=number, kind=kind, at_ms=at_ms, content=content, salt=salt, head=head)


def compute_head(before: bytes, *, body: bytes, salt: bytes) -> bytes:
    """The head over an entry and all before it; 32 bytes.

    Args:
        before: Head of the history so far; `EMPTY_HEAD` for the first entry.
        body: What the entry commits to.
        salt: The entry's own.
    """
    commitment = hashlib.sha256(_ENTRY_DOMAIN + salt + body).digest()
    return hashlib.sha256(_ENTRY_DOMAIN + before + commitment).digest()


def _render_body(*, number: int, kind: EntryKind, at_ms: int, content: JsonObject) -> bytes:
    body = {"number": number, "kind": kind.value, "atMs": at_ms, "content": content}
    return canonicalize(body)


def _has_fraction(value: Json) -> bool:
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return any(_has_fraction(item) for item in items)
    return isinstance(value, float)
