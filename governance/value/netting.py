"""Netting between cooperatives: what each owes for insights used, as few payments.

A use is priced by an agreement that both signed. For each quarter the user's count and the
provider's are compared and what both admit counts; the difference is theirs to settle or to
dispute. All obligations of one currency become one net for each cooperative, zero together,
and then payments: at most one fewer than there are cooperatives with a net. The result is
the same for any order of obligations.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from config.errors import InvariantError
from config.limits import (
    NETTING_COOPERATIVES_MAX,
    PRICE_MINOR_MAX,
    USAGE_REPORTS_MAX,
    USES_MAX,
)
from did.codec import Record
from governance.fields import Hash

_OBLIGATION_MAX = USES_MAX * PRICE_MINOR_MAX
_NET_MAX = _OBLIGATION_MAX * USAGE_REPORTS_MAX * NETTING_COOPERATIVES_MAX
Uses = Annotated[int, Meta(ge=0, le=USES_MAX)]
Price = Annotated[int, Meta(ge=0, le=PRICE_MINOR_MAX)]


class Obligation(Record, frozen=True, kw_only=True):
    """What one cooperative owes another for a quarter's uses."""

    debtor: Hash
    creditor: Hash
    amount_minor: Annotated[int, Meta(ge=0, le=_OBLIGATION_MAX)]


class Net(Record, frozen=True, kw_only=True):
    """A cooperative's position: positive receives, negative pays; never 0."""

    cooperative: Hash
    amount_minor: Annotated[int, Meta(ge=-_NET_MAX, le=_NET_MAX)]


class Payment(Record, frozen=True, kw_only=True):
    """One payment that settles a part of two nets."""

    payer: Hash
    payee: Hash
    amount_minor: Annotated[int, Meta(ge=1, le=_NET_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a cooperative's obligations and claims of one quarter come to."""

    cooperative: bytes
    earned_minor: int
    """What partners owe it for using its insights."""
    used_minor: int
    """What it owes partners for using theirs."""

    @property
    def net_minor(self) -> int:
        """Positive receives, negative pays."""
        return self.earned_minor - self.used_minor


def compute_admitted_uses(*, by_user: int | None, by_provider: int | None) -> int:
    """How many uses count for a quarter.

    Args:
        by_user: What the user reported, against its own interest; None if it did not.
        by_provider: What the provider reported; None if it did not.

    Returns:
        The user's count where the provider says nothing, else the lesser of both; nothing
        on the provider's word alone.
    """
    if by_user is None:
        return 0
    return by_user if by_provider is None else min(by_user, by_provider)


def compute_positions(obligations: Iterable[Obligation]) -> tuple[Position, ...]:
    """What each cooperative earned and used that did, ascending by id; nets add up to zero.

    Raises:
        InvariantError: A cooperative owes itself.
    """
    earned: dict[bytes, int] = {}
    used: dict[bytes, int] = {}
    for item in obligations:
        if item.debtor == item.creditor:
            raise InvariantError("a cooperative owes itself nothing")
        if item.amount_minor == 0:
            continue
        earned[item.creditor] = earned.get(item.creditor, 0) + item.amount_minor
        used[item.debtor] = used.get(item.debtor, 0) + item.amount_minor
    return tuple(
        Position(
            cooperative=cooperative,
            earned_minor=earned.get(cooperative, 0),
            used_minor=used.get(cooperative, 0),
        )
        for cooperative in sorted({**earned, **used})
    )


def compute_nets(positions: Iterable[Position]) -> tuple[Net, ...]:
    """Each cooperative's net that is not zero, in the order of positions."""
    return tuple(
        Net(cooperative=item.cooperative, amount_minor=item.net_minor)
        for item in positions
        if item.net_minor
    )


def compute_payments(nets: Sequence[Net]) -> tuple[Payment, ...]:
    """Payments that settle all nets, ascending by payer and payee.

    Where one pays just what another receives, they are paired first. Then the greatest debtor
    pays the greatest creditor, the lesser id first among equals, until none is left. Fewest
    payments of all would take exponential time to find; these are at most one fewer than nets.

    Raises:
        InvariantError: The nets do not add up to zero.
    """
    if sum(net.amount_minor for net in nets) != 0:
        raise InvariantError("nets add up to zero")
    owed = {net.cooperative: net.amount_minor for net in nets if net.amount_minor > 0}
    owing = {net.cooperative: -net.amount_minor for net in nets if net.amount_minor < 0}
    payments = _pair_equals(owing, owed)
    while owing:
        payer, payee = _find_greatest(owing), _find_greatest(owed)
        amount_minor = min(owing[payer], owed[payee])
        payments.append(Payment(payer=payer, payee=payee, amount_minor=amount_minor))
        _take(owing, payer, amount_minor)
        _take(owed, payee, amount_minor)
    return tuple(sorted(payments, key=lambda payment: (payment.payer, payment.payee)))


def _pair_equals(owing: dict[bytes, int], owed: dict[bytes, int]) -> list[Payment]:
    payments = []
    for payer in sorted(owing):
        amount_minor = owing[payer]
        payee = min((item for item in owed if owed[item] == amount_minor), default=None)
        if payee is not None:
            payments.append(Payment(payer=payer, payee=payee, amount_minor=amount_minor))
            _take(owing, payer, amount_minor)
            _take(owed, payee, amount_minor)
    return payments


def _find_greatest(amounts: dict[bytes, int]) -> bytes:
    return min(amounts, key=lambda cooperative: (-amounts[cooperative], cooperative))


def _take(amounts: dict[bytes, int], cooperative: bytes, amount_minor: int) -> None:
    amounts[cooperative] -= amount_minor
    if amounts[cooperative] == 0:
        del amounts[cooperative]
