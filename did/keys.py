"""Ed25519 keys and their names.

Ledger validity rests on libsodium's strict verification, through PyNaCl and nothing else:
Ed25519 libraries disagree on edge cases, and two nodes that disagree fork the chain
(published cases: novifinancial/ed25519-speccheck).
"""

from dataclasses import dataclass, field

import base58
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from config.errors import RefusedError

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
_MULTICODEC_ED25519 = b"\xed\x01"


class KeyFormatError(RefusedError):
    """A key or its multibase form is malformed, or of a kind that is not accepted."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An Ed25519 key pair; the seed never appears in a representation."""

    seed: bytes = field(repr=False)
    """32 secret bytes."""
    public_key: bytes = field(init=False)
    """32 bytes."""

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise KeyFormatError(f"a seed has {SEED_BYTES} bytes, not {len(self.seed)}")
        public_key, _ = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "public_key", public_key)

    def sign(self, message: bytes) -> bytes:
        """Sign a message (RFC 8032, pure Ed25519); 64 bytes."""
        return bytes(crypto_sign(message, self.seed + self.public_key)[:SIGNATURE_BYTES])


def is_signature_valid(*, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Check a signature the way consensus does; wrong lengths are simply invalid."""
    if len(signature) != SIGNATURE_BYTES or len(public_key) != PUBLIC_KEY_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except (BadSignatureError, ValueError):
        return False
    return True


def encode_multikey(public_key: bytes) -> str:
    """Ed25519 key as Multikey `z6Mk…` (W3C Controlled Identifiers 1.0 §2.2.2)."""
    return "z" + base58.b58encode(_MULTICODEC_ED25519 + public_key).decode()


def decode_multikey(multikey: str) -> bytes:
    """Read an Ed25519 Multikey; the 32 key bytes.

    Raises:
        KeyFormatError: Not base58btc, or not an Ed25519 key.
    """
    if not multikey.startswith("z") or len(multikey) > 64:
        raise KeyFormatError("a Multikey starts with z and has at most 64 characters")
    try:
        data = base58.b58decode(multikey[1:])
    except ValueError as error:
        raise KeyFormatError("not base58btc") from error
    if len(data) != 2 + PUBLIC_KEY_BYTES or not data.startswith(_MULTICODEC_ED25519):
        raise KeyFormatError("only Ed25519 keys are accepted")
    return data[2:]


def did_key(public_key: bytes) -> str:
    """The key's own DID, `did:key:z6Mk…`."""
    return f"did:key:{encode_multikey(public_key)}"


def did_key_verification_method(public_key: bytes) -> str:
    """The one verification method of a did:key: `did:key:z6Mk…#z6Mk…`."""
    multikey = encode_multikey(public_key)
    return f"did:key:{multikey}#{multikey}"
