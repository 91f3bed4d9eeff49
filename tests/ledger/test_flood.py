"""One cooperative floods a real engine: it exhausts itself, and nobody else waits."""

import asyncio
import time
from itertools import count
from pathlib import Path

from did.keys import KeyPair
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.transactions import AdmitMembers
from ledger.envelope import sign_transaction
from ledger.rpc import EngineClient
from ledger.rpc_answers import CheckResult
from tests.ledger.running import run_engine
from tests.ledger.scenario import REGISTRAR, ROOT, make_follower, make_inception, make_member

CHAIN_ID = "test-flood-1"
QUIET = make_follower(2)
ADMISSIONS = 64
AT_ONCE = 50
ROUNDS = 20
_members = count()
_nonces = count(1)
"""Close together: what is sent at once may arrive in any order."""


def admit(root: KeyPair, registrar: KeyPair, *, members: int) -> bytes:
    """A registrar's transaction that nobody has sent before."""
    cooperative = make_inception(root).compute_id()
    inceptions = tuple(make_inception(make_member(next(_members))) for _ in range(members))
    return sign_transaction(
        chain_id=CHAIN_ID,
        account=compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR),
        nonce=next(_nonces),
        valid_until_ms=time.time_ns() // 1_000_000 + 600_000,
        payload=AdmitMembers(cooperative=cooperative, inceptions=inceptions),
        keys=[registrar],
    )


async def flood(client: EngineClient) -> list[CheckResult]:
    """Send far more than a cooperative may spend; every answer."""
    answers: list[CheckResult] = []
    for _ in range(ROUNDS):
        burst = [admit(ROOT, REGISTRAR, members=ADMISSIONS) for _ in range(AT_ONCE)]
        answers += await asyncio.gather(*(client.broadcast_tx_sync(tx) for tx in burst))
    return answers


async def test_a_flood_exhausts_its_own_cooperative_alone(short_directory: Path) -> None:
    """Its refusals say what is left and when; another's transaction is in a block at once."""
    chain = run_engine(short_directory, chain_id=CHAIN_ID, time_scale=1, followers=["ab" * 20])
    async with chain as (client, _), asyncio.timeout(120):
        flooding = asyncio.create_task(flood(client))
        while (await client.call("num_unconfirmed_txs"))["total"] == "0":
            await asyncio.sleep(0.02)
        height = (await client.status()).height
        quiet = await client.broadcast_tx_sync(admit(QUIET, QUIET, members=1))
        assert quiet.code == 0, quiet.log
        found = await client.wait_for_tx(quiet.hash)
        answers = await flooding
        late = await client.broadcast_tx_sync(admit(QUIET, QUIET, members=1))

    assert found.code == 0
    assert found.height <= height + 3
    refused = [answer for answer in answers if answer.code]
    taken = len(answers) - len(refused)
    assert taken > 0
    assert len(refused) > len(answers) // 4
    assert {answer.code for answer in refused} == {RefusalCode.QUOTA_OF_COOPERATIVE}
    assert all("are left; enough again in" in answer.log for answer in refused)
    assert late.code == 0, late.log
