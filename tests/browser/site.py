"""What the browser's tests know of the node that they look at."""

from dataclasses import dataclass

from node.home import Home
from testnet.community import Member
from testnet.processes import NodeProcesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One node's pages, and the other node to lose."""

    origin: str
    name: str
    partner_name: str
    partner: NodeProcesses
    paths: dict[str, str]
    """A path of each kind of page, by what it shows."""
    files: dict[str, bytes]
    """What a member has: receipts, the genesis file and a trust bundle, by name."""
    home: Home
    """The node's own, for its registrar."""
    members: list[Member]
    """Of the node's cooperative."""
