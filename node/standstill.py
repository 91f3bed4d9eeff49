"""Whether the chain stands still, and for whose validator it waits, asked of the engine.

For commands; the web process watches all the time (`node.web.chain_state`).
"""

from config.settings import Settings
from ledger.headers import parse_time_ns
from ledger.rpc import EngineClient
from ledger.rpc_answers import EngineStatus
from node.web.chain_state import compute_standstill_s
from node.web.registry_reader import fetch_cooperatives


async def find_missing(
    engine: EngineClient, status: EngineStatus, settings: Settings, *, now_s: float
) -> list[str] | None:
    """Names of the cooperatives whose validators a chain that stands still waits for.

    Args:
        engine: Of this node.
        status: What it just said.
        settings: Of this node.
        now_s: Wall clock, seconds since 1970.

    Returns:
        None while blocks come in time or the engine still fetches old ones.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    if status.is_catching_up or not status.height:
        return None
    heartbeat_s = settings.engine.heartbeat_ms / 1_000
    # A header's time is when the block before it was decided: a heartbeat earlier at most.
    late_s = now_s - parse_time_ns(status.time) / 1_000_000_000 - heartbeat_s
    if late_s <= compute_standstill_s(heartbeat_s):
        return None
    absent = (await engine.consensus_round()).absent
    return sorted(
        item.name for item in await fetch_cooperatives(engine) if item.validator_address in absent
    )
