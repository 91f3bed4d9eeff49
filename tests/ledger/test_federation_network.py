"""Real engines: a federation changes its validators while the chain goes on."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from did.keys import KeyPair
from governance.acts import AppointValidator
from governance.records import Cooperative, CooperativeStatus, Standing, Validator
from governance.transactions import GiveNotice, ReturnToDuty, RotateConsensusKey
from ledger.headers import compute_address
from tests.ledger.federation_nodes import (
    BUCKET_S,
    HEARTBEAT_MS,
    FederationNetwork,
)
from tests.ports import find_ports

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
async def network(short_directory: Path) -> AsyncIterator[FederationNetwork]:
    made = FederationNetwork(short_directory, ports=find_ports(5), founders=4)
    yield made
    await made.stop()


async def wait_until(
    check: Callable[[], Coroutine[Any, Any, bool]], *, timeout_s: float, what: str
) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not await check():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.2)


async def test_a_federation_admits_rotates_suspends_and_lets_go(
    network: FederationNetwork,
) -> None:
    """A fifth joins, a key changes in flight, one is silent and returns, one leaves."""
    await network.start(0, 1, 2, 3)
    await network.wait_for_block(2, 0, 1, 2, 3)

    await admit_fifth(network)
    await rotate_key_of_second(network)
    await fall_silent_and_return(network)
    await leave(network)

    height = await network.check_agreement(0, 1, 2, 3, 4)
    assert height > 20


async def admit_fifth(network: FederationNetwork) -> None:
    """Refused as a peer first; then a member; then caught up; then a validator."""
    await network.start(4)
    await asyncio.sleep(3)
    # Asked of who refuses: the refused one may count a peer that is about to hang up.
    for founder in range(4):
        async with network.client(founder) as client:
            assert network.all[4].node_id not in await client.connected_node_ids()
    assert await network.all[4].height() == 0

    await network.all[4].stop()

    height = await network.enact(network.all[4].make_request(), by=0, approvals=[1, 2])
    await network.start(4)
    await network.wait_for_block(height + 1, 4)
    appoint = AppointValidator(consensus_key=network.all[4].consensus.public_key)
    height = await network.enact(appoint, by=4, approvals=[0, 1, 2], at=4)

    await network.wait_for_block(height + 3, 0, 4)
    assert len(await network.validators(height + 1)) == 4
    assert len(await network.validators(height + 2)) == 5


async def rotate_key_of_second(network: FederationNetwork) -> None:
    """The old key signs to H+1, the new one from H+2; the engine is restarted between."""
    second = network.all[1]
    old, new = second.consensus, KeyPair(b"another consensus key of second.")
    result = await network.send(1, RotateConsensusKey(consensus_key=new.public_key))
    await network.wait_for_block(result.height + 2, 0)
    await second.stop()
    second.retired.append(old)
    second.consensus = new
    network.write_home(second)
    await second.start()

    after = await network.validators(result.height + 2)
    assert address(old) not in after
    assert after[address(new)] == 100
    await wait_until(
        lambda: has_signed(network, new), timeout_s=30, what="the new key signs nothing"
    )


async def fall_silent_and_return(network: FederationNetwork) -> None:
    """Suspended after about five stretches; the chain goes on; back at its own word."""
    await network.all[3].stop()

    async def is_suspended() -> bool:
        return (await read(network, 3)).standing is Standing.SILENT

    await wait_until(is_suspended, timeout_s=10 * BUCKET_S, what="nobody was suspended")
    height = await network.all[0].height()
    await network.wait_for_block(height + 3, 0)
    assert len(await network.validators(height + 3)) == 4

    await network.all[3].start()
    await network.wait_for_block(height + 1, 3)  # it has executed the one before
    result = await network.send(3, ReturnToDuty(), at=3)
    await network.wait_for_block(result.height + 2, 0)
    assert len(await network.validators(result.height + 2)) == 5
    await wait_until(
        lambda: has_signed(network, network.all[3].consensus),
        timeout_s=30,
        what="it does not sign again",
    )


async def leave(network: FederationNetwork) -> None:
    """Notice, then power 0; its last signature is in the commit of the next block."""
    leaver = network.all[2]
    await network.send(2, GiveNotice())

    async def has_left() -> bool:
        found = await network.cooperative(2)
        return found is not None and found.status is CooperativeStatus.LEFT

    await wait_until(has_left, timeout_s=40, what="the notice does not end")
    height = await network.all[0].height()
    await network.wait_for_block(height + 3, 0, 1)
    assert address(leaver.consensus) not in await network.validators(height + 3)
    assert len(await network.validators(height + 3)) == 4


async def test_an_idle_chain_makes_only_heartbeats_beside_an_absent_validator_too(
    network: FederationNetwork,
) -> None:
    """Watching silence must not keep the chain awake."""
    await network.start(0, 1, 2, 3)
    await network.wait_for_block(3, 0, 1, 2, 3)
    await asyncio.sleep(2)

    assert await count_blocks(network, seconds=10) <= 10_000 / HEARTBEAT_MS + 1

    await network.all[3].stop()
    await asyncio.sleep(1)
    # While silence is counted: one further block in each stretch.
    assert await count_blocks(network, seconds=12) <= 12_000 / HEARTBEAT_MS + 12 / BUCKET_S + 2
    await asyncio.sleep(6)  # now the count is full, and three of four may not suspend
    assert await count_blocks(network, seconds=10) <= 10_000 / HEARTBEAT_MS + 1
    assert (await read(network, 3)).standing is Standing.ACTIVE


async def count_blocks(network: FederationNetwork, *, seconds: float) -> int:
    before = await network.all[0].height()
    await asyncio.sleep(seconds)
    made = await network.all[0].height() - before
    assert made > 0
    return made


async def has_signed(network: FederationNetwork, key: KeyPair) -> bool:
    async with network.client() as client:
        commit = (await client.commit())["commit"]
    return address(key) in [item["validator_address"] for item in commit["signatures"]]


async def read(network: FederationNetwork, number: int) -> Validator:
    found: Cooperative | None = await network.cooperative(number)
    assert found is not None
    assert found.validator is not None
    return found.validator


def address(key: KeyPair) -> str:
    return compute_address(key.public_key).hex().upper()
