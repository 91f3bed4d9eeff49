"""Following the ledger: every block's events into the read model, and watching for silence.

The engine's websocket only says that there is something new; what counts is read height by
height from `block_results`, so nothing is missed over a restart. While the engine is down
the process goes on and says so.
"""

import asyncio

import structlog

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from governance.event_codec import decode_event
from governance.events import Event
from ledger.headers import parse_time_ns
from ledger.rpc import EngineError
from ledger.rpc_answers import BlockResults, EngineEvent, EngineStatus
from node.halting import find_halt
from node.web.chain_state import VOTES_LOOKED_AT, is_behind, is_late, list_silent
from node.web.context import WebContext
from node.web.credential_store import CredentialStore
from node.web.key_changes import end_logins
from node.web.leavers import revoke_leavers
from node.web.projection import ProjectedBlock, Projection
from node.web.projection_start import begin_from_state
from node.web.projection_transactions import ProjectedTransaction, read_transactions
from node.web.registry_reader import changes_registry, fetch_cooperatives

log = structlog.get_logger(__name__)

_RETRY_S = 0.3
_WATCH_S = 1.0
_WATCH_TIMEOUT_S = 3.0
"""A suspended engine takes the connection and never answers."""
_RESULTS_TRIES = 20
_RESULTS_PAUSE_S = 0.05
_FLAG_COMMIT = 2
_PREFIX = "rochdale."


async def follow_ledger(context: WebContext) -> None:
    """Keep the read model at the chain's tip; runs until cancelled, between two blocks."""
    while True:
        try:
            async for height in context.engine.subscribe_new_blocks():
                context.chain.is_reachable = True
                await _apply_until(context, height)
        except (UnavailableError, RefusedError) as error:
            if context.chain.is_reachable:
                log.warning("engine_unreachable", reason=str(error))
            context.chain.is_reachable = not isinstance(error, UnavailableError)
        await asyncio.sleep(_RETRY_S)


async def watch_chain(context: WebContext) -> None:
    """Notice when blocks stay away, and for whose validator the chain waits."""
    while True:
        await asyncio.sleep(_WATCH_S)
        try:
            async with asyncio.timeout(_WATCH_TIMEOUT_S):
                status = await context.engine.status()
                context.chain.is_reachable = True
                context.chain.grow(status.height, now_s=context.clock.steady_s())
                is_behind = not status.is_catching_up and await _look_at_round(context, status)
                context.chain.is_catching_up = status.is_catching_up or is_behind
                context.chain.halted = ""
        except (UnavailableError, EngineError, TimeoutError) as error:
            context.chain.is_reachable = False
            halt = find_halt(error)
            context.chain.halted = "" if halt is None else halt.sentence


async def _look_at_round(context: WebContext, status: EngineStatus) -> bool:
    """Note whom an overdue block waits for; whether it is only that this node is behind."""
    chain, clock = context.chain, context.clock
    is_overdue = is_late(status.time, heartbeat_s=chain.heartbeat_s, now_s=clock.now_s())
    if not is_overdue and not chain.stands_still(now_s=clock.steady_s()):
        return False
    consensus = await context.engine.consensus_round()
    silent = list_silent(consensus, context.registry.cooperatives, own_node_id=status.node_id)
    chain.absent = tuple(item.validator_address for item in silent)
    return is_behind(status.height, consensus)


async def _apply_until(context: WebContext, height: int) -> None:
    context.chain.grow(height, now_s=context.clock.steady_s())
    first = context.projection.height + 1
    if first < height and first < (await context.engine.status()).earliest_height:
        # A node that joined by a snapshot, or let old blocks go, has only what they led to.
        await begin_from_state(context.projection, context.engine, height=height)
        log.info("read_model_begins", height=height)
        first = height
    for missing in range(first, height + 1):
        header, results = await asyncio.gather(
            context.engine.commit(missing), _fetch_results(context, missing)
        )
        if not _follows(context.projection, header):
            # Blocks were undone, and others decided in their places: the chain tells it all again.
            log.warning("read_model_discarded", height=context.projection.height)
            context.projection.begin_at(1, members=(), proposals=(), insights=())
            await _apply_until(context, height)
            return
        block = _read_block(header, results, await _fetch_transactions(context, results))
        store = CredentialStore(context.private.connection)
        revoke_leavers(store, block.events, time_ms=block.time_ms)
        network = context.genesis.network
        end_logins(context.login, block.events, network=network, time_ms=block.time_ms)
        context.projection.apply_block(block)
        if changes_registry(block.events):
            context.registry_is_stale = True
        if missing > height - VOTES_LOOKED_AT:
            context.chain.note_votes(missing, _read_voters(header))
        context.ledger_moved.set()
    if context.registry_is_stale:
        context.registry.update(await fetch_cooperatives(context.engine))
        context.registry_is_stale = False


async def _fetch_results(context: WebContext, height: int) -> BlockResults:
    """A block's results, which the engine keeps a moment later than the block itself."""
    for _ in range(_RESULTS_TRIES):
        try:
            return await context.engine.block_results(height)
        except EngineError:
            await asyncio.sleep(_RESULTS_PAUSE_S)
    return await context.engine.block_results(height)


async def _fetch_transactions(
    context: WebContext, results: BlockResults
) -> tuple[ProjectedTransaction, ...]:
    if not results.transactions:
        return ()
    block = await context.engine.call("block", {"height": str(results.height)})
    return read_transactions(block, results)


def _follows(projection: Projection, signed_header: JsonObject) -> bool:
    """Whether a block's header carries the app hash that the read model has come to."""
    known = projection.app_hash
    return not known or known == bytes.fromhex(signed_header["header"]["app_hash"])


def _read_block(
    signed_header: JsonObject,
    results: BlockResults,
    transactions: tuple[ProjectedTransaction, ...],
) -> ProjectedBlock:
    events = [event for tx in results.transactions if tx.code == 0 for event in tx.events]
    # The block's own events come first: deadlines fall due before any transaction.
    return ProjectedBlock(
        height=results.height,
        time_ms=parse_time_ns(signed_header["header"]["time"]) // 1_000_000,
        app_hash=results.app_hash,
        events=tuple(decode_events((*results.events, *events))),
        transactions=transactions,
    )


def decode_events(events: tuple[EngineEvent, ...]) -> list[Event]:
    """Those of the ledger's own rules, in their order."""
    decoded = []
    for event in events:
        if not event.type.startswith(_PREFIX):
            continue  # the engine adds events of its own
        try:
            decoded.append(decode_event(event.type, event.attributes))
        except RefusedError as error:
            log.warning("event_unknown", type=event.type, reason=error.reason)
    return decoded


def _read_voters(signed_header: JsonObject) -> list[bytes]:
    return [
        bytes.fromhex(signature["validator_address"])
        for signature in signed_header["commit"]["signatures"]
        if signature["block_id_flag"] == _FLAG_COMMIT
    ]
