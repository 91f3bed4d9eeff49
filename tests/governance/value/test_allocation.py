"""Floor and carry: the rules of V1, and why not largest remainder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import InvariantError
from config.limits import MONEY_MINOR_MAX, SHARES_PER_CHUNK_MAX, WEIGHT_TOTAL_MAX
from governance.value.allocation import (
    AllocationError,
    Sharing,
    compute_parts,
    compute_pools,
    compute_share,
    compute_shares,
    compute_unit,
    continue_sharing,
)

pools = st.integers(0, 10**9)
weights = st.lists(st.integers(0, 10_000), max_size=20)
some_weights = weights.filter(lambda items: sum(items) > 0)


def share_by_largest_remainder(pool: int, shared_by: list[int]) -> list[int]:
    """The method that is not used: what is left goes to the largest remainders."""
    total = sum(shared_by)
    shares = [pool * weight // total for weight in shared_by]
    remainders = [pool * weight % total for weight in shared_by]
    order = sorted(range(len(shared_by)), key=lambda place: (-remainders[place], place))
    for place in order[: pool - sum(shares)]:
        shares[place] += 1
    return shares


@given(pools, weights)
def test_paid_and_carried_make_up_the_pool(pool: int, shared_by: list[int]) -> None:
    """V1: nothing is lost and nothing is made."""
    found = compute_shares(pool, shared_by)

    assert sum(found.shares_minor) + found.carry_minor + found.commons_minor == pool


@given(pools, some_weights)
def test_no_share_is_negative_or_more_than_the_pool(pool: int, shared_by: list[int]) -> None:
    """V1: 0 <= share <= pool."""
    assert all(0 <= share <= pool for share in compute_shares(pool, shared_by).shares_minor)


@given(pools, some_weights)
def test_less_is_carried_than_there_are_recipients(pool: int, shared_by: list[int]) -> None:
    """V1: less than one minor unit for each."""
    recipients_count = sum(1 for weight in shared_by if weight)

    assert 0 <= compute_shares(pool, shared_by).carry_minor < recipients_count


@given(pools, st.integers(0, 10**6), some_weights)
def test_a_larger_pool_makes_no_share_smaller(pool: int, more: int, shared_by: list[int]) -> None:
    """V1: monotone in the pool."""
    before = compute_shares(pool, shared_by).shares_minor
    after = compute_shares(pool + more, shared_by).shares_minor

    assert all(old <= new for old, new in zip(before, after, strict=True))


@given(pools, some_weights, st.data(), st.integers(0, 10_000))
def test_more_weight_of_ones_own_makes_ones_share_no_smaller(
    pool: int, shared_by: list[int], data: st.DataObject, more: int
) -> None:
    """V1: monotone in a member's own weight."""
    place = data.draw(st.integers(0, len(shared_by) - 1))
    heavier = [*shared_by[:place], shared_by[place] + more, *shared_by[place + 1 :]]

    before = compute_shares(pool, shared_by).shares_minor[place]
    after = compute_shares(pool, heavier).shares_minor[place]

    assert before <= after


@given(pools, some_weights)
def test_equal_weights_get_equal_shares(pool: int, shared_by: list[int]) -> None:
    """V1: nobody is lucky."""
    shares = compute_shares(pool, shared_by).shares_minor

    by_weight: dict[int, int] = {}
    for weight, share in zip(shared_by, shares, strict=True):
        assert by_weight.setdefault(weight, share) == share


@given(pools, some_weights.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))))
def test_the_order_of_members_does_not_matter(
    pool: int, orders: tuple[list[int], list[int]]
) -> None:
    """V1: who stands first on a list gets nothing for it."""
    first, second = (compute_shares(pool, order) for order in orders)

    assert sorted(first.shares_minor) == sorted(second.shares_minor)
    assert first.carry_minor == second.carry_minor


def test_largest_remainder_takes_from_a_member_when_the_pool_grows() -> None:
    """V1: why it is not used; floor and carry holds on the same figures."""
    assert share_by_largest_remainder(3, [1, 3, 3]) == [1, 1, 1]
    assert share_by_largest_remainder(4, [1, 3, 3]) == [0, 2, 2]
    assert compute_shares(3, [1, 3, 3]).shares_minor == (0, 1, 1)
    assert compute_shares(4, [1, 3, 3]).shares_minor == (0, 1, 1)
    assert compute_shares(7, [1, 3, 3]).shares_minor == (1, 3, 3)


