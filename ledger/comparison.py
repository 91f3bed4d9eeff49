"""Where two stores differ: the tool for a wrong app hash.

Both are read once, in the order of their keys, so that stores of any size are compared in
little memory. Keys are told in words: an operator and a developer speak about the same record.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from governance.state_keys import COLLECTION_AT, FEDERATION, Collection
from governance.view import KeyValue
from ledger.app_hash import AppHashParts, compute_parts
from ledger.disk import CommitRecord, explained
from ledger.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyName:
    """A key in words."""

    namespace: str
    """A cooperative's id in hexadecimal, or `federation`."""
    collection: str
    """As `governance.view.Collection` names it, or its number."""
    id: str
    """What remains, in hexadecimal."""

    def __str__(self) -> str:
        where = "the federation" if self.namespace == "federation" else self.namespace
        return f"{self.collection} {self.id or '(the only one)'} of {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSummary:
    """What a store says of itself."""

    record: CommitRecord
    parts: AppHashParts


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Two stores beside each other."""

    first: StoreSummary
    second: StoreSummary
    first_difference: KeyName | None = None
    values: tuple[bytes | None, bytes | None] = (None, None)
    """Under that key; None where there is none."""
    counts: Counter[str] = field(default_factory=Counter)
    """Keys that differ, by collection."""

    @property
    def is_of_one_chain(self) -> bool:
        """Whether both are states of the same chain."""
        return self.first.record.chain_id == self.second.record.chain_id

    @property
    def is_equal(self) -> bool:
        """Whether every value is the same, on one chain; heights may still differ."""
        return self.first_difference is None and self.is_of_one_chain


def compare_stores(first: Path, second: Path) -> Comparison:
    """Compare two closed stores.

    Raises:
        MisconfiguredError: One is missing.
        UnavailableError: One is in use.
        InvariantError: One is not what its last commit recorded.
    """
    left, right = Store.open(first), None
    try:
        right = Store.open(second)
        with explained(first, second):
            return _compare(left, right)
    finally:
        left.close()
        if right is not None:
            right.close()


def _compare(left: Store, right: Store) -> Comparison:
    found = Comparison(first=_summarize(left), second=_summarize(right))
    for key, values in _walk(left, right):
        name = name_key(key)
        if found.first_difference is None:
            found.first_difference, found.values = name, values
        found.counts[name.collection] += 1
    return found


def name_key(key: bytes) -> KeyName:
    """Say a state key in words."""
    namespace, number, record_id = (
        key[:COLLECTION_AT],
        key[COLLECTION_AT],
        key[COLLECTION_AT + 1 :],
    )
    known = {int(collection): collection.name for collection in Collection}
    return KeyName(
        namespace="federation" if namespace == FEDERATION else namespace.hex(),
        collection=known.get(number, f"0x{number:02x}"),
        id=record_id.hex(),
    )


def _summarize(store: Store) -> StoreSummary:
    return StoreSummary(record=store.record, parts=compute_parts(store, state_root=store.tree.root))


def _walk(
    left: KeyValue, right: KeyValue
) -> Iterator[tuple[bytes, tuple[bytes | None, bytes | None]]]:
    """Keys whose values differ, ascending."""
    lefts, rights = left.scan(b""), right.scan(b"")
    a, b = next(lefts, None), next(rights, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None  # noqa: S101 - one of both is left
            yield a[0], (a[1], None)
            a = next(lefts, None)
        elif a is None or b[0] < a[0]:
            yield b[0], (None, b[1])
            b = next(rights, None)
        else:
            if a[1] != b[1]:
                yield a[0], (a[1], b[1])
            a, b = next(lefts, None), next(rights, None)
