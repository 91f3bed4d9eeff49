"""Finding out from where a held validator may sign again.

Listens on the running node, which follows the chain without the key: nobody may be signing
with it any more, and the next signature must lie above whatever the key can have signed. What
cannot be found out, that the other machine is off for good, is asked of a person by the
command.
"""

import asyncio
import time
from collections.abc import Callable

from config.errors import RefusedError, UnavailableError
from config.limits import RESUME_QUIET_BLOCKS
from did.jcs import JsonObject
from ledger.headers import FLAG_ABSENT, parse_commit
from ledger.rpc import EngineClient, EngineError
from ledger.signing_state import SignedPoint, compute_point_seen, compute_safe_point

_POLL_S = 0.2


class ResumeError(RefusedError):
    """It is not safe to sign."""


async def find_safe_point(
    engine: EngineClient,
    *,
    address: bytes,
    standstill_s: float,
    chain_waits: bool,
    tell: Callable[[str], None],
) -> SignedPoint:
    """Listen until it is known from where the key may sign again.

    Args:
        engine: Of this node, which is held.
        address: Of the validator's key; 20 bytes.
        standstill_s: How long without a block counts as standing still.
        chain_waits: Whether a person said that the chain waits for this validator.
        tell: Given a sentence about the progress.

    Raises:
        UnavailableError: The engine is not up to date.
        ResumeError: Another node signs with the key, or the chain stands still although
            nobody said that it waits for this validator.
    """
    if chain_waits:
        return await _find_on_waiting_chain(engine, address=address, standstill_s=standstill_s)
    await _check_up_to_date(engine)
    first = tip = (await engine.status()).height
    while True:
        tip = await _wait_for_block(engine, after=tip, standstill_s=standstill_s)
        last = await _find_last_signed(engine, address=address, tip=tip)
        if last > first:
            raise ResumeError(
                f"block {last} was signed with this validator's key while this node watched: "
                "another node runs with it. Stop that one for good, then try again"
            )
        if last <= tip - RESUME_QUIET_BLOCKS:
            return compute_safe_point(tip=tip)
        tell(
            f"height {tip}: the key last signed block {last}; "
            f"{last + RESUME_QUIET_BLOCKS - tip} more blocks without it are needed"
        )


async def check_given_point(engine: EngineClient, point: SignedPoint, *, address: bytes) -> None:
    """Check that a state file from elsewhere is not older than what the chain shows.

    Raises:
        ResumeError: The key signed a block above it.
    """
    last = await _find_last_signed(engine, address=address, tip=(await engine.status()).height)
    if last > point.height:
        raise ResumeError(
            f"that file ends at height {point.height}, and the key signed block {last}: it is "
            "not the newest copy"
        )


async def _check_up_to_date(engine: EngineClient) -> None:
    status = await engine.status()
    if not status.is_catching_up:
        return
    if not await engine.connected_node_ids():
        raise UnavailableError(
            f"the node has no peer to fetch blocks from (height {status.height}): let it reach "
            "another node of the chain; if there is none, or the chain stands still until this "
            "validator is back, run `rochdale validator resume --chain-waits`"
        )
    raise UnavailableError(
        f"the node is still fetching blocks (height {status.height}): wait until `rochdale "
        "status` says that it is up to date"
    )


async def _find_on_waiting_chain(
    engine: EngineClient, *, address: bytes, standstill_s: float
) -> SignedPoint:
    """The others' votes of the height in work tell what they have of this validator."""
    tip = (await engine.status()).height
    try:
        await _wait_for_block(engine, after=tip, standstill_s=standstill_s)
    except ResumeError:
        state: JsonObject = (await engine.call("dump_consensus_state"))["round_state"]
        return compute_point_seen(state, address=address, tip=tip)
    raise ResumeError("the chain goes on without this validator: leave --chain-waits out")


async def _wait_for_block(engine: EngineClient, *, after: int, standstill_s: float) -> int:
    deadline_s = time.monotonic() + standstill_s
    while time.monotonic() < deadline_s:
        height = (await engine.status()).height
        if height > after:
            return height
        await asyncio.sleep(_POLL_S)
    raise ResumeError(
        f"no block came after height {after} for {standstill_s:.0f} s: see `rochdale status`. If "
        "the chain waits for this very validator, look for the newest copy of its "
        "engine/data/priv_validator_state.json (--state FILE), or read docs/operations.md about "
        "--chain-waits"
    )


async def _find_last_signed(engine: EngineClient, *, address: bytes, tip: int) -> int:
    """The newest of the last blocks that the key signed, or may have signed; 0 for none."""
    for height in range(tip, max(0, tip - RESUME_QUIET_BLOCKS), -1):
        try:
            signed = await engine.commit(height)
        except EngineError:
            return height  # before what a node that joined by state sync holds: unknown
        for entry in parse_commit(signed["commit"]).signatures:
            if entry.flag != FLAG_ABSENT and entry.validator_address == address:
                return height
    return 0
