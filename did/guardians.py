"""Guardians of an account: their keys, the file that they are known by, and what they sign.

A guardian has a key for one ward and no other, so that a recovery, which shows these keys,
connects nobody with anybody. The guardians' file is no secret from them, but from everybody
else: it says who could be asked to betray whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import RefusedError
from config.limits import GUARDIANS_MAX
from did.accounts import compute_guardians_commitment
from did.codec import decode, encode
from did.jcs import canonicalize, parse_json_object
from did.keys import SEED_BYTES, KeyPair, decode_multikey, encode_multikey
from did.wallet_files import (
    FILE_BYTES_MAX,
    FileKind,
    Random,
    Strength,
    WalletError,
    read_private,
    seal,
    unseal,
    write_whole,
)

GUARDIANS_MIN = 3
_FORMAT = 1
_SALT_BYTES = 32


class GuardiansError(RefusedError):
    """Guardians, their number, or their file do not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardians:
    """Who can recover one account, and how many of them it takes."""

    keys: tuple[bytes, ...]
    """Ascending, each once; `GUARDIANS_MIN` to `GUARDIANS_MAX`."""
    salt: bytes
    threshold: int
    """How many make a recovery that the account's cold key can veto."""
    override: int
    """How many make one that nobody can veto."""

    def __post_init__(self) -> None:
        if tuple(sorted(dict.fromkeys(self.keys))) != self.keys:
            raise GuardiansError("each guardian has a key of their own: name each once")
        if not GUARDIANS_MIN <= len(self.keys) <= GUARDIANS_MAX:
            raise GuardiansError(f"an account has {GUARDIANS_MIN} to {GUARDIANS_MAX} guardians")
        if not 2 <= self.threshold < self.override <= len(self.keys):
            raise GuardiansError(
                "at least 2 guardians make a recovery, and more of them one that nobody can veto"
            )

    def compute_commitment(self) -> bytes:
        """What the ledger knows of them; 32 bytes."""
        return compute_guardians_commitment(
            self.keys, salt=self.salt, threshold=self.threshold, override=self.override
        )

    def render(self) -> bytes:
        """The file that each guardian keeps beside their key."""
        return canonicalize(
            {
                "rochdale_guardians": _FORMAT,
                "guardians": [encode_multikey(key) for key in self.keys],
                "salt": self.salt.hex(),
                "threshold": self.threshold,
                "override": self.override,
            }
        )


def choose_guardians(
    multikeys: Sequence[str], *, threshold: int, override: int, random: Random
) -> Guardians:
    """Gather guardians by the keys that they told.

    Raises:
        RefusedError: A key is malformed, or their number does not fit.
    """
    return Guardians(
        keys=tuple(sorted(decode_multikey(key) for key in multikeys)),
        salt=random(_SALT_BYTES),
        threshold=threshold,
        override=override,
    )


def parse_guardians(data: bytes) -> Guardians:
    """Read the guardians' file.

    Raises:
        RefusedError: It is malformed.
    """
    document = parse_json_object(data, bytes_max=FILE_BYTES_MAX, depth_max=3)
    match document:
        case {
            "rochdale_guardians": 1,
            "guardians": list(multikeys),
            "salt": str(salt),
            "threshold": int(threshold),
            "override": int(override),
        } if len(document) == 5:
            keys = tuple(decode_multikey(key) if isinstance(key, str) else b"" for key in multikeys)
            return Guardians(
                keys=keys, salt=_read_salt(salt), threshold=threshold, override=override
            )
        case _:
            raise GuardiansError("this is no guardians' file: ask the ward for another copy")


def save_guardian_key(
    path: Path, key: KeyPair, passphrase: str, *, random: Random, strength: Strength
) -> None:
    """Write a guardian's key; never over another one.

    Raises:
        MisconfiguredError: The file exists or cannot be written.
        WalletError: The passphrase is too short.
    """
    data = seal(
        encode([key.seed]), passphrase, kind=FileKind.GUARDIAN, random=random, strength=strength
    )
    write_whole(path, data, random=random)


def load_guardian_key(path: Path, passphrase: str) -> KeyPair:
    """Read a guardian's key.

    Raises:
        MisconfiguredError: It cannot be read, or others than its owner can read it.
        WalletError: The passphrase is wrong, or the file is another one.
    """
    plain = unseal(read_private(path), passphrase, kind=FileKind.GUARDIAN)
    match decode(plain, bytes_max=FILE_BYTES_MAX):
        case [bytes(seed)] if len(seed) == SEED_BYTES:
            return KeyPair(seed)
        case _:
            raise WalletError("the key was written by another version of Rochdale")


def _read_salt(text: str) -> bytes:
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != _SALT_BYTES or salt.hex() != text:
        raise GuardiansError("the guardians' salt is 32 bytes in hexadecimal")
    return salt
