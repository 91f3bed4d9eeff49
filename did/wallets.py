"""A member's wallet: keys for one cooperative, and the file that keeps them.

The file is sealed with the member's passphrase (Argon2id, then XChaCha20-Poly1305) and
readable by its owner alone. A wallet belongs to one cooperative: the same keys in two would
link a person's memberships, which is health data. Never prints, logs or sends a seed.
"""

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from config.errors import MisconfiguredError, RefusedError
from did.accounts import Inception, compute_key_commitment, render_account_did
from did.codec import Value, decode, encode
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.keys import SEED_BYTES, KeyPair, did_key

PASSPHRASE_CHARACTERS_MIN = 8
_FORMAT = 1
_SALT_BYTES = argon2id.SALTBYTES
_KEY_BYTES = 32
_FILE_BYTES_MAX = 16_384
_GUARDIANS_NONE = bytes(32)

Random = Callable[[int], bytes]
"""Gives that many secret random bytes."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The cooperative that a wallet is for."""

    network: str
    """Network name, as in ledger DIDs."""
    cooperative_id: bytes
    """32 bytes."""
    origin: str
    """Where its node is: `https://…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Keys of one person in one cooperative."""

    device_seed: bytes = field(repr=False)
    """Signs logins, applications and transactions; 32 secret bytes."""
    next_seed: bytes = field(repr=False)
    """The key that the account may rotate to; 32 secret bytes."""
    home: Home | None = None
    """None until the wallet has been bound to a cooperative."""

    @property
    def device_key(self) -> KeyPair:
        """The key in use."""
        return KeyPair(self.device_seed)

    @property
    def login_did(self) -> str:
        """The DID to apply and log in with: did:key of the device key."""
        return did_key(self.device_key.public_key)

    @property
    def inception(self) -> Inception:
        """What the ledger account begins with; no guardians yet."""
        return Inception(
            public_key=self.device_key.public_key,
            next_key_commitment=compute_key_commitment(KeyPair(self.next_seed).public_key),
            guardians_commitment=_GUARDIANS_NONE,
        )

    @property
    def account_id(self) -> bytes:
        """The ledger account's id; 32 bytes."""
        return self.inception.compute_id()

    @property
    def account_did(self) -> str:
        """The ledger account's DID.

        Raises:
            MisconfiguredError: The wallet is bound to no cooperative yet.
        """
        return render_account_did(network=self.get_home().network, account_id=self.account_id)

    def get_home(self) -> Home:
        """Get the cooperative that the wallet is for.

        Raises:
            MisconfiguredError: The wallet is bound to none yet.
        """
        if self.home is None:
            raise MisconfiguredError(
                "the wallet belongs to no cooperative yet: run `rochdale wallet apply`"
            )
        return self.home


def create_wallet(*, random: Random) -> Wallet:
    """Make fresh keys, bound to no cooperative yet."""
    return Wallet(device_seed=random(SEED_BYTES), next_seed=random(SEED_BYTES))


def bind_wallet(wallet: Wallet, home: Home) -> Wallet:
    """Bind a wallet to a cooperative; binding it to the same one again changes its origin.

    Raises:
        MisconfiguredError: It is bound to another: keys are never shared between two.
    """
    if wallet.home is not None and wallet.home.cooperative_id != home.cooperative_id:
        raise MisconfiguredError(
            "the wallet belongs to another cooperative: run `rochdale wallet create` for a new one"
        )
    return replace(wallet, home=home)


