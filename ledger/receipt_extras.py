"""What a receipt holds beside a state key: a ballot's place in a count, or a page of a list.

The key's value names a root (a decision that of the ballots counted, a log's frontier that of
its entries); what is here must lead to it. Reading and spelling only: `ledger.receipts` checks.
"""

from dataclasses import dataclass
from typing import Any

from config.errors import RefusedError
from config.limits import COUNT_CANDIDATES_MAX, LIST_ENTRY_BYTES_MAX, LIST_PAGE_ENTRIES_MAX
from did.jcs import JsonObject
from governance.fields import INTEGER_MAX
from governance.proposal_records import BallotChoice, Choice

_HASH_BYTES = 32
_PATH_MAX = 63
_PAGE_PATH_MAX = 128


class ReceiptError(RefusedError):
    """A receipt is malformed or does not show what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedBallot:
    """A ballot's place among those counted."""

    ballot_id: bytes
    choice: BallotChoice
    index: int
    """Place in the order of ballot ids, from 0."""
    path: tuple[bytes, ...]
    """RFC 6962 audit path to the decision's ballots root."""

    def to_json(self) -> JsonObject:
        """As it stands in a receipt."""
        return {
            "ballot_id": self.ballot_id.hex(),
            "choice": self.choice.hex() if isinstance(self.choice, bytes) else int(self.choice),
            "index": self.index,
            "path": [item.hex() for item in self.path],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Entries of a list from a place on, none left out; of an empty list there are none."""

    first: int
    """Place of the first one, from 0."""
    entries: tuple[bytes, ...]
    path: tuple[bytes, ...]
    """Roots of the largest subtrees beside them, from left to right
    (`governance.merkle_log.compute_range_path`)."""

    def to_json(self) -> JsonObject:
        """As it stands in a receipt."""
        return {
            "first": self.first,
            "entries": [item.hex() for item in self.entries],
            "path": [item.hex() for item in self.path],
        }


def parse_counted(value: object) -> CountedBallot:
    """Read a counted ballot.

    Raises:
        ReceiptError: Malformed, or with other fields.
    """
    fields = read_fields(value, "ballot_id choice index path")
    return CountedBallot(
        ballot_id=read_hash(fields["ballot_id"]),
        choice=_read_choice(fields["choice"]),
        index=read_place(fields["index"]),
        path=read_hashes(fields["path"], count_max=_PATH_MAX),
    )


def parse_page(value: object) -> ListPage:
    """Read a page of a list.

    Raises:
        ReceiptError: Malformed, or with other fields.
    """
    fields = read_fields(value, "first entries path")
    entries = fields["entries"]
    if not isinstance(entries, list) or len(entries) > LIST_PAGE_ENTRIES_MAX:
        raise ReceiptError(f"a page is a list of at most {LIST_PAGE_ENTRIES_MAX} entries")
    return ListPage(
        first=read_place(fields["first"]),
        entries=tuple(read_hex(item, bytes_max=LIST_ENTRY_BYTES_MAX) for item in entries),
        path=read_hashes(fields["path"], count_max=_PAGE_PATH_MAX),
    )


def read_fields(value: object, names: str) -> dict[str, Any]:
    """An object with exactly some fields.

    Raises:
        ReceiptError: Others, or none.
    """
    if not isinstance(value, dict) or set(value) != set(names.split()):
        raise ReceiptError(f"expected an object with exactly: {names}")
    return value


def read_hex(value: object, *, bytes_max: int) -> bytes:
    """Bytes as lower-case hexadecimal.

    Raises:
        ReceiptError: They are not, or too many.
    """
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or data.hex() != value or len(data) > bytes_max:
        raise ReceiptError(f"expected at most {bytes_max} bytes as lower-case hexadecimal")
    return data


def _read_choice(value: object) -> BallotChoice:
    if isinstance(value, str) and value:
        return read_hex(value, bytes_max=COUNT_CANDIDATES_MAX)
    if type(value) is not int or value not in list(Choice):
        raise ReceiptError("unknown choice")
    return Choice(value)


def read_place(value: object) -> int:
    """A whole number from 0.

    Raises:
        ReceiptError: It is not, or too large.
    """
    if type(value) is not int or not 0 <= value <= INTEGER_MAX:
        raise ReceiptError("a place is a whole number")
    return value


def read_hashes(value: object, *, count_max: int) -> tuple[bytes, ...]:
    """A list of hashes.

    Raises:
        ReceiptError: It is not, or too long.
    """
    if not isinstance(value, list) or len(value) > count_max:
        raise ReceiptError(f"expected a list of at most {count_max} hashes")
    return tuple(read_hash(item) for item in value)


def read_hash(value: object) -> bytes:
    """32 bytes as lower-case hexadecimal.

    Raises:
        ReceiptError: They are not.
    """
    data = read_hex(value, bytes_max=_HASH_BYTES)
    if len(data) != _HASH_BYTES:
        raise ReceiptError(f"expected {_HASH_BYTES} bytes")
    return data
