"""How members take part, as the running node's ledger tells it.

The numbers and what they are made of are `governance.participation`'s matter; here the ledger is
asked. Values are read one after another while the chain goes on, so a vote that closes meanwhile
may be in one number and not in another.
"""

from typing import TypeVar

from config.errors import RefusedError
from governance.bylaws import compute_window_ms
from governance.participation import Participation, compute_participation
from governance.participation_facts import Reading, collect_facts
from governance.records import Parameters
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state

T = TypeVar("T")
_DAY_S = 86_400


async def fetch_participation(
    engine: EngineClient, cooperative: bytes, *, days: int, now_ms: int
) -> Participation:
    """Numbers of a cooperative's last days.

    Args:
        engine: Of a running node.
        cooperative: Whose.
        days: How long the period is, as bylaws count days.
        now_ms: When it ends.

    Raises:
        RefusedError: The ledger does not know the cooperative, or cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    data = await read_state(engine, state_key(FEDERATION, Collection.PARAMETERS, b""))
    if not data or not await read_state(engine, state_key(cooperative, Collection.ROLL, b"")):
        raise RefusedError(
            "the ledger does not know this cooperative yet: see `rochdale federation list`"
        )
    scale = Parameters.decode(data).time_scale
    start_ms = now_ms - compute_window_ms(days * _DAY_S, time_scale=scale)
    reading = collect_facts(cooperative, start_ms=start_ms, end_ms=now_ms)
    return compute_participation(await _read(engine, reading))


async def _read(engine: EngineClient, reading: Reading[T]) -> T:
    try:
        key = next(reading)
        while True:
            key = reading.send(await read_state(engine, key))
    except StopIteration as done:
        result: T = done.value
        return result
