"""What others may still ask a cooperative for, by its kind: found without reading all there is.

Kept with each dispute, case and report of usage, so that a parting is told at little cost
(`governance.settlements`).
"""

from enum import IntEnum
from itertools import islice

from governance.state_keys import Collection, state_key
from governance.view import StateView

_COUNT_BYTES = 4


class MatterKind(IntEnum):
    """What is open; a number is never used for anything else."""

    AGREEMENT = 1
    """Its usage was reported and is not netted yet."""
    DISPUTE = 2
    CASE = 3


def open_matter(view: StateView, kind: MatterKind, matter: bytes, *, cooperative: bytes) -> None:
    """Note one more reason for which a matter is open."""
    _change(view, kind, matter, cooperative=cooperative, change=1)


def close_matter(view: StateView, kind: MatterKind, matter: bytes, *, cooperative: bytes) -> None:
    """Note one reason fewer; without any the matter is closed."""
    _change(view, kind, matter, cooperative=cooperative, change=-1)


def list_open_matters(
    view: StateView, kind: MatterKind, *, cooperative: bytes, entries_max: int
) -> tuple[bytes, ...]:
    """Ids of what is open, ascending; at most so many."""
    prefix = state_key(cooperative, Collection.OPEN_MATTER, bytes([kind]))
    return tuple(key[len(prefix) :] for key, _ in islice(view.kv.scan(prefix), entries_max))


def _change(
    view: StateView, kind: MatterKind, matter: bytes, *, cooperative: bytes, change: int
) -> None:
    key = state_key(cooperative, Collection.OPEN_MATTER, bytes([kind]) + matter)
    count = int.from_bytes(view.kv.get(key) or b"", "big") + change
    if count:
        view.kv.put(key, count.to_bytes(_COUNT_BYTES, "big"))
    else:
        view.kv.delete(key)
