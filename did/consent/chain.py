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
from did.jcs import JsonObject, canonicalize

SALT_BYTES = 32
EMPTY_HEAD = bytes(32)
"""Head of a history without entries."""
_ENTRY_DOMAIN = b"rochdale/consent-entry/v1"
_LEAF_DOMAIN = b"rochdale/consent-leaf/v1"


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
    head = _compute_head(
        EMPTY_HEAD if before is None else before.head,
        number=number,
        kind=kind,
        at_ms=at_ms,
        content=content,
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
        expected = _compute_head(
            head,
            number=number,
            kind=entry.kind,
            at_ms=entry.at_ms,
            content=entry.content,
            salt=entry.salt,
        )
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


def _compute_head(
    before: bytes, *, number: int, kind: EntryKind, at_ms: int, content: JsonObject, salt: bytes
) -> bytes:
    body = {"number": number, "kind": kind.value, "atMs": at_ms, "content": content}
    commitment = hashlib.sha256(_ENTRY_DOMAIN + salt + canonicalize(body)).digest()
    return hashlib.sha256(_ENTRY_DOMAIN + before + commitment).digest()
