"""A member's wallet: keys for one cooperative, and what they all derive from.

The keys are a chain that derives from one master secret: key 0 begins the account, key n + 1
is what the account is committed to while key n is in use. The wallet's file holds the key in
use and of the next one the commitment alone; the master secret is in a *cold file* to be kept
elsewhere, so that who steals the wallet can neither rotate its keys nor veto a recovery. A
wallet belongs to one cooperative: the same keys in two would link a person's memberships,
which is health data. Never prints, logs or sends a secret.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.errors import MisconfiguredError
from did.accounts import Inception, compute_key_commitment, render_account_did
from did.codec import Value, decode, encode
from did.keys import (
    SEED_BYTES,
    KeyPair,
    did_key,
    did_key_verification_method,
    encode_multikey,
)
from did.wallet_files import (
    FILE_BYTES_MAX,
    STRENGTH,
    STRENGTH_TEST,
    FileKind,
    Random,
    Strength,
    WalletError,
    read_private,
    read_strength,
    seal,
    unseal,
    write_whole,
)

__all__ = [
    "STRENGTH",
    "STRENGTH_TEST",
    "ColdKeys",
    "Home",
    "Strength",
    "Wallet",
    "WalletError",
    "bind_wallet",
    "create_cold_keys",
    "create_wallet",
    "decrypt_wallet",
    "encrypt_wallet",
    "load_cold_keys",
    "load_wallet",
    "read_strength",
    "rotate_wallet",
    "save_cold_keys",
    "save_wallet",
]

MASTER_BYTES = 32
GENERATION_MAX = 1_000
"""Rotations of one wallet; a wallet that old is replaced."""
_KEY_INFO = b"rochdale/wallet/key/v1/"
_GUARDIANS_NONE = bytes(32)


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
class ColdKeys:
    """What all keys of a wallet derive from."""

    master: bytes = field(repr=False)
    """32 secret bytes."""

    def __post_init__(self) -> None:
        if len(self.master) != MASTER_BYTES:
            raise WalletError(f"a master secret has {MASTER_BYTES} bytes")

    def derive_key(self, generation: int) -> KeyPair:
        """The key of one generation, 0 being the account's first (HKDF-SHA-256, RFC 5869).

        Raises:
            WalletError: Beyond `GENERATION_MAX`.
        """
        if not 0 <= generation <= GENERATION_MAX:
            raise WalletError(f"a wallet's keys rotate at most {GENERATION_MAX} times")
        info = _KEY_INFO + str(generation).encode()
        return KeyPair(HKDF(SHA256(), SEED_BYTES, salt=None, info=info).derive(self.master))

    def compute_commitment(self, generation: int) -> bytes:
        """What commits to the key of one generation; 32 bytes."""
        return compute_key_commitment(self.derive_key(generation).public_key)

    def make_wallet(self, *, guardians_commitment: bytes = _GUARDIANS_NONE) -> "Wallet":
        """The wallet that begins with these keys, bound to no cooperative yet.

        Args:
            guardians_commitment: What the account begins with; 32 bytes, zero for no guardians.
        """
        device = self.derive_key(0)
        commitment = self.compute_commitment(1)
        return Wallet(
            device_seed=device.seed,
            generation=0,
            next_key_commitment=commitment,
            inception=Inception(
                public_key=device.public_key,
                next_key_commitment=commitment,
                guardians_commitment=guardians_commitment,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """Keys of one person in one cooperative."""

    device_seed: bytes = field(repr=False)
    """Signs logins, applications and transactions; 32 secret bytes."""
    generation: int
    """How many keys were in use before this one."""
    next_key_commitment: bytes
    """To the key that the account may rotate to, which the wallet does not hold; 32 bytes."""
    inception: Inception
    """What the ledger account began with."""
    home: Home | None = None
    """None until the wallet has been bound to a cooperative."""
    recovered_account: bytes | None = None
    """The account that guardians gave these keys; None for the one that the inception begins."""

    @property
    def device_key(self) -> KeyPair:
        """The key in use."""
        return KeyPair(self.device_seed)

    @property
    def login_did(self) -> str:
        """The DID to apply and log in with: did:key of the device key."""
        return did_key(self.device_key.public_key)

    @property
    def login_method(self) -> str:
        """The verification method that logins are signed with.

        The account's own once its first key is out of use: then a did:key would be a stranger's.
        """
        key = self.device_key.public_key
        if self.home is None or (self.generation == 0 and self.recovered_account is None):
            return did_key_verification_method(key)
        return f"{self.account_did}#{encode_multikey(key)}"

    @property
    def account_id(self) -> bytes:
        """The ledger account's id; 32 bytes."""
        return self.recovered_account or self.inception.compute_id()

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


def create_cold_keys(*, random: Random) -> ColdKeys:
    """Make a fresh master secret."""
    return ColdKeys(master=random(MASTER_BYTES))


