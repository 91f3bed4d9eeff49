"""A snapshot of the state: chunks that every node makes alike, and what says what they are.

Format 1. A chunk is records in a row, each

    length of the key, 2 bytes ‖ length of the value, 4 bytes ‖ key ‖ value

in the order of the keys, derived records too, and ends with the record that brings it to
`SNAPSHOT_CHUNK_BYTES`. So the same state at the same height gives the same bytes everywhere,
and a joining node can take chunks from several others. The metadata names the commit and
every chunk's hash; nobody believes it: what the chunks lead to is compared with the app hash
that a light client vouches for (`ledger.restoring`). Pure: bytes in, bytes out.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from typing import Annotated

from msgspec import Meta

from config.errors import RefusedError
from config.limits import CHAIN_ID_CHARS_MAX, STATE_KEY_BYTES_MAX
from config.snapshot_limits import (
    SNAPSHOT_CHUNK_BYTES,
    SNAPSHOT_CHUNK_BYTES_MAX,
    SNAPSHOT_CHUNKS_MAX,
)
from did.codec import CodecError, Record
from governance.fields import INTEGER_MAX, STATE_VALUE_BYTES_MAX, Hash, TimeMs

SNAPSHOT_FORMAT = 1
_HEAD = struct.Struct(">HI")
_KEY_BYTES_MIN = 33
"""Namespace and collection."""


class SnapshotError(RefusedError):
    """A chunk or its metadata is not what a snapshot has; whoever sent it is not believed."""


class SnapshotInfo(Record, frozen=True, kw_only=True):
    """What a snapshot says of itself: its metadata."""

    chain_id: Annotated[str, Meta(min_length=1, max_length=CHAIN_ID_CHARS_MAX)]
    height: Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
    """Of the commit whose state this is."""
    time_ms: TimeMs
    """Header time of that block."""
    app_hash: Hash
    state_root: Hash
    chunks: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=SNAPSHOT_CHUNKS_MAX)]
    """SHA-256 of each, in their order."""

    @property
    def bytes_max(self) -> int:
        """What all of its chunks can hold."""
        return len(self.chunks) * SNAPSHOT_CHUNK_BYTES_MAX

    @property
    def hash(self) -> bytes:
        """Tells one snapshot from another; 32 bytes."""
        return hashlib.sha256(self.encode()).digest()


def parse_info(data: bytes) -> SnapshotInfo:
    """Read metadata that somebody sent.

    Raises:
        SnapshotError: It is not a snapshot's.
    """
    try:
        return SnapshotInfo.parse(data)
    except CodecError as error:
        raise SnapshotError(f"the metadata of a snapshot is malformed: {error}") from error


def encode_chunks(items: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes | None]:
    """Cut a state into chunks.

    Args:
        items: All keys and values, ascending by key.

    Yields:
        A chunk when it is full, None after every other record: whoever writes chunks beside
        other work stops there when it has done enough.
    """
    parts: list[bytes] = []
    size = 0
    for key, value in items:
        record = b"".join((_HEAD.pack(len(key), len(value)), key, value))
        parts.append(record)
        size += len(record)
        if size >= SNAPSHOT_CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
        else:
            yield None
    if parts:
        yield b"".join(parts)


def decode_chunk(data: bytes, *, after: bytes) -> list[tuple[bytes, bytes]]:
    """Read a chunk's records.

    Args:
        data: The chunk.
        after: The last key of the chunk before; empty for the first.

    Raises:
        SnapshotError: It is none, or its keys do not ascend.
    """
    if not 0 < len(data) <= SNAPSHOT_CHUNK_BYTES_MAX:
        raise SnapshotError(f"a chunk has 1 to {SNAPSHOT_CHUNK_BYTES_MAX} bytes")
    items = []
    place = 0
    while place < len(data):
        if place + _HEAD.size > len(data):
            raise SnapshotError("a chunk ends within a record")
        key_length, value_length = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        if not _KEY_BYTES_MIN <= key_length <= STATE_KEY_BYTES_MAX:
            raise SnapshotError("a record's key has a length that no key has")
        if not 0 < value_length <= STATE_VALUE_BYTES_MAX:
            raise SnapshotError("a record's value has a length that no value has")
        end = place + key_length + value_length
        if end > len(data):
            raise SnapshotError("a chunk ends within a record")
        key, value = data[place : place + key_length], data[place + key_length : end]
        if key <= after:
            raise SnapshotError("the keys of a snapshot do not ascend")
        items.append((key, value))
        after, place = key, end
    return items
