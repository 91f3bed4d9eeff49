"""Which cooperative of the chain a home belongs to.

For the operator's commands; the web process makes the whole registry once at its start.
"""

from config.errors import MisconfiguredError
from config.settings import Settings
from ledger.genesis import check_founder
from ledger.joining import check_request
from node.chain import load_genesis
from node.home import Home
from node.keystore import load_key
from node.web.registry import KnownCooperative, build_registry, read_founder


def load_own_cooperative(home: Home, settings: Settings) -> KnownCooperative:
    """Find this node's cooperative: in its chain's genesis, or as it asked to join.

    What the ledger says of it since, such as another DID, is not known here.

    Raises:
        MisconfiguredError: The node has no chain, or only looks on at one.
        RefusedError: The request was changed.
    """
    registry = build_registry(
        load_genesis(home),
        own_assertion_key=load_key(home.keys, "assertion").public_key,
        own_name=settings.node.name,
        own_origin=settings.node.origin,
    )
    if registry.is_own_registered:
        return registry.own
    if home.founder_path.exists():  # of a chain that goes on from the one it founded
        return read_founder(check_founder(home.founder_path.read_text("ascii")))
    if home.request_path.exists():
        return read_founder(check_request(home.request_path.read_text("ascii")).cooperative)
    raise MisconfiguredError(
        f"the node at {home.root} only follows its chain, its cooperative is no part of it: "
        "ask to join with `rochdale federation request`, or name another node with `--home`"
    )
