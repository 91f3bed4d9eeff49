"""Sharing a sum by weights: floor and carry.

A share is the whole part of pool times weight by total weight; what is left over, less than
one minor unit for each recipient, is carried into the next period's pool. Largest remainder
would hand it out at once, but then a member can lose because the pool grew: weights 1, 3, 3
get 1, 1, 1 of a pool of 3 and 0, 2, 2 of a pool of 4 (docs/value.md). Who the recipients are,
and where a pool comes from, is not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from config.errors import InvariantError, RefusedError
from config.limits import MONEY_MINOR_MAX, SHARES_PER_CHUNK_MAX, WEIGHT_TOTAL_MAX
from did.codec import Record
from governance.fields import Count

BPS_TOTAL: Final = 10_000
EQUAL_BPS: Final = 4_000
CONTRIBUTION_BPS: Final = 4_000
NEED_BPS: Final = 2_000
"""Specification §4.3.2: two fifths to all alike, two fifths by contribution, a fifth by need."""


class AllocationError(RefusedError):
    """A pool or weight is out of bounds, or parts are no whole.

    Attributes:
        field: Which of them.
    """

    def __init__(self, reason: str, *, field: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each recipient gets, in the order of the weights, and what is left."""

    shares_minor: tuple[int, ...]
    carry_minor: int
    """For the same pool of the next period."""
    commons_minor: int
    """The whole pool if nobody has any weight: it flows to the commons fund."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """A dividend, divided."""

    equal_minor: int
    contribution_minor: int
    need_minor: int
    carry_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one unit of weight is worth where each amount is unit times weight."""

    unit_minor: int
    paid_minor: int
    carry_minor: int
    """Less than the total weight."""
    commons_minor: int


class Sharing(Record, frozen=True, kw_only=True):
    """A long list of shares that is computed in parts."""

    pool_minor: Count
    weight_total: Count
    weight_seen: Count = 0
    paid_minor: Count = 0

    @property
    def is_complete(self) -> bool:
        """Whether every weight has been seen."""
        return self.weight_seen == self.weight_total

    @property
    def carry_minor(self) -> int:
        """What is left for the next period.

        Raises:
            InvariantError: Not all weights have been seen.
        """
        if not self.is_complete or self.weight_total == 0:
            raise InvariantError("what is carried is known when all shares are")
        return self.pool_minor - self.paid_minor


def compute_share(*, pool_minor: int, weight: int, weight_total: int) -> int:
    """One recipient's share, in minor units.

    Args:
        pool_minor: What is shared; >= 0.
        weight: The recipient's; 0 to `weight_total`.
        weight_total: All recipients'; >= 1.

    Raises:
        AllocationError: Out of these bounds.
    """
    _check_pool(pool_minor)
    if not 1 <= weight_total <= WEIGHT_TOTAL_MAX:
        raise AllocationError(f"must be 1 to {WEIGHT_TOTAL_MAX}", field="weight_total")
    if not 0 <= weight <= weight_total:
        raise AllocationError("must be 0 to the total", field="weight")
    return pool_minor * weight // weight_total


def compute_shares(pool_minor: int, weights: Sequence[int]) -> Shares:
    """All shares of a pool; paid, carried and given to the commons make up the pool.

    Raises:
        AllocationError: The pool or a weight is out of bounds, which the error names.
    """
    _check_pool(pool_minor)
    weight_total = _add_weights(weights)
    if weight_total == 0:
        shares = (0,) * len(weights)
        return Shares(shares_minor=shares, carry_minor=0, commons_minor=pool_minor)
    shares = tuple(
        compute_share(pool_minor=pool_minor, weight=weight, weight_total=weight_total)
        for weight in weights
    )
    return Shares(shares_minor=shares, carry_minor=pool_minor - sum(shares), commons_minor=0)


def continue_sharing(sharing: Sharing, weights: Sequence[int]) -> tuple[tuple[int, ...], Sharing]:
    """Compute the next shares of a long list; the same as all at once.

    Args:
        sharing: How far it is; begin with the pool and the total weight.
        weights: The next ones, at most `SHARES_PER_CHUNK_MAX`.

    Raises:
        AllocationError: Too many at once, or more weight than the total.
    """
    if len(weights) > SHARES_PER_CHUNK_MAX:
        raise AllocationError(f"at most {SHARES_PER_CHUNK_MAX} at once", field="weights")
    weight_seen = sharing.weight_seen + _add_weights(weights)
    if weight_seen > sharing.weight_total:
        raise AllocationError("more than the total", field="weights")
    if sharing.weight_total == 0:
        return (0,) * len(weights), sharing
    shares = tuple(
        compute_share(
            pool_minor=sharing.pool_minor, weight=weight, weight_total=sharing.weight_total
        )
        for weight in weights
    )
    paid_minor = sharing.paid_minor + sum(shares)
    return shares, replace(sharing, weight_seen=weight_seen, paid_minor=paid_minor)


def compute_unit(*, pool_minor: int, weight_total: int) -> Unit:
    """The worth of a unit of weight, for pools where amounts must be linear in the weight.

    A linear amount can be checked against a commitment to the weight, which floor and carry
    for each member cannot. The carry is less than the total weight.

    Raises:
        AllocationError: Pool or total is out of bounds.
    """
    _check_pool(pool_minor)
    if not 0 <= weight_total <= WEIGHT_TOTAL_MAX:
        raise AllocationError(f"must be 0 to {WEIGHT_TOTAL_MAX}", field="weight_total")
    if weight_total == 0:
        return Unit(unit_minor=0, paid_minor=0, carry_minor=0, commons_minor=pool_minor)
    unit_minor, carry_minor = divmod(pool_minor, weight_total)
    return Unit(
        unit_minor=unit_minor,
        paid_minor=unit_minor * weight_total,
        carry_minor=carry_minor,
        commons_minor=0,
    )


def compute_parts(amount_minor: int, parts_bps: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Divide an amount by basis points; the parts, and what is left of it.

    Raises:
        AllocationError: The amount is out of bounds, a part is negative, or the parts do not
            add up to 10,000.
    """
    _check_pool(amount_minor)
    if any(part < 0 for part in parts_bps) or sum(parts_bps) != BPS_TOTAL:
        raise AllocationError(f"none negative, and {BPS_TOTAL} together", field="parts_bps")
    parts = tuple(amount_minor * part // BPS_TOTAL for part in parts_bps)
    return parts, amount_minor - sum(parts)


def compute_pools(dividend_minor: int) -> Pools:
    """Divide a dividend into the three pools of the specification (§4.3.2).

    Raises:
        AllocationError: The dividend is out of bounds.
    """
    parts, carry_minor = compute_parts(dividend_minor, (EQUAL_BPS, CONTRIBUTION_BPS, NEED_BPS))
    equal_minor, contribution_minor, need_minor = parts
    return Pools(
        equal_minor=equal_minor,
        contribution_minor=contribution_minor,
        need_minor=need_minor,
        carry_minor=carry_minor,
    )


def _check_pool(pool_minor: int) -> None:
    if not 0 <= pool_minor <= MONEY_MINOR_MAX:
        raise AllocationError(f"must be 0 to {MONEY_MINOR_MAX}", field="pool_minor")


def _add_weights(weights: Sequence[int]) -> int:
    if any(weight < 0 for weight in weights):
        raise AllocationError("none may be negative", field="weights")
    total = sum(weights)
    if total > WEIGHT_TOTAL_MAX:
        raise AllocationError(f"at most {WEIGHT_TOTAL_MAX} together", field="weights")
    return total
