"""Reading the ledger's registry of cooperatives through this node's own engine.

From state and not from events, so that a node that joined late, or whose old blocks are
pruned, knows the same cooperatives as all others.
"""

from governance.events import Event
from governance.federal_events import FEDERAL_EVENTS
from governance.key_events import KEY_EVENTS
from governance.logs import COOPERATIVES, entry_key, frontier_key
from governance.merkle_log import Frontier
from governance.records import Account, Cooperative
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state
from node.web.registry import KnownCooperative, read_cooperative


def changes_registry(events: tuple[Event, ...]) -> bool:
    """Check if a block's events may have changed what the registry says."""
    return any(isinstance(event, (*FEDERAL_EVENTS, *KEY_EVENTS)) for event in events)


async def fetch_cooperatives(engine: EngineClient) -> list[KnownCooperative]:
    """All cooperatives that were ever registered, in the order of their admission.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    frontier = Frontier.decode(await read_state(engine, frontier_key(COOPERATIVES)))
    found = []
    for index in range(frontier.size):
        cooperative = await read_state(engine, entry_key(COOPERATIVES, index))
        found.append(await fetch_cooperative(engine, cooperative))
    return found


async def fetch_cooperative(engine: EngineClient, cooperative: bytes) -> KnownCooperative:
    """One registered cooperative.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    record = await read_state(engine, state_key(FEDERATION, Collection.COOPERATIVE, cooperative))
    root = await read_state(engine, state_key(cooperative, Collection.ACCOUNT, cooperative))
    return read_cooperative(
        Cooperative.decode(record), root_key=Account.decode(root).keys[0].public_key
    )
