"""Books as beancount text, so that anybody can check them with a program that is not ours.

Posted entries become transactions, with their id and voucher's hash; pending and voided ones
are named in comments. The end asserts every account's balance, so that a reader's beancount
says by itself whether it finds the same. Fund 0 is `Assets:1000` and the like, another fund
`Assets:Fund7:1010`.

Source: beancount's language syntax, "Directives"; balances with an explicit tolerance of 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from config.errors import InvariantError
from governance.value.books import Entry, Phase
from governance.value.chart import UNRESTRICTED, AccountKind, BookAccount
from governance.value.civil import compute_civil_date

MINOR_DIGITS_MAX: Final = 4
_DAY_MS: Final = 86_400_000
_ROOTS: Final = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.REVENUE: "Income",
    AccountKind.EXPENSE: "Expenses",
}


def render_beancount(
    accounts: Sequence[BookAccount],
    entries: Sequence[Entry],
    *,
    cooperative: bytes,
    currency: str,
    minor_digits: int,
) -> str:
    """Render books as text.

    Args:
        accounts: All of the books'.
        entries: All of them, in any order.
        cooperative: Whose books; its id is the title.
        currency: ISO 4217.
        minor_digits: Decimals of the currency: 2 where a hundred cents are one unit.

    Raises:
        InvariantError: An entry names an account that is not there, or there are no such
            decimals.
    """
    if not 0 <= minor_digits <= MINOR_DIGITS_MAX:
        raise InvariantError("no currency has so many decimals")
    names = {account.code: _name(account) for account in accounts}
    times_ms = [entry.stamp.time_ms for entry in entries]
    first_ms, last_ms = min(times_ms, default=0), max(times_ms, default=0)
    money = _Money(currency=currency, minor_digits=minor_digits)
    lines = [
        f'option "title" "{cooperative.hex()}"',
        f'option "operating_currency" "{currency}"',
        f'option "inferred_tolerance_default" "{currency}:0"',
        "",
        *(f"{_date(first_ms)} open {name} {currency}" for name in names.values()),
        "",
    ]
    for entry in sorted(entries, key=lambda item: (item.stamp.time_ms, item.id)):
        lines += [*_render_entry(entry, names, money), ""]
    zero = render_amount(0, minor_digits=minor_digits)
    lines += [
        f"{_date(last_ms + _DAY_MS)} balance {names[account.code]}  "
        f"{render_amount(account.balance_minor, minor_digits=minor_digits)} ~ {zero} {currency}"
        for account in accounts
    ]
    return "\n".join(lines) + "\n"


def render_amount(amount_minor: int, *, minor_digits: int) -> str:
    """An amount in major units, with all of its decimals: `-12.05`."""
    sign = "-" if amount_minor < 0 else ""
    if minor_digits == 0:
        return f"{sign}{abs(amount_minor)}"
    major, minor = divmod(abs(amount_minor), 10**minor_digits)
    return f"{sign}{major}.{minor:0{minor_digits}d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """How amounts are written."""

    currency: str
    minor_digits: int


def _render_entry(entry: Entry, names: Mapping[int, str], money: _Money) -> list[str]:
    if entry.phase is not Phase.POSTED:
        return [f"; {entry.phase.name.lower()} {entry.id.hex()}"]
    if any(leg.account not in names for leg in entry.legs):
        raise InvariantError("an entry names an account that the books lack")
    return [
        f'{_date(entry.stamp.time_ms)} * "{_describe(entry)}"',
        f'  id: "{entry.id.hex()}"',
        f'  reference: "{entry.reference.hex()}"',
        *(
            f"  {names[leg.account]}  "
            f"{render_amount(leg.amount_minor, minor_digits=money.minor_digits)} {money.currency}"
            for leg in entry.legs
        ),
    ]


def _name(account: BookAccount) -> str:
    fund = "" if account.fund == UNRESTRICTED else f"Fund{account.fund}:"
    return f"{_ROOTS[account.kind]}:{fund}{account.code}"


def _describe(entry: Entry) -> str:
    if entry.reverses:
        return f"Reverses {entry.reverses.hex()}"
    return f"Period {entry.stamp.period}, by {entry.maker.name.lower()}"


def _date(time_ms: int) -> str:
    year, month, day = compute_civil_date(time_ms)
    return f"{year:04d}-{month:02d}-{day:02d}"
