"""The engine's framing: an unsigned varint length before each message.

Source: CometBFT v0.38 `abci/types/messages.go`. Bytes only: what a message says is
`ledger.abci`'s matter.
"""

from config.limits import FRAME_BYTES_MAX

_VARINT_BYTES_MAX = 4
"""28 bits: more than a frame may have."""


class FrameError(Exception):
    """The peer sent what is not a framed message."""


class FrameReader:
    """Cuts a stream of bytes into length-prefixed messages."""

    def __init__(self, *, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._buffer = bytearray()
        self._frame_bytes_max = frame_bytes_max

    def feed(self, data: bytes) -> list[bytes]:
        """Take what arrived; the messages that are now whole.

        Raises:
            FrameError: A length is malformed or beyond the limit.
        """
        self._buffer += data
        frames: list[bytes] = []
        position = 0
        while (header := self._read_length(position)) is not None:
            length, start = header
            if len(self._buffer) < start + length:
                break
            frames.append(bytes(self._buffer[start : start + length]))
            position = start + length
        del self._buffer[:position]
        return frames

    def _read_length(self, position: int) -> tuple[int, int] | None:
        length = 0
        for count in range(_VARINT_BYTES_MAX + 1):
            if position + count >= len(self._buffer):
                return None
            if count == _VARINT_BYTES_MAX:
                break
            byte = self._buffer[position + count]
            length |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                if length > self._frame_bytes_max:
                    break
                return length, position + count + 1
        raise FrameError(f"a message is longer than {self._frame_bytes_max} bytes")


def encode_frame(message: bytes) -> bytes:
    """Put the unsigned varint length before a message."""
    length, prefix = len(message), bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + message
