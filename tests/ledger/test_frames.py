"""Framing: any cut of a stream gives the same messages, and lengths are bounded."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.frames import FrameError, FrameReader, encode_frame


def test_a_message_beyond_the_limit_is_refused_by_its_length_alone() -> None:
    """Before its bytes are taken."""
    with pytest.raises(FrameError):
        FrameReader(frame_bytes_max=100).feed(b"\x80\x01")
    assert FrameReader(frame_bytes_max=100).feed(encode_frame(bytes(100))) == [bytes(100)]
    assert FrameReader().feed(encode_frame(bytes(300))) == [bytes(300)]


@given(messages=st.lists(st.binary(max_size=400), max_size=8), cuts=st.lists(st.integers(0, 4_000)))
def test_a_stream_cut_anywhere_gives_the_same_messages(
    messages: list[bytes], cuts: list[int]
) -> None:
    """Sockets do not keep the borders of what was written."""
    stream = b"".join(encode_frame(message) for message in messages)
    borders = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = FrameReader()

    found = [
        frame
        for start, end in itertools.pairwise(borders)
        for frame in reader.feed(stream[start:end])
    ]

    assert found == messages


@given(data=st.binary(max_size=60))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    """The reader holds no more than it was given, and raises nothing else."""
    reader = FrameReader(frame_bytes_max=50)
    try:
        frames_found = reader.feed(data)
    except FrameError:
        return

    assert sum(len(frame) + 1 for frame in frames_found) <= len(data)
