"""What a wallet believes of its chain between two commands.

A trust bundle beside the wallet's file, `<wallet>.trust`, moved forward with every receipt
that held: whoever uses a wallet now and then needs no new bundle. It holds nothing secret,
but tells which federation its owner belongs to, so that only the owner can read it. Apart
from the wallet, whose file changes only with its keys.
"""

import os
from pathlib import Path

from config.errors import MisconfiguredError, RefusedError
from config.limits import TRUST_BUNDLE_BYTES_MAX
from ledger.trust import TrustBundle, read_trust_bundle, write_trust_bundle


def get_trust_path(wallet: Path) -> Path:
    """Where a wallet's trust is kept."""
    return wallet.with_name(f"{wallet.name}.trust")


def load_wallet_trust(wallet: Path) -> TrustBundle | None:
    """What the wallet believed last; None before its first checked receipt.

    Raises:
        MisconfiguredError: The file is there but cannot be used.
    """
    path = get_trust_path(wallet)
    try:
        with path.open("rb") as file:
            return read_trust_bundle(file.read(TRUST_BUNDLE_BYTES_MAX + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be read: {error.strerror}") from error
    except RefusedError as error:
        raise MisconfiguredError(
            f"{path} is damaged ({error.reason}): remove it, and name a trust bundle with `--trust`"
        ) from error


def choose_trust(given: TrustBundle | None, kept: TrustBundle | None) -> TrustBundle | None:
    """What to check with: the later of two of one chain, else what was given.

    Raises:
        RefusedError: They contradict each other.
    """
    if given is None or kept is None:
        return given or kept
    if (given.chain_id, given.genesis_hash) != (kept.chain_id, kept.genesis_hash):
        return given
    if given.height == kept.height and given.header_hash != kept.header_hash:
        raise RefusedError(
            f"the trust bundle says of block {given.height} something else than what this wallet "
            "has checked: ask the cooperatives whom you trust which is right"
        )
    return given if given.height > kept.height else kept


def keep_trust(wallet: Path, trust: TrustBundle) -> None:
    """Remember what was checked; whole or not at all.

    Raises:
        MisconfiguredError: It cannot be written.
    """
    if trust.header is None:
        return  # the genesis file says it, and was only just given
    path = get_trust_path(wallet)
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(write_trust_bundle(trust))
        partial.replace(path)
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be written: {error.strerror}") from error
