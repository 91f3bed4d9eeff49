"""Ledger accounts: how an id follows from the keys that begin it.

An id is the hash of its inception record, so whoever holds the record can prove the account
is theirs, and nobody can choose an id. The next key's commitment lets the holder rotate
without the current key; guardians are a salted commitment, opened only in a recovery.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated

import base58
from msgspec import Meta

from config.limits import NETWORK_NAME_MAX
from did.codec import Record, encode

ACCOUNT_ID_BYTES = 32
_Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
_DOMAIN = b"rochdale/account/v1"
_NETWORK = re.compile(rf"[a-z0-9]([a-z0-9-]{{0,{NETWORK_NAME_MAX - 2}}}[a-z0-9])?")


class Inception(Record, frozen=True, kw_only=True):
    """What an account or a cooperative begins with."""

    public_key: _Bytes32
    """First Ed25519 key."""
    next_key_commitment: _Bytes32
    """SHA-256 of the key to rotate to."""
    guardians_commitment: _Bytes32
    """Salted commitment to the guardians' keys (`compute_guardians_commitment`); zero when there
    are none."""

    def compute_id(self) -> bytes:
        """The account's id; 32 bytes."""
        return hashlib.sha256(_DOMAIN + self.encode()).digest()


def compute_key_commitment(public_key: bytes) -> bytes:
    """What commits to a key before it is shown; 32 bytes."""
    return hashlib.sha256(b"rochdale/next-key/v1" + public_key).digest()


def compute_keys_commitment(public_keys: Sequence[bytes], *, signatures_required: int) -> bytes:
    """What commits to the keys that an account rotates to; 32 bytes.

    Args:
        public_keys: In any order, each once.
        signatures_required: How many of them will have to sign each transaction.

    Returns:
        For a single key the same as `compute_key_commitment`.
    """
    if len(public_keys) == 1 and signatures_required == 1:
        return compute_key_commitment(public_keys[0])
    body = encode([sorted(public_keys), signatures_required])
    return hashlib.sha256(b"rochdale/next-keys/v1" + body).digest()


def compute_guardians_commitment(
    guardians: Sequence[bytes], *, salt: bytes, threshold: int, override: int
) -> bytes:
    """What commits to guardians' keys, which nobody learns before a recovery; 32 bytes.

    Args:
        guardians: Ed25519 keys made for this account alone, in any order, each once.
        salt: 32 secret random bytes.
        threshold: How many of them make a recovery.
        override: How many make one that nobody can veto.
    """
    body = encode([sorted(guardians), salt, threshold, override])
    return hashlib.sha256(b"rochdale/guardians/v1" + body).digest()


def render_account_did(*, network: str, account_id: bytes) -> str:
    """The account's DID: `did:rochdale:<network>:z…`."""
    return f"did:rochdale:{network}:z{base58.b58encode(account_id).decode()}"


def is_network_name(name: str) -> bool:
    """Check a network's name: `[a-z0-9-]`, at most 32 characters, no hyphen at an end."""
    return _NETWORK.fullmatch(name) is not None
