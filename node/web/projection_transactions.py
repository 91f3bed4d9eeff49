"""The read model's table of transactions: what each block holds, and by whom, about what.

A refused transaction stands in a block too, with its code. Everything here is on the ledger
itself; names of people are in none of it.
"""

import base64
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from config.errors import RefusedError
from did.jcs import JsonObject
from governance.accountability_transactions import (
    AnswerDispute,
    EscalateDispute,
    OpenDispute,
    WithdrawDispute,
)
from governance.transactions import (
    ApproveFederalAct,
    CastBallot,
    GiveNotice,
    ImportRoll,
    ProposeFederalAct,
    ReplaceRegistrar,
    ReturnToDuty,
    RotateConsensusKey,
    SealChain,
    SubmitProposal,
    UpdateCooperative,
    compute_motion_id,
    compute_proposal_id,
)
from ledger.envelope import Transaction, compute_transaction_hash, decode_transaction
from ledger.rpc_answers import BlockResults

UNREADABLE = "unreadable"
COOPERATIVES_ACTS = (
    ProposeFederalAct,
    ApproveFederalAct,
    RotateConsensusKey,
    GiveNotice,
    ReturnToDuty,
    UpdateCooperative,
    ReplaceRegistrar,
    SealChain,
    ImportRoll,
    OpenDispute,
    AnswerDispute,
    EscalateDispute,
    WithdrawDispute,
)
"""A cooperative's own acts: its root account has its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedTransaction:
    """One transaction of a block."""

    height: int
    place: int
    """Within its block, from 0."""
    hash: bytes
    kind: str
    """Of payload, as `CastBallot`."""
    account: bytes
    """Who acts."""
    cooperative: bytes
    """In whose namespace; empty for none."""
    proposal: bytes
    """The proposal or motion that it begins or votes on; empty for none."""
    code: int
    """0 if it was applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFilter:
    """Which ones are asked for: all that match every field given."""

    cooperative: bytes | None = None
    proposal: bytes | None = None
    account: bytes | None = None


def read_transactions(block: JsonObject, results: BlockResults) -> tuple[ProjectedTransaction, ...]:
    """The transactions of a block.

    Args:
        block: The engine's answer to `block`.
        results: What became of them, in the same order.
    """
    found = []
    texts: list[str] = block["block"]["data"]["txs"] or []
    for text, result in zip(texts, results.transactions, strict=True):
        data = base64.b64decode(text)
        kind, account, cooperative, proposal = _describe(data)
        found.append(
            ProjectedTransaction(
                height=results.height,
                place=result.index,
                hash=compute_transaction_hash(data),
                kind=kind,
                account=account,
                cooperative=cooperative,
                proposal=proposal,
                code=result.code,
            )
        )
    return tuple(found)


def put_transactions(
    connection: sqlite3.Connection, transactions: Sequence[ProjectedTransaction]
) -> None:
    """Add a block's transactions; those that are there already stay."""
    connection.executemany(
        "INSERT OR IGNORE INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [astuple(item) for item in transactions],
    )


def list_transactions(
    connection: sqlite3.Connection,
    chosen: TransactionFilter,
    *,
    before: tuple[int, int] | None,
    limit: int,
) -> list[ProjectedTransaction]:
    """Transactions, newest first.

    Args:
        connection: Of the read model.
        chosen: Which ones.
        before: Height and place of the last one on the page before; None for the first page.
        limit: How many at most.
    """
    conditions, values = [], []
    for name in ("cooperative", "proposal", "account"):
        if (value := getattr(chosen, name)) is not None:
            conditions.append(f"{name} = ?")
            values.append(value)
    if before is not None:
        conditions.append("(height, place) < (?, ?)")
        values += before
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(
        # Only names from above are put together here, never input.
        f"SELECT * FROM transactions {where} "  # noqa: S608
        "ORDER BY height DESC, place DESC LIMIT ?",
        (*values, limit),
    )
    return [ProjectedTransaction(**dict(row)) for row in rows]


def _describe(data: bytes) -> tuple[str, bytes, bytes, bytes]:
    try:
        transaction = decode_transaction(data)
    except RefusedError:  # an earlier version of the rules may have had other kinds
        return UNREADABLE, b"", b"", b""
    payload = transaction.payload
    cooperative: bytes = getattr(payload, "cooperative", b"")
    if isinstance(payload, COOPERATIVES_ACTS):
        cooperative = transaction.account
    return type(payload).__name__, transaction.account, cooperative, _find_subject(transaction)


def _find_subject(transaction: Transaction) -> bytes:
    account, nonce, payload = transaction.account, transaction.nonce, transaction.payload
    match payload:
        case SubmitProposal():
            return compute_proposal_id(account=account, nonce=nonce, payload=payload)
        case CastBallot():
            return payload.proposal_id
        case ProposeFederalAct():
            return compute_motion_id(account=account, nonce=nonce, payload=payload)
        case ApproveFederalAct():
            return payload.motion
        case _:
            return b""
