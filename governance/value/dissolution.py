"""What members are owed when they leave, or when the cooperative ends.

A member leaving, and all of them at the end, get back at most what they paid in. The reserve,
the endowment, the funds and restricted money never go to members: at the end they devolve on
a body with the same purpose.

Source: Regulation (EC) 1435/2003 art. 16 (leaving: the shares' nominal value less losses),
art. 65(3) (no claim against the legal reserve), art. 75 (disinterested distribution).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import InvariantError
from governance.value.chart import (
    CAPITAL,
    MEMBERS_PAYABLE,
    UNRESTRICTED,
    AccountKind,
    BookAccount,
)

_RESULT = (AccountKind.REVENUE, AccountKind.EXPENSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissolution:
    """How a cooperative's net assets are divided when it ends."""

    members_minor: int
    """Capital that is left after losses, to those who paid it in."""
    successor_minor: int
    """All else that is unrestricted, reserve and funds included."""
    restricted_minor: int
    """To the givers' purposes, at the same successor or by the givers' word."""


def compute_exit_claim(
    *, paid_in_minor: int, capital_minor: int, loss_minor: int, reserves_minor: int
) -> int:
    """What a leaving member gets of the capital; never a part of any reserve.

    Args:
        paid_in_minor: What this member paid in; 0 to `capital_minor`.
        capital_minor: What all members paid in; >= 1.
        loss_minor: The loss that is carried; >= 0.
        reserves_minor: What bears the loss before capital does; >= 0.

    Raises:
        InvariantError: Out of these bounds.
    """
    if not (0 <= paid_in_minor <= capital_minor and capital_minor >= 1):
        raise InvariantError("a member's capital is a part of all capital")
    if loss_minor < 0 or reserves_minor < 0:
        raise InvariantError("losses and reserves are not negative")
    borne_minor = min(capital_minor, max(0, loss_minor - reserves_minor))
    return paid_in_minor * (capital_minor - borne_minor) // capital_minor


def compute_dissolution(accounts: Sequence[BookAccount]) -> Dissolution:
    """Divide what is left when all debts but those to members' capital are paid.

    Args:
        accounts: All of the books'.
    """
    equity = {account.code: account for account in accounts if not _is_asset_or_debt(account)}
    net_minor = -sum(
        account.balance_minor for account in equity.values() if account.fund == UNRESTRICTED
    )
    capital = equity.get(CAPITAL)
    capital_minor = 0 if capital is None else -capital.balance_minor
    members_minor = max(0, min(capital_minor, net_minor))
    return Dissolution(
        members_minor=members_minor,
        successor_minor=max(0, net_minor - members_minor),
        restricted_minor=sum(
            account.balance_minor
            for account in accounts
            if account.fund != UNRESTRICTED
            and account.kind in (AccountKind.ASSET, AccountKind.LIABILITY)
        ),
    )


def compute_owed_to_members(accounts: Sequence[BookAccount]) -> int:
    """What was allotted to members and is not paid yet: a debt like any other."""
    return sum(account.available_minor for account in accounts if account.code == MEMBERS_PAYABLE)


def _is_asset_or_debt(account: BookAccount) -> bool:
    return account.kind not in (*_RESULT, AccountKind.EQUITY)
