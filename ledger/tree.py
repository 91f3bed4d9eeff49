"""The authenticated map: a compressed binary Merkle tree over hashed keys.

Hashed as ICS23's SmtSpec says: leaf = H(00 ‖ H(key) ‖ H(value)), inner = H(01 ‖ left ‖ right),
empty = 32 zero bytes, and a leaf that is alone below a node rises to its place. So the root
depends on the contents alone, never on the order of changes. This layout is the simple one:
all nodes in memory, rebuilt at start. Pure: no disk.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from config.errors import RefusedError
from did.codec import Value

HASH_BYTES = 32
EMPTY = bytes(HASH_BYTES)
DEPTH_MAX = 256


@dataclass(frozen=True, slots=True)
class _Leaf:
    key_hash: bytes
    value_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Inner:
    left: "_Node"
    right: "_Node"
    hash: bytes


_Node: TypeAlias = "_Leaf | _Inner | None"


class ProofError(RefusedError):
    """A proof is malformed or does not show what it is said to show."""


@dataclass(frozen=True, slots=True)
class StateProof:
    """Why a key has its value, or none, under a root."""

    siblings: tuple[bytes, ...]
    """Hash beside the path at each level, from the leaf up; at most 256."""
    other_leaf: tuple[bytes, bytes] | None = None
    """For absence: key hash and value hash of the leaf that stands in the key's place."""

    def __post_init__(self) -> None:
        hashes = (*self.siblings, *(self.other_leaf or ()))
        if len(self.siblings) > DEPTH_MAX or any(len(item) != HASH_BYTES for item in hashes):
            raise ProofError(f"a proof is at most {DEPTH_MAX} hashes of {HASH_BYTES} bytes")

    def to_value(self) -> list[Value]:
        """Positional form for `did.codec`."""
        other: Value = None if self.other_leaf is None else [*self.other_leaf]
        return [[*self.siblings], other]


def decode_state_proof(value: Value) -> StateProof:
    """Read the positional form.

    Raises:
        ProofError: Another shape, hashes of another length, or more levels than a hash has bits.
    """
    match value:
        case [list(siblings), None]:
            other = None
        case [list(siblings), [bytes(key_hash), bytes(value_hash)]]:
            other = (key_hash, value_hash)
        case _:
            raise ProofError("a proof has siblings and, for absence, a leaf")
    hashes = tuple(item for item in siblings if isinstance(item, bytes))
    if len(hashes) != len(siblings):
        raise ProofError("a proof's siblings are byte strings")
    return StateProof(siblings=hashes, other_leaf=other)


@dataclass(frozen=True, slots=True)
class Tree:
    """An immutable map's tree; a change makes another that shares what did not change."""

    _root: _Node = None

    @property
    def root(self) -> bytes:
        """Commits to every key and value; 32 bytes."""
        return _hash_of(self._root)

    def update(self, changes: Iterable[tuple[bytes, bytes | None]]) -> "Tree":
        """Put and delete values.

        Args:
            changes: Keys and values, None to delete; each key at most once.
        """
        hashed = sorted(
            (_sha256(key), None if value is None else _sha256(value)) for key, value in changes
        )
        return Tree(_update(self._root, hashed, depth=0))

    def prove(self, key: bytes) -> StateProof:
        """Prove that a key has its value, or that it has none."""
        key_hash = _sha256(key)
        node = self._root
        siblings: list[bytes] = []
        while isinstance(node, _Inner):
            is_right = _bit(key_hash, len(siblings))
            siblings.append(_hash_of(node.left if is_right else node.right))
            node = node.right if is_right else node.left
        other = None
        if node is not None and node.key_hash != key_hash:
            other = (node.key_hash, node.value_hash)
        return StateProof(siblings=tuple(reversed(siblings)), other_leaf=other)


def check_membership(*, root: bytes, key: bytes, value: bytes, proof: StateProof) -> None:
    """Check that a key has a value under a root.

    Raises:
        ProofError: The proof does not show it.
    """
    key_hash = _sha256(key)
    if proof.other_leaf is not None:
        raise ProofError("this is a proof of absence")
    if _climb(_hash_leaf(key_hash, _sha256(value)), key_hash, proof.siblings) != root:
        raise ProofError("the proof does not lead from this key and value to the root")


def check_absence(*, root: bytes, key: bytes, proof: StateProof) -> None:
    """Check that a key has no value under a root.

    Raises:
        ProofError: The proof does not show it.
    """
    key_hash = _sha256(key)
    start = EMPTY
    if proof.other_leaf is not None:
        other, value_hash = proof.other_leaf
        depth = len(proof.siblings)
        if other == key_hash:
            raise ProofError("the key is there")
        if any(_bit(other, level) != _bit(key_hash, level) for level in range(depth)):
            raise ProofError("the leaf does not stand in the key's place")
        start = _hash_leaf(other, value_hash)
    if _climb(start, key_hash, proof.siblings) != root:
        raise ProofError("the proof does not lead from the key's place to the root")


def _update(node: _Node, changes: list[tuple[bytes, bytes | None]], *, depth: int) -> _Node:
    if not changes:
        return node
    if isinstance(node, _Inner):
        left, right = _split(changes, depth)
        return _join(
            _update(node.left, left, depth=depth + 1), _update(node.right, right, depth=depth + 1)
        )
    leaves = {key_hash: value_hash for key_hash, value_hash in changes if value_hash is not None}
    if node is not None and all(key_hash != node.key_hash for key_hash, _ in changes):
        leaves[node.key_hash] = node.value_hash
    return _build(sorted(leaves.items()), depth=depth)


def _build(leaves: list[tuple[bytes, bytes]], *, depth: int) -> _Node:
    if not leaves:
        return None
    if len(leaves) == 1:
        key_hash, value_hash = leaves[0]
        return _Leaf(key_hash, value_hash, _hash_leaf(key_hash, value_hash))
    left, right = _split(leaves, depth)
    return _join(_build(left, depth=depth + 1), _build(right, depth=depth + 1))


def _join(left: _Node, right: _Node) -> _Node:
    # A leaf that is alone rises; two leaves on one side keep the empty other side.
    if left is None and not isinstance(right, _Inner):
        return right
    if right is None and not isinstance(left, _Inner):
        return left
    return _Inner(left, right, _sha256(b"\x01" + _hash_of(left) + _hash_of(right)))


_Change = TypeVar("_Change", bytes, bytes | None)


def _split(
    items: list[tuple[bytes, _Change]], depth: int
) -> tuple[list[tuple[bytes, _Change]], list[tuple[bytes, _Change]]]:
    for index, item in enumerate(items):  # sorted, so the right half is a tail
        if _bit(item[0], depth):
            return items[:index], items[index:]
    return items, []


def _climb(node_hash: bytes, key_hash: bytes, siblings: tuple[bytes, ...]) -> bytes:
    depth = len(siblings)
    for sibling in siblings:
        depth -= 1
        pair = sibling + node_hash if _bit(key_hash, depth) else node_hash + sibling
        node_hash = _sha256(b"\x01" + pair)
    return node_hash


def _hash_leaf(key_hash: bytes, value_hash: bytes) -> bytes:
    return _sha256(b"\x00" + key_hash + value_hash)


def _hash_of(node: _Node) -> bytes:
    return EMPTY if node is None else node.hash


def _bit(key_hash: bytes, depth: int) -> int:
    return key_hash[depth >> 3] >> (7 - (depth & 7)) & 1


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
