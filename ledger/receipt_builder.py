"""Building receipts out of a running node's answers.

Apart from `ledger.receipts` so that checking one needs no network code. A state's proof is
complete only when the next header exists: the engine makes it at once, because the app hash
changed, but not in the same moment. Cancelling leaves nothing behind.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace

from config.errors import InvariantError, RefusedError, UnavailableError
from config.limits import RECEIPT_BYTES_MAX
from did.codec import decode, encode
from did.jcs import canonicalize
from governance.records import Choice
from ledger.ics23 import ProofError
from ledger.light_source import LightSource
from ledger.queries import COUNTED_PATH, STATE_PATH
from ledger.receipts import (
    CountedBallot,
    Receipt,
    ballot_key,
    check_proofs,
    decision_key,
    find_kind,
)
from ledger.rpc_answers import QueryResult

WAIT_S = 3.0
"""How long the next header is waited for by default."""
_POLL_S = 0.1
_ANSWER_BYTES_MAX = 131_072


async def build_state_receipt(
    source: LightSource, key: bytes, *, wait_s: float = WAIT_S
) -> Receipt:
    """Build a receipt for any state key, present or absent.

    Args:
        source: The node's engine.
        key: From `governance.view.state_key`.
        wait_s: How long the header that completes the proof is waited for.

    Raises:
        UnavailableError: The engine is gone, or that header does not come in time: the
            chain may stand still. The receipt can be asked for later.
    """
    return await _build(source, key, wait_s=wait_s)


async def build_ballot_receipt(
    source: LightSource,
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
    receipt = await _build(source, key, wait_s=wait_s)
    if receipt.value is None:
        raise RefusedError("no ballot with this identity is on the ledger")
    return receipt


async def build_counted_receipt(
    source: LightSource,
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
        _get_value(await source.client.abci_query(COUNTED_PATH, question)),
        bytes_max=_ANSWER_BYTES_MAX,
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
    return await _build(source, key, counted=counted, wait_s=wait_s)


async def _build(
    source: LightSource, key: bytes, *, counted: CountedBallot | None = None, wait_s: float
) -> Receipt:
    try:
        async with asyncio.timeout(wait_s):
            receipt = await _wait_for_block(source, key, counted=counted)
    except TimeoutError as error:
        raise UnavailableError(
            "the block that completes this receipt is not there yet: ask again later"
        ) from error
    return _fit(replace(receipt, bridge=await source.find_bridge(receipt.block)))


async def _wait_for_block(
    source: LightSource, key: bytes, *, counted: CountedBallot | None
) -> Receipt:
    """The receipt without its bridge, as soon as the header that it needs is there."""
    while True:
        answer = await source.client.abci_query(STATE_PATH, key, prove=True)
        value = _get_value(answer) or None  # no value in state is empty
        status = await source.client.status()
        if status.height > answer.height:
            # Every header since then has the same state; the oldest may be pruned here.
            block = await source.fetch_block(max(answer.height + 1, status.earliest_height))
            receipt = Receipt(
                chain_id=block.header.chain_id,
                kind=find_kind(key=key, value=value, counted=counted),
                key=key,
                value=value,
                proof=answer.proofs,
                block=block,
                counted=counted,
            )
            with suppress(ProofError):  # the state may have moved on meanwhile: ask again
                check_proofs(receipt)
                return receipt
        await asyncio.sleep(_POLL_S)


def _fit(receipt: Receipt) -> Receipt:
    """Leave out the oldest blocks of a bridge that would not fit a file."""
    while receipt.bridge and len(canonicalize(receipt.to_json())) > RECEIPT_BYTES_MAX:
        receipt = replace(receipt, bridge=receipt.bridge[1:])
    return receipt


def _get_value(answer: QueryResult) -> bytes:
    if answer.code:
        raise RefusedError(answer.log, code=answer.code)
    return answer.value
