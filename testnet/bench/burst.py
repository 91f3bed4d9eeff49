"""One burst of load on a running network, from the first submission to the last commit.

Committed means: in a block that the application has executed and written. The engine's
consensus state moves on to the next height only after that, so it is what is watched; the
block store, which `status` reports, knows a block before it is executed.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvariantError, UnavailableError
from did.jcs import JsonObject
from ledger.rpc import EngineClient
from testnet.bench.children import Child
from testnet.bench.load import CONNECTIONS
from testnet.bench.network import Network

_POLL_S = 0.01
_READY_TIMEOUT_S = 30.0
_COMMIT_TIMEOUT_S = 180.0
_LOOK_S = 2.0
"""How often it is checked that what is not committed can still be."""
_STEP_NEW_ROUND = 2
"""Where the engine stays while there is nothing to put into a block (RoundStepNewRound)."""
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What one burst did."""

    transactions: int
    seconds: float
    """From the first submission until the last was committed."""
    blocks: int
    engine_cpu_us: float
    """Per transaction, over all engines."""
    application_cpu_us: float
    """Per transaction, over all application processes."""
    load_cpu_us: float
    """Per transaction, of the process that sends."""

    @property
    def per_s(self) -> float:
        """Committed transactions per second."""
        return self.transactions / self.seconds


async def run_burst(network: Network, bodies: Path, *, transactions: int) -> Burst:
    """Send prepared requests and wait until every transaction is committed.

    Args:
        network: Idle.
        bodies: As `load.write_bodies` wrote them.
        transactions: How many they hold.

    Raises:
        InvariantError: One was refused, or is not in a block with code 0.
        UnavailableError: They are not committed in time.
    """
    await wait_until_idle(network.client)
    log_path = bodies.with_suffix(".log")
    log_path.unlink(missing_ok=True)
    argv = [sys.executable, "-P", "-m", "testnet.bench.load", str(network.rpc_socket), str(bodies)]
    with Child([*argv, str(CONNECTIONS)], name="load", log_path=log_path) as load:
        await _wait_for_line(load, lines=1)
        height = await get_committed_height(network.client)
        before = network.measure_cpu_s()
        load.tell("go\n")
        heights = await _watch(network, after=height, transactions=transactions)
        ended_s = time.monotonic()
        after = network.measure_cpu_s()
        result = json.loads(await _wait_for_line(load, lines=2))
    if result["refusal"]:
        raise InvariantError(f"{network.contestant.value}: refused: {result['refusal']}")
    await _check_codes(network.client, heights, transactions=transactions)
    return Burst(
        transactions=transactions,
        seconds=ended_s - result["began_s"],
        blocks=len(heights),
        engine_cpu_us=(after[0] - before[0]) * _MICRO / transactions,
        application_cpu_us=(after[1] - before[1]) * _MICRO / transactions,
        load_cpu_us=result["cpu_s"] * _MICRO / transactions,
    )


async def measure_latency(network: Network, transactions: Sequence[bytes]) -> list[float]:
    """Seconds of `broadcast_tx_commit`, one after the other.

    Raises:
        InvariantError: One was refused.
    """
    await wait_until_idle(network.client)
    return [await commit_one(network.client, transaction) for transaction in transactions]


async def commit_one(client: EngineClient, transaction: bytes) -> float:
    """Send one transaction and wait until it is committed; seconds.

    Raises:
        InvariantError: It was refused.
    """
    params = {"tx": base64.b64encode(transaction).decode()}
    began_s = time.monotonic()
    answer = await client.call("broadcast_tx_commit", params)
    taken_s = time.monotonic() - began_s
    for step in ("check_tx", "tx_result"):
        if answer[step].get("code"):
            raise InvariantError(f"refused in {step}: {answer[step]}")
    return taken_s


async def get_committed_height(client: EngineClient) -> int:
    """Height of the last block that was executed and written."""
    height, _ = await _get_step(client)
    return height - 1


async def wait_until_idle(client: EngineClient) -> None:
    """Wait until the engine waits for transactions, its pause after the last block over.

    Raises:
        UnavailableError: The chain does not come to rest.
    """
    deadline_s = time.monotonic() + _COMMIT_TIMEOUT_S
    steps = [(0, 0), (0, 1)]
    while steps[0] != steps[1] or steps[1][1] != _STEP_NEW_ROUND:
        if time.monotonic() > deadline_s:
            raise UnavailableError("the chain does not come to rest")
        await asyncio.sleep(5 * _POLL_S)
        steps = [steps[1], await _get_step(client)]


async def _get_step(client: EngineClient) -> tuple[int, int]:
    """The height that is being decided, and the step."""
    state = await client.call("consensus_state")
    height, _, step = state["round_state"]["height/round/step"].split("/")
    return int(height), int(step)


async def _watch(network: Network, *, after: int, transactions: int) -> list[int]:
    """Heights of the blocks with transactions, as soon as all of them are committed."""
    now_s = time.monotonic()
    deadline_s, looked_s = now_s + _COMMIT_TIMEOUT_S, now_s
    height, committed, heights = after, 0, list[int]()
    while committed < transactions:
        latest = await get_committed_height(network.client)
        while height < latest:
            height += 1
            if count := await _count_transactions(network.client, height):
                committed += count
                heights.append(height)
        now_s = time.monotonic()
        if committed < transactions and now_s - looked_s > _LOOK_S:
            looked_s = now_s
            network.check_alive()
            state = f"{committed} of {transactions} transactions are committed"
            if now_s > deadline_s:
                raise UnavailableError(f"{network.contestant.value}: only {state}")
            if await _get_committed_or_waiting(network.client) == height:
                raise InvariantError(
                    f"{network.contestant.value}: {state}, none waits: the rest was refused"
                )
        await asyncio.sleep(_POLL_S)
    return heights


async def _get_committed_or_waiting(client: EngineClient) -> int:
    """The last height if the engine is at rest and has nothing that waits; else -1."""
    waiting = await client.call("num_unconfirmed_txs")
    height, step = await _get_step(client)
    return height - 1 if step == _STEP_NEW_ROUND and waiting["n_txs"] == "0" else -1


async def _count_transactions(client: EngineClient, height: int) -> int:
    answer = await client.call("blockchain", {"minHeight": str(height), "maxHeight": str(height)})
    return int(answer["block_metas"][0]["num_txs"])


async def _check_codes(client: EngineClient, heights: list[int], *, transactions: int) -> None:
    applied = 0
    for height in heights:
        results: list[JsonObject] = (await client.call("block_results", {"height": str(height)}))[
            "txs_results"
        ]
        for result in results:
            if result.get("code"):
                raise InvariantError(f"block {height} refused a transaction: {result}")
            applied += 1
    if applied != transactions:
        raise InvariantError(f"{applied} transactions were applied, {transactions} were sent")


async def _wait_for_line(child: Child, *, lines: int) -> str:
    """The nth line that a child has written."""
    deadline_s = time.monotonic() + _READY_TIMEOUT_S
    while True:
        has_ended = child.has_ended  # before reading: what it wrote last is not missed
        written = child.read_output().split("\n")
        if len(written) > lines:
            return written[lines - 1]
        if has_ended:
            child.check_alive()
        if time.monotonic() > deadline_s:
            raise UnavailableError(f"{child.name} is late: {child.read_last_words()}")
        await asyncio.sleep(_POLL_S)
