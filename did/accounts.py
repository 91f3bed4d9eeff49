"""Ledger accounts: how an id follows from the keys that begin it.

An id is the hash of its inception record, so whoever holds the record can prove the account
is theirs, and nobody can choose an id. The next key's commitment lets the holder rotate
without the current key; guardians are a salted commitment, opened only in a recovery.
"""

import hashlib
import re
from dataclasses import dataclass

import base58

from config.errors import RefusedError
from config.limits import NETWORK_NAME_MAX
from did.codec import Value, encode
from did.keys import PUBLIC_KEY_BYTES

ACCOUNT_ID_BYTES = 32
_DOMAIN = b"rochdale/account/v1"
_NETWORK = re.compile(rf"[a-z0-9]([a-z0-9-]{{0,{NETWORK_NAME_MAX - 2}}}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inception:
    """What an account or a cooperative begins with."""

    public_key: bytes
    """First Ed25519 key; 32 bytes."""
    next_key_commitment: bytes
    """SHA-256 of the key to rotate to; 32 bytes."""
    guardians_commitment: bytes
    """Salted commitment to the guardians' keys; 32 bytes, zero when there are none."""

    def to_value(self) -> list[Value]:
        """Positional form, as transactions carry it."""
        return [self.public_key, self.next_key_commitment, self.guardians_commitment]

    def compute_id(self) -> bytes:
        """The account's id; 32 bytes."""
        return hashlib.sha256(_DOMAIN + encode(self.to_value())).digest()


def decode_inception(value: Value) -> Inception:
    """Read the positional form.

    Raises:
        RefusedError: Not three byte strings of 32 bytes.
    """
    if not isinstance(value, list) or len(value) != 3:
        raise RefusedError("an inception record has three fields")
    fields = [item for item in value if isinstance(item, bytes) and len(item) == PUBLIC_KEY_BYTES]
    if len(fields) != 3:
        raise RefusedError("an inception record's fields are 32 bytes each")
    return Inception(
        public_key=fields[0], next_key_commitment=fields[1], guardians_commitment=fields[2]
    )


def compute_key_commitment(public_key: bytes) -> bytes:
    """What commits to a key before it is shown; 32 bytes."""
    return hashlib.sha256(b"rochdale/next-key/v1" + public_key).digest()


def render_account_did(*, network: str, account_id: bytes) -> str:
    """The account's DID: `did:rochdale:<network>:z…`."""
    return f"did:rochdale:{network}:z{base58.b58encode(account_id).decode()}"


def is_network_name(name: str) -> bool:
    """Check a network's name: `[a-z0-9-]`, at most 32 characters, no hyphen at an end."""
    return _NETWORK.fullmatch(name) is not None
