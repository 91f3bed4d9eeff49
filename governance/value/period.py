"""Closing a period: what may be distributed, and into what members divide it.

Distributable is unrestricted revenue less costs, less losses carried over, less what the law
puts into the reserve, less what members put into the endowment. Restricted money is no part
of it. Members then vote on its split between reserve, research, information, education and
dividend; a dividend of nothing is as valid as any other. Without their vote nothing is
distributed: the surplus is carried on.

Source: Regulation (EC) 1435/2003 art. 3(2), 65, 67; specification §4.3.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from config.limits import MONEY_MINOR_MAX
from did.codec import Record
from governance.bylaws import Bylaws
from governance.fields import BasisPoints, Count, Hash
from governance.refusals import RefusalCode, TxRefusedError
from governance.value.allocation import BPS_TOTAL, Pools, compute_parts, compute_pools
from governance.value.books import Leg
from governance.value.chart import (
    COMMONS,
    CONTRIBUTION_POOL,
    EDUCATION,
    ENDOWMENT,
    EQUAL_POOL,
    INFORMATION,
    LEGAL_RESERVE,
    MEMBERS_PAYABLE,
    NEED_POOL,
    RESEARCH,
    SURPLUS,
    UNRESTRICTED,
    AccountKind,
    BookAccount,
)

_SPLIT_DOMAIN: Final = b"rochdale/distribution/v1"


class DistributionSplit(Record, frozen=True, kw_only=True):
    """What members vote on: its hash is the subject of a proposal on the distribution."""

    cooperative: Hash
    period: Count
    endowment_bps: BasisPoints
    """Of the surplus after the legal reserve; before the split."""
    reserve_bps: BasisPoints
    research_bps: BasisPoints
    information_bps: BasisPoints
    education_bps: BasisPoints
    dividend_bps: BasisPoints
    """These five add up to 10,000; the dividend is at most what the bylaws allow."""

    @property
    def parts_bps(self) -> tuple[int, ...]:
        """Reserve, research, information, education, dividend."""
        return (
            self.reserve_bps,
            self.research_bps,
            self.information_bps,
            self.education_bps,
            self.dividend_bps,
        )

    def compute_hash(self) -> bytes:
        """What a proposal names as its subject; 32 bytes."""
        return hashlib.sha256(_SPLIT_DOMAIN + self.encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the unrestricted accounts say at the end of a period."""

    revenue_minor: int
    costs_minor: int
    """Losses of the period included."""
    carried_minor: int
    """Surplus carried over; negative for a loss."""
    reserve_minor: int
    endowment_minor: int

    @property
    def result_minor(self) -> int:
        """Surplus of the period; negative for a loss."""
        return self.revenue_minor - self.costs_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Where a period's surplus goes."""

    result_minor: int
    legal_reserve_minor: int
    endowment_minor: int
    distributable_minor: int
    """What members' split divides."""
    reserve_minor: int
    research_minor: int
    information_minor: int
    education_minor: int
    pools: Pools
    """The dividend; its own carry stays with the surplus."""
    carried_minor: int
    """Into the next period; negative for a loss."""
    endowment_spent_minor: int

    @property
    def dividend_minor(self) -> int:
        """What reaches the three pools."""
        return self.pools.equal_minor + self.pools.contribution_minor + self.pools.need_minor


def check_split(split: DistributionSplit, *, cooperative: bytes, period: int) -> None:
    """Check that a split is this period's and a whole.

    Raises:
        TxRefusedError: SPLIT_UNFIT; names the field.
    """
    if split.cooperative != cooperative:
        raise TxRefusedError(RefusalCode.SPLIT_UNFIT, "cooperative")
    if split.period != period:
        raise TxRefusedError(RefusalCode.SPLIT_UNFIT, "period")
    if sum(split.parts_bps) != BPS_TOTAL:
        raise TxRefusedError(RefusalCode.SPLIT_UNFIT, f"parts add up to {BPS_TOTAL}")


def check_dividend(split: DistributionSplit, bylaws: Bylaws) -> None:
    """Check that a split gives members no more than bylaws allow.

    Raises:
        TxRefusedError: SPLIT_UNFIT.
    """
    if split.dividend_bps > bylaws.value.dividend_max_bps:
        most = f"dividend is at most {bylaws.value.dividend_max_bps} by the bylaws"
        raise TxRefusedError(RefusalCode.SPLIT_UNFIT, most)


def read_figures(accounts: Sequence[BookAccount]) -> Figures:
    """What a close works on; restricted accounts are left out."""
    totals = dict.fromkeys(AccountKind, 0)
    balances: dict[int, int] = {}
    for account in accounts:
        if account.fund == UNRESTRICTED:
            totals[account.kind] += account.balance_minor
            balances[account.code] = account.balance_minor
    return Figures(
        revenue_minor=-totals[AccountKind.REVENUE],
        costs_minor=totals[AccountKind.EXPENSE],
        carried_minor=-balances.get(SURPLUS, 0),
        reserve_minor=-balances.get(LEGAL_RESERVE, 0),
        endowment_minor=-balances.get(ENDOWMENT, 0),
    )


