"""Sealing what only some may read: under a key, to one reader, or to two readers together.

Composes AES-256-GCM (NIST SP 800-38D), HKDF (RFC 5869) and libsodium's sealed boxes; nothing
of its own. What is sealed is bound to its place, so that nothing opens elsewhere. Never
stores a key.
"""

from collections.abc import Callable, Sequence
from itertools import permutations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import (
    crypto_scalarmult_base,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
)
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from config.errors import RefusedError
from config.limits import REGISTRARS_MAX, SEALED_BYTES_MAX
from did.codec import decode, encode
from did.keys import KeyPair

KEY_BYTES = 32
_NONCE_BYTES = 12

Random = Callable[[int], bytes]


class SealError(RefusedError):
    """The key, the place or a byte is another than when it was sealed."""


def derive_key(key: bytes, *, purpose: str) -> bytes:
    """A key for one purpose from a key for several; 32 bytes (HKDF with SHA-256, no salt)."""
    info = b"rochdale/" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def seal(data: bytes, *, key: bytes, place: bytes, random: Random) -> bytes:
    """Encrypt and authenticate with AES-256-GCM.

    Args:
        data: What is kept secret.
        key: 32 bytes; seals so few things that random nonces never meet.
        place: What it belongs to; it opens nowhere else.
        random: Source of secret bytes.
    """
    nonce = random(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, place)


def unseal(sealed: bytes, *, key: bytes, place: bytes) -> bytes:
    """Read what `seal` wrote.

    Raises:
        SealError: Another key, another place, or a byte was changed.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise SealError("this does not open with that key in that place") from error


def compute_box_key(secret: bytes) -> bytes:
    """The public key to which others seal for a secret X25519 key; 32 bytes (RFC 7748)."""
    return bytes(crypto_scalarmult_base(secret))


def find_box_key(public_key: bytes) -> bytes:
    """The X25519 key of an Ed25519 key; 32 bytes.

    Raises:
        SealError: The key is no point of its curve.
    """
    try:
        return bytes(crypto_sign_ed25519_pk_to_curve25519(public_key))
    except (CryptoError, ValueError, RuntimeError) as error:
        raise SealError("nothing can be sealed to this key") from error


def find_box_secret(key: KeyPair) -> bytes:
    """The secret X25519 key of an Ed25519 key pair; 32 bytes."""
    return bytes(crypto_sign_ed25519_sk_to_curve25519(key.seed + key.public_key))


def seal_to(reader: bytes, data: bytes) -> bytes:
    """Seal so that one reader alone can open it, not even whoever sealed it."""
    return bytes(SealedBox(PublicKey(reader)).encrypt(data))


def open_box(box: bytes, *, secret: bytes) -> bytes:
    """Open what was sealed to a reader.

    Raises:
        SealError: It was sealed to somebody else, or changed.
    """
    try:
        return bytes(SealedBox(PrivateKey(secret)).decrypt(box))
    except (CryptoError, ValueError, TypeError) as error:
        raise SealError("this is sealed to another key") from error


def seal_to_each(readers: Sequence[bytes], data: bytes) -> bytes:
    """Seal so that each of several readers can open it alone."""
    return encode([[reader, seal_to(reader, data)] for reader in sorted(readers)])


def open_as_one(sealed: bytes, *, secret: bytes) -> bytes:
    """Open what was sealed to each of several readers.

    Raises:
        SealError: Not to this one, or it was changed.
    """
    own = compute_box_key(secret)
    for reader, box in _read_boxes(sealed, parts_count=2):
        if reader == own:
            return open_box(box, secret=secret)
    raise SealError("this is sealed to others")


def seal_to_two(readers: Sequence[bytes], data: bytes) -> bytes:
    """Seal so that any two of several readers open it together, in either order.

    For each pair a box in a box: whoever opens the outer one sees only the inner. A single
    reader does both parts.

    Args:
        readers: Public X25519 keys; at most `REGISTRARS_MAX`.
        data: What is kept secret.
    """
    if not 1 <= len(set(readers)) <= REGISTRARS_MAX:
        raise SealError(f"seal to at least one and at most {REGISTRARS_MAX} readers")
    ordered = sorted(set(readers))
    pairs = list(permutations(ordered, 2)) or [(ordered[0], ordered[0])]
    return encode(
        [[first, second, seal_to(first, seal_to(second, data))] for first, second in pairs]
    )


def open_first(sealed: bytes, *, secret: bytes) -> bytes:
    """The first reader's part: inner boxes, each for one possible second reader.

    Raises:
        SealError: Not sealed to this one, or changed.
    """
    own = compute_box_key(secret)
    inner = [
        [second, open_box(box, secret=secret)]
        for first, second, box in _read_boxes(sealed, parts_count=3)
        if first == own
    ]
    if not inner:
        raise SealError("this is sealed to others")
    return encode(inner)


def list_readers(sealed: bytes) -> frozenset[bytes]:
    """Public keys of those to whom something is sealed, to each or to two together.

    Raises:
        SealError: These are no boxes.
    """
    try:
        boxes = _read_boxes(sealed, parts_count=2)
    except SealError:
        boxes = _read_boxes(sealed, parts_count=3)
    return frozenset(box[0] for box in boxes)


def _read_boxes(sealed: bytes, *, parts_count: int) -> list[list[bytes]]:
    found = decode(sealed, bytes_max=SEALED_BYTES_MAX)
    if not isinstance(found, list) or not all(
        isinstance(item, list)
        and len(item) == parts_count
        and all(isinstance(part, bytes) for part in item)
        for item in found
    ):
        raise SealError("these are no sealed boxes")
    return found  # type: ignore[return-value]  # checked just above
