"""Making a new node: its home, its settings file, its keys, and a chain of its own.

What `rochdale init` and the test networks do, without a command line. Whatever can be wrong
is checked before the first file is written; if something fails after that, nothing is left.
"""

import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.errors import MisconfiguredError
from config.settings import TEST_CHAIN_PREFIX, NodeSection, Settings
from ledger.genesis import Genesis, assemble_genesis
from ledger.store import create_store
from ledger.trust import TrustBundle, write_trust_bundle
from node.chain import adopt_genesis, make_offer
from node.home import Home, create_home
from node.keystore import KEY_NAMES, create_keys, write_secret
from node.remote_signer import has_remote_signer
from node.settings import Setting, build_settings
from node.settings_check import TEST_HEARTBEAT_MS_MAX, check_settings, is_test_origin
from node.settings_file import render_settings
from node.signing_guard import create_guard


def complete_settings(values: Mapping[str, Setting]) -> Settings:
    """Settings of a new node that begins alone; what is not given follows from the rest.

    A node whose origin only this machine knows gets a test chain: it can never be part of a
    real federation.

    Raises:
        MisconfiguredError: What was given does not go together.
    """
    given = dict(values)
    name, origin = given.get("node.name", NodeSection().name), given.get("node.origin")
    slug = _render_slug(str(name))
    if is_test_origin(str(origin or NodeSection().origin)):
        slug = f"{TEST_CHAIN_PREFIX}{slug.removeprefix(TEST_CHAIN_PREFIX)}"
    chain_id = str(given.setdefault("network.chain_id", f"{slug}-1"))
    given.setdefault("network.network", re.sub(r"-\d+$", "", chain_id)[:32])
    if chain_id.startswith(TEST_CHAIN_PREFIX):
        given.setdefault("engine.heartbeat_ms", TEST_HEARTBEAT_MS_MAX)
    settings = build_settings(given)
    check_settings(settings, where="rochdale init")
    return settings


def create_node(
    root: Path,
    settings: Settings,
    *,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> Home:
    """Make a home with settings, keys and an empty ledger; it has no chain yet.

    Raises:
        MisconfiguredError: The settings are wrong, or the place is taken.
    """
    check_settings(settings, where="rochdale init")
    home = create_home(root)
    with _undone_on_failure(home):
        write_secret(home.settings_path, render_settings(settings))
        left_out = {"consensus"} if has_remote_signer(settings) else set[str]()
        names = [name for name in KEY_NAMES if name not in left_out]
        create_keys(home.keys, random=random, names=names)
        create_guard(home)
        create_store(home.ledger)
    return home


def found_alone(
    root: Path,
    settings: Settings,
    *,
    bylaws: Mapping[str, Any],
    time_scale: int,
    genesis_time_ms: int,
) -> tuple[Home, Genesis]:
    """Make a node with a chain of its own, on which it is the only validator.

    Raises:
        MisconfiguredError: As `create_node`.
        RefusedError: Bylaws or time scale break the charter.
    """
    home = create_node(root, settings)
    with _undone_on_failure(home):
        genesis = assemble_genesis(
            [make_offer(home, settings)],
            chain_id=settings.network.chain_id,
            network=settings.network.network,
            bylaws=bylaws,
            time_scale=time_scale,
            genesis_time_ms=genesis_time_ms,
        )
        return home, adopt_genesis(home, settings, genesis)


def join_chain(
    root: Path, settings: Settings, genesis: bytes, *, trust: TrustBundle | None = None
) -> tuple[Home, Genesis]:
    """Make a node that follows a running chain without validating.

    Args:
        root: Where.
        settings: Its own.
        genesis: The chain's genesis file.
        trust: What it takes over a state by; None to execute every block.

    Raises:
        MisconfiguredError: As `create_node`.
        RefusedError: The genesis file does not hold together.
    """
    home = create_node(root, settings)
    with _undone_on_failure(home):
        if trust is not None:
            write_secret(home.trust_path, write_trust_bundle(trust).decode())
        return home, adopt_genesis(home, settings, genesis)


def _render_slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:24].strip("-") or "cooperative"


@contextmanager
def _undone_on_failure(home: Home) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        shutil.rmtree(home.root, ignore_errors=True)
        if isinstance(error, OSError):
            raise MisconfiguredError(
                f"{home.root} cannot be written ({error.strerror}): "
                "free space there, or choose another place with `--home`"
            ) from error
        raise
