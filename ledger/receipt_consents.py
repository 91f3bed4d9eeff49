"""A receipt's history of consent: what happened, and the path from there to a period's root.

The ledger has the root alone; what happened, the salts and the path are the person's. Reading,
spelling and checking; wording is `ledger.receipt_meaning`'s.
"""

from dataclasses import dataclass

from config.did_limits import CONSENT_ENTRY_BYTES_MAX, CONSENT_RECEIPT_ENTRIES_MAX
from did.consent.chain import EMPTY_HEAD, Entry, compute_head, compute_leaf, parse_body
from did.jcs import JsonObject
from governance.consent_anchors import ConsentRoot, read_consent_root_key
from governance.merkle_log import is_included
from ledger.receipt_extras import (
    ReceiptError,
    read_fields,
    read_hash,
    read_hashes,
    read_place,
)

_PATH_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltedBody:
    """One entry of a history."""

    body: str
    """Canonical JSON that the entry commits to (`did.consent.chain.render_body`)."""
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentHistory:
    """A person's history at a period's end, opened, and its place under the period's root."""

    before: bytes
    """Head of what came before the first entry here; 32 zero bytes if nothing did."""
    entries: tuple[SaltedBody, ...]
    """Oldest first; the last is the latest of the period."""
    salt: bytes
    """For this person and period; 32 bytes."""
    index: int
    """Place among the leaves, from 0."""
    path: tuple[bytes, ...]
    """RFC 6962 audit path to the root, under 2 to the power of its length leaves."""

    def to_json(self) -> JsonObject:
        """As it stands in a receipt."""
        return {
            "before": self.before.hex(),
            "entries": [{"body": item.body, "salt": item.salt.hex()} for item in self.entries],
            "salt": self.salt.hex(),
            "index": self.index,
            "path": [item.hex() for item in self.path],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFact:
    """The history that a receipt shows."""

    cooperative: bytes
    period: int
    entries: tuple[Entry, ...]


def parse_history(value: object) -> ConsentHistory:
    """Read a history.

    Raises:
        ReceiptError: Malformed, or with other fields.
    """
    fields = read_fields(value, "before entries salt index path")
    entries = fields["entries"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= CONSENT_RECEIPT_ENTRIES_MAX:
        raise ReceiptError(f"a history has 1 to {CONSENT_RECEIPT_ENTRIES_MAX} entries")
    return ConsentHistory(
        before=read_hash(fields["before"]),
        entries=tuple(_parse_entry(item) for item in entries),
        salt=read_hash(fields["salt"]),
        index=read_place(fields["index"]),
        path=read_hashes(fields["path"], count_max=_PATH_MAX),
    )


def read_history(key: bytes, value: bytes | None, history: ConsentHistory) -> ConsentFact:
    """Check that a history hangs together and leads to the root that a state key holds.

    Raises:
        RefusedError: Another key, an entry that was changed, left out or moved, or a path that
            leads elsewhere.
    """
    found = read_consent_root_key(key)
    if found is None or value is None:
        raise ReceiptError("a history of consent is shown by a period's root")
    cooperative, period = found
    head, entries = history.before, list[Entry]()
    for number, item in enumerate(history.entries):
        body = item.body.encode()
        head = compute_head(head, body=body, salt=item.salt)
        entry = parse_body(body, bytes_max=CONSENT_ENTRY_BYTES_MAX, salt=item.salt, head=head)
        if number and entry.number != entries[-1].number + 1:
            raise ReceiptError("an entry of the history is missing or stands elsewhere")
        entries.append(entry)
    if (entries[0].number == 1) != (history.before == EMPTY_HEAD):
        raise ReceiptError("before the first entry of a history is nothing")
    if not is_included(
        leaf=compute_leaf(head, period=period, salt=history.salt),
        index=history.index,
        size=1 << len(history.path),
        path=history.path,
        root=ConsentRoot.parse(value).root,
    ):
        raise ReceiptError("the history does not lead to the period's root")
    return ConsentFact(cooperative=cooperative, period=period, entries=tuple(entries))


def _parse_entry(value: object) -> SaltedBody:
    fields = read_fields(value, "body salt")
    body = fields["body"]
    if not isinstance(body, str) or len(body) > CONSENT_ENTRY_BYTES_MAX:
        raise ReceiptError(f"an entry is a text of at most {CONSENT_ENTRY_BYTES_MAX} bytes")
    return SaltedBody(body=body, salt=read_hash(fields["salt"]))
