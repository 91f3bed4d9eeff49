"""Undo records: what a block's commit replaced, so that a store can go back.

A block of ballots changes accounts, each in a few bytes, and adds keys that begin alike. Both are
written once: of a key what the one before it does not begin with, of a value what the commit
changed. What a commit writes decides what it costs, and this was a quarter of it.

    length (2) ‖ commit record of the block before ‖ entries, in the order of the changes
    entry      key bytes shared with the entry before (1) ‖ key bytes that follow (2)
               ‖ value bytes that were replaced, and one, or 0 for no value (4) ‖ key bytes
               ‖ for a value: bytes kept before (4) ‖ bytes kept after (4) ‖ value bytes
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import InvariantError
from governance.state_keys import COLLECTION_AT
from ledger.disk import UNDO, CommitRecord, decode_record, encode_record
from ledger.ics23 import HASH_BYTES

_RECORD_HEAD = struct.Struct(">H")
_ENTRY_HEAD = struct.Struct(">BHI")
_KEPT = struct.Struct(">II")
_ID_AT = COLLECTION_AT + 1
_HALF_ID_AT = _ID_AT + HASH_BYTES


@dataclass(frozen=True, slots=True)
class Former:
    """What one key held before a block, in terms of what it holds after it."""

    key: bytes
    replaced: bytes | None
    """The part of the value that the block replaced; None if there was no value."""
    start: int = 0
    """How much of the value stayed before that part; bytes."""
    end: int = 0
    """And after it."""

    def restore(self, after: bytes | None) -> bytes | None:
        """The value before the block; None if there was none.

        Args:
            after: The value after it; None if there is none.

        Raises:
            InvariantError: The block cannot have left this.
        """
        if self.replaced is None:
            return None
        after = after or b""
        if self.start + self.end > len(after):
            raise InvariantError(_DAMAGED)
        return after[: self.start] + self.replaced + after[len(after) - self.end :]


def undo_key(height: int) -> bytes:
    """Where a block's undo record lies."""
    return UNDO + height.to_bytes(8, "big")


def encode_undo(
    record: CommitRecord,
    before: Mapping[bytes, bytes | None],
    after: Mapping[bytes, bytes | None],
) -> bytes:
    """An undo record's bytes.

    Args:
        record: Of the commit before.
        before: Values that were replaced, by key; None where there was none.
        after: What replaced them, for the same keys and always something else; None for those
            that were deleted.
    """
    head = encode_record(record)
    parts = [_RECORD_HEAD.pack(len(head)), head]
    last = b""
    for key, value in before.items():
        shared = _count_shared(last, key)
        own, last = key[shared:], key
        if value is None:
            parts += (_ENTRY_HEAD.pack(shared, len(own), 0), own)
            continue
        start, end = _find_kept(value, after[key] or b"")
        replaced = value[start : len(value) - end]
        head = _ENTRY_HEAD.pack(shared, len(own), len(replaced) + 1)
        parts += (head, own, _KEPT.pack(start, end), replaced)
    return b"".join(parts)


def decode_undo(data: bytes) -> tuple[CommitRecord, list[Former]]:
    """Read what `encode_undo` wrote.

    Raises:
        InvariantError: It is damaged.
    """
    formers: list[Former] = []
    key = b""
    try:
        [length] = _RECORD_HEAD.unpack_from(data)
        place = _RECORD_HEAD.size + length
        record = decode_record(data[_RECORD_HEAD.size : place])
        while place < len(data):
            shared, own, replaced = _ENTRY_HEAD.unpack_from(data, place)
            place += _ENTRY_HEAD.size
            key, place = key[:shared] + data[place : place + own], place + own
            if not replaced:
                formers.append(Former(key, None))
                continue
            start, end = _KEPT.unpack_from(data, place)
            place += _KEPT.size
            formers.append(Former(key, data[place : place + replaced - 1], start, end))
            place += replaced - 1
    except struct.error as error:
        raise InvariantError(_DAMAGED) from error
    if place != len(data):
        raise InvariantError(_DAMAGED)
    return record, formers


_DAMAGED = "an undo record is damaged: restore the state from your backup"


def _count_shared(last: bytes, key: bytes) -> int:
    """How much of a key need not be written: namespace, collection and half an id of two hashes."""
    for shared in (_HALF_ID_AT, _ID_AT):
        if len(key) >= shared and key[:shared] == last[:shared]:
            return shared
    return 0


def _find_kept(before: bytes, after: bytes) -> tuple[int, int]:
    """How many bytes a value that changes keeps at its start and at its end."""
    length = len(before)
    if len(after) != length:
        return 0, 0  # seldom: it is written whole
    # As numbers: one step for all bytes.
    differing = int.from_bytes(before, "big") ^ int.from_bytes(after, "big")
    last_bit = differing & -differing
    return length - (differing.bit_length() + 7) // 8, (last_bit.bit_length() - 1) // 8
