"""A year's surplus: who gets what of it, once members have accepted its split.

Pools, shares and what contribution weighs are the rules' (`governance.value`). Contribution is
what the simulation knows of: votes and seats.
"""

from collections.abc import Mapping, Sequence

from governance.sim.chance import Chance
from governance.sim.scenario import Scenario
from governance.value.allocation import compute_pools, compute_shares
from governance.value.contribution import ContributionPolicy, Metric, compute_weight

_POINTS_PER_SEAT = 10
_PERMILLE = 1_000


def share_surplus(
    pot_minor: int,
    *,
    places: Sequence[int],
    votes: Mapping[int, int],
    seats: Mapping[int, int],
    policy: ContributionPolicy,
    scenario: Scenario,
    chance: Chance,
) -> tuple[list[int], int]:
    """Share what there is among those on the roll.

    Args:
        pot_minor: What there is.
        places: Who is on the roll.
        votes: How often each has voted since the last time, by place.
        seats: How many seats each holds, by place.
        policy: How contributions count, by the bylaws.
        scenario: Says whose need is recognised.
        chance: Of the simulation.

    Returns:
        What each gets, in the order of `places`, and what is left for the next time.
    """
    needs = chance.list_bps(max(places, default=-1) + 1, "need")
    needy = scenario.dividends.needy_bps
    pools = compute_pools(pot_minor)
    shared = [
        compute_shares(pools.equal_minor, [1] * len(places)),
        compute_shares(
            pools.contribution_minor,
            [_weigh(votes.get(place, 0), seats.get(place, 0), policy=policy) for place in places],
        ),
        compute_shares(pools.need_minor, [int(needs[place] < needy) for place in places]),
    ]
    payouts = [sum(parts) for parts in zip(*(item.shares_minor for item in shared), strict=True)]
    return payouts, pot_minor - sum(payouts)


def compute_gini_permille(amounts: Sequence[int]) -> int:
    """How unequal amounts are: 0 if all are alike, near 1,000 if one has everything.

    Args:
        amounts: None negative; without any, or with nothing in them, it is 0.
    """
    total, count = sum(amounts), len(amounts)
    if total == 0:
        return 0
    weighed = sum(rank * amount for rank, amount in enumerate(sorted(amounts), start=1))
    return (2 * weighed - (count + 1) * total) * _PERMILLE // (count * total)


def _weigh(votes: int, seats: int, *, policy: ContributionPolicy) -> int:
    points = [0] * len(policy.caps)
    points[Metric.PARTICIPATION - 1] = votes
    points[Metric.WORKING_GROUPS - 1] = seats * _POINTS_PER_SEAT
    return compute_weight(tuple(map(min, points, policy.caps)), policy)
