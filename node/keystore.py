"""The node's secret keys, one file per purpose.

Each file is a hex seed, readable by its owner alone. Apart from the code that signs, so that
a process loads only the keys it is for (docs/operations.md, "Keys"). Never logs, never
puts a secret on a command line.
"""

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from config.errors import MisconfiguredError
from did.keys import SEED_BYTES, KeyPair

KEY_NAMES = (
    "cooperative",
    "cooperative-next",
    "registrar",
    "assertion",
    "http",
    "token",
    "libp2p",
    "consensus",
    "node",
)
REGISTER_KEY_NAME = "register"
"""AES-256 key of the members' register; not a signing key."""
_MAY_BE_AWAY = frozenset({"cooperative", "cooperative-next"})
"""Keys of no process: the next one belongs on another machine, and its predecessor may be lost."""
_NEW = "-new"
"""Ends the name of a key that is about to take another's place."""
_RETIRED = "-retired-"
"""Stands before the number of a key that was given up."""


def create_keys(
    directory: Path, *, random: Callable[[int], bytes], names: Sequence[str] = KEY_NAMES
) -> None:
    """Make the keys of a new node.

    Args:
        directory: Exists and is empty.
        random: Source of secret bytes, as `secrets.token_bytes`.
        names: Which ones, beside that of the members' register.
    """
    for name in (*names, REGISTER_KEY_NAME):
        write_secret(directory / f"{name}.key", random(SEED_BYTES).hex() + "\n")


def load_key(directory: Path, name: str) -> KeyPair:
    """Load the key pair of one purpose.

    Raises:
        MisconfiguredError: Missing, malformed, or others may read it.
    """
    return KeyPair(load_secret(directory, name))


def load_secret(directory: Path, name: str) -> bytes:
    """Load the 32 secret bytes of one purpose.

    Raises:
        MisconfiguredError: Missing, malformed, or others may read it.
    """
    check_private(directory)
    return load_secret_file(directory / f"{name}.key")


def load_secret_file(path: Path) -> bytes:
    """Load the 32 secret bytes of a file that was named; others may enter its directory.

    Raises:
        MisconfiguredError: Missing, malformed, or others may read it.
    """
    check_private(path)
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise MisconfiguredError(
            f"{path} does not hold a key in hex: put it back from your backup"
        ) from error
    if len(secret) != SEED_BYTES:
        raise MisconfiguredError(
            f"{path} does not hold {SEED_BYTES} bytes in hex: put it back from your backup"
        )
    return secret


def begin_key(directory: Path, name: str, *, random: Callable[[int], bytes]) -> KeyPair:
    """Make the successor of a key, beside it; the same one again until `finish_key`.

    It is on disk before anybody hears of it, so an interrupted change can be finished.
    """
    successor = f"{name}{_NEW}"
    if not (directory / f"{successor}.key").exists():
        write_secret(directory / f"{successor}.key", random(SEED_BYTES).hex() + "\n")
    return load_key(directory, successor)


def finish_key(directory: Path, name: str) -> None:
    """Let the successor take the key's place; the old one is kept under another name.

    At no moment is a key missing or the only copy of one gone.
    """
    replace_key(directory, name, by=f"{name}{_NEW}")


def replace_key(directory: Path, name: str, *, by: str) -> None:
    """Let one key take another's place, which is kept, if it is there, under a name of its own."""
    if (directory / f"{name}.key").exists():
        count = len(list(directory.glob(f"{name}{_RETIRED}*.key")))
        retired = directory / f"{name}{_RETIRED}{count + 1}.key"
        write_secret(retired, load_secret(directory, name).hex() + "\n")
    (directory / f"{by}.key").replace(directory / f"{name}.key")


def list_begun(directory: Path) -> list[str]:
    """Names of keys whose successor is made and has not taken their place yet, ascending."""
    return sorted(path.stem.removesuffix(_NEW) for path in directory.glob(f"*{_NEW}.key"))


def load_begun(directory: Path, name: str) -> KeyPair:
    """Load the successor of a key that `list_begun` names.

    Raises:
        MisconfiguredError: As `load_key`.
    """
    return load_key(directory, f"{name}{_NEW}")


def adopt_key(directory: Path, name: str, *, source: Path) -> None:
    """Let a new home's key be that of another home; none where that one keeps none, for safety.

    Args:
        directory: Of the new home, whose own key was never used.
        name: Which.
        source: The other home's keys.

    Raises:
        MisconfiguredError: The other home's key cannot be used.
    """
    (directory / f"{name}.key").unlink(missing_ok=True)
    if name in _MAY_BE_AWAY and not (source / f"{name}.key").exists():
        return
    write_secret(directory / f"{name}.key", load_secret(source, name).hex() + "\n")


def adopt_begun(directory: Path, name: str, *, source: Path) -> None:
    """Let a change of a key that another home has begun be finished in a new home.

    Raises:
        MisconfiguredError: The other home's key cannot be used.
    """
    adopt_key(directory, f"{name}{_NEW}", source=source)


def load_retired_keys(directory: Path, name: str) -> list[KeyPair]:
    """Keys of one purpose that were given up."""
    paths = sorted(directory.glob(f"{name}{_RETIRED}*.key"))
    return [load_key(directory, path.stem) for path in paths]


def check_keys(directory: Path, *, names: tuple[str, ...]) -> None:
    """Check that keys are there and private, before any process starts.

    Raises:
        MisconfiguredError: Names the file and the command that mends it.
    """
    for name in names:
        load_secret(directory, name)


def check_private(path: Path) -> None:
    """Check that a file or directory is this user's and closed to all others.

    Raises:
        MisconfiguredError: It is missing or open; names the command that closes it.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be opened ({error.strerror}): put it back from your backup, "
            "and run the node as the user who owns it"
        ) from error
    if found.st_uid not in {os.getuid(), 0}:
        raise MisconfiguredError(f"{path} is not yours: chown it to the user who runs the node")
    if found.st_mode & 0o077:
        wanted = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise MisconfiguredError(f"others may read {path}: run `chmod {wanted} {path}`")


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner can read; refuses to overwrite."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