def compute_distribution(
    figures: Figures, split: DistributionSplit | None, *, bylaws: Bylaws
) -> Distribution:
    """Divide a period's surplus; with no vote, the legal reserve alone takes its part.

    Args:
        figures: Of the period.
        split: What members decided, checked; None if they decided nothing.
        bylaws: By which they decided; those in force if they decided nothing.
    """
    legal_minor = compute_legal_reserve(figures, bylaws)
    before_minor = figures.result_minor + figures.carried_minor - legal_minor
    endowment_minor = distributable_minor = 0
    parts: tuple[int, ...] = (0, 0, 0, 0, 0)
    if split is not None:
        available_minor = min(MONEY_MINOR_MAX, max(0, before_minor))
        endowment_minor = available_minor * split.endowment_bps // BPS_TOTAL
        distributable_minor = available_minor - endowment_minor
        parts, _ = compute_parts(distributable_minor, split.parts_bps)
    reserve_minor, research_minor, information_minor, education_minor, dividend_minor = parts
    pools = compute_pools(dividend_minor)
    spent_minor = figures.endowment_minor * bylaws.value.endowment_spend_bps // BPS_TOTAL
    return Distribution(
        result_minor=figures.result_minor,
        legal_reserve_minor=legal_minor,
        endowment_minor=endowment_minor,
        distributable_minor=distributable_minor,
        reserve_minor=reserve_minor,
        research_minor=research_minor,
        information_minor=information_minor,
        education_minor=education_minor,
        pools=pools,
        carried_minor=before_minor - endowment_minor - sum(parts) + pools.carry_minor,
        endowment_spent_minor=spent_minor,
    )


def compute_legal_reserve(figures: Figures, bylaws: Bylaws) -> int:
    """What the law puts into the reserve before anything else, in minor units.

    Rounded up: 15 % is the least. Nothing once the reserve equals the minimum capital, and
    nothing of what only makes up for losses carried over.

    Source: Regulation (EC) 1435/2003 art. 65(2).
    """
    surplus_minor = max(0, figures.result_minor + min(0, figures.carried_minor))
    share_minor = -(-surplus_minor * bylaws.reserve.legal_bps // BPS_TOTAL)
    return min(share_minor, max(0, bylaws.reserve.minimum_capital_minor - figures.reserve_minor))


def make_closing_legs(accounts: Sequence[BookAccount]) -> tuple[Leg, ...]:
    """The entry that moves a period's revenue and costs into the surplus.

    Restricted accounts run on until their purpose is met.
    """
    legs = [
        Leg(account=account.code, amount_minor=-account.balance_minor)
        for account in accounts
        if account.fund == UNRESTRICTED
        and account.kind in (AccountKind.REVENUE, AccountKind.EXPENSE)
    ]
    result_minor = sum(leg.amount_minor for leg in legs)
    return _without_empty([*legs, Leg(account=SURPLUS, amount_minor=-result_minor)])


def make_distribution_legs(found: Distribution) -> tuple[Leg, ...]:
    """The entry that moves the surplus where law and members put it."""
    credits_minor = {
        EQUAL_POOL: found.pools.equal_minor,
        CONTRIBUTION_POOL: found.pools.contribution_minor,
        NEED_POOL: found.pools.need_minor,
        LEGAL_RESERVE: found.legal_reserve_minor + found.reserve_minor,
        ENDOWMENT: found.endowment_minor,
        RESEARCH: found.research_minor,
        INFORMATION: found.information_minor,
        EDUCATION: found.education_minor,
    }
    legs = [Leg(account=code, amount_minor=-amount) for code, amount in credits_minor.items()]
    total_minor = sum(credits_minor.values())
    return _without_empty([*legs, Leg(account=SURPLUS, amount_minor=total_minor)])


def make_endowment_legs(found: Distribution) -> tuple[Leg, ...]:
    """The entry that lets the commons have what the endowment yields."""
    return make_transfer_legs(ENDOWMENT, {COMMONS: found.endowment_spent_minor})


def make_pool_legs(pool: int, *, paid_minor: int, commons_minor: int) -> tuple[Leg, ...]:
    """The entry that owes members their shares of a pool, or gives it to the commons.

    Args:
        pool: The pool's account.
        paid_minor: To members.
        commons_minor: To the commons, for want of recipients.
    """
    return make_transfer_legs(pool, {MEMBERS_PAYABLE: paid_minor, COMMONS: commons_minor})


def make_transfer_legs(source: int, credits_minor: dict[int, int]) -> tuple[Leg, ...]:
    """An entry out of one account into others; no leg for what is empty."""
    legs = [Leg(account=code, amount_minor=-amount) for code, amount in credits_minor.items()]
    total_minor = sum(credits_minor.values())
    return _without_empty([Leg(account=source, amount_minor=total_minor), *legs])


def _without_empty(legs: Sequence[Leg]) -> tuple[Leg, ...]:
    return tuple(leg for leg in legs if leg.amount_minor)