def create_wallet(*, random: Random) -> Wallet:
    """Make a wallet whose keys are never rotated: its master secret is forgotten.

    For offices and tests; a member's wallet is made from cold keys that are kept.
    """
    return create_cold_keys(random=random).make_wallet()


def rotate_wallet(wallet: Wallet, cold: ColdKeys) -> Wallet:
    """The wallet with its next key in use, once the ledger has taken the rotation.

    Raises:
        WalletError: The cold keys are another wallet's, or have rotated too often.
    """
    generation = wallet.generation + 1
    key = cold.derive_key(generation)
    if compute_key_commitment(key.public_key) != wallet.next_key_commitment:
        raise WalletError("the cold file is another wallet's: name the one made with this wallet")
    return replace(
        wallet,
        device_seed=key.seed,
        generation=generation,
        next_key_commitment=cold.compute_commitment(generation + 1),
    )


def bind_wallet(wallet: Wallet, home: Home) -> Wallet:
    """Bind a wallet to a cooperative; binding it to the same one again changes its origin.

    Raises:
        MisconfiguredError: It is bound to another: keys are never shared between two.
    """
    if wallet.home is not None and wallet.home.cooperative_id != home.cooperative_id:
        raise MisconfiguredError(
            "the wallet belongs to another cooperative: run `rochdale wallet new` for a new one"
        )
    return replace(wallet, home=home)


def encrypt_wallet(
    wallet: Wallet, passphrase: str, *, random: Random, strength: Strength = STRENGTH
) -> bytes:
    """Seal a wallet with a passphrase; the file's bytes.

    Raises:
        WalletError: The passphrase is too short.
    """
    plain = encode(_to_value(wallet))
    return seal(plain, passphrase, kind=FileKind.WALLET, random=random, strength=strength)


def decrypt_wallet(data: bytes, passphrase: str) -> Wallet:
    """Open a wallet's bytes.

    Raises:
        WalletError: The passphrase is wrong, or the bytes are not what was sealed.
    """
    plain = unseal(data, passphrase, kind=FileKind.WALLET)
    return _from_value(decode(plain, bytes_max=FILE_BYTES_MAX))


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
    data = encrypt_wallet(wallet, passphrase, random=random, strength=strength)
    write_whole(path, data, random=random, may_replace=may_replace)


def load_wallet(path: Path, passphrase: str) -> Wallet:
    """Read a wallet file.

    Raises:
        MisconfiguredError: It cannot be read, or others than its owner can read it.
        WalletError: The passphrase is wrong, or the file is not what was saved.
    """
    return decrypt_wallet(read_private(path), passphrase)


def save_cold_keys(
    path: Path, cold: ColdKeys, passphrase: str, *, random: Random, strength: Strength = STRENGTH
) -> None:
    """Write a wallet's cold file; never over another one.

    Raises:
        MisconfiguredError: The file exists or cannot be written.
        WalletError: The passphrase is too short.
    """
    plain = encode([cold.master])
    data = seal(plain, passphrase, kind=FileKind.COLD, random=random, strength=strength)
    write_whole(path, data, random=random)


def load_cold_keys(path: Path, passphrase: str) -> ColdKeys:
    """Read a wallet's cold file.

    Raises:
        MisconfiguredError: It cannot be read, or others than its owner can read it.
        WalletError: The passphrase is wrong, or the file is not a cold file as it was saved.
    """
    plain = unseal(read_private(path), passphrase, kind=FileKind.COLD)
    match decode(plain, bytes_max=FILE_BYTES_MAX):
        case [bytes(master)]:
            return ColdKeys(master=master)
        case _:
            raise WalletError("the cold file was written by another version of Rochdale")


def _to_value(wallet: Wallet) -> list[Value]:
    home, inception = wallet.home, wallet.inception
    return [
        wallet.device_seed,
        wallet.generation,
        wallet.next_key_commitment,
        [inception.public_key, inception.next_key_commitment, inception.guardians_commitment],
        None if home is None else [home.network, home.cooperative_id, home.origin],
        wallet.recovered_account,
    ]


def _from_value(value: Value) -> Wallet:
    match value:
        case [
            bytes(seed),
            int(generation),
            bytes(commitment),
            [bytes(key), bytes(following), bytes(guardians)],
            None | [str(), bytes(), str()] as place,
            None | bytes() as recovered,
        ]:
            home: Home | None = None
            if isinstance(place, list):
                network, identity, origin = place
                home = Home(network=str(network), cooperative_id=identity, origin=str(origin))  # type: ignore[arg-type]  # matched above
            return Wallet(
                device_seed=seed,
                generation=generation,
                next_key_commitment=commitment,
                inception=Inception(
                    public_key=key, next_key_commitment=following, guardians_commitment=guardians
                ),
                home=home,
                recovered_account=recovered,
            )
        case _:
            raise WalletError("the wallet was written by another version of Rochdale")
