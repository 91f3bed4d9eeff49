"""Bringing a chain to the point where ballots are taken.

Members are admitted and a motion is made; its discussion is waited out. An idle chain makes
no blocks, so one more admission lets time pass on it.
"""

import asyncio
import itertools
from collections.abc import Iterator

from config.errors import InvariantError, UnavailableError
from governance.proposal_records import Proposal, Stage
from governance.state_keys import Collection, state_key
from ledger.queries import STATE_PATH
from ledger.rpc import EngineClient
from testnet.bench.electorate import Electorate, derive_key, get_now_ms

_TIMEOUT_S = 120.0
_POLL_S = 0.05
_NUDGE_AFTER_MS = 5_000
_NUDGE_NONCE = 100
"""Of a registrar; beyond those of the admissions, within the window."""


async def open_voting(client: EngineClient, electorate: Electorate) -> None:
    """Admit everybody, make the motion, wait until its voting is open.

    Raises:
        InvariantError: A transaction was refused.
        UnavailableError: The chain is late.
    """
    admissions = electorate.sign_admissions()
    firsts = [batches[0] for batches in admissions]
    others = [admission for batches in admissions for admission in batches[1:]]
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await _commit(client, firsts)
            # The others are admitted while the motions are discussed.
            await _commit(client, [*electorate.sign_motions(), *others])
            nonces = itertools.count(_NUDGE_NONCE)
            for index in range(electorate.cooperatives_count):
                for number in range(electorate.motions_count):
                    proposal_id = electorate.get_proposal_id(index, number)
                    await _wait_for_voting(
                        client, electorate, index=index, proposal_id=proposal_id, nonces=nonces
                    )
    except TimeoutError as error:
        raise UnavailableError(f"voting did not open within {_TIMEOUT_S:g} s") from error


async def _commit(client: EngineClient, transactions: list[bytes]) -> None:
    taken = [await client.broadcast_tx_sync(transaction) for transaction in transactions]
    for item in taken:
        if item.code:
            raise InvariantError(f"a transaction of the benchmark was refused: {item.log}")
    for item in taken:
        result = await client.wait_for_tx(item.hash)
        if result.code:
            raise InvariantError(f"a transaction of the benchmark failed: {result.log}")


async def _wait_for_voting(
    client: EngineClient,
    electorate: Electorate,
    *,
    index: int,
    proposal_id: bytes,
    nonces: Iterator[int],
) -> None:
    key = state_key(electorate.get_cooperative(index), Collection.PROPOSAL, proposal_id)
    nudge_ms = 0
    while True:
        value = (await client.abci_query(STATE_PATH, key)).value
        proposal = Proposal.decode(value) if value else None
        if proposal is not None and proposal.stage is Stage.VOTING:
            return
        now_ms = get_now_ms()
        is_due = proposal is not None and 0 < proposal.discussion_ends_ms < now_ms
        if is_due and now_ms > nudge_ms:
            nonce = next(nonces)
            newcomer = derive_key(f"newcomer {nonce}")
            nudge = electorate.sign_admission(index, [newcomer], nonce=nonce)
            await client.broadcast_tx_sync(nudge)
            nudge_ms = now_ms + _NUDGE_AFTER_MS
        await asyncio.sleep(_POLL_S)
