"""Old blocks go, as far as nobody needs them, on a real engine; what is proven stays proven."""

import asyncio
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from config.limits import EVIDENCE_BLOCKS_MAX, KEEP_DAYS_MIN
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.genesis import check_genesis
from ledger.light_source import LightSource
from ledger.receipt_builder import build_state_receipt
from ledger.receipts import check_receipt
from ledger.rpc import EngineError
from node.founding import complete_settings
from node.pruning import find_retained, keep_pruned
from tests.ledger.running import now_ms, run_engine

TIME_SCALE = 604_800
"""Of the chain: five blocks stay."""
PARAMETERS = state_key(FEDERATION, Collection.PARAMETERS, b"")


async def test_old_blocks_go_and_receipts_are_made_all_the_same(short_directory: Path) -> None:
    """Five newest blocks stay here, though all are young enough for nobody."""
    async with run_engine(short_directory, chain_id="test-pruned-1", time_scale=TIME_SCALE) as (
        client,
        application,
    ):
        async with asyncio.timeout(60):
            await client.wait_for_height(12)
            pruning = asyncio.create_task(
                keep_pruned(
                    short_directory / "rpc.sock",
                    keep_s=0,
                    tell=application.retain_from,
                    keep_blocks=5 * TIME_SCALE,
                    every_s=0.1,
                )
            )
            while (status := await client.status()).earliest_height < 8:
                await asyncio.sleep(0.05)
            pruning.cancel()
            genesis = (short_directory / "engine" / "config" / "genesis.json").read_bytes()
            trust = check_genesis(genesis).trust
            receipt = await build_state_receipt(LightSource(client, trust), PARAMETERS, wait_s=5)

        with pytest.raises(EngineError, match="lowest height"):
            await client.commit(1)

    assert status.height - status.earliest_height >= 4
    assert check_receipt(receipt, trust=trust, now_ms=now_ms()).height >= 8


async def test_what_is_young_or_few_stays(short_directory: Path) -> None:
    """Both must be over: days, for light clients, and blocks, for evidence."""
    async with run_engine(short_directory, chain_id="test-kept-1") as (client, _):
        async with asyncio.timeout(60):
            await client.wait_for_height(30)

        assert await find_retained(client, keep_s=3_600, keep_blocks=1) == 1
        assert await find_retained(client, keep_s=0, keep_blocks=EVIDENCE_BLOCKS_MAX) == 1
        few = await find_retained(client, keep_s=0, keep_blocks=3)
        young = await find_retained(client, keep_s=1, keep_blocks=3)

    assert 1 < young < few
    assert few >= 27


@pytest.mark.parametrize("days", [1, KEEP_DAYS_MIN - 1, -1])
def test_fewer_days_than_trust_lasts_are_refused(days: int) -> None:
    """With the reason; nothing is dropped by mistake."""
    with pytest.raises(MisconfiguredError, match="go from a header that they trust"):
        complete_settings({"engine.keep_days": days})
