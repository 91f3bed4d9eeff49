"""Ports for servers that tests start, from below those that the kernel gives to clients.

What `bind` to port 0 gives may be somebody's outgoing connection by the time the server wants
it. Each worker has numbers of its own, and gives none twice before all were given.
"""

import itertools
import os
import socket

_FIRST, _SLOTS, _IN_SLOT = 13_000, 8, 2_375
"""Above the test networks' (`testnet.ports`), below 32,768 (`net.ipv4.ip_local_port_range`)."""
_slot = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _SLOTS
_numbers = itertools.count(os.getpid())


def find_ports(count: int) -> list[int]:
    """Ports on loopback at which nobody listens."""
    found: list[int] = []
    while len(found) < count:
        port = _FIRST + next(_numbers) % _IN_SLOT * _SLOTS + _slot
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found
