"""What must hold before a node starts: found out at once, said in one sentence.

Everything here would otherwise show as a process that ends again and again. Apart from the
supervisor, which cannot afford the imports.
"""

import os
import re
import socket

from config.errors import MisconfiguredError
from config.settings import Settings
from node.home import Home
from node.keystore import check_keys, check_private
from node.lock import take_lock
from node.remote_signer import TCP_SCHEME, check_signer, load_validator_public_key
from node.settings_check import split_address

PROCESS_KEYS = ("assertion", "http", "libp2p", "node", "register")
"""Keys that a running process holds, beside the validator's; the others are for commands."""

_ORPHANS_S = 10.0
"""Longer than a process takes to end once its supervisor's pipe has closed."""


def check_start(home: Home, settings: Settings) -> None:
    """Check everything that a start needs.

    Raises:
        UnavailableError: The node runs already.
        MisconfiguredError: Names what is wrong and what mends it.
    """
    from ledger.engine import check_engine  # noqa: PLC0415 - `status` needs none of this
    from node.chain import load_genesis  # noqa: PLC0415
    from node.processes import find_engine  # noqa: PLC0415

    check_not_running(home)
    check_private(home.root)
    check_keys(home.keys, names=PROCESS_KEYS)
    load_validator_public_key(home, settings)
    check_signer(home, settings)
    load_genesis(home)
    check_engine(find_engine(settings))
    check_ports(settings)


def check_not_running(home: Home) -> None:
    """Check that nothing runs this home; waits for what a killed supervisor left to end.

    Raises:
        UnavailableError: Something does.
    """
    os.close(take_lock(home.lock_path, wait_s=_ORPHANS_S))


def check_ports(settings: Settings) -> None:
    """Check that the node's ports can be listened on.

    Raises:
        MisconfiguredError: One is taken or not allowed; names the setting.
    """
    listening = {
        "web.listen": split_address(settings.web.listen, key="web.listen"),
        "engine.p2p_listen": split_address(settings.engine.p2p_listen, key="engine.p2p_listen"),
        "discovery.listen": split_multiaddress(settings.discovery.listen),
    }
    signer = settings.engine.priv_validator_laddr
    if signer.startswith(TCP_SCHEME):
        key = "engine.priv_validator_laddr"
        listening[key] = split_address(signer.removeprefix(TCP_SCHEME), key=key)
    for key, (host, port) in listening.items():
        taken = [other for other, where in listening.items() if where[1] == port and other != key]
        if taken:
            raise MisconfiguredError(
                f"{key} and {taken[0]} both say port {port}: give each its own"
            )
        _check_port(key, host, port)


def split_multiaddress(address: str) -> tuple[str, int]:
    """Split `/ip4/<address>/tcp/<port>`.

    Raises:
        MisconfiguredError: Not of that form.
    """
    match = re.fullmatch(r"/ip[46]/([^/]+)/tcp/(\d{1,5})", address)
    if match is None:
        raise MisconfiguredError("discovery.listen must read /ip4/<address>/tcp/<port>")
    return match[1], int(match[2])


def _check_port(key: str, host: str, port: int) -> None:
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise MisconfiguredError(
            f"{key}: {host} is no address of this machine: correct it in rochdale.toml"
        ) from error
    with socket.socket(family, kind) as probe:
        # As servers do: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            raise MisconfiguredError(
                f"{key}: {host} port {port} cannot be used ({os.strerror(error.errno or 0)}): "
                f"stop what holds it, or set another port (rochdale.toml, or `--{key}`)"
            ) from error