def encrypt_wallet(
    wallet: Wallet, passphrase: str, *, random: Random, strength: Strength = STRENGTH
) -> bytes:
    """Seal a wallet with a passphrase; the file's bytes.

    Raises:
        WalletError: The passphrase is shorter than `PASSPHRASE_CHARACTERS_MIN`.
    """
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        raise WalletError(f"a passphrase has at least {PASSPHRASE_CHARACTERS_MIN} characters")
    salt = random(_SALT_BYTES)
    key, check = _derive(passphrase, salt=salt, strength=strength)
    nonce = random(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    header: JsonObject = {
        "rochdale_wallet": _FORMAT,
        "kdf": "argon2id",
        "operations": strength.operations,
        "memory_bytes": strength.memory_bytes,
        "salt": salt.hex(),
        "check": check.hex(),
        "cipher": "xchacha20-poly1305",
        "nonce": nonce.hex(),
    }
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(
        encode(_to_value(wallet)), canonicalize(header), nonce, key
    )
    return canonicalize({**header, "sealed": base64.b64encode(sealed).decode()}) + b"\n"


def decrypt_wallet(data: bytes, passphrase: str) -> Wallet:
    """Open a wallet's bytes.

    Raises:
        WalletError: The passphrase is wrong, or the bytes are not what was sealed.
    """
    header = _read_header(data)
    sealed = base64.b64decode(header.pop("sealed"))
    strength = Strength(operations=header["operations"], memory_bytes=header["memory_bytes"])
    key, check = _derive(passphrase, salt=bytes.fromhex(header["salt"]), strength=strength)
    if check.hex() != header["check"]:
        raise WalletError("the passphrase is wrong")
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed, canonicalize(header), bytes.fromhex(header["nonce"]), key
        )
    except (CryptoError, ValueError) as error:
        raise WalletError("the wallet file was altered or damaged: use a copy of it") from error
    return _from_value(decode(plain, bytes_max=_FILE_BYTES_MAX))


def read_strength(data: bytes) -> Strength:
    """Read from a wallet's bytes, without the passphrase, how costly a guess at it is.

    Raises:
        WalletError: Not a wallet file.
    """
    header = _read_header(data)
    return Strength(operations=header["operations"], memory_bytes=header["memory_bytes"])


def save_wallet(
    path: Path,
    wallet: Wallet,
    passphrase: str,
    *,
    random: Random,
    strength: Strength = STRENGTH,
    may_replace: bool = False,
) -> None:
    """Write a wallet file that its owner alone can read; whole or not at all.

    Raises:
        MisconfiguredError: The file exists and `may_replace` is false: its keys would be lost.
        WalletError: The passphrase is too short.
    """
    if path.exists() and not may_replace:
        raise MisconfiguredError(f"{path} exists: choose another path for a new wallet")
    data = encrypt_wallet(wallet, passphrase, random=random, strength=strength)
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


def load_wallet(path: Path, passphrase: str) -> Wallet:
    """Read a wallet file.

    Raises:
        MisconfiguredError: It cannot be read, or others than its owner can read it.
        WalletError: The passphrase is wrong, or the file is not what was saved.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise MisconfiguredError(f"{path} can be read by others: run `chmod 600 {path}`")
    return decrypt_wallet(data, passphrase)


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


def _read_header(data: bytes) -> JsonObject:
    try:
        header = parse_json_object(data, bytes_max=_FILE_BYTES_MAX, depth_max=1)
    except RefusedError as error:
        raise WalletError(f"not a wallet file: {error.reason}") from error
    if header.get("rochdale_wallet") != _FORMAT:
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


def _to_value(wallet: Wallet) -> list[Value]:
    home = wallet.home
    return [
        wallet.device_seed,
        wallet.next_seed,
        None if home is None else [home.network, home.cooperative_id, home.origin],
    ]


def _from_value(value: Value) -> Wallet:
    match value:
        case [bytes(device_seed), bytes(next_seed), None]:
            return Wallet(device_seed=device_seed, next_seed=next_seed)
        case [bytes(device_seed), bytes(next_seed), [str(network), bytes(identity), str(origin)]]:
            home = Home(network=network, cooperative_id=identity, origin=origin)
            return Wallet(device_seed=device_seed, next_seed=next_seed, home=home)
        case _:
            raise WalletError("the wallet was written by another version of Rochdale")
