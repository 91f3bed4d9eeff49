"""Building receipts out of a running node's answers.

Apart from `ledger.receipts` so that checking one needs no network code. A state's proof is
complete only when the next header exists: the engine makes it at once, because the app hash
changed, but not in the same moment. Cancelling leaves nothing behind.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from config.errors import InvariantError, RefusedError, UnavailableError
from config.limits import RECEIPT_BYTES_MAX
from did.codec import Value, decode, encode
from did.jcs import canonicalize
from governance.consent_anchors import consent_root_key
from governance.logs import Log, frontier_key
from governance.proposal_records import BallotChoice, Choice
from ledger.ics23 import ProofError
from ledger.light_source import LightSource
from ledger.queries import COUNTED_PATH, LOG_PATH, STATE_PATH
from ledger.receipt_consents import ConsentHistory, read_history
from ledger.receipt_extras import CountedBallot, ListPage, ReceiptError
from ledger.receipts import (
    Receipt,
    ReceiptKind,
    ballot_key,
    check_proofs,
    decision_key,
    find_kind,
)
from ledger.recovery import describe_beginning, parse_app_state
from ledger.rpc_answers import QueryResult

WAIT_S = 3.0
"""How long the next header is waited for by default."""
_POLL_S = 0.1
_ANSWER_BYTES_MAX = 393_216
"""The longest page of a list with its path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the ledger answered, with its proof."""

    key: bytes
    value: bytes | None
    proof: tuple[bytes, ...]
    height: int
    """Of the state; the next header carries its app hash."""
    page: ListPage | None = None


async def build_state_receipt(
    source: LightSource, key: bytes, *, is_newest: bool = False, wait_s: float = WAIT_S
) -> Receipt:
    """Build a receipt for any state key, present or absent.

    Args:
        source: The node's engine.
        key: From `governance.view.state_key`.
        is_newest: Whether to prove it by the newest header, which says that it still is so;
            else by the first one since state changed.
        wait_s: How long the header that completes the proof is waited for.

    Raises:
        UnavailableError: The engine is gone, or that header does not come in time: the
            chain may stand still. The receipt can be asked for later.
    """
    ask = partial(_ask_state, source, key)
    return await _build(source, ask, wait_s=wait_s, is_newest=is_newest)


async def build_page_receipt(
    source: LightSource, log: Log, *, first: int, count: int, wait_s: float = WAIT_S
) -> Receipt:
    """Build the receipt of a list's entries from a place on, as many as asked for or there are.

    Args:
        source: The node's engine.
        log: The list.
        first: Place of the first entry, from 0; an empty list has a page from 0 on, too.
        count: From 1 to `LIST_PAGE_ENTRIES_MAX`.
        wait_s: As `build_state_receipt`.

    Raises:
        RefusedError: The list ends before `first`.
        UnavailableError: As `build_state_receipt`.
    """
    return await _build(source, partial(_ask_page, source, log, first, count), wait_s=wait_s)


async def build_block_receipt(source: LightSource, height: int) -> Receipt:
    """Build the receipt that a block was agreed, with the app hash that its header carries.

    Raises:
        RefusedError: It is not decided yet, this node has let it go, or the chain begins later.
        UnavailableError: The engine is gone.
    """
    status = await source.client.status()
    if height > status.height:
        raise RefusedError(f"block {height} is not decided yet: the newest is {status.height}")
    if height < status.earliest_height:
        raise RefusedError(
            await _describe_beginning(source, height)
            or f"this node's blocks begin with {status.earliest_height}: ask a node that has kept "
            "more"
        )
    block = await source.fetch_block(height)
    receipt = Receipt(
        chain_id=block.header.chain_id,
        kind=ReceiptKind.BLOCK,
        key=b"",
        value=None,
        proof=(),
        block=block,
        bridge=await source.find_bridge(block),
    )
    return _fit(receipt)


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
    receipt = await build_state_receipt(source, key, wait_s=wait_s)
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
    answer = _decode(await source.client.abci_query(COUNTED_PATH, question))
    match answer:
        case [bytes(marks), int(index), int(), list(path)]:
            choice: BallotChoice = marks
        case [int(number), int(index), int(), list(path)]:
            choice = Choice(number)
        case _:
            raise InvariantError("the ledger's answer about a counted ballot has another shape")
    counted = CountedBallot(
        ballot_id=ballot_id,
        choice=choice,
        index=index,
        path=tuple(item for item in path if isinstance(item, bytes)),
    )
    key = decision_key(cooperative=cooperative, proposal_id=proposal_id)
    receipt = await build_state_receipt(source, key, wait_s=wait_s)
    kind = find_kind(key=key, value=receipt.value, extra=counted)
    return _fit(replace(receipt, kind=kind, extra=counted))


async def build_consent_receipt(
    source: LightSource,
    *,
    cooperative: bytes,
    period: int,
    history: ConsentHistory,
    wait_s: float = WAIT_S,
) -> Receipt | None:
    """Build the receipt of a history of consent; None if the period's root is another.

    Raises:
        UnavailableError: As `build_state_receipt`.
    """
    key = consent_root_key(cooperative, period)
    receipt = await build_state_receipt(source, key, wait_s=wait_s)
    try:
        read_history(key, receipt.value, history)
    except ReceiptError:
        return None
    kind = find_kind(key=key, value=receipt.value, extra=history)
    return _fit(replace(receipt, kind=kind, extra=history))


async def _describe_beginning(source: LightSource, height: int) -> str:
    """With which block a chain begins, if that is above a height; else nothing."""
    genesis = (await source.client.call("genesis"))["genesis"]
    signed = parse_app_state(genesis.get("app_state") or {})
    if signed is None:
        return "" if height > 0 else "the chain begins with block 1: there is none before"
    recovery = signed.recovery
    return "" if height >= recovery.first_height else describe_beginning(recovery)


async def _build(
    source: LightSource,
    ask: Callable[[], Awaitable[_Asked]],
    *,
    wait_s: float,
    is_newest: bool = False,
) -> Receipt:
    try:
        async with asyncio.timeout(wait_s):
            receipt = await _wait_for_block(source, ask, is_newest=is_newest)
    except TimeoutError as error:
        raise UnavailableError(
            "the block that completes this receipt is not there yet: ask again later"
        ) from error
    return _fit(replace(receipt, bridge=await source.find_bridge(receipt.block)))


async def _wait_for_block(
    source: LightSource, ask: Callable[[], Awaitable[_Asked]], *, is_newest: bool
) -> Receipt:
    """The receipt without its bridge, as soon as the header that it needs is there."""
    while True:
        asked = await ask()
        status = await source.client.status()
        if status.height > asked.height:
            # Every header since then has the same state; the oldest may be pruned here.
            first = max(asked.height + 1, status.earliest_height)
            block = await source.fetch_block(status.height if is_newest else first)
            receipt = Receipt(
                chain_id=block.header.chain_id,
                kind=find_kind(key=asked.key, value=asked.value, extra=asked.page),
                key=asked.key,
                value=asked.value,
                proof=asked.proof,
                block=block,
                extra=asked.page,
            )
            with suppress(ProofError):  # the state may have moved on meanwhile: ask again
                check_proofs(receipt)
                return receipt
        await asyncio.sleep(_POLL_S)


async def _ask_state(source: LightSource, key: bytes) -> _Asked:
    answer = await source.client.abci_query(STATE_PATH, key, prove=True)
    return _Asked(
        key=key,
        value=_get_value(answer) or None,  # no value in state is empty
        proof=answer.proofs,
        height=answer.height,
    )


async def _ask_page(source: LightSource, log: Log, first: int, count: int) -> _Asked:
    question = encode([log.namespace, log.id, first, count])
    answer = await source.client.abci_query(LOG_PATH, question, prove=True)
    match _decode(answer):
        case [bytes() | None as frontier, list(entries), list(path)]:
            pass
        case _:
            raise InvariantError("the ledger's answer about a list has another shape")
    return _Asked(
        key=frontier_key(log),
        value=frontier,
        proof=answer.proofs,
        height=answer.height,
        page=ListPage(
            first=first,
            entries=tuple(item for item in entries if isinstance(item, bytes)),
            path=tuple(item for item in path if isinstance(item, bytes)),
        ),
    )


def _fit(receipt: Receipt) -> Receipt:
    """Leave out the oldest blocks of a bridge that would not fit a file."""
    while receipt.bridge and len(canonicalize(receipt.to_json())) > RECEIPT_BYTES_MAX:
        receipt = replace(receipt, bridge=receipt.bridge[1:])
    return receipt


def _decode(answer: QueryResult) -> Value:
    return decode(_get_value(answer), bytes_max=_ANSWER_BYTES_MAX)


def _get_value(answer: QueryResult) -> bytes:
    if answer.code:
        raise RefusedError(answer.log, code=answer.code)
    return answer.value
