"""Which old blocks this node's engine may drop; the ledger's process asks the engine for them.

State, logs and proofs stay whatever is dropped: receipts and lists are proven in the newest
state. What needs old blocks decides how long they stay: light clients go from a header that
they trust to today's through the blocks between, so for as long as trust lasts; evidence, for
as many blocks as the engine takes it; a node that joins, from the last snapshots on, which are
younger. Times are those of headers: no clock. Where a test chain's windows are shorter, so are
days and blocks here.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from config.errors import RefusedError, UnavailableError
from config.limits import EVIDENCE_BLOCKS_MAX, PRUNED_AT_ONCE_BLOCKS_MAX
from governance.records import Parameters
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.headers import parse_header
from ledger.rpc import EngineClient
from node.sending import read_state

_EVERY_S = 60.0
_EVERY_S_MIN = 0.5
_NS_PER_S = 1_000_000_000


async def keep_pruned(
    rpc_socket: Path,
    *,
    keep_s: int,
    tell: Callable[[int], None],
    keep_blocks: int = EVIDENCE_BLOCKS_MAX,
    every_s: float = _EVERY_S,
) -> None:
    """Say again and again from which height on blocks are kept; runs until it is cancelled.

    Args:
        rpc_socket: Of this node's engine.
        keep_s: Blocks of the last so many seconds stay, counted from the newest one's time.
        tell: Takes the height; the application says it to the engine at its next commit.
        keep_blocks: So many of the newest stay, however old they are.
        every_s: Time between two looks.
    """
    async with EngineClient(rpc_socket) as engine:
        while True:
            scale = 1
            with suppress(UnavailableError, RefusedError):  # it starts, or goes with this process
                scale = await _read_time_scale(engine)
                blocks = max(1, keep_blocks // scale)
                tell(await find_retained(engine, keep_s=keep_s / scale, keep_blocks=blocks))
            await asyncio.sleep(max(_EVERY_S_MIN, every_s / scale))


async def find_retained(engine: EngineClient, *, keep_s: float, keep_blocks: int) -> int:
    """The first height to keep now; at most a few thousand blocks go at once.

    The engine drops them while the chain waits, so what a first look finds goes in steps.

    Raises:
        UnavailableError: The engine does not answer.
    """
    status = await engine.status()
    earliest, last = status.earliest_height, status.height - keep_blocks
    oldest_ns = await _get_time_ns(engine, status.height) - int(keep_s * _NS_PER_S)
    low, high = earliest, max(earliest, min(last, earliest + PRUNED_AT_ONCE_BLOCKS_MAX))
    while low < high:  # the first block from `low` on that is young enough, or `high`
        middle = (low + high) // 2
        if await _get_time_ns(engine, middle) < oldest_ns:
            low = middle + 1
        else:
            high = middle
    return low


async def _read_time_scale(engine: EngineClient) -> int:
    value = await read_state(engine, state_key(FEDERATION, Collection.PARAMETERS, b""))
    if not value:
        raise UnavailableError("the chain has not begun")
    return Parameters.parse(value).time_scale


async def _get_time_ns(engine: EngineClient, height: int) -> int:
    answer = await engine.call("header", {"height": str(height)})
    return parse_header(answer["header"]).time_ns
