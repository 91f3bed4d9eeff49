"""One block, from state to state: deadlines, transactions in order, the end of the block.

Everything happens on a savepoint that the caller keeps or drops. A refusal becomes a result
code and its changes are rolled back, but nonce and quota stay used. Pure: validators run this
on the same block and must agree bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from governance.context import NO_FACTS, BlockContext, BlockFacts, Sender
from governance.events import Event
from governance.records import Account
from governance.refusals import RefusalCode, TxRefusedError
from governance.rules import Rules
from governance.upgrades import begin_upgrade
from governance.view import KeyValue, Savepoint, StateView
from ledger.authentication import authenticate, consume_nonce
from ledger.envelope import Transaction
from ledger.quotas import Pending, charge, check_quotas, compute_gas

APPLIED = 0


class TxOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a transaction."""

    code: int
    """0 when applied, else the refusal's."""
    log: str
    """The refusal's reason; not part of any hash."""
    gas: int = 0
    """What it cost its sender."""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOutcome:
    """What a block did."""

    transactions: tuple[TxOutcome, ...]
    events: tuple[Event, ...]
    """Of deadlines that fell due, and of what the engine is told of validators."""


def execute_block(
    kv: KeyValue,
    transactions: Sequence[Transaction | TxRefusedError],
    *,
    block: BlockContext,
    rules: Rules,
    facts: BlockFacts = NO_FACTS,
) -> BlockOutcome:
    """Run a block on a view; its changes stay in the view.

    Args:
        kv: State after the last block, to be changed.
        transactions: In the block's order, their signatures checked.
        block: The block.
        rules: Of the block's height.
        facts: What the block says of validators.
    """
    events = list(begin_upgrade(StateView(kv), block=block))
    events += rules.begin_block(kv, block, facts)
    scale = StateView(kv).get_parameters().time_scale
    outcomes = tuple(
        execute_transaction(kv, tx, block=block, rules=rules, time_scale=scale)
        for tx in transactions
    )
    events += rules.end_block(kv, block)
    return BlockOutcome(transactions=outcomes, events=tuple(events))


def execute_transaction(
    kv: KeyValue,
    checked: Transaction | TxRefusedError,
    *,
    block: BlockContext,
    rules: Rules,
    time_scale: int,
) -> TxOutcome:
    """Run one transaction on a view; one that a rule refuses leaves nonce and quota used."""
    if isinstance(checked, TxRefusedError):
        return refuse(checked)
    if not isinstance(checked.payload, rules.payloads):
        return refuse(TxRefusedError(RefusalCode.TYPE_UNKNOWN))
    gas = compute_gas(checked)
    try:
        view = StateView(kv)
        account = authenticate(view, checked, block=block)
        account = charge(view, account, gas=gas, time_ms=block.time_ms, time_scale=time_scale)
        account = consume_nonce(account, checked)
        view.put_account(checked.account, account)
    except TxRefusedError as refused:
        return refuse(refused)
    try:
        savepoint = Savepoint(kv)
        events = _apply(savepoint, checked, account, block=block, rules=rules)
        savepoint.commit()
    except TxRefusedError as refused:
        return refuse(refused, gas=gas)
    return TxOutcome(code=APPLIED, log="", gas=gas, events=tuple(events))


def check_transaction(
    kv: KeyValue,
    tx: Transaction,
    *,
    block: BlockContext,
    rules: Rules,
    time_scale: int,
    pending: Pending,
) -> TxOutcome:
    """Look at a transaction that wants to wait, as if it were the next block's only one.

    Args:
        kv: Committed state; stays as it is.
        tx: Its signatures checked.
        block: The next block, as far as it is known.
        rules: Of its height.
        time_scale: Of the chain.
        pending: What its account and cooperative have waiting already.
    """
    if not isinstance(tx.payload, rules.payloads):
        return refuse(TxRefusedError(RefusalCode.TYPE_UNKNOWN))
    savepoint = Savepoint(kv)
    gas = compute_gas(tx)
    try:
        view = StateView(savepoint)
        account = authenticate(view, tx, block=block)
        check_quotas(
            view, account, gas=gas, time_ms=block.time_ms, time_scale=time_scale, pending=pending
        )
        _apply(savepoint, tx, account, block=block, rules=rules)
    except TxRefusedError as refused:
        return refuse(refused)
    return TxOutcome(code=APPLIED, log="", gas=gas)


def recheck_transaction(kv: KeyValue, tx: Transaction, *, block: BlockContext) -> TxOutcome:
    """Look again at a transaction that waits, after a block."""
    try:
        authenticate(StateView(kv), tx, block=block)
    except TxRefusedError as refused:
        return refuse(refused)
    return TxOutcome(code=APPLIED, log="", gas=compute_gas(tx))


def refuse(refused: TxRefusedError, *, gas: int = 0) -> TxOutcome:
    """The outcome of a refused transaction."""
    return TxOutcome(code=refused.code, log=refused.reason, gas=gas)


def _apply(
    kv: Savepoint, tx: Transaction, account: Account, *, block: BlockContext, rules: Rules
) -> tuple[Event, ...]:
    sender = Sender(account=tx.account, record=account, keys=tx.keys, nonce=tx.nonce)
    return rules.apply(kv, sender=sender, payload=tx.payload, block=block)
