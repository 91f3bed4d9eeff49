"""One block, from state to state: deadlines, transactions in order, the end of the block.

Everything happens on a savepoint that the caller keeps or drops. A refusal becomes a result
code and its changes are rolled back, but the nonce stays used. Pure: validators run this on
the same block and must agree bit for bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from governance import machine
from governance.context import BlockContext
from governance.events import Event
from governance.refusals import TxRefusedError
from governance.view import KeyValue, Savepoint, StateView
from ledger.authentication import authenticate, consume_nonce
from ledger.envelope import Transaction, compute_transaction_hash, decode_transaction

APPLIED = 0
IsVerified = Callable[[bytes], bool]
"""Says if the signatures of a transaction with that hash were checked before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TxOutcome:
    """What became of a transaction."""

    code: int
    """0 when applied, else the refusal's."""
    log: str
    """The refusal's reason; not part of any hash."""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOutcome:
    """What a block did."""

    transactions: tuple[TxOutcome, ...]
    events: tuple[Event, ...]
    """Of deadlines that fell due."""


def execute_block(
    kv: KeyValue, transactions: Sequence[bytes], *, block: BlockContext, is_verified: IsVerified
) -> BlockOutcome:
    """Run a block on a view; its changes stay in the view."""
    events = list(machine.begin_block(kv, block))
    outcomes = tuple(
        execute_transaction(kv, data, block=block, is_verified=is_verified) for data in transactions
    )
    events += machine.end_block(kv, block)
    return BlockOutcome(transactions=outcomes, events=tuple(events))


def execute_transaction(
    kv: KeyValue, data: bytes, *, block: BlockContext, is_verified: IsVerified
) -> TxOutcome:
    """Run one transaction on a view; a refused one leaves only its nonce behind."""
    view = StateView(kv)
    try:
        tx = decode_transaction(data)
        sender = authenticate(
            view, tx, block=block, is_verified=is_verified(compute_transaction_hash(data))
        )
        consume_nonce(view, tx)
        savepoint = Savepoint(kv)
        events = machine.apply(savepoint, sender=sender, payload=tx.payload, block=block)
        savepoint.commit()
    except TxRefusedError as refused:
        return TxOutcome(code=refused.code, log=refused.reason)
    return TxOutcome(code=APPLIED, log="", events=tuple(events))


def recheck_transaction(kv: KeyValue, data: bytes, *, block: BlockContext) -> TxOutcome:
    """Look again at a transaction that waits, after a block; checks no signature."""
    try:
        tx: Transaction = decode_transaction(data)
        authenticate(StateView(kv), tx, block=block, is_verified=True)
    except TxRefusedError as refused:
        return TxOutcome(code=refused.code, log=refused.reason)
    return TxOutcome(code=APPLIED, log="")
