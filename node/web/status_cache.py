"""Status lists of others, kept for as long as these allow and never longer.

So that checking many credentials does not ask their issuers each time, nor tell them when.
Only what was fetched and checked is kept; what cannot be had anew is a refusal, whatever was
known before. This cooperative's own lists are not kept: a revocation holds here at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from config.did_limits import STATUS_LISTS_KEPT_BYTES_MAX, STATUS_LISTS_KEPT_MAX
from config.limits import STATUS_LIST_FRESH_S, STATUS_LIST_VALID_S

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept(Generic[T]):
    found: T
    until_s: float
    size: int


class StatusCache(Generic[T]):
    """Lists of one form by their URL; the oldest make room."""

    def __init__(self, *, steady_s: Callable[[], float], own_origin: str) -> None:
        """Take what it needs.

        Args:
            steady_s: A clock that never goes back.
            own_origin: Lists from here are not kept; without a trailing slash.
        """
        self._steady_s = steady_s
        self._own = f"{own_origin}/"
        self._kept: dict[str, _Kept[T]] = {}

    def get(self, url: str) -> T | None:
        """A list that may still be relied on; None: fetch it."""
        kept = self._kept.get(url)
        if kept is None or self._steady_s() >= kept.until_s:
            return None
        return kept.found

    def put(self, url: str, found: T, *, size: int, ttl_s: int | None, left_s: int | None) -> None:
        """Keep a list that was fetched and checked just now.

        Args:
            url: From where.
            found: As checked.
            size: Of what it unpacks to, in bytes.
            ttl_s: How long it says that it may be kept; a minute if it says nothing.
            left_s: Until it says nothing any more; None if it has no end.
        """
        self._kept.pop(url, None)
        fresh_s = STATUS_LIST_FRESH_S if ttl_s is None else min(ttl_s, STATUS_LIST_VALID_S)
        fresh_s = fresh_s if left_s is None else min(fresh_s, left_s)
        if url.startswith(self._own) or fresh_s <= 0 or size > STATUS_LISTS_KEPT_BYTES_MAX:
            return
        while self._kept and (
            len(self._kept) >= STATUS_LISTS_KEPT_MAX
            or size + sum(item.size for item in self._kept.values()) > STATUS_LISTS_KEPT_BYTES_MAX
        ):
            self._kept.pop(next(iter(self._kept)))
        self._kept[url] = _Kept(found=found, until_s=self._steady_s() + fresh_s, size=size)
