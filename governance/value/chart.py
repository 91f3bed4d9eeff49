"""The chart of accounts: what kinds there are, and which accounts every cooperative has.

An account's code says its kind by the first digit. Accounts of fund 0 are unrestricted; every
other fund holds money that was given for a purpose. Standard accounts are unrestricted and
there from the beginning, and most of them are written by the rules alone.
"""

from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from did.codec import Record
from governance.fields import Count

Code = Annotated[int, Meta(ge=1_000, le=5_999)]
Fund = Annotated[int, Meta(ge=0, le=99)]
"""0 is unrestricted; others are the cooperative's own numbers for its givers' purposes."""
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z", max_length=3)]
"""ISO 4217, as `EUR`; its minor unit is the cent or what takes its place."""
UNRESTRICTED: Final = 0

BANK: Final = 1_000
MEMBERS_PAYABLE: Final = 2_000
"""What is owed to members; paid out by a settlement."""
EQUAL_POOL: Final = 2_010
CONTRIBUTION_POOL: Final = 2_020
NEED_POOL: Final = 2_030
PARTNERS: Final = 2_300
"""What is owed to other cooperatives, or by them, out of nettings."""
CAPITAL: Final = 3_000
"""What members paid in."""
LEGAL_RESERVE: Final = 3_100
ENDOWMENT: Final = 3_200
COMMONS: Final = 3_300
RESEARCH: Final = 3_310
INFORMATION: Final = 3_320
EDUCATION: Final = 3_330
SURPLUS: Final = 3_900
"""Surplus that is carried on; a debit balance is a loss that is."""
INSIGHTS_EARNED: Final = 4_300
"""Revenue: what partners pay for using the cooperative's insights."""
INSIGHTS_USED: Final = 5_300
"""Costs: what the cooperative pays for using partners' insights."""


class AccountKind(IntEnum):
    """What an account counts, by the first digit of its code."""

    ASSET = 1
    LIABILITY = 2
    EQUITY = 3
    REVENUE = 4
    EXPENSE = 5


class Access(IntEnum):
    """Who writes to an account."""

    OPEN = 1
    """The cooperative's officers, and the rules."""
    FUND = 2
    """The rules fill it, officers spend from it."""
    RULES = 3
    """The rules alone."""


class BookAccount(Record, frozen=True, kw_only=True):
    """An account and what was debited and credited to it so far, posted and pending."""

    code: Code
    fund: Fund = UNRESTRICTED
    debits_minor: Count = 0
    credits_minor: Count = 0
    debits_pending_minor: Count = 0
    credits_pending_minor: Count = 0

    @property
    def kind(self) -> AccountKind:
        """What it counts."""
        return get_kind(self.code)

    @property
    def balance_minor(self) -> int:
        """Posted debits less credits: what there is of an asset, negative for a liability."""
        return self.debits_minor - self.credits_minor

    @property
    def available_minor(self) -> int:
        """Of a fund, pool or debt: what may still be taken from it."""
        return self.credits_minor - self.debits_minor - self.debits_pending_minor


STANDARD: Final = {
    BANK: Access.OPEN,
    MEMBERS_PAYABLE: Access.RULES,
    EQUAL_POOL: Access.RULES,
    CONTRIBUTION_POOL: Access.RULES,
    NEED_POOL: Access.RULES,
    PARTNERS: Access.OPEN,
    CAPITAL: Access.OPEN,
    LEGAL_RESERVE: Access.RULES,
    ENDOWMENT: Access.RULES,
    COMMONS: Access.FUND,
    RESEARCH: Access.FUND,
    INFORMATION: Access.FUND,
    EDUCATION: Access.FUND,
    SURPLUS: Access.RULES,
    INSIGHTS_EARNED: Access.RULES,
    INSIGHTS_USED: Access.RULES,
}
"""Ascending by code."""
OWED_TO_MEMBERS: Final = (MEMBERS_PAYABLE, EQUAL_POOL, CONTRIBUTION_POOL, NEED_POOL)
"""What only a close fills."""
_MAY_BE_NEGATIVE: Final = (BANK, PARTNERS, SURPLUS, INSIGHTS_EARNED, INSIGHTS_USED)


def get_kind(code: int) -> AccountKind:
    """What an account with this code counts."""
    return AccountKind(code // 1_000)


def get_access(code: int) -> Access:
    """Who writes to an account; officers to each that a cooperative opened itself."""
    return STANDARD.get(code, Access.OPEN)


def is_never_overdrawn(code: int) -> bool:
    """Check if more can be taken from an account than was put into it: funds, pools, debts."""
    return code in STANDARD and code not in _MAY_BE_NEGATIVE


def make_standard_accounts() -> tuple[BookAccount, ...]:
    """The accounts that books begin with, ascending by code."""
    return tuple(BookAccount(code=code) for code in STANDARD)
