"""Periods on the ledger: attested metrics, the close, and the vote that it needs.

The figures are `governance.value.period`'s; sharing the pools is `governance.value.allotting`'s.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from config.limits import MONEY_MINOR_MAX
from governance.charge_records import Charge
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_view import FederalView
from governance.logs import get_frontier
from governance.proposal_records import Outcome, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.allocation import Unit, compute_unit
from governance.value.bookkeeping import post_for_rules
from governance.value.books import Leg, Stamp
from governance.value.chart import EQUAL_POOL
from governance.value.contribution import ATTESTORS, MetricTotal
from governance.value.events import MetricAttested, PeriodClosed
from governance.value.offices import require_books
from governance.value.period import (
    Distribution,
    check_dividend,
    check_split,
    compute_distribution,
    make_closing_legs,
    make_distribution_legs,
    make_endowment_legs,
    make_pool_legs,
    read_figures,
)
from governance.value.records import Period, compute_entry_id
from governance.value.transactions import AttestMetric, ClosePeriod
from governance.value.view import LedgerBooks, ValueView, journal_log

_NOTHING = Unit(unit_minor=0, paid_minor=0, carry_minor=0, commons_minor=0)
_NO_REFERENCE = bytes(32)


def apply_attest_metric(view: ValueView, tx: AttestMetric, *, sender: Sender) -> Events:
    """Note what an attestor vouches for, of the open period or the one closed last; once.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            PERIOD_OTHER, METRIC_ATTESTED; in this order.
    """
    books = require_books(view, sender, tx.cooperative, ATTESTORS[tx.metric])
    if tx.period not in (books.period, books.period - 1):
        raise TxRefusedError(RefusalCode.PERIOD_OTHER, f"{books.period} is open")
    if view.get_metric(tx.cooperative, period=tx.period, metric=tx.metric) is not None:
        raise TxRefusedError(RefusalCode.METRIC_ATTESTED)
    total = MetricTotal(points_total=tx.points_total, attestations_root=tx.attestations_root)
    view.put_metric(tx.cooperative, period=tx.period, metric=tx.metric, total=total)
    return (
        MetricAttested(
            cooperative=tx.cooperative,
            period=tx.period,
            metric=tx.metric,
            points_total=tx.points_total,
            attestations_root=tx.attestations_root,
        ),
    )


def apply_close_period(
    view: ValueView, tx: ClosePeriod, *, sender: Sender, block: BlockContext
) -> Events:
    """End the open period: its result into the surplus, and from there where members decided.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, COOPERATIVE_LEFT, OFFICE_REQUIRED, BOOKS_UNKNOWN,
            PERIOD_OTHER, ENTRIES_PENDING, IMPORT_UNFINISHED, SPLIT_UNFIT, SPLIT_UNDECIDED,
            SPLIT_UNFIT (more for members than the bylaws allow), BALANCE_TOO_LARGE; in this order.
    """
    books = require_books(view, sender, tx.cooperative, Charge.TREASURER)
    if tx.period != books.period:
        raise TxRefusedError(RefusalCode.PERIOD_OTHER, f"{books.period} is open")
    if books.pending_count:
        raise TxRefusedError(RefusalCode.ENTRIES_PENDING)
    if view.is_importing(tx.cooperative):
        raise TxRefusedError(RefusalCode.IMPORT_UNFINISHED)
    bylaws_hash = _check_decided(view, tx)
    bylaws = view.get_bylaws(bylaws_hash)
    if tx.split is not None:
        check_dividend(tx.split, bylaws)
    accounts = tuple(view.scan_book_accounts(tx.cooperative))
    found = compute_distribution(read_figures(accounts), tx.split, bylaws=bylaws)
    stamp = Stamp(period=tx.period, time_ms=block.time_ms)
    steps = (make_closing_legs(accounts), make_distribution_legs(found), make_endowment_legs(found))
    _post_steps(view, tx, steps, stamp=stamp)
    members_count = view.get_roll(tx.cooperative).active_count
    unit = _share_equally(view, tx, members_count=members_count, stamp=stamp)
    view.put_books(tx.cooperative, replace(books, period=books.period + 1))
    period = _make_period(
        tx, found, unit, bylaws_hash=bylaws_hash, members_count=members_count, block=block
    )
    view.put_period(tx.cooperative, period)
    return (_render_closed(view, tx.cooperative, period),)


def _check_decided(view: ValueView, tx: ClosePeriod) -> bytes:
    """Check that members decided the split; the hash of the bylaws that hold for the close."""
    if tx.split is None:
        if tx.proposal:
            raise TxRefusedError(RefusalCode.SPLIT_UNFIT, "proposal")
        return FederalView(view.kv).require_cooperative(tx.cooperative).bylaws_hash
    check_split(tx.split, cooperative=tx.cooperative, period=tx.period)
    proposal = view.get_proposal(tx.cooperative, tx.proposal)
    decision = view.get_decision(tx.cooperative, tx.proposal)
    if (
        proposal is None
        or proposal.kind is not ProposalKind.DISTRIBUTION
        or proposal.subject != tx.split.compute_hash()
        or decision is None
        or decision.outcome is not Outcome.ACCEPTED
    ):
        raise TxRefusedError(RefusalCode.SPLIT_UNDECIDED)
    return proposal.bylaws_hash


def _post_steps(
    view: ValueView, tx: ClosePeriod, steps: Sequence[tuple[Leg, ...]], *, stamp: Stamp
) -> None:
    reference = _NO_REFERENCE if tx.split is None else tx.split.compute_hash()
    for number, legs in enumerate(steps):
        post_for_rules(
            view,
            tx.cooperative,
            legs,
            entry_id=compute_entry_id(
                purpose=f"close/{tx.period}", subject=tx.cooperative, number=number
            ),
            reference=reference,
            stamp=stamp,
        )


def _share_equally(view: ValueView, tx: ClosePeriod, *, members_count: int, stamp: Stamp) -> Unit:
    """Owe each member on the roll the same, or give the pool to the commons if there is none."""
    if tx.split is None:
        return _NOTHING
    pool = LedgerBooks(view, tx.cooperative).get_book_account(EQUAL_POOL)
    pool_minor = 0 if pool is None else min(MONEY_MINOR_MAX, pool.available_minor)
    unit = compute_unit(pool_minor=pool_minor, weight_total=members_count)
    post_for_rules(
        view,
        tx.cooperative,
        make_pool_legs(EQUAL_POOL, paid_minor=unit.paid_minor, commons_minor=unit.commons_minor),
        entry_id=compute_entry_id(purpose=f"equal/{tx.period}", subject=tx.cooperative, number=0),
        reference=tx.split.compute_hash(),
        stamp=stamp,
    )
    return unit


def _make_period(
    tx: ClosePeriod,
    found: Distribution,
    unit: Unit,
    *,
    bylaws_hash: bytes,
    members_count: int,
    block: BlockContext,
) -> Period:
    return Period(
        number=tx.period,
        closed_height=block.height,
        closed_ms=block.time_ms,
        proposal=tx.proposal,
        split=tx.split,
        bylaws_hash=bylaws_hash,
        result_minor=found.result_minor,
        legal_reserve_minor=found.legal_reserve_minor,
        distributable_minor=found.distributable_minor,
        dividend_minor=found.dividend_minor,
        carried_minor=found.carried_minor,
        members_count=members_count,
        unit_minor=unit.unit_minor,
    )


def _render_closed(view: ValueView, cooperative: bytes, period: Period) -> PeriodClosed:
    return PeriodClosed(
        cooperative=cooperative,
        period=period.number,
        proposal=period.proposal,
        result_minor=period.result_minor,
        legal_reserve_minor=period.legal_reserve_minor,
        distributable_minor=period.distributable_minor,
        dividend_minor=period.dividend_minor,
        carried_minor=period.carried_minor,
        members_count=period.members_count,
        unit_minor=period.unit_minor,
        journal_root=get_frontier(view, journal_log(cooperative)).compute_root(),
    )
