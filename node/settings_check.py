"""What settings must mean together, beyond the type of each.

Apart from the reading of them, so that `rochdale init` checks what it is about to write with
the same rules that a start applies.
"""

import ipaddress
import os
import re
from urllib.parse import urlsplit

from config.errors import MisconfiguredError
from config.limits import KEEP_DAYS_MIN, SOCKET_PATH_BYTES_MAX
from config.settings import Settings
from did.accounts import is_network_name

LOG_LEVELS = ("debug", "info", "warning", "error")
SIGN_UP_POLICIES = ("open", "invited", "closed")
TEST_HEARTBEAT_MS_MAX = 1_000
_CHAIN_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")  # the engine allows 50 characters
_PEER = re.compile(r"[0-9a-f]{40}@.+")
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")


def check_settings(settings: Settings, *, where: str) -> None:
    """Check every rule that spans fields or a field's form.

    Args:
        settings: What was read.
        where: The file to name in messages.

    Raises:
        MisconfiguredError: Names the key, what it must be and where it stands.
    """
    for problem in _problems(settings):
        raise MisconfiguredError(f"{where}: {problem}")


def split_address(address: str, *, key: str) -> tuple[str, int]:
    """Split `host:port`.

    Raises:
        MisconfiguredError: Not of that form.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise MisconfiguredError(f"{key} must read address:port, such as 127.0.0.1:8080")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_public_key(text: str) -> bool:
    """Whether a text is an Ed25519 public key in hexadecimal, in small letters."""
    return _PUBLIC_KEY.fullmatch(text) is not None


def is_test_origin(origin: str) -> bool:
    """Whether an origin can only belong to a test chain: localhost, or a `.test` name."""
    host = urlsplit(origin).hostname or ""
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".test")


def _problems(settings: Settings) -> list[str]:
    return [
        *_network(settings),
        *_node(settings),
        *_addresses(settings),
        *_signer(settings),
        *_numbers(settings),
    ]


def _node(settings: Settings) -> list[str]:
    found = []
    if not 1 <= len(settings.node.name.strip()) <= 100 or not settings.node.name.isprintable():
        found.append("node.name must have 1 to 100 printable characters")
    try:
        origin = urlsplit(settings.node.origin)
        port = origin.port
    except ValueError:
        return [*found, "node.origin must read https://host or https://host:port"]
    rebuilt = f"https://{origin.hostname}" + (f":{port}" if port else "")
    if not origin.hostname or rebuilt != settings.node.origin:
        found.append("node.origin must read https://host or https://host:port, in small letters")
    elif is_test_origin(settings.node.origin) and not settings.network.is_test_chain:
        found.append(
            f"node.origin {settings.node.origin} cannot be reached by others: set your public "
            "address, or use a test chain, whose id starts with test-"
        )
    return found


def _network(settings: Settings) -> list[str]:
    network = settings.network
    found = []
    if not _CHAIN_ID.fullmatch(network.chain_id):
        found.append("network.chain_id must be 1 to 50 of a-z, 0-9 and -")
    if not is_network_name(network.network):
        found.append("network.network must be 1 to 32 of a-z, 0-9 and -")
    if network.hosts and not network.is_test_chain:
        found.append("network.hosts is only for test chains, whose ids start with test-")
    if any(not name.endswith(".test") for name in network.hosts):
        found.append("network.hosts may only name hosts that end in .test")
    return found


def _addresses(settings: Settings) -> list[str]:
    wanted = {
        "web.listen": settings.web.listen,
        "engine.p2p_listen": settings.engine.p2p_listen,
        "engine.p2p_advertise": settings.engine.p2p_advertise or settings.engine.p2p_listen,
    }
    wanted |= {f"network.hosts ({name})": at for name, at in settings.network.hosts.items()}
    found = []
    for key, address in wanted.items():
        try:
            split_address(address, key=key)
        except MisconfiguredError as error:
            found.append(str(error))
    if any(not _PEER.fullmatch(peer) for peer in settings.engine.persistent_peers):
        found.append("engine.persistent_peers must each read <40 hex digits>@address:port")
    if not re.fullmatch(r"/ip[46]/[^/]+/tcp/\d{1,5}", settings.discovery.listen):
        found.append("discovery.listen must read /ip4/<address>/tcp/<port>")
    if any("/p2p/" not in address for address in settings.discovery.bootstrap):
        found.append("discovery.bootstrap must each end in /p2p/<peer id>")
    if bool(settings.web.tls_certificate) != bool(settings.web.tls_key):
        found.append("web.tls_certificate and web.tls_key go together: set both or neither")
    return found


def _signer(settings: Settings) -> list[str]:
    address, key = settings.engine.priv_validator_laddr, settings.engine.validator_public_key
    found = []
    if bool(address) != bool(key):
        found.append(
            "engine.priv_validator_laddr and engine.validator_public_key go together: set both or "
            "neither"
        )
    if address and not (_is_signer_path(address) or _is_signer_address(address)):
        found.append(
            "engine.priv_validator_laddr must read unix:///path, at most "
            f"{SOCKET_PATH_BYTES_MAX} bytes of path, or tcp://address:port with an address of this "
            "machine that only a private network reaches, such as tcp://127.0.0.1:26659"
        )
    if key and not is_public_key(key):
        found.append("engine.validator_public_key must be 64 of 0-9 and a-f")
    return found


def _is_signer_path(address: str) -> bool:
    path = address.removeprefix("unix://")
    is_short = len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX
    return address.startswith("unix:///") and is_short and not path.endswith("/")


def _is_signer_address(address: str) -> bool:
    # The engine does not know who connects: strangers must not be able to.
    try:
        host, _ = split_address(address.removeprefix("tcp://"), key="")
        parsed = ipaddress.ip_address(host)
    except (MisconfiguredError, ValueError):
        return False
    return address.startswith("tcp://") and parsed.is_private and not parsed.is_unspecified


def _numbers(settings: Settings) -> list[str]:
    found = []
    heartbeat_max = TEST_HEARTBEAT_MS_MAX if settings.network.is_test_chain else 600_000
    if not 100 <= settings.engine.heartbeat_ms <= heartbeat_max:
        found.append(f"engine.heartbeat_ms must be 100 to {heartbeat_max} on this chain")
    if not 0 <= settings.engine.timeout_commit_ms <= 60_000:
        found.append("engine.timeout_commit_ms must be 0 to 60000")
    if not 0 <= settings.engine.snapshot_interval_blocks <= 1_000_000:
        found.append("engine.snapshot_interval_blocks must be 0 to 1000000")
    if settings.engine.keep_days and settings.engine.keep_days < KEEP_DAYS_MIN:
        found.append(
            f"engine.keep_days must be 0, to keep all blocks, or at least {KEEP_DAYS_MIN}: wallets "
            "and partners go from a header that they trust to today's through the blocks between"
        )
    if not 1 <= settings.web.catch_up_interval_s <= 86_400:
        found.append("web.catch_up_interval_s must be 1 to 86400")
    if settings.register.sign_up not in SIGN_UP_POLICIES:
        found.append(f"register.sign_up must be one of {', '.join(SIGN_UP_POLICIES)}")
    if not 0 <= settings.register.book_years <= 30:
        found.append("register.book_years must be 0 to 30")
    if settings.log.level not in LOG_LEVELS:
        found.append(f"log.level must be one of {', '.join(LOG_LEVELS)}")
    return found
