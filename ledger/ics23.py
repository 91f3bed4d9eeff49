"""Proofs of state that foreign verifiers understand too: ICS 23 commitment proofs.

Two shapes of one format: SmtSpec for a key of the state, TendermintSpec for the state's root
within the app hash. A proof has exactly one accepted spelling, so that none can be changed
without being refused; an unmodified ICS 23 library accepts it as it is. Pure: which proof to
make is the tree's matter, whom to believe is `ledger.light`'s.

Source: github.com/cosmos/ics23, proto/cosmos/ics23/v1/proofs.proto and go/proof.go, v0.11.0.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from config.errors import InvariantError, RefusedError
from config.limits import STATE_KEY_BYTES_MAX, STATE_PROOF_BYTES_MAX
from governance.fields import STATE_VALUE_BYTES_MAX

HASH_BYTES = 32
EMPTY = bytes(HASH_BYTES)
"""Hash of a subtree without any leaf."""
_VARINT_BYTES_MAX = 3
"""A length below 2 MiB."""

# Fields of the messages: number and wire type (2, bytes with their length) in one byte.
_EXIST, _NONEXIST = 0x0A, 0x12
_KEY, _VALUE, _LEAF = 0x0A, 0x12, 0x1A
_LEFT, _RIGHT = 0x12, 0x1A

# Whole InnerOps as fields of a path: SHA-256 of 01 ‖ (sibling) ‖ node ‖ (sibling).
_STEP_FROM_RIGHT = bytes.fromhex("22250801122101")
_STEP_FROM_LEFT = bytes.fromhex("222708011201011a20")


class ProofError(RefusedError):
    """A proof is malformed or does not show what it is said to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """How one kind of tree hashes its leaves, and how deep it may be."""

    leaf_op: bytes
    """LeafOp as every proof of this kind spells it."""
    is_key_hashed: bool
    """Leaf = H(00 ‖ H(key) ‖ H(value)), and the bits of H(key) are the way to it. Otherwise
    H(00 ‖ length ‖ key ‖ 20 ‖ H(value)), in no order that a proof could rely on."""
    depth_max: int


SMT = Spec(leaf_op=bytes.fromhex("0801100118012a0100"), is_key_hashed=True, depth_max=256)
"""The state: a compressed sparse Merkle tree; SmtSpec."""
TENDERMINT = Spec(leaf_op=bytes.fromhex("0801180120012a0100"), is_key_hashed=False, depth_max=128)
"""The app hash: a SimpleMap of named roots; TendermintSpec."""


class Step(NamedTuple):
    """One inner node on the way from a leaf to the root."""

    is_right: bool
    """The way comes from the right child; the sibling is the left one."""
    sibling: bytes
    """Hash of the other child; 32 bytes, all zero if it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existence:
    """That a key has a value."""

    key: bytes
    """1 to 256 bytes."""
    value: bytes
    """At least one byte: an empty value could not be told from none."""
    path: tuple[Step, ...]
    """From the leaf up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """That a key has no value: the keys on both sides of its place are neighbours."""

    key: bytes
    left: Existence | None
    """The last key before its place, by hash; None if it would be the first."""
    right: Existence | None
    """The first key after its place, by hash; None if it would be the last."""


def encode_existence(proof: Existence, *, spec: Spec) -> bytes:
    """Spell a proof of membership as a CommitmentProof."""
    return _field(_EXIST, _encode_existence(proof, spec))


def encode_absence(proof: Absence) -> bytes:
    """Spell a proof of absence from the state as a CommitmentProof.

    Raises:
        InvariantError: No neighbour: of an empty tree ICS 23 knows no proof.
    """
    if proof.left is None and proof.right is None:
        raise InvariantError("an empty tree has no proof of absence")
    body = _field(_KEY, proof.key)
    if proof.left is not None:
        body += _field(_LEFT, _encode_existence(proof.left, SMT))
    if proof.right is not None:
        body += _field(_RIGHT, _encode_existence(proof.right, SMT))
    return _field(_NONEXIST, body)


def decode_existence(data: bytes, *, spec: Spec) -> Existence:
    """Read a proof of membership; nothing is checked but its spelling.

    Raises:
        ProofError: It is not spelled as `encode_existence` does, or beyond the limits.
    """
    body = _read_proof(data, _EXIST, "membership")
    return _decode_existence(body, spec)


def decode_absence(data: bytes) -> Absence:
    """Read a proof of absence from the state; nothing is checked but its spelling.

    Raises:
        ProofError: It is not spelled as `encode_absence` does, or beyond the limits.
    """
    body = _read_proof(data, _NONEXIST, "absence")
    key, place = _read_field(body, 0, _KEY, bytes_max=STATE_KEY_BYTES_MAX)
    sides: list[Existence | None] = []
    for tag in (_LEFT, _RIGHT):
        if body[place : place + 1] == bytes([tag]):
            side, place = _read_field(body, place, tag, bytes_max=STATE_PROOF_BYTES_MAX)
            sides.append(_decode_existence(side, SMT))
        else:
            sides.append(None)
    if place != len(body):
        raise ProofError("a proof of absence has a key and one or two neighbours")
    return Absence(key=key, left=sides[0], right=sides[1])


def check_membership(*, spec: Spec, root: bytes, key: bytes, value: bytes, proof: bytes) -> None:
    """Check that a key has a value under a root.

    Raises:
        ProofError: The proof does not show it; says what does not hold.
    """
    read = decode_existence(proof, spec=spec)
    if read.key != key:
        raise ProofError("the proof is about another key")
    if read.value != value:
        raise ProofError("the proof is about another value")
    _check_existence(read, spec=spec, root=root)


