"""Which cooperative of the chain a home belongs to.

For the operator's commands; the web process makes the whole registry once at its start.
"""

from config.errors import MisconfiguredError
from config.settings import Settings
from node.chain import load_genesis
from node.home import Home
from node.keystore import load_key
from node.web.registry import KnownCooperative, build_registry


def load_own_cooperative(home: Home, settings: Settings) -> KnownCooperative:
    """Find this node's cooperative in its chain's genesis.

    Raises:
        MisconfiguredError: The node has no chain, or only looks on at one.
    """
    registry = build_registry(
        load_genesis(home),
        own_assertion_key=load_key(home.keys, "assertion").public_key,
        own_name=settings.node.name,
        own_origin=settings.node.origin,
    )
    if not registry.is_own_registered:
        raise MisconfiguredError(
            f"the node at {home.root} only follows its chain, its cooperative is no part of it: "
            "name a founder's node with `--home`"
        )
    return registry.own
