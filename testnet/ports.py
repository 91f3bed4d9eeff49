"""Ports for a federation on one machine: a block of them, all free or none taken."""

import errno
import socket
from dataclasses import dataclass

from config.errors import MisconfiguredError
from testnet.manifest import COOPERATIVES_MAX

BLOCK_PORTS = 40
_FIRST_BLOCK = 8_400
_BLOCKS = 100


@dataclass(frozen=True, slots=True)
class NodePorts:
    """Where one node listens on loopback."""

    web: int
    engine: int
    discovery: int


def choose_ports(count: int, *, base: int | None) -> list[NodePorts]:
    """Find ports for a number of nodes.

    Args:
        count: Nodes, at most 10.
        base: First port of the block; none to take the first free block from 8400 on.

    Raises:
        MisconfiguredError: A port of the named block is taken, or no block is free.
    """
    if base is not None:
        if not 1_024 <= base <= 65_535 - BLOCK_PORTS:
            raise MisconfiguredError(f"--port takes 1024 to {65_535 - BLOCK_PORTS}, not {base}")
        if (taken := _find_taken(_layout(base, count))) is not None:
            raise MisconfiguredError(
                f"port {taken} is in use (another federation?): see by whom with "
                f"`ss -tlnp 'sport = :{taken}'`, or name other ports with --port"
            )
        return _layout(base, count)
    for block in range(_BLOCKS):
        base = _FIRST_BLOCK + block * BLOCK_PORTS
        ports = _layout(base, count)
        if _is_claimed(base) and _find_taken(ports) is None:
            return ports
    last = _FIRST_BLOCK + _BLOCKS * BLOCK_PORTS - 1
    raise MisconfiguredError(f"no free ports from {_FIRST_BLOCK} to {last}: name some with --port")


def _layout(base: int, count: int) -> list[NodePorts]:
    return [
        NodePorts(
            web=base + 1 + index,
            engine=base + 1 + COOPERATIVES_MAX + index,
            discovery=base + 1 + 2 * COOPERATIVES_MAX + index,
        )
        for index in range(count)
    ]


def _is_claimed(base: int) -> bool:
    """Claim a block until this process ends, so that two that start together do not share it."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0rochdale-testnet-{base}")  # abstract: the kernel forgets it with us
    except OSError:
        claim.close()
        return False
    claim.detach()  # it stays open, and nobody may close it early
    return True


def _find_taken(ports: list[NodePorts]) -> int | None:
    for node in ports:
        for port in (node.web, node.engine, node.discovery):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                    return port
    return None
