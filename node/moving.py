"""Moving a cooperative from its sealed chain to the federation's: a new home with the old keys.

What the cooperative is and what only it knows come along: its root, registrar's and register
keys, its public keys, the members' register, drafts, the privacy budget, texts, and records.
The validator and the engine get new keys: a consensus key belongs to one chain. The old home
stays as it is, with the old chain's history.
"""

import shutil
import sqlite3
from collections.abc import Container, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from governance.federal_view import FederalView
from governance.seals import Seal
from ledger.genesis import Genesis, check_genesis
from ledger.store import Store
from ledger.trust import TrustBundle
from node.founding import join_chain
from node.home import Home
from node.keystore import (
    KEY_NAMES,
    REGISTER_KEY_NAME,
    adopt_begun,
    adopt_key,
    list_begun,
)
from node.preflight import check_not_running
from node.settings import Setting, read_file

_NEW_KEYS = frozenset({"consensus", "node"})
"""Of one chain and one engine."""
_NEW_SETTINGS = frozenset({"network.chain_id", "network.network", "engine.persistent_peers"})


def read_old_settings(old: Home) -> Mapping[str, Setting]:
    """What of a sealed chain's settings holds in the new home, too."""
    return {
        key: value
        for key, value in read_file(old.settings_path).items()
        if key not in _NEW_SETTINGS
    }


def check_sealed_home(old: Home, *, destination: str, former: str = "") -> None:
    """Check that a stopped home's chain is sealed for another one.

    Args:
        old: The home.
        destination: The other chain.
        former: The one that it goes on from; empty if it began anew.

    Raises:
        UnavailableError: The node runs.
        RefusedError: Its chain is not sealed, or for another destination.
    """
    check_not_running(old)
    seal = _read_seal(old)
    if seal is None or not seal.is_complete:
        raise RefusedError(
            f"the chain of {old.root} is not sealed: run `rochdale federation seal {destination}` "
            "there first"
        )
    if seal.destination not in {destination, former}:
        raise RefusedError(
            f"the chain of {old.root} is sealed for {seal.destination}, not for {destination}"
        )


def move_to_chain(
    root: Path,
    settings: Settings,
    genesis: bytes,
    *,
    old: Home,
    trust: TrustBundle | None = None,
) -> tuple[Home, Genesis]:
    """Make a node that follows a running chain, for the cooperative of a sealed one.

    Args:
        root: Where.
        settings: Its own.
        genesis: The running chain's genesis file.
        old: The sealed chain's home; its node is stopped.
        trust: What it takes over a state by; None to execute every block.

    Raises:
        MisconfiguredError: As `node.founding.create_node`, or the old home lacks something.
        RefusedError: The genesis file does not hold together, or as `check_sealed_home`.
        UnavailableError: The old node runs.
    """
    recovery = check_genesis(genesis).recovery
    former = "" if recovery is None else recovery.former_chain_id
    check_sealed_home(old, destination=settings.network.chain_id, former=former)
    home, checked = join_chain(root, settings, genesis, trust=trust)
    with copying(old, home):
        copy_belongings(old, home, except_keys=_NEW_KEYS)
    return home, checked


@contextmanager
def copying(old: Home, home: Home) -> Iterator[None]:
    """Leave nothing of a new home if it cannot be made.

    Raises:
        MisconfiguredError: A file cannot be copied.
    """
    try:
        yield
    except BaseException as error:
        shutil.rmtree(home.root, ignore_errors=True)
        if isinstance(error, OSError | sqlite3.Error):
            raise MisconfiguredError(
                f"{old.root} cannot be copied to {home.root} ({error}): free space there, or put "
                "the old home back from your backup"
            ) from error
        raise


def copy_belongings(old: Home, home: Home, *, except_keys: Container[str] = ()) -> None:
    """Give a new home another one's keys, register with its erasure list, drafts and records.

    Raises:
        MisconfiguredError: A key cannot be used.
        OSError: The disk.
        sqlite3.Error: The register cannot be read.
    """
    for name in (*KEY_NAMES, REGISTER_KEY_NAME):
        if name not in except_keys:
            adopt_key(home.keys, name, source=old.keys)
    for name in list_begun(old.keys):  # the ledger may know the new one already
        if name not in except_keys:
            adopt_begun(home.keys, name, source=old.keys)
    copy_database(old.private_path, home.private_path)
    if old.erasures_path.exists():
        shutil.copy2(old.erasures_path, home.erasures_path)
    shutil.copytree(old.records, home.records, dirs_exist_ok=True)


def _read_seal(old: Home) -> Seal | None:
    with closing(Store.open(old.ledger)) as store:
        return FederalView(store).get_seal()


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is, whatever was not written into its file yet included."""
    if not source.exists():
        return
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
