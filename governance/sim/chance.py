"""Chance that is the same everywhere: numbers that follow from a seed by SHA-256.

Each number has a name, so what one member does on one proposal does not depend on what was
drawn before: two runs under different bylaws meet the same people.
"""

import hashlib
import struct

WHOLE_BPS = 10_000
_NUMBERS_PER_BLOCK = 8
_BITS = 32


class Chance:
    """Numbers by names; equal seeds and names give equal numbers."""

    def __init__(self, seed: str) -> None:
        self._seed = hashlib.sha256(b"rochdale/simulation/v1" + seed.encode()).digest()

    def digest(self, *name: str | int) -> bytes:
        """32 bytes that nothing else is named by."""
        # The separator is in no name, so that no two names run together.
        text = "\x1f".join(map(str, name))
        return hashlib.sha256(self._seed + text.encode()).digest()

    def list_below(self, limit: int, count: int, *name: str | int) -> list[int]:
        """So many numbers from 0 up to below a limit.

        Args:
            limit: 1 to 2^32; a bias of limit / 2^32 does not matter here.
            count: How many; a longer list begins with the shorter one.
            name: Of the list.
        """
        key = self.digest(*name)
        blocks = -(-count // _NUMBERS_PER_BLOCK)
        data = b"".join(
            hashlib.sha256(key + place.to_bytes(4, "big")).digest() for place in range(blocks)
        )
        drawn = struct.unpack(f">{blocks * _NUMBERS_PER_BLOCK}I", data)
        return [number * limit >> _BITS for number in drawn[:count]]

    def list_bps(self, count: int, *name: str | int) -> list[int]:
        """So many numbers from 0 to 9,999."""
        return self.list_below(WHOLE_BPS, count, *name)

    def draw_bps(self, *name: str | int) -> int:
        """One number from 0 to 9,999."""
        return self.list_bps(1, *name)[0]

    def draw_around(self, middle: int, spread: int, *name: str | int) -> int:
        """A share in basis points that lies around another, within 0 to 10,000."""
        moved = middle - spread + self.list_below(2 * spread + 1, 1, *name)[0]
        return min(WHOLE_BPS, max(0, moved))

    def shuffle(self, items: list[int], *name: str | int) -> list[int]:
        """The items in an order that chance has given them."""
        drawn = self.list_below(1 << _BITS, len(items), *name)
        return [item for _, item in sorted(zip(drawn, items, strict=True))]
