"""Which engines may connect to this node's: members' by the registry on the chain.

The engine asks before it keeps a connection, by address and by node id (`filter_peers` in its
configuration). Addresses are not judged: cooperatives move, their keys say who they are. Reads
only.
"""

from dataclasses import dataclass

from governance.federal_view import FederalView
from governance.registry import is_node_admitted
from governance.view import KeyValue

PEER_FILTER_PREFIX = "/p2p/filter/"
_NODE_PREFIX = f"{PEER_FILTER_PREFIX}id/"
_NODE_ID_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPeers:
    """Engines that this node knows without the chain; node ids in hexadecimal."""

    named: tuple[str, ...] = ()
    """By its operator: always accepted, since a node that is far behind may know none of
    today's members."""
    founders: tuple[str, ...] = ()
    """By the genesis file: accepted while this node has no state of the chain at all."""


NO_PEERS = KnownPeers()


def is_peer_admitted(state: KeyValue | None, path: str, *, peers: KnownPeers, time_ms: int) -> bool:
    """Check if an engine may connect.

    Args:
        state: Last committed, or of the genesis; None before this node has any.
        path: What the engine asks.
        peers: Known without the chain.
        time_ms: Time of the last block.
    """
    if not path.startswith(_NODE_PREFIX):
        return True
    node_id = path.removeprefix(_NODE_PREFIX)
    if node_id in peers.named:
        return True
    if state is None:
        return node_id in peers.founders
    if len(node_id) != _NODE_ID_DIGITS:
        return False
    try:
        data = bytes.fromhex(node_id)
    except ValueError:
        return False
    return is_node_admitted(FederalView(state), data, time_ms=time_ms)
