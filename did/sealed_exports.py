"""What a web wallet gives its owner to keep: a master secret sealed to a recovery key.

The recovery key has 160 random bits, so nothing slow has to protect it: HKDF-SHA-256 gives the
AES-256-GCM key. The web wallet (`wallet-keys.mjs`) writes the same file with the browser's own
cryptography; both read each other's.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import RefusedError
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.wallet_files import Random, WalletError
from did.wallets import ColdKeys

RECOVERY_KEY_BYTES = 20
EXPORT_BYTES_MAX = 4_096
_FORMAT = 1
_CHECK_BYTES = 5
_NONCE_BYTES = 12
_INFO = b"rochdale/wallet/export/v1"
_CHECK_DOMAIN = b"rochdale/wallet/recovery-key/v1"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U."""
_RFC_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_RFC = str.maketrans(_ALPHABET + "OIL", _RFC_ALPHABET + "ABB")
_FROM_RFC = str.maketrans(_RFC_ALPHABET, _ALPHABET)
_GROUP_CHARACTERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedExport:
    """An export and the key that opens it; they are kept apart."""

    file: bytes
    recovery_key: str
    """Eight groups of five letters and digits, with a checksum."""


def seal_export(cold: ColdKeys, *, random: Random) -> SealedExport:
    """Seal what a wallet's keys derive from to a fresh recovery key."""
    secret, nonce = random(RECOVERY_KEY_BYTES), random(_NONCE_BYTES)
    header = {"cipher": "aes-256-gcm", "nonce": nonce.hex(), "rochdale_wallet_export": _FORMAT}
    sealed = AESGCM(_derive(secret)).encrypt(nonce, cold.master, canonicalize(header))
    document = {**header, "sealed": base64.b64encode(sealed).decode()}
    return SealedExport(file=canonicalize(document) + b"\n", recovery_key=_write_key(secret))


def open_export(data: bytes, recovery_key: str) -> ColdKeys:
    """Open an export with its recovery key.

    Raises:
        WalletError: Not such a file, altered, or the recovery key is mistyped or another's.
    """
    header, sealed, nonce = _read_file(data)
    secret = _read_key(recovery_key)
    try:
        master = AESGCM(_derive(secret)).decrypt(nonce, sealed, canonicalize(header))
    except InvalidTag as error:
        raise WalletError(
            "the recovery key is another file's, or the file was altered: use a copy of it"
        ) from error
    return ColdKeys(master=master)


def _read_file(data: bytes) -> tuple[JsonObject, bytes, bytes]:
    """Header, ciphertext and nonce."""
    try:
        header = parse_json_object(data, bytes_max=EXPORT_BYTES_MAX, depth_max=1)
        sealed = base64.b64decode(header.pop("sealed"), validate=True)
        nonce = bytes.fromhex(header["nonce"])
    except (RefusedError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise WalletError("not a web wallet's sealed file: choose the file it gave you") from error
    if header.get("rochdale_wallet_export") != _FORMAT:
        raise WalletError("not a web wallet's sealed file of a known format")
    if len(nonce) != _NONCE_BYTES:
        raise WalletError("the sealed file is damaged: use a copy of it")
    return header, sealed, nonce


def _derive(secret: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_INFO).derive(secret)


def _write_key(secret: bytes) -> str:
    whole = secret + _compute_check(secret)
    letters = base64.b32encode(whole).decode().translate(_FROM_RFC)
    return "-".join(
        letters[start : start + _GROUP_CHARACTERS]
        for start in range(0, len(letters), _GROUP_CHARACTERS)
    )


def _read_key(text: str) -> bytes:
    """Read a recovery key as people type it: any case, with or without hyphens."""
    letters = "".join(text[:200].split()).replace("-", "").upper()
    try:
        whole = base64.b32decode(letters.translate(_TO_RFC))
    except (binascii.Error, ValueError):
        whole = b""
    secret, check = whole[:RECOVERY_KEY_BYTES], whole[RECOVERY_KEY_BYTES:]
    if len(whole) != RECOVERY_KEY_BYTES + _CHECK_BYTES or check != _compute_check(secret):
        raise WalletError("the recovery key is mistyped: compare it with your note, group by group")
    return secret


def _compute_check(secret: bytes) -> bytes:
    return hashlib.sha256(_CHECK_DOMAIN + secret).digest()[:_CHECK_BYTES]
