"""Main of the discovery process.

Puts its parts together and bounds its memory; what it does is in `dht_process`, what it
decides in `discovery_state`. The process may be killed at any time: nothing is lost but warm
connections.
"""

import gc
import resource
from collections.abc import Callable

import structlog

from config.errors import RefusedError
from did.keys import KeyPair
from federation.dht_process import run_process
from federation.directory import Directory, load_directory
from federation.discovery_state import DiscoverySettings, DiscoveryState

__all__ = ["DiscoverySettings", "run_discovery"]

MEMORY_BYTES_MAX = 536_870_912
"""Data that the process may map: six times what it needs with a full directory."""
log = structlog.get_logger(__name__)


def run_discovery(
    settings: DiscoverySettings,
    *,
    seed: bytes,
    now_s: Callable[[], int],
    stop_descriptor: int | None = None,
) -> None:
    """Run the discovery process until it is told to stop.

    Args:
        settings: Addresses and paths.
        seed: The libp2p key's 32 secret bytes.
        now_s: Seconds since 1970.
        stop_descriptor: Reading end of a pipe; the process ends when the other end closes.
            SIGTERM and SIGINT end it too, within two seconds.

    Raises:
        MisconfiguredError: A bad address, or one that cannot be listened on.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, hard))
    try:
        directory = load_directory(settings.directory_path)
    except RefusedError as error:
        # The network can tell it all again.
        log.warning("directory_damaged", reason=error.reason)
        directory = Directory()
    state = DiscoveryState(directory, key=KeyPair(seed), now_s=now_s)
    # What the imports left behind lives as long as the process.
    gc.collect()
    gc.freeze()
    run_process(settings, state, seed=seed, now_s=now_s, stop_descriptor=stop_descriptor)
