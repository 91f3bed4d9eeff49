"""A validator's key that is not in this home: a remote signer connects and signs with it.

The engine listens, the signer dials, as tmkms, Horcrux and the engine's own `priv_val_server`
do. It keeps the record of what it signed, so this home can neither sign nor endanger what was
signed. Over TCP the engine does not know who connects: only addresses that strangers cannot
reach are taken (`node.settings_check`).
"""

from contextlib import suppress
from pathlib import Path

from config.errors import MisconfiguredError
from config.settings import Settings
from node.home import Home
from node.keystore import check_private, load_key

UNIX_SCHEME, TCP_SCHEME = "unix://", "tcp://"


def has_remote_signer(settings: Settings) -> bool:
    """Whether a remote signer holds the validator's key."""
    return bool(settings.engine.priv_validator_laddr)


def load_validator_public_key(home: Home, settings: Settings) -> bytes:
    """The key that this node validates with, should it be a validator; 32 bytes.

    Raises:
        MisconfiguredError: The home's own key is missing, malformed or open to others.
    """
    if has_remote_signer(settings):
        return bytes.fromhex(settings.engine.validator_public_key)
    return load_key(home.keys, "consensus").public_key


def check_signer(home: Home, settings: Settings) -> None:
    """Check that a remote signer can be the only one that signs, before the node starts.

    Raises:
        MisconfiguredError: The key is in this home too, or others may reach the socket.
    """
    if not has_remote_signer(settings):
        return
    left = [home.keys / "consensus.key", home.engine / "config" / "priv_validator_key.json"]
    for path in left:
        if path.exists():
            raise MisconfiguredError(
                f"a remote signer holds the validator's key (engine.priv_validator_laddr), and "
                f"{path} is here as well: move it to the signer's machine, or remove it if that "
                "has another key"
            )
    socket_path = find_signer_socket(settings)
    if socket_path is not None:
        check_private(socket_path.parent)


def find_signer_socket(settings: Settings) -> Path | None:
    """Where the engine listens for the signer; none if that is a TCP address."""
    address = settings.engine.priv_validator_laddr
    if not address.startswith(UNIX_SCHEME):
        return None
    return Path(address.removeprefix(UNIX_SCHEME))


def clear_signer_socket(settings: Settings) -> None:
    """Remove what an engine that was killed left: the next one could not listen there."""
    path = find_signer_socket(settings)
    if path is not None and path.is_socket():
        with suppress(FileNotFoundError):
            path.unlink()
