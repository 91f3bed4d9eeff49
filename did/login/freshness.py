"""Nonces that need no memory, and a memory of what was used once.

A nonce is its time, a number and a MAC over both, so any number of clients can be given one
for nothing; its key lives as long as the process, and so does the memory of used identifiers:
after a restart no old nonce is good, therefore nothing that was forgotten can be replayed.
"""

import hashlib
import hmac
from collections import OrderedDict

from config.errors import RefusedError, UnavailableError
from did.base64url import decode_base64url, encode_base64url

_TIME_BYTES = 8
_PLACE_BYTES = 16
"""Of time and count together."""
_MAC_BYTES = 16


class Nonces:
    """Makes and knows nonces of one purpose."""

    def __init__(self, secret: bytes, *, purpose: str, lifetime_s: int) -> None:
        """Args are a secret of this process, what the nonces are for, and how long they hold."""
        self._key = hmac.digest(secret, b"rochdale/nonce/v1/" + purpose.encode(), "sha256")
        self._lifetime_s = lifetime_s
        self._count = 0

    def make(self, *, now_s: int) -> str:
        """A nonce for whoever asks; never the same one twice."""
        self._count += 1
        place = now_s.to_bytes(_TIME_BYTES) + self._count.to_bytes(_TIME_BYTES)
        return encode_base64url(place + self._compute_mac(place))

    def is_fresh(self, nonce: str, *, now_s: int) -> bool:
        """Whether this process made it, not too long ago."""
        try:
            data = decode_base64url(nonce[:64])
        except RefusedError:
            return False
        place, mac = data[:_PLACE_BYTES], data[_PLACE_BYTES:]
        if not hmac.compare_digest(mac, self._compute_mac(place)):
            return False
        return 0 <= now_s - int.from_bytes(place[:_TIME_BYTES]) <= self._lifetime_s

    def _compute_mac(self, place: bytes) -> bytes:
        return hmac.digest(self._key, place, "sha256")[:_MAC_BYTES]


class UsedOnce:
    """Remembers identifiers until they could not be used again anyway; bounded."""

    def __init__(self, *, items_max: int) -> None:
        self._items_max = items_max
        self._until_s: OrderedDict[bytes, int] = OrderedDict()

    def take(self, *parts: str, until_s: int, now_s: int) -> bool:
        """Use an identifier; False if it was used before.

        Args:
            parts: What it consists of; together they are one identifier.
            until_s: From when it would be refused for its age.
            now_s: Now.

        Raises:
            UnavailableError: Too many are remembered: nothing is forgotten early.
        """
        while self._until_s and next(iter(self._until_s.values())) < now_s:
            self._until_s.popitem(last=False)
        name = hashlib.sha256("\0".join(parts).encode()).digest()
        if name in self._until_s:
            return False
        if len(self._until_s) >= self._items_max:
            raise UnavailableError("too many requests at once: come back in a minute")
        self._until_s[name] = until_s
        return True


class RateLimit:
    """So many events per key and minute; keys that were long silent are forgotten."""

    def __init__(self, *, per_minute: int, keys_max: int) -> None:
        self._per_minute = per_minute
        self._keys_max = keys_max
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, *, now_s: float) -> None:
        """Count one event.

        Raises:
            UnavailableError: The key has had its share for now.
        """
        level, then_s = self._used.pop(key, (0.0, now_s))
        level = max(0.0, level - (now_s - then_s) * self._per_minute / 60)
        is_full = level + 1 > self._per_minute
        self._used[key] = (level if is_full else level + 1, now_s)
        while len(self._used) > self._keys_max:
            self._used.popitem(last=False)
        if is_full:
            raise UnavailableError("too many attempts: wait a minute and try again")
