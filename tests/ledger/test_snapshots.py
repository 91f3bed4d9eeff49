"""The bytes of a snapshot: one spelling for one state, and nothing else is taken."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.snapshot_limits import SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES_MAX
from ledger.snapshots import (
    SnapshotError,
    SnapshotInfo,
    decode_chunk,
    encode_chunks,
    parse_info,
)

INFO = SnapshotInfo(
    chain_id="test-one-1",
    height=1_000,
    time_ms=1_700_000_000_000,
    app_hash=bytes([1]) * 32,
    state_root=bytes([2]) * 32,
    chunks=(bytes([3]) * 32, bytes([4]) * 32),
)
KEY = bytes(32) + b"\x01"
keys = st.binary(min_size=33, max_size=256)
values = st.binary(min_size=1, max_size=2_000)


def chunks_of(items: list[tuple[bytes, bytes]]) -> list[bytes]:
    return [chunk for chunk in encode_chunks(items) if chunk is not None]


@given(st.dictionaries(keys, values, min_size=1, max_size=50))
def test_what_was_cut_reads_back_the_same(state: dict[bytes, bytes]) -> None:
    """In the order of the keys."""
    items = sorted(state.items())

    found, after = [], b""
    for chunk in chunks_of(items):
        found += decode_chunk(chunk, after=after)
        after = found[-1][0]

    assert found == items


def test_a_chunk_ends_with_the_record_that_fills_it() -> None:
    """Whoever cuts it: so nodes can complete each other's."""
    value = bytes(65_536)
    items = [(KEY + number.to_bytes(2, "big"), value) for number in range(100)]

    chunks = chunks_of(items)

    assert len(chunks) == 4
    assert all(len(chunk) >= SNAPSHOT_CHUNK_BYTES for chunk in chunks[:-1])
    assert all(len(chunk) <= SNAPSHOT_CHUNK_BYTES_MAX for chunk in chunks)


@given(st.binary(max_size=300))
def test_any_bytes_are_records_or_refused(data: bytes) -> None:
    """A stranger's chunk never ends the process."""
    try:
        items = decode_chunk(data, after=b"")
    except SnapshotError:
        return

    assert b"".join(chunks_of(items)) == data


def frame(key: bytes, value: bytes) -> bytes:
    return struct.pack(">HI", len(key), len(value)) + key + value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(SNAPSHOT_CHUNK_BYTES_MAX + 1),
        frame(KEY, b"x")[:-1],
        frame(KEY, b"x") + b"\x00",
        frame(KEY[:32], b"x"),
        frame(bytes(257), b"x"),
        frame(KEY, b""),
        frame(KEY, bytes(65_537)),
        frame(KEY, b"x") + frame(KEY, b"y"),
        frame(KEY + b"\x02", b"x") + frame(KEY + b"\x01", b"y"),
        struct.pack(">HI", 33, 0xFFFFFFFF) + KEY,
    ],
)
def test_a_chunk_that_no_snapshot_has_is_refused(data: bytes) -> None:
    """Too short, too long, cut, empty values, keys that do not ascend."""
    with pytest.raises(SnapshotError):
        decode_chunk(data, after=b"")


def test_keys_ascend_over_chunks() -> None:
    """The first of one comes after the last of the one before."""
    with pytest.raises(SnapshotError, match="ascend"):
        decode_chunk(frame(KEY, b"x"), after=KEY)


def test_metadata_has_one_spelling_and_a_hash() -> None:
    """The engine tells snapshots apart by it."""
    assert parse_info(INFO.encode()) == INFO
    assert len(INFO.hash) == 32
    for data in (b"", b"\x90", INFO.encode() + b"\x00", INFO.encode()[:-1]):
        with pytest.raises(SnapshotError, match="metadata"):
            parse_info(data)
