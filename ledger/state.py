"""The state at one height: values, and proofs that anybody can check.

The last state is the store's own. A few earlier ones are seen through what the blocks after
them replaced, which stays in memory for as long. Reads only.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from config.errors import InvariantError
from config.limits import STATE_KEY_BYTES_MAX
from governance.state_keys import is_derived
from governance.view import KeyValue, Savepoint
from ledger.disk import CommitRecord
from ledger.ics23 import SMT, Absence, Existence, ProofError, encode_absence, encode_existence
from ledger.pages import Node, Records
from ledger.paths import TreeReader, find_neighbour, find_path
from ledger.tree import TOP_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What one commit replaced."""

    record: CommitRecord
    """Of the commit before."""
    values: dict[bytes, bytes | None]
    """By key; None for keys that were new."""
    keys: dict[bytes, bytes]
    """Keys of the tree that were deleted, by their hashes."""
    pages: Records
    nodes: Sequence[dict[int, Node]]
    """Of the upper levels, from the pages up; empty if none changed."""


class Committed(KeyValue, Protocol):
    """The last state, as the store has it."""

    record: CommitRecord

    @property
    def tree(self) -> TreeReader:
        """Over the keys that are not derived."""

    def find_key(self, key_hash: bytes) -> bytes | None:
        """A key of the tree by its hash."""


class ReadOnly:
    """What is committed changes by a commit only."""

    def put(self, key: bytes, value: bytes) -> None:  # noqa: ARG002
        """Refuse."""
        raise InvariantError("committed state is changed by a commit only")

    def delete(self, key: bytes) -> None:  # noqa: ARG002
        """Refuse."""
        raise InvariantError("committed state is changed by a commit only")


class State(ReadOnly):
    """A `governance.view.KeyValue` and its proofs at one height.

    It holds as long as the store's last state is the one that it was made over.
    """

    def __init__(self, committed: Committed, replaced: Sequence[Replaced] = ()) -> None:
        """Look at the last state, or at the one before some blocks.

        Args:
            committed: The last state.
            replaced: What those blocks replaced, oldest first.
        """
        self._committed = committed
        self._replaced = replaced
        self.record = replaced[0].record if replaced else committed.record
        """Of the commit that left this state."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        for block in self._replaced:
            if key in block.values:
                return block.values[key]
        return self._committed.get(key)

    def scan(self, prefix: bytes, *, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """As `KeyValue.scan`."""
        if not self._replaced:
            return self._committed.scan(prefix, after=after)
        overlay = Savepoint(self._committed)
        for block in reversed(self._replaced):
            for key, value in block.values.items():
                if value is None:
                    overlay.delete(key)
                else:
                    overlay.put(key, value)
        return overlay.scan(prefix, after=after)

    def prove(self, key: bytes) -> bytes:
        """Prove that a key has its value, or that it has none; a CommitmentProof.

        Raises:
            ProofError: The key cannot be in the tree, or there is no key at all.
        """
        if not 0 < len(key) <= STATE_KEY_BYTES_MAX:
            raise ProofError(f"a state key has 1 to {STATE_KEY_BYTES_MAX} bytes")
        if is_derived(key):
            raise ProofError("this key is outside the tree: the root of its log is what proves it")
        key_hash = hashlib.sha256(key).digest()
        value = self.get(key)
        if value is not None:
            path = find_path(self, key_hash)
            return encode_existence(Existence(key=key, value=value, path=path), spec=SMT)
        before = find_neighbour(self, key_hash, is_before=True)
        after = find_neighbour(self, key_hash, is_before=False)
        if before is None and after is None:
            raise ProofError("the state is empty: ICS 23 knows no proof of that")
        return encode_absence(
            Absence(
                key=key,
                left=None if before is None else self._find_existence(before),
                right=None if after is None else self._find_existence(after),
            )
        )

    def get_node(self, index: int) -> Node:
        """As `TreeReader.get_node`."""
        level = TOP_BITS + 1 - index.bit_length()
        for block in self._replaced:
            if block.nodes and index in block.nodes[level]:
                return block.nodes[level][index]
        return self._committed.tree.get_node(index)

    def get_page(self, place: bytes) -> bytes | None:
        """As `TreeReader.get_page`."""
        for block in self._replaced:
            if place in block.pages:
                return block.pages[place]
        return self._committed.tree.get_page(place)

    def _find_existence(self, key_hash: bytes) -> Existence:
        key = self._find_key(key_hash)
        value = None if key is None else self.get(key)
        if key is None or value is None:
            raise InvariantError("the tree has a key that the state lacks: scrub the state")
        return Existence(key=key, value=value, path=find_path(self, key_hash))

    def _find_key(self, key_hash: bytes) -> bytes | None:
        for block in self._replaced:
            if key_hash in block.keys:
                return block.keys[key_hash]
        return self._committed.find_key(key_hash)