@given(pools, st.integers(1, 10_000))
def test_the_carry_of_a_unit_is_less_than_the_sum_of_weights(pool: int, total: int) -> None:
    """V1, need: amount = unit times weight."""
    unit = compute_unit(pool_minor=pool, weight_total=total)

    assert unit.paid_minor + unit.carry_minor == pool
    assert 0 <= unit.carry_minor < total
    assert unit.paid_minor == unit.unit_minor * total


def test_a_pool_without_recipients_flows_to_the_commons() -> None:
    """V1: it is neither kept nor divided among others."""
    assert compute_shares(100, [0, 0]).commons_minor == 100
    assert compute_shares(100, []).commons_minor == 100
    assert compute_unit(pool_minor=100, weight_total=0).commons_minor == 100
    assert compute_shares(100, [0, 1]).commons_minor == 0


@given(pools)
def test_the_three_pools_are_40_40_and_20_percent(dividend: int) -> None:
    """V1, by the same rule: floor, and what is left is carried."""
    found = compute_pools(dividend)

    assert found.equal_minor == found.contribution_minor == dividend * 2 // 5
    assert found.need_minor == dividend // 5
    assert 0 <= found.carry_minor < 3
    assert (
        found.equal_minor + found.contribution_minor + found.need_minor + found.carry_minor
        == dividend
    )


@given(pools, weights, st.integers(1, 5))
def test_parts_of_a_long_list_give_the_same_shares(
    pool: int, shared_by: list[int], size: int
) -> None:
    """V1: a list of any length is worked off in bounded parts."""
    sharing = Sharing(pool_minor=pool, weight_total=sum(shared_by))
    found: list[int] = []
    for start in range(0, len(shared_by), size):
        shares, sharing = continue_sharing(sharing, shared_by[start : start + size])
        found += shares
        sharing = Sharing.parse(sharing.encode())

    whole = compute_shares(pool, shared_by)
    assert tuple(found) == whole.shares_minor
    assert sharing.is_complete
    if sum(shared_by):
        assert sharing.carry_minor == whole.carry_minor


def test_parts_of_a_list_without_weight_share_nothing() -> None:
    """V1: the whole pool is for the commons."""
    shares, sharing = continue_sharing(Sharing(pool_minor=10, weight_total=0), [0, 0])

    assert shares == (0, 0)
    assert sharing.paid_minor == 0


def test_what_is_carried_is_not_known_early() -> None:
    """A part's remainder is no carry."""
    _, sharing = continue_sharing(Sharing(pool_minor=10, weight_total=3), [1])

    with pytest.raises(InvariantError):
        _ = sharing.carry_minor


@pytest.mark.parametrize(
    ("field", "pool", "weight", "total"),
    [
        ("pool_minor", -1, 0, 1),
        ("pool_minor", MONEY_MINOR_MAX + 1, 0, 1),
        ("weight_total", 1, 0, 0),
        ("weight_total", 1, 0, WEIGHT_TOTAL_MAX + 1),
        ("weight", 1, -1, 1),
        ("weight", 1, 2, 1),
    ],
)
def test_refuses_what_is_out_of_bounds(field: str, pool: int, weight: int, total: int) -> None:
    """The error names the field."""
    with pytest.raises(AllocationError) as caught:
        compute_share(pool_minor=pool, weight=weight, weight_total=total)

    assert caught.value.field == field


def test_refuses_weights_and_parts_that_make_no_sense() -> None:
    """Negative, too many, more than the total, or no whole."""
    sharing = Sharing(pool_minor=1, weight_total=1)
    for weights_given in ([-1], [WEIGHT_TOTAL_MAX, 1]):
        with pytest.raises(AllocationError, match="weights"):
            compute_shares(1, weights_given)
    for weights_given in ([2], [0] * (SHARES_PER_CHUNK_MAX + 1)):
        with pytest.raises(AllocationError, match="weights"):
            continue_sharing(sharing, weights_given)
    for parts in ([5_000, 4_999], [10_001, -1]):
        with pytest.raises(AllocationError, match="parts_bps"):
            compute_parts(1, parts)
    with pytest.raises(AllocationError, match="weight_total"):
        compute_unit(pool_minor=1, weight_total=-1)
