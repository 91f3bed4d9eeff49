"""Files that keep a person's secrets: sealed with a passphrase, readable by their owner alone.

Argon2id, then XChaCha20-Poly1305. A file says of which kind it is; what it holds is its
callers' matter. Never prints, logs or sends what it seals.
"""

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from config.errors import MisconfiguredError, RefusedError
from did.jcs import JsonObject, canonicalize, parse_json_object

PASSPHRASE_CHARACTERS_MIN = 8
FILE_BYTES_MAX = 16_384
_FORMAT = 1
_SALT_BYTES = argon2id.SALTBYTES
_KEY_BYTES = 32

Random = Callable[[int], bytes]
"""Gives that many secret random bytes."""


class FileKind(StrEnum):
    """What a sealed file is for, as its header names it."""

    WALLET = "rochdale_wallet"
    """The keys of every day."""
    COLD = "rochdale_cold_keys"
    """What all of a wallet's keys derive from; kept elsewhere."""
    GUARDIAN = "rochdale_guardian_key"
    """A key with which somebody guards one other person's account."""


_WRONG_KIND = {
    FileKind.WALLET: "this is a wallet's cold file, not the wallet: name the wallet's own file",
    FileKind.COLD: "this is a wallet, not its cold file: name the file that `wallet new` wrote "
    "beside it",
    FileKind.GUARDIAN: "this is no guardian's key: name the file that `wallet guard` wrote",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """What one guess at the passphrase costs."""

    operations: int
    memory_bytes: int


STRENGTH = Strength(operations=argon2id.OPSLIMIT_MODERATE, memory_bytes=argon2id.MEMLIMIT_MODERATE)
"""Three passes over 256 MiB, about a second."""
STRENGTH_TEST = Strength(operations=argon2id.OPSLIMIT_MIN, memory_bytes=argon2id.MEMLIMIT_MIN)
"""Hardly any cost: for wallets of test chains, which protect nothing."""
_STRENGTH_MAX = Strength(
    operations=argon2id.OPSLIMIT_SENSITIVE, memory_bytes=argon2id.MEMLIMIT_SENSITIVE
)
"""A file that asks for more would only be after the reader's memory; 1 GiB."""


class WalletError(RefusedError):
    """The passphrase is wrong, or the file is damaged, altered or of another kind."""


def seal(
    plain: bytes, passphrase: str, *, kind: FileKind, random: Random, strength: Strength = STRENGTH
) -> bytes:
    """Seal secrets with a passphrase; the file's bytes.

    Raises:
        WalletError: The passphrase is shorter than `PASSPHRASE_CHARACTERS_MIN`.
    """
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise WalletError(f"a passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters")
    salt = random(_SALT_BYTES)
    key, check = _derive(passphrase, salt=salt, strength=strength)
    nonce = random(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    header: JsonObject = {
        kind.value: _FORMAT,
        "kdf": "argon2id",
        "operations": strength.operations,
        "memory_bytes": strength.memory_bytes,
        "salt": salt.hex(),
        "check": check.hex(),
        "cipher": "xchacha20-poly1305",
        "nonce": nonce.hex(),
    }
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(plain, canonicalize(header), nonce, key)
    return canonicalize({**header, "sealed": base64.b64encode(sealed).decode()}) + b"\n"


def unseal(data: bytes, passphrase: str, *, kind: FileKind) -> bytes:
    """Open a file's bytes.

    Raises:
        WalletError: The passphrase is wrong, or the bytes are not what was sealed.
    """
    header = _read_header(data, kind)
    sealed = base64.b64decode(header.pop("sealed"))
    strength = Strength(operations=header["operations"], memory_bytes=header["memory_bytes"])
    key, check = _derive(passphrase, salt=bytes.fromhex(header["salt"]), strength=strength)
    if check.hex() != header["check"]:
        raise WalletError("the passphrase is wrong")
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, canonicalize(header), bytes.fromhex(header["nonce"]), key
        )
    except (CryptoError, ValueError) as error:
        raise WalletError("the wallet file was altered or damaged: use a copy of it") from error


def read_strength(data: bytes, *, kind: FileKind = FileKind.WALLET) -> Strength:
    """Read from a file's bytes, without the passphrase, how costly a guess at it is.

    Raises:
        WalletError: Not such a file.
    """
    header = _read_header(data, kind)
    return Strength(operations=header["operations"], memory_bytes=header["memory_bytes"])


def write_whole(path: Path, data: bytes, *, random: Random, may_replace: bool = False) -> None:
    """Write a file that its owner alone can read; whole or not at all.

    Raises:
        MisconfiguredError: It cannot be written, or it exists and `may_replace` is false: the
            keys in it would be lost.
    """
    if path.exists() and not may_replace:
        raise MisconfiguredError(f"{path} exists: choose another path for a new wallet")
    partial = path.with_name(f"{path.name}.{random(4).hex()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be written: {error.strerror}") from error


def read_private(path: Path) -> bytes:
    """Read a file of secrets.

    Raises:
        MisconfiguredError: It cannot be read, or others than its owner can read it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise MisconfiguredError(f"{path} can be read by others: run `chmod 600 {path}`")
    return data


def _derive(passphrase: str, *, salt: bytes, strength: Strength) -> tuple[bytes, bytes]:
    """The key, and a value that tells a wrong passphrase from a damaged file.

    Both come out of the same costly derivation, so the value helps nobody to guess.
    """
    derived = argon2id.kdf(
        2 * _KEY_BYTES,
        passphrase.encode(),
        salt,
        opslimit=strength.operations,
        memlimit=strength.memory_bytes,
    )
    check = hashlib.sha256(b"rochdale/wallet-check/v1" + derived[_KEY_BYTES:]).digest()
    return derived[:_KEY_BYTES], check


def _read_header(data: bytes, kind: FileKind) -> JsonObject:
    try:
        header = parse_json_object(data, bytes_max=FILE_BYTES_MAX, depth_max=1)
    except RefusedError as error:
        raise WalletError(f"not a wallet file: {error.reason}") from error
    if kind not in header and any(other in header for other in FileKind):
        raise WalletError(_WRONG_KIND[kind])
    if header.get(kind) != _FORMAT:
        raise WalletError("not a wallet file of a known format")
    try:
        is_sound = (
            header["kdf"] == "argon2id"
            and header["cipher"] == "xchacha20-poly1305"
            and argon2id.OPSLIMIT_MIN <= header["operations"] <= _STRENGTH_MAX.operations
            and argon2id.MEMLIMIT_MIN <= header["memory_bytes"] <= _STRENGTH_MAX.memory_bytes
            and len(bytes.fromhex(header["salt"])) == _SALT_BYTES
            and len(bytes.fromhex(header["check"])) == hashlib.sha256().digest_size
            and len(bytes.fromhex(header["nonce"])) == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
            and len(base64.b64decode(header["sealed"], validate=True)) > 0
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise WalletError("the wallet file's header is damaged: use a copy of it") from error
    if not is_sound:
        raise WalletError("the wallet file's header is damaged: use a copy of it")
    return header
