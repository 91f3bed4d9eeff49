"""Sharing the pools of a closed period by weights that the ledger never sees.

Commitments come in batches, ascending by slot, until their sum is opened; for need each with
the proof of its band. The total then says what is owed to members, together. Which member
gets what stays between the cooperative and each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from config.errors import InvariantError
from config.limits import COMMITMENTS_MAX, COMMITMENTS_MIN, MONEY_MINOR_MAX
from governance.charge_records import Charge
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.logs import append
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.allocation import Unit, compute_unit
from governance.value.bookkeeping import post_for_rules
from governance.value.books import Stamp
from governance.value.commitments import (
    add_points,
    decode_scalar,
    is_commitment,
    is_opening,
)
from governance.value.contribution import ContributionPolicy, Metric, compute_weight, read_policy
from governance.value.events import AllocationOpened, CommitmentsAdded
from governance.value.need import SlotCommitment, is_band_proof_valid
from governance.value.offices import require_books
from governance.value.period import make_pool_legs
from governance.value.records import (
    POOL_ACCOUNTS,
    Allocation,
    Pool,
    compute_entry_id,
    compute_pool_id,
)
from governance.value.transactions import CommitAllocation, CommittedSlot, OpenAllocation
from governance.value.view import LedgerBooks, ValueView, commitments_log

_CHARGES = {Pool.CONTRIBUTION: Charge.CONTRIBUTIONS, Pool.NEED: Charge.PANEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class _SharedPool:
    """A pool that takes commitments."""

    id: bytes
    allocation: Allocation
    policy: ContributionPolicy


def apply_commit_allocation(view: ValueView, tx: CommitAllocation, *, sender: Sender) -> Events:
    """Add commitments to a pool of the period closed last.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            PERIOD_OTHER, ALLOCATION_CLOSED, COMMITMENTS_OUT_OF_ORDER, COMMITMENTS_TOO_MANY,
            COMMITMENT_MALFORMED, COMMITMENT_UNPROVEN; in this order.
    """
    shared = _require_pool(view, tx, sender)
    allocation = shared.allocation
    slots = [allocation.last_slot, *(item.slot for item in tx.commitments)]
    if any(first >= second for first, second in pairwise(slots)):
        raise TxRefusedError(RefusalCode.COMMITMENTS_OUT_OF_ORDER)
    commitments_count = allocation.commitments_count + len(tx.commitments)
    if commitments_count > COMMITMENTS_MAX:
        raise TxRefusedError(RefusalCode.COMMITMENTS_TOO_MANY)
    total = _add_checked(tx.commitments, shared, to=allocation.commitments_sum)
    log = append(
        view,
        commitments_log(tx.cooperative, shared.id),
        [
            SlotCommitment(slot=item.slot, commitment=item.commitment).encode()
            for item in tx.commitments
        ],
    )
    view.put_allocation(
        tx.cooperative,
        shared.id,
        replace(
            allocation,
            commitments_count=commitments_count,
            commitments_sum=total,
            last_slot=slots[-1],
        ),
    )
    return (
        CommitmentsAdded(
            cooperative=tx.cooperative,
            period=tx.period,
            pool=tx.pool,
            commitments_count=commitments_count,
            commitments_root=log.compute_root(),
        ),
    )


def apply_open_allocation(
    view: ValueView, tx: OpenAllocation, *, sender: Sender, block: BlockContext
) -> Events:
    """Open the sum of a pool's commitments, and owe members what follows from it.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            PERIOD_OTHER, ALLOCATION_CLOSED, COMMITMENTS_TOO_FEW, SUM_UNPROVEN,
            METRIC_MISSING, TOTAL_UNFIT; in this order.
    """
    shared = _require_pool(view, tx, sender)
    allocation = shared.allocation
    if 0 < allocation.commitments_count < COMMITMENTS_MIN:
        raise TxRefusedError(RefusalCode.COMMITMENTS_TOO_FEW)
    blinding = decode_scalar(tx.blinding_total)
    if blinding is None or not is_opening(
        allocation.commitments_sum, weight=tx.weight_total, blinding=blinding
    ):
        raise TxRefusedError(RefusalCode.SUM_UNPROVEN)
    found = _compute_shares(view, tx, shared)
    post_for_rules(
        view,
        tx.cooperative,
        make_pool_legs(
            POOL_ACCOUNTS[tx.pool],
            paid_minor=found.paid_minor,
            commons_minor=found.commons_minor,
        ),
        entry_id=compute_entry_id(purpose="allocation", subject=shared.id, number=0),
        reference=shared.id,
        stamp=Stamp(period=tx.period + 1, time_ms=block.time_ms),
    )
    allocation = replace(
        allocation,
        is_open=True,
        weight_total=tx.weight_total,
        unit_minor=found.unit_minor,
        paid_minor=found.paid_minor,
        carry_minor=found.carry_minor,
        commons_minor=found.commons_minor,
        blinding_total=tx.blinding_total,
    )
    view.put_allocation(tx.cooperative, shared.id, allocation)
    return (_render_opened(tx.cooperative, allocation),)


def _require_pool(
    view: ValueView, tx: CommitAllocation | OpenAllocation, sender: Sender
) -> _SharedPool:
    books = require_books(view, sender, tx.cooperative, _CHARGES[tx.pool])
    if tx.period != books.period - 1:
        raise TxRefusedError(RefusalCode.PERIOD_OTHER, f"{books.period} is open")
    period = view.get_period(tx.cooperative, tx.period)
    if period is None:
        raise InvariantError("a closed period is not in state")
    pool_id = compute_pool_id(cooperative=tx.cooperative, period=tx.period, pool=tx.pool)
    allocation = view.get_allocation(tx.cooperative, pool_id)
    if allocation is None:
        allocation = Allocation(period=tx.period, pool=tx.pool)
    if period.split is None or allocation.is_open:
        raise TxRefusedError(RefusalCode.ALLOCATION_CLOSED)
    policy = read_policy(view.get_bylaws(period.bylaws_hash))
    return _SharedPool(id=pool_id, allocation=allocation, policy=policy)


def _render_opened(cooperative: bytes, allocation: Allocation) -> AllocationOpened:
    return AllocationOpened(
        cooperative=cooperative,
        period=allocation.period,
        pool=allocation.pool,
        weight_total=allocation.weight_total,
        unit_minor=allocation.unit_minor,
        paid_minor=allocation.paid_minor,
        carry_minor=allocation.carry_minor,
        commons_minor=allocation.commons_minor,
    )


def _add_checked(items: Sequence[CommittedSlot], shared: _SharedPool, *, to: bytes) -> bytes:
    total = to
    for item in items:
        if not is_commitment(item.commitment):
            raise TxRefusedError(RefusalCode.COMMITMENT_MALFORMED, item.slot.hex())
        if not _is_proven(item, shared):
            raise TxRefusedError(RefusalCode.COMMITMENT_UNPROVEN, item.slot.hex())
        total = add_points(total, item.commitment)
    return total


def _is_proven(item: CommittedSlot, shared: _SharedPool) -> bool:
    if shared.allocation.pool is Pool.CONTRIBUTION:
        return not item.proof
    return is_band_proof_valid(item.commitment, item.proof, context=shared.id + item.slot)


def _compute_shares(view: ValueView, tx: OpenAllocation, shared: _SharedPool) -> Unit:
    """What members are owed, checked against what the sender says of it."""
    account = LedgerBooks(view, tx.cooperative).get_book_account(POOL_ACCOUNTS[tx.pool])
    pool_minor = 0 if account is None else min(MONEY_MINOR_MAX, account.available_minor)
    found = compute_unit(pool_minor=pool_minor, weight_total=tx.weight_total)
    if tx.pool is Pool.NEED:
        is_fit = tx.paid_minor == found.paid_minor
    elif tx.weight_total == 0:
        is_fit = _compute_attested(view, tx, shared.policy) == 0 and tx.paid_minor == 0
    else:
        carry_minor = pool_minor - tx.paid_minor
        found = Unit(
            unit_minor=0, paid_minor=tx.paid_minor, carry_minor=carry_minor, commons_minor=0
        )
        is_attested = _compute_attested(view, tx, shared.policy) == tx.weight_total
        is_fit = is_attested and 0 <= carry_minor < shared.allocation.commitments_count
    if not is_fit:
        raise TxRefusedError(RefusalCode.TOTAL_UNFIT)
    return found


def _compute_attested(view: ValueView, tx: OpenAllocation, policy: ContributionPolicy) -> int:
    points = []
    for metric, weight_permille in zip(Metric, policy.weights_permille, strict=True):
        total = view.get_metric(tx.cooperative, period=tx.period, metric=metric)
        if total is None and weight_permille:
            raise TxRefusedError(RefusalCode.METRIC_MISSING, metric.name.lower())
        points.append(0 if total is None else total.points_total)
    return compute_weight(points, policy)
