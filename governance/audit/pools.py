"""Pools that were shared behind commitments: their sums, their units, and what was owed.

With what the auditor was shown each commitment is opened too, and each amount made anew.
"""

from itertools import pairwise

from config.limits import MONEY_MINOR_MAX
from governance.audit.findings import Place, expect
from governance.audit.journal import Journal
from governance.audit.lists import read_entries
from governance.audit.sealed import Opening, Sealed
from governance.value.allocation import Unit, compute_share, compute_unit
from governance.value.commitments import (
    IDENTITY,
    add_blindings,
    add_points,
    decode_scalar,
    is_commitment,
    is_opening,
)
from governance.value.contribution import ContributionPolicy, Metric, compute_weight
from governance.value.need import NeedBand, SlotCommitment
from governance.value.period import make_pool_legs
from governance.value.records import POOL_ACCOUNTS, Allocation, Pool, compute_pool_id
from governance.value.view import ValueView, commitments_log


def audit_pool(
    view: ValueView,
    cooperative: bytes,
    journal: Journal,
    *,
    period: int,
    pool: Pool,
    policy: ContributionPolicy,
    sealed: Sealed | None,
) -> int:
    """Share a pool of a closed period once more; how many members' amounts were checked.

    Args:
        view: State.
        cooperative: Whose pool.
        journal: With all that led to the period's end.
        period: Its number.
        pool: Which.
        policy: How contributions of the period count.
        sealed: What the auditor was shown, if anything.

    Raises:
        AuditError: The ledger says something else.
    """
    name = f"{period} {pool.name.lower()}"
    place = Place(cooperative=cooperative, what="period", id=name)
    pool_id = compute_pool_id(cooperative=cooperative, period=period, pool=pool)
    allocation = view.get_allocation(cooperative, pool_id)
    slots, _ = read_entries(view, commitments_log(cooperative, pool_id), place, SlotCommitment)
    if allocation is None:
        expect(place, "commitments_count", expected=len(slots), found=0)
        return 0
    _check_sum(allocation, slots, place=place)
    if not allocation.is_open:
        return 0
    pool_minor = min(MONEY_MINOR_MAX, max(0, journal.get_credit_minor(POOL_ACCOUNTS[pool])))
    if pool is Pool.CONTRIBUTION:
        attested = _compute_attested(view, cooperative, period=period, policy=policy)
        expect(place, "weight_total", expected=attested, found=allocation.weight_total)
    _check_shares(allocation, pool_minor=pool_minor, place=place)
    paid_minor, commons_minor = allocation.paid_minor, allocation.commons_minor
    legs = make_pool_legs(POOL_ACCOUNTS[pool], paid_minor=paid_minor, commons_minor=commons_minor)
    journal.enter_by_rules(place, legs, purpose="allocation", subject=pool_id)
    if sealed is None or sealed.cooperative != cooperative:
        return 0
    openings = sealed.openings.get((period, pool), {})
    if openings:
        _check_openings(allocation, slots, openings, pool_minor=pool_minor, place=place)
    return len(openings)


def _check_sum(allocation: Allocation, slots: list[SlotCommitment], *, place: Place) -> None:
    """Check that the commitments are those whose sum was opened."""
    count = allocation.commitments_count
    expect(place, "commitments_count", expected=len(slots), found=count)
    ids = [item.slot for item in slots]
    is_ascending = all(first < second for first, second in pairwise(ids))
    expect(place, "slots_ascend", expected=True, found=is_ascending)
    total = IDENTITY
    for item in slots:
        is_point = is_commitment(item.commitment)
        expect(place, f"commitment {item.slot.hex()} is a point", expected=True, found=is_point)
        total = add_points(total, item.commitment)
    expect(place, "commitments_sum", expected=total, found=allocation.commitments_sum)
    if not allocation.is_open:
        return
    blinding = decode_scalar(allocation.blinding_total)
    is_opened = blinding is not None and is_opening(
        total, weight=allocation.weight_total, blinding=blinding
    )
    expect(place, "sum_opens_to_weight_total", expected=True, found=is_opened)


def _compute_attested(
    view: ValueView, cooperative: bytes, *, period: int, policy: ContributionPolicy
) -> int:
    totals = [view.get_metric(cooperative, period=period, metric=metric) for metric in Metric]
    points = [0 if total is None else total.points_total for total in totals]
    return compute_weight(points, policy)


def _check_shares(allocation: Allocation, *, pool_minor: int, place: Place) -> None:
    """Unit, payment and carry: of need by the unit, of contributions floored one by one."""
    found = compute_unit(pool_minor=pool_minor, weight_total=allocation.weight_total)
    if allocation.pool is Pool.CONTRIBUTION and allocation.weight_total:
        paid_minor = allocation.paid_minor
        carry_minor = pool_minor - paid_minor
        is_floored = 0 <= carry_minor < allocation.commitments_count
        expect(place, "carry_is_below_a_unit_each", expected=True, found=is_floored)
        found = Unit(unit_minor=0, paid_minor=paid_minor, carry_minor=carry_minor, commons_minor=0)
    for field in ("unit_minor", "paid_minor", "carry_minor", "commons_minor"):
        expect(place, field, expected=getattr(found, field), found=getattr(allocation, field))


def _check_openings(
    allocation: Allocation,
    slots: list[SlotCommitment],
    openings: dict[bytes, Opening],
    *,
    pool_minor: int,
    place: Place,
) -> None:
    """Check every member's weight against its commitment, and the amount against the weight."""
    expect(place, "sealed_slots", expected=len(slots), found=len(openings))
    for item in slots:
        slot = item.slot.hex()
        opening = openings.get(item.slot)
        expect(place, f"sealed {slot}", expected=True, found=opening is not None)
        if opening is None:
            continue
        is_opened = is_opening(item.commitment, weight=opening.weight, blinding=opening.blinding)
        expect(place, f"sealed {slot} opens", expected=True, found=is_opened)
        amount_minor = allocation.unit_minor * opening.weight
        if allocation.pool is Pool.CONTRIBUTION:
            amount_minor = (
                compute_share(
                    pool_minor=pool_minor,
                    weight=opening.weight,
                    weight_total=allocation.weight_total,
                )
                if allocation.weight_total
                else 0
            )
        else:
            is_band = opening.weight in tuple(NeedBand)
            expect(place, f"sealed {slot} is a band", expected=True, found=is_band)
        is_right = opening.amount_minor == amount_minor
        expect(place, f"sealed {slot} amount is right", expected=True, found=is_right)
    paid_minor = sum(opening.amount_minor for opening in openings.values())
    expect(place, "paid_minor", expected=paid_minor, found=allocation.paid_minor)
    blinding = add_blindings(opening.blinding for opening in openings.values())
    is_whole = is_opening(
        allocation.commitments_sum, weight=allocation.weight_total, blinding=blinding
    )
    expect(place, "sealed_sum_opens", expected=True, found=is_whole)
