"""Building receipts out of a running node's answers.

Apart from `ledger.receipts` so that checking one needs no network code. A state's proof is
complete only when the next header exists: the engine makes it at once, because the app hash
changed, but not in the same moment. Cancelling leaves nothing behind.
"""

import asyncio

from config.errors import InvariantError, RefusedError, UnavailableError
from did.codec import decode, encode
from did.jcs import JsonObject
from governance.records import Choice
from ledger.headers import parse_signed_header
from ledger.ics23 import TENDERMINT, compute_root, decode_existence
from ledger.queries import COUNTED_PATH, STATE_PATH
from ledger.receipts import (
    CountedBallot,
    Receipt,
    ReceiptKind,
    ballot_key,
    decision_key,
)
from ledger.rpc import EngineClient, QueryResult

WAIT_S = 3.0
"""How long the next header is waited for by default."""
_POLL_S = 0.1
_ANSWER_BYTES_MAX = 131_072


async def build_state_receipt(
    client: EngineClient, key: bytes, *, wait_s: float = WAIT_S
) -> Receipt:
    """Build a receipt for any state key, present or absent.

    Args:
        client: The node's engine.
        key: From `governance.view.state_key`.
        wait_s: How long the header that completes the proof is waited for.

    Raises:
        UnavailableError: The engine is gone, or that header does not come in time: the
            chain may stand still. The receipt can be asked for later.
    """
    return await _build(client, key, kind=ReceiptKind.STATE, counted=None, wait_s=wait_s)


async def build_ballot_receipt(
    client: EngineClient,
    *,
    cooperative: bytes,
    proposal_id: bytes,
    ballot_id: bytes,
    wait_s: float = WAIT_S,
) -> Receipt:
    """Build the receipt that a ballot is in state.

    Raises:
        RefusedError: There is no such ballot.
        UnavailableError: As `build_state_receipt`.
    """
    key = ballot_key(cooperative=cooperative, proposal_id=proposal_id, ballot_id=ballot_id)
    receipt = await _build(client, key, kind=ReceiptKind.BALLOT, counted=None, wait_s=wait_s)
    if receipt.value is None:
        raise RefusedError("no ballot with this identity is on the ledger")
    return receipt


async def build_counted_receipt(
    client: EngineClient,
    *,
    cooperative: bytes,
    proposal_id: bytes,
    ballot_id: bytes,
    wait_s: float = WAIT_S,
) -> Receipt:
    """Build the receipt that a ballot was counted in a closed vote.

    Raises:
        RefusedError: The vote is still open, or no such ballot was counted.
        UnavailableError: As `build_state_receipt`.
    """
    question = encode([cooperative, proposal_id, ballot_id])
    answer = decode(
        _get_value(await client.abci_query(COUNTED_PATH, question)), bytes_max=_ANSWER_BYTES_MAX
    )
    match answer:
        case [int(choice), int(index), int(), list(path)]:
            pass
        case _:
            raise InvariantError("the ledger's answer about a counted ballot has another shape")
    counted = CountedBallot(
        ballot_id=ballot_id,
        choice=Choice(choice),
        index=index,
        path=tuple(item for item in path if isinstance(item, bytes)),
    )
    key = decision_key(cooperative=cooperative, proposal_id=proposal_id)
    return await _build(client, key, kind=ReceiptKind.COUNTED, counted=counted, wait_s=wait_s)


async def _build(
    client: EngineClient,
    key: bytes,
    *,
    kind: ReceiptKind,
    counted: CountedBallot | None,
    wait_s: float,
) -> Receipt:
    try:
        async with asyncio.timeout(wait_s):
            while True:
                answer = await client.abci_query(STATE_PATH, key, prove=True)
                value = _get_value(answer) or None  # no value in state is empty
                app_hash = _compute_app_hash(answer.proofs)
                commit = await _find_commit(client, height=answer.height + 1, app_hash=app_hash)
                if commit is not None:
                    break
                # The state moved on meanwhile: ask again.
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise UnavailableError(
            "the block that completes this receipt is not there yet: ask again later"
        ) from error
    return Receipt(
        chain_id=commit["header"]["chain_id"],
        kind=kind,
        key=key,
        value=value,
        proof=answer.proofs,
        signed_header=commit,
        counted=counted,
    )


async def _find_commit(client: EngineClient, *, height: int, app_hash: bytes) -> JsonObject | None:
    """The signed header that carries this app hash; None if it is not there."""
    if (await client.status()).height < height:
        return None
    commit = await client.commit(height)
    if parse_signed_header(commit).header.app_hash != app_hash:
        return None
    return commit


def _get_value(answer: QueryResult) -> bytes:
    if answer.code:
        raise RefusedError(answer.log, code=answer.code)
    return answer.value


def _compute_app_hash(proofs: tuple[bytes, ...]) -> bytes:
    if len(proofs) != 2:
        raise InvariantError("the ledger's answer has not two proofs")
    return compute_root(decode_existence(proofs[1], spec=TENDERMINT), spec=TENDERMINT)
