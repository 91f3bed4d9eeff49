"""Reading what the ledger lists through this node's own engine: the records behind a log's ids.

Newest first and page by page, so that a reader's work is bounded however long a list grows.
"""

from dataclasses import dataclass

from config.errors import RefusedError
from governance.logs import Log, LogName, entry_key, frontier_key
from governance.merkle_log import Frontier
from governance.state_keys import Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state

_RECORDS = {
    LogName.MOTIONS: Collection.MOTION,
    LogName.CASES: Collection.CASE,
    LogName.COMPLAINTS: Collection.COMPLAINT,
    LogName.DISPUTES: Collection.DISPUTE,
    LogName.BODY_MOTIONS: Collection.BODY_MOTION,
    LogName.PETITIONS: Collection.PETITION,
}
"""Where the records lie whose ids a list holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPage:
    """Records of a list, newest first."""

    records: tuple[bytes, ...]
    following: int | None
    """`before` of the page that follows; None if this is the last one."""


async def read_listed(
    engine: EngineClient, log: Log, *, limit: int, before: int | None = None
) -> ListedPage:
    """The records whose ids a log lists, newest first.

    Args:
        engine: This node's own.
        log: A list of ids.
        limit: How many at most.
        before: Place in the list before which the page begins; None for the newest.

    Raises:
        RefusedError: The ledger cannot answer yet, or the list is shorter than `before`.
        UnavailableError: The engine does not answer.
    """
    data = await read_state(engine, frontier_key(log))
    size = Frontier.decode(data).size if data else 0
    if before is not None and before > size:
        raise RefusedError(f"before is at most {size}, where this list ends: begin without it")
    end = size if before is None else before
    start = max(0, end - limit)
    records = []
    for index in reversed(range(start, end)):
        record_id = await read_state(engine, entry_key(log, index))
        records.append(await read_listed_record(engine, log, record_id))
    return ListedPage(records=tuple(records), following=start or None)


async def read_listed_record(engine: EngineClient, log: Log, record_id: bytes) -> bytes:
    """One record of a list by its id; empty if there is none. Errors as `read_listed`."""
    return await read_state(engine, state_key(log.namespace, _RECORDS[log.name], record_id))
