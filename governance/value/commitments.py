"""Pedersen commitments to weights, on the prime-order subgroup of Ed25519.

A commitment C = w·G + r·H hides a weight w behind a blinding r, and nobody can open it to
another. Commitments add up: the sum opens to the sum of the weights and nothing else, so the
ledger can check a total without learning a part. G is Ed25519's base point. H is the first
SHA-256(domain ‖ counter) that encodes a point of the subgroup, so nobody knows how it
relates to G. Points are checked by libsodium: those with torsion, the identity and encodings
that are not canonical are refused. Randomness is the caller's: 64 uniform bytes for each
blinding.

For need each commitment also carries a proof of its band (`governance.value.need`). For
contributions the sum suffices: the sum must open to what the attested totals of the metrics
weigh, the shares paid must leave less of the pool than a unit for each commitment, and every
member is shown the opening of their own. Whoever hides too much in one commitment must hide
less in another, whose member sees that, or a negative weight in a ghost's, and then what is
to be paid passes the pool. A need is nobody's to see but the panel's, so there a proof must
stand in for being shown.

Sources: Pedersen, CRYPTO '91; RFC 8032 §5.1; libsodium, "Point*scalar multiplication".
"""

import hashlib
from collections.abc import Iterable
from itertools import count
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_sub,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)

from config.errors import RefusedError

GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""Order of the subgroup, a prime."""
POINT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
RANDOM_BYTES: Final = 64
"""Uniform bytes that one scalar is made of: reducing fewer would favour small ones."""
IDENTITY: Final = b"\x01" + bytes(31)
"""The neutral point: the sum of no commitments, itself no commitment."""
_GENERATOR_DOMAIN: Final = b"rochdale/pedersen/second-generator/v1"
_SLOT_DOMAIN: Final = b"rochdale/slot/v1"


class CommitmentError(RefusedError):
    """A weight, blinding or point is out of bounds.

    Attributes:
        field: Which.
    """

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


def make_scalar(random_bytes: bytes) -> int:
    """A uniform scalar out of 64 uniform bytes, never 0.

    Raises:
        CommitmentError: Another number of bytes.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise CommitmentError(f"must have {RANDOM_BYTES} bytes", field="random_bytes")
    return int.from_bytes(random_bytes, "little") % (GROUP_ORDER - 1) + 1


def commit(weight: int, *, blinding: int) -> bytes:
    """Commit to a weight; 32 bytes.

    Args:
        weight: 0 to the group's order.
        blinding: Secret; 1 to the group's order. A new one for each commitment.

    Raises:
        CommitmentError: Out of these bounds.
    """
    if not 0 <= weight < GROUP_ORDER:
        raise CommitmentError("must be 0 to the group's order", field="weight")
    if not 1 <= blinding < GROUP_ORDER:
        raise CommitmentError("must be 1 to the group's order", field="blinding")
    return add_points(multiply_base(weight), multiply(blinding, SECOND_GENERATOR))


def is_commitment(point: bytes) -> bool:
    """Check that bytes are a point of the prime-order subgroup, and not the identity."""
    return len(point) == POINT_BYTES and bool(crypto_core_ed25519_is_valid_point(point))


def add_commitments(commitments: Iterable[bytes], *, to: bytes = IDENTITY) -> bytes:
    """The sum of commitments, on top of an earlier sum; 32 bytes.

    Raises:
        CommitmentError: One is no commitment.
    """
    total = to
    for commitment in commitments:
        if not is_commitment(commitment):
            raise CommitmentError("must be a point of the subgroup", field="commitment")
        total = add_points(total, commitment)
    return total


def is_opening(commitment: bytes, *, weight: int, blinding: int) -> bool:
    """Check that a commitment, or a sum of them, opens to a weight.

    Args:
        commitment: Or sum; 32 bytes.
        weight: Of one, or all together; out of bounds is simply no opening.
        blinding: Likewise, modulo the group's order.
    """
    if not (0 <= weight < GROUP_ORDER and 0 <= blinding < GROUP_ORDER):
        return False
    opened = add_points(multiply_base(weight), multiply(blinding, SECOND_GENERATOR))
    return opened == commitment


def add_blindings(blindings: Iterable[int]) -> int:
    """What opens the sum of commitments, beside the sum of weights."""
    return sum(blindings) % GROUP_ORDER


def compute_slot(*, account: bytes, salt: bytes, pool: bytes) -> bytes:
    """The place of a member's commitment in a pool; 32 bytes.

    It binds the account, so that one commitment cannot serve two members, and hides it behind
    a salt that only the member and the cooperative know.

    Args:
        account: The member's; 32 bytes.
        salt: Secret and uniform; 32 bytes.
        pool: Id of the allocation; 32 bytes.
    """
    return hashlib.sha256(_SLOT_DOMAIN + pool + account + salt).digest()


def encode_scalar(scalar: int) -> bytes:
    """A scalar as its 32 bytes, little-endian (RFC 8032 §5.1.2)."""
    return scalar.to_bytes(SCALAR_BYTES, "little")


def decode_scalar(data: bytes) -> int | None:
    """Read a scalar; None unless it is the one encoding of its value."""
    scalar = int.from_bytes(data, "little")
    return scalar if len(data) == SCALAR_BYTES and scalar < GROUP_ORDER else None


def multiply(scalar: int, point: bytes) -> bytes:
    """Scalar times point, both of the group; libsodium has no multiple that is the identity."""
    if scalar % GROUP_ORDER == 0 or point == IDENTITY:
        return IDENTITY
    return bytes(crypto_scalarmult_ed25519_noclamp(encode_scalar(scalar % GROUP_ORDER), point))


def multiply_base(scalar: int) -> bytes:
    """Scalar times the base point."""
    if scalar % GROUP_ORDER == 0:
        return IDENTITY
    return bytes(crypto_scalarmult_ed25519_base_noclamp(encode_scalar(scalar % GROUP_ORDER)))


def add_points(left: bytes, right: bytes) -> bytes:
    """Sum of two points of the group."""
    return bytes(crypto_core_ed25519_add(left, right))


def subtract_points(left: bytes, right: bytes) -> bytes:
    """Difference of two points of the group."""
    return bytes(crypto_core_ed25519_sub(left, right))


def _find_second_generator() -> bytes:
    for counter in count():  # one in sixteen is a point of the subgroup
        candidate = hashlib.sha256(_GENERATOR_DOMAIN + counter.to_bytes(4, "big")).digest()
        if crypto_core_ed25519_is_valid_point(candidate):
            return candidate
    raise AssertionError  # pragma: no cover - count() does not end


SECOND_GENERATOR: Final = _find_second_generator()
"""H."""