def check_absence(*, root: bytes, key: bytes, proof: bytes) -> None:
    """Check that a key has no value under a state's root.

    Raises:
        ProofError: The proof does not show it; says what does not hold.
    """
    read = decode_absence(proof)
    if read.key != key:
        raise ProofError("the proof is about another key")
    if read.left is None and read.right is None:
        raise ProofError("the proof names no neighbour of the key's place")
    place = _sha256(key)
    if read.left is not None:
        _check_existence(read.left, spec=SMT, root=root)
        if _sha256(read.left.key) >= place:
            raise ProofError("the left neighbour does not lie before the key's place")
    if read.right is not None:
        _check_existence(read.right, spec=SMT, root=root)
        if _sha256(read.right.key) <= place:
            raise ProofError("the right neighbour does not lie after the key's place")
    _check_neighbours(
        list(read.left.path) if read.left is not None else None,
        list(read.right.path) if read.right is not None else None,
    )


def compute_leaf_hash(key: bytes, value: bytes, *, spec: Spec) -> bytes:
    """The hash of a leaf; 32 bytes."""
    if spec.is_key_hashed:
        return _sha256(b"\x00" + _sha256(key) + _sha256(value))
    digest = _sha256(value)
    return _sha256(b"\x00" + _varint(len(key)) + key + _varint(len(digest)) + digest)


def compute_root(proof: Existence, *, spec: Spec) -> bytes:
    """The root that a proof of membership leads to; 32 bytes."""
    node = compute_leaf_hash(proof.key, proof.value, spec=spec)
    for is_right, sibling in proof.path:
        node = _sha256(b"\x01" + (sibling + node if is_right else node + sibling))
    return node


def _check_existence(proof: Existence, *, spec: Spec, root: bytes) -> None:
    if spec.is_key_hashed:
        depth = len(proof.path)
        way = sum(step.is_right << level for level, step in enumerate(proof.path))
        if way != int.from_bytes(_sha256(proof.key), "big") >> (8 * HASH_BYTES - depth):
            raise ProofError("the path does not lead to the key's place")
    if compute_root(proof, spec=spec) != root:
        raise ProofError("the path does not lead from this key and value to the root")


def _check_neighbours(left: list[Step] | None, right: list[Step] | None) -> None:
    """Check that no leaf lies between two, or beyond one: both paths are from the leaf up."""
    if left is not None and right is not None:
        while left and right and left[-1] == right[-1]:
            left.pop()
            right.pop()
        # Distinct places under one root, so the ways part somewhere: there and nowhere above.
        if not left or not right or left.pop().is_right or not right.pop().is_right:
            raise ProofError("the two neighbours do not lie left and right of one node")
    if any(not step.is_right and step.sibling != EMPTY for step in left or ()):
        raise ProofError("another key lies right of the left neighbour")
    if any(step.is_right and step.sibling != EMPTY for step in right or ()):
        raise ProofError("another key lies left of the right neighbour")


def _encode_existence(proof: Existence, spec: Spec) -> bytes:
    parts = [_field(_KEY, proof.key), _field(_VALUE, proof.value), _field(_LEAF, spec.leaf_op)]
    for is_right, sibling in proof.path:
        parts.append((_STEP_FROM_RIGHT if is_right else _STEP_FROM_LEFT) + sibling)
    return b"".join(parts)


def _decode_existence(body: bytes, spec: Spec) -> Existence:
    key, place = _read_field(body, 0, _KEY, bytes_max=STATE_KEY_BYTES_MAX)
    value, place = _read_field(body, place, _VALUE, bytes_max=STATE_VALUE_BYTES_MAX)
    leaf_op, place = _read_field(body, place, _LEAF, bytes_max=len(spec.leaf_op))
    if leaf_op != spec.leaf_op:
        raise ProofError("the proof hashes its leaf in another way than this kind of tree")
    path: list[Step] = []
    while place < len(body):
        if len(path) == spec.depth_max:
            raise ProofError(f"a path has at most {spec.depth_max} steps")
        is_right = body.startswith(_STEP_FROM_RIGHT, place)
        if not is_right and not body.startswith(_STEP_FROM_LEFT, place):
            raise ProofError("a step of the path is not SHA-256 over 01, left and right")
        start = place + len(_STEP_FROM_RIGHT if is_right else _STEP_FROM_LEFT)
        place = start + HASH_BYTES
        if place > len(body):
            raise ProofError("the proof ends within a step of its path")
        path.append(Step(is_right, body[start:place]))
    return Existence(key=key, value=value, path=tuple(path))


def _read_proof(data: bytes, tag: int, kind: str) -> bytes:
    if len(data) > STATE_PROOF_BYTES_MAX:
        raise ProofError(f"a proof has at most {STATE_PROOF_BYTES_MAX} bytes")
    if data[:1] != bytes([tag]):
        raise ProofError(f"this is no proof of {kind}")
    body, place = _read_field(data, 0, tag, bytes_max=STATE_PROOF_BYTES_MAX)
    if place != len(data):
        raise ProofError("bytes follow the proof")
    return body


def _read_field(data: bytes, place: int, tag: int, *, bytes_max: int) -> tuple[bytes, int]:
    """The content of one field and where the next begins; never empty."""
    if data[place : place + 1] != bytes([tag]):
        raise ProofError("the proof lacks a field, or has one in another order")
    length, place = _read_varint(data, place + 1)
    if not 0 < length <= bytes_max:
        raise ProofError(f"a field of the proof has not 1 to {bytes_max} bytes")
    end = place + length
    if end > len(data):
        raise ProofError("the proof ends within a field")
    return data[place:end], end


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(data[place : place + _VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            if byte == 0 and count:
                break  # a longer spelling of the same number
            return value, place + count + 1
    raise ProofError("a length in the proof is not spelled in the shortest way")


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
