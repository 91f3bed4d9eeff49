"""Whether the chain stands still, and for whose validator it waits, asked of the engine.

For commands; the web process watches all the time (`node.web.chain_state`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from config.settings import Settings
from ledger.rpc import EngineClient
from ledger.rpc_answers import EngineStatus
from node.web.chain_state import compute_standstill_s, is_behind, is_late, list_silent
from node.web.registry import KnownCooperative
from node.web.registry_reader import fetch_cooperatives


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the chain goes on, as a node sees it."""

    is_catching_up: bool = False
    """Whether the node only lacks blocks that the others have."""
    others_height: int | None = None
    """The highest block that they say to have, if that is why."""
    missing: list[str] | None = None
    """Names of the cooperatives whose validators the chain waits for; none while it moves."""


async def find_standing(
    engine: EngineClient,
    status: EngineStatus,
    settings: Settings,
    *,
    founders: Sequence[KnownCooperative],
    now_s: float,
    up_s: float,
) -> Standing:
    """See how the chain goes on.

    Args:
        engine: Of this node.
        status: What it just said.
        settings: Of this node.
        founders: Of the chain; before its first block the ledger knows nobody.
        now_s: Wall clock, seconds since 1970.
        up_s: For how long this node has run: from then on a first block can be late.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    if status.is_catching_up:
        return Standing(is_catching_up=True)
    heartbeat_s = settings.engine.heartbeat_ms / 1_000
    if not is_late(status.time, heartbeat_s=heartbeat_s, now_s=now_s):
        return Standing()
    consensus = await engine.consensus_round()
    if is_behind(status.height, consensus):
        return Standing(is_catching_up=True, others_height=consensus.peers_height - 1)
    silent = partial(list_silent, consensus, own_node_id=status.node_id)
    if status.height:
        return Standing(missing=_name(silent(await fetch_cooperatives(engine))))
    if up_s > compute_standstill_s(heartbeat_s):
        return Standing(missing=_name(silent(founders)))
    return Standing()


async def find_missing(
    engine: EngineClient, status: EngineStatus, settings: Settings, *, now_s: float
) -> list[str] | None:
    """Names of the cooperatives whose validators a chain that stands still waits for.

    Unlike `find_standing`, whatever peers say: one that lies could forbid a recovery.

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
    heartbeat_s = settings.engine.heartbeat_ms / 1_000
    is_overdue = is_late(status.time, heartbeat_s=heartbeat_s, now_s=now_s)
    if status.is_catching_up or not status.height or not is_overdue:
        return None
    consensus, cooperatives = await engine.consensus_round(), await fetch_cooperatives(engine)
    return _name(list_silent(consensus, cooperatives, own_node_id=status.node_id))


def _name(cooperatives: Iterable[KnownCooperative]) -> list[str]:
    return sorted(item.name for item in cooperatives)
