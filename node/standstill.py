"""Whether the chain stands still, and for whose validator it waits, asked of the engine.

For commands; the web process watches all the time (`node.web.chain_state`).
"""

from collections.abc import Sequence

from config.settings import Settings
from ledger.headers import parse_time_ns
from ledger.rpc import EngineClient
from ledger.rpc_answers import EngineStatus
from node.web.chain_state import compute_standstill_s
from node.web.registry import KnownCooperative
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
        None while blocks come in time, the engine still fetches old ones, or none was made yet.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    if status.is_catching_up or not status.height or not _is_late(status, settings, now_s=now_s):
        return None
    return await _name_missing(engine, await fetch_cooperatives(engine))


async def find_missing_founders(
    engine: EngineClient, founders: Sequence[KnownCooperative], settings: Settings, *, up_s: float
) -> list[str] | None:
    """Likewise while no block was made: the ledger knows nobody yet, the genesis its founders.

    Args:
        engine: Of this node.
        founders: Of the chain.
        settings: Of this node.
        up_s: For how long this node has run.

    Raises:
        UnavailableError: The engine does not answer.
    """
    if up_s <= compute_standstill_s(settings.engine.heartbeat_ms / 1_000):
        return None
    return await _name_missing(engine, founders)


def _is_late(status: EngineStatus, settings: Settings, *, now_s: float) -> bool:
    heartbeat_s = settings.engine.heartbeat_ms / 1_000
    # A header's time is when the block before it was decided: a heartbeat earlier at most.
    late_s = now_s - parse_time_ns(status.time) / 1_000_000_000 - heartbeat_s
    return late_s > compute_standstill_s(heartbeat_s)


async def _name_missing(
    engine: EngineClient, cooperatives: Sequence[KnownCooperative]
) -> list[str]:
    absent = (await engine.consensus_round()).absent
    return sorted(item.name for item in cooperatives if item.validator_address in absent)
