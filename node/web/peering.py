"""Keeping this node's engine connected with those of all members.

The engine dials the founders that the genesis file names and gives up on a peer for good when
a connection is refused in an unlucky moment (seen: a peer that refuses at once is dialled
again while the last attempt is still being noted, and then never). Members change, and a
newcomer is refused until it is registered. So whoever is missing is dialled again from here.
"""

import asyncio
from collections.abc import Mapping

import structlog

from config.errors import RefusedError, UnavailableError
from ledger.genesis import is_p2p_address
from node.web.context import WebContext

log = structlog.get_logger(__name__)

_LOOK_S = 15.0
_LOOK_TEST_S = 3.0


async def keep_peers(context: WebContext) -> None:
    """Let the engine dial members that it is not connected with; runs until cancelled."""
    pause_s = _LOOK_TEST_S if context.settings.network.is_test_chain else _LOOK_S
    while True:
        await asyncio.sleep(pause_s)
        try:
            await dial_missing(context)
        except (UnavailableError, RefusedError) as error:
            if context.chain.is_reachable:
                log.warning("peers_not_dialled", reason=str(error))


async def dial_missing(context: WebContext) -> None:
    """Dial once.

    Raises:
        UnavailableError: The engine does not answer.
        RefusedError: It does not take an address.
    """
    wanted = list_wanted(context)
    if wanted.keys() - await context.engine.connected_node_ids():
        # All of them: the engine replaces its list of those that it reconnects with.
        peers = [f"{node_id}@{address}" for node_id, address in wanted.items()]
        await context.engine.call("dial_peers", {"peers": peers, "persistent": True})


def list_wanted(context: WebContext) -> Mapping[str, str]:
    """Node id to address, of other members and of peers that the operator names."""
    own = context.registry.own.node_id
    wanted = {
        item.node_id: item.p2p_address
        for item in context.registry.members
        if item.node_id != own and is_p2p_address(item.p2p_address)
    }
    for peer in context.settings.engine.persistent_peers:
        node_id, _, address = peer.partition("@")
        wanted[node_id] = address
    return wanted
