"""Hosts in network namespaces of this machine, on one switch whose links can be cut.

Needs root and iproute2. Only the network is apart: files and unix sockets are shared, so a
node inside is asked from outside. A link is cut by telling the sender a hardware address of
the receiver that nobody has: what is sent is lost in silence, as on a broken line.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from itertools import count

_NUMBERS = count()
RETRIES_DEFAULT = 15
"""What Linux has for `net.ipv4.tcp_retries2`: a quarter of an hour."""
_NOBODY = "02:00:00:00:00:99"
"""A hardware address that no host has."""
_LOST = ("lladdr", _NOBODY, "nud", "permanent")


class LanUnavailableError(Exception):
    """This machine gives no namespaces; says why."""


class Lan:
    """A switch and its hosts; `close` removes all of it."""

    def __init__(self, hosts_count: int) -> None:
        """Make it.

        Raises:
            LanUnavailableError: It cannot be made here.
        """
        name = f"rochdale-{os.getpid()}-{next(_NUMBERS)}"
        self._switch = f"{name}-switch"
        self._hosts = [f"{name}-host{number}" for number in range(hosts_count)]
        self.addresses = [f"10.77.0.{number + 1}" for number in range(hosts_count)]
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise LanUnavailableError("network namespaces need root and iproute2")
        try:
            self._make()
        except subprocess.CalledProcessError as error:
            self.close()
            raise LanUnavailableError(f"no network namespaces here: {error.stderr}") from error

    def prefix(self, number: int) -> tuple[str, ...]:
        """What a command is started with to run on a host."""
        return ("ip", "netns", "exec", self._hosts[number])

    def cut(self, links: Iterable[tuple[int, int]]) -> None:
        """Drop from now on what goes from one host to another, and only in that direction."""
        for sender, receiver in links:
            self._on(sender, "neigh", "replace", self.addresses[receiver], "dev", "eth0", *_LOST)

    def divide(self, *sides: Iterable[int]) -> None:
        """Cut every link between sides."""
        parts = [tuple(side) for side in sides]
        self.cut(
            (sender, receiver)
            for one in parts
            for other in parts
            if one != other
            for sender in one
            for receiver in other
        )

    def heal(self) -> None:
        """Mend every link."""
        for number in range(len(self._hosts)):
            self._on(number, "neigh", "flush", "dev", "eth0", "nud", "permanent")

    def limit_retries(self, count: int) -> None:
        """Set how often hosts send again before they give a connection up."""
        for number in range(len(self._hosts)):
            command = [*self.prefix(number), "tee", "/proc/sys/net/ipv4/tcp_retries2"]
            subprocess.run(command, input=b"%d" % count, capture_output=True, check=True)

    def close(self) -> None:
        """Remove the namespaces and all that is in them; what runs there should have ended."""
        for name in (*self._hosts, self._switch):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def _make(self) -> None:
        for name in (self._switch, *self._hosts):
            _ip("netns", "add", name)
        _ip("-n", self._switch, "link", "add", "lan", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "lan", "up")
        for number, (name, address) in enumerate(zip(self._hosts, self.addresses, strict=True)):
            port = f"v{number}"
            line = ("link", "add", port, "netns", self._switch, "type", "veth")
            _ip(*line, "peer", "name", "eth0", "netns", name)
            _ip("-n", self._switch, "link", "set", port, "master", "lan", "up")
            self._on(number, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                self._on(number, "link", "set", device, "up")

    def _on(self, number: int, *arguments: str) -> None:
        _ip("-n", self._hosts[number], *arguments)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True, timeout=20)
