"""Sending an office's transaction through this node's own engine, and what the ledger holds.

For the operator's commands, beside a running node. A transaction that was sent and whose
block did not come in time may still come: what a command does must be harmless to repeat.
"""

import asyncio
from collections.abc import Callable, Sequence

from config.errors import RefusedError, UnavailableError
from config.limits import COMMIT_WAIT_S, TX_OFFERED_MS
from did.keys import KeyPair
from governance.transactions import Payload
from ledger.envelope import sign_transaction
from ledger.queries import STATE_PATH
from ledger.rpc import EngineClient
from ledger.rpc_answers import TxResult


class Sender:
    """An account's keys at a running engine."""

    def __init__(
        self,
        engine: EngineClient,
        *,
        chain_id: str,
        account: bytes,
        keys: Sequence[KeyPair],
        now_ms: Callable[[], int],
    ) -> None:
        self.engine = engine
        self._chain_id = chain_id
        self._account = account
        self._keys = keys
        self._now_ms = now_ms
        self.nonce = 0
        """Of the last transaction."""

    async def send(self, payload: Payload) -> TxResult:
        """Send a transaction and wait until a block has applied it.

        Raises:
            RefusedError: The ledger refuses; says why.
            UnavailableError: The engine does not answer, or no block came in time.
        """
        now_ms = self._now_ms()
        # The clock needs no memory between two runs of a command.
        self.nonce = max(self.nonce + 1, now_ms)
        transaction = sign_transaction(
            chain_id=self._chain_id,
            account=self._account,
            nonce=self.nonce,
            valid_until_ms=now_ms + TX_OFFERED_MS,
            payload=payload,
            keys=self._keys,
        )
        checked = await self.engine.broadcast_tx_sync(transaction)
        if checked.code:
            raise RefusedError(checked.log, code=checked.code)
        try:
            async with asyncio.timeout(COMMIT_WAIT_S):
                result = await self.engine.wait_for_tx(checked.hash)
        except TimeoutError as error:
            raise UnavailableError(
                f"the transaction is in no block after {COMMIT_WAIT_S:g} s; the chain may stand "
                "still: see `rochdale status`. It may still be taken for "
                f"{TX_OFFERED_MS // 60_000} minutes once the chain goes on: look then whether it "
                "was, before you run the command again"
            ) from error
        if result.code:
            raise RefusedError(result.log, code=result.code)
        return result


async def read_state(engine: EngineClient, key: bytes) -> bytes:
    """A value of the ledger's state as this node's own engine tells it; empty if none.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    answer = await engine.abci_query(STATE_PATH, key)
    if answer.code:
        raise RefusedError(answer.log, code=answer.code)
    return answer.value
