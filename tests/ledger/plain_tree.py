"""The state's tree as its definition reads: slow, without layout, what the real one must equal.

Root and paths come from all leaves anew each time. Leaves are given by their key hashes, so
that a test can place them where no search would find keys.
"""

import hashlib
import itertools
from collections.abc import Iterable, Mapping

from ledger.ics23 import SMT, Absence, Existence, Step, encode_absence, encode_existence

EMPTY = bytes(32)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def compute_root(leaves: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """The root over value hashes under key hashes (ICS 23, SmtSpec)."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        [(key_hash, value_hash)] = leaves.items()
        return sha256(b"\x00" + key_hash + value_hash)
    left, right = split(leaves, depth)
    return sha256(b"\x01" + compute_root(left, depth + 1) + compute_root(right, depth + 1))


def compute_path(
    leaves: Mapping[bytes, bytes], key_hash: bytes, depth: int = 0
) -> tuple[Step, ...]:
    """The way from a leaf up to the root."""
    if len(leaves) == 1:
        assert key_hash in leaves
        return ()
    sides = split(leaves, depth)
    is_right = bool(get_bit(key_hash, depth))
    below = compute_path(sides[is_right], key_hash, depth + 1)
    return (*below, Step(is_right, compute_root(sides[not is_right], depth + 1)))


def split(
    leaves: Mapping[bytes, bytes], depth: int
) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """Leaves whose next bit is 0, and those whose next bit is 1."""
    sides: tuple[dict[bytes, bytes], dict[bytes, bytes]] = ({}, {})
    for key_hash, value_hash in leaves.items():
        sides[get_bit(key_hash, depth)][key_hash] = value_hash
    return sides


def get_bit(key_hash: bytes, depth: int) -> int:
    return key_hash[depth // 8] >> (7 - depth % 8) & 1


def hash_leaves(values: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Value hashes under key hashes."""
    return {sha256(key): sha256(value) for key, value in values.items()}


def prove(values: Mapping[bytes, bytes], key: bytes) -> bytes:
    """The proof that a key has its value, or that it has none."""
    if key in values:
        return encode_existence(make_existence(values, key), spec=SMT)
    before, after = find_neighbours(values, key)
    return encode_absence(
        Absence(
            key=key,
            left=None if before is None else make_existence(values, before),
            right=None if after is None else make_existence(values, after),
        )
    )


def make_existence(values: Mapping[bytes, bytes], key: bytes) -> Existence:
    """What shows that a key has its value."""
    path = compute_path(hash_leaves(values), sha256(key))
    return Existence(key=key, value=values[key], path=path)


def find_neighbours(keys: Iterable[bytes], key: bytes) -> tuple[bytes | None, bytes | None]:
    """The keys whose hashes come before and after a key's."""
    ordered = sorted(keys, key=sha256)
    before = [other for other in ordered if sha256(other) < sha256(key)]
    after = [other for other in ordered if sha256(other) > sha256(key)]
    return before[-1] if before else None, after[0] if after else None


def find_crowded_keys(searched: int = 1 << 17) -> list[bytes]:
    """Keys whose hashes share long prefixes: the pairs closest to each other among many."""
    by_hash = sorted((sha256(key), key) for key in map(encode_number, range(searched)))
    pairs = sorted(
        (count_shared_bits(first[0], second[0]), first[1], second[1])
        for first, second in itertools.pairwise(by_hash)
    )
    assert pairs[-1][0] > 25
    return list(dict.fromkeys(key for _, *pair in pairs[-12:] for key in pair))


def encode_number(number: int) -> bytes:
    return number.to_bytes(4, "big")


def count_shared_bits(first: bytes, second: bytes) -> int:
    return 256 - (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_length()
