"""A cooperative's books made anew from its journal, period by period.

Balances in state are compared with what the entries add up to; a close, with what follows from
the balances before it.
"""

from collections.abc import Sequence

from governance.audit.findings import Place, expect
from governance.audit.lists import read_list
from governance.state_keys import Collection, state_key
from governance.value.books import Entry, Leg, Maker, Phase
from governance.value.chart import BookAccount
from governance.value.records import compute_entry_id
from governance.value.view import LedgerBooks, ValueView, journal_log


class Journal:
    """All entries of a cooperative's books, and the balances that they lead to."""

    def __init__(self, view: ValueView, cooperative: bytes) -> None:
        """Read the journal whole.

        Raises:
            AuditError: It is not the one whose root is in state, or an entry is missing, is
                there twice or does not add up to nothing.
        """
        self._place = Place(cooperative=cooperative, what="books", id=cooperative.hex())
        self._accounts = tuple(view.scan_book_accounts(cooperative))
        self._entries: dict[bytes, Entry] = {}
        store = LedgerBooks(view, cooperative)
        ids = read_list(view, journal_log(cooperative), self._place)
        expect(self._place, "entries_once", expected=len(ids), found=len(dict.fromkeys(ids)))
        for entry_id in ids:
            entry = store.get_entry(entry_id)
            if entry is None:
                expect(self._place, "entry", expected=entry_id, found=None)
                continue
            expect(self._place, "entry.id", expected=entry_id, found=entry.id)
            total_minor = sum(leg.amount_minor for leg in entry.legs)
            expect(self._place, "entry.total_minor", expected=0, found=total_minor)
            self._entries[entry_id] = entry
        prefix = state_key(cooperative, Collection.BOOK_ENTRY, b"")
        kept_count = sum(1 for _ in view.kv.scan(prefix))
        expect(self._place, "entries_count", expected=len(ids), found=kept_count)
        self._balances = dict.fromkeys((account.code for account in self._accounts), 0)
        self._by_period: dict[int, list[Entry]] = {}
        for entry in self._entries.values():
            if entry.phase is Phase.POSTED:
                self._by_period.setdefault(entry.stamp.period, []).append(entry)

    def enter_period(self, period: int, *, closing_ids: Sequence[bytes]) -> None:
        """Add up a period's entries, but for those of its close; periods ascend from 0."""
        closing = dict.fromkeys(closing_ids)
        for entry in self._by_period.get(period, []):
            if entry.id not in closing:
                self._add(entry.legs)

    def enter_by_rules(
        self, place: Place, legs: tuple[Leg, ...], *, purpose: str, subject: bytes, number: int = 0
    ) -> None:
        """Add up what the rules had to write at a close or an allocation.

        Raises:
            AuditError: The books say something else.
        """
        entry_id = compute_entry_id(purpose=purpose, subject=subject, number=number)
        entry = self._entries.get(entry_id)
        field = f"entry {purpose}" + (f" {number}" if number else "")
        found = () if entry is None else list_amounts(entry.legs)
        expect(place, field, expected=list_amounts(legs), found=found)
        if entry is not None:
            expect(place, f"{field} maker", expected=Maker.RULES, found=entry.maker)
            expect(place, f"{field} phase", expected=Phase.POSTED, found=entry.phase)

    def add_closing(self, legs: tuple[Leg, ...]) -> None:
        """Let what a close wrote count, once it is compared."""
        self._add(legs)

    def list_accounts(self) -> tuple[BookAccount, ...]:
        """The accounts with the balances so far, ascending by code."""
        return tuple(
            BookAccount(
                code=account.code,
                fund=account.fund,
                debits_minor=max(0, self._balances[account.code]),
                credits_minor=max(0, -self._balances[account.code]),
            )
            for account in self._accounts
        )

    def get_credit_minor(self, code: int) -> int:
        """What lies in a fund or pool so far."""
        return -self._balances.get(code, 0)

    def check_balances(self) -> None:
        """Check that state's balances are those of the entries.

        Raises:
            AuditError: They are not.
        """
        for account in self._accounts:
            expect(
                self._place,
                f"account {account.code}",
                expected=self._balances[account.code],
                found=account.balance_minor,
            )

    def _add(self, legs: tuple[Leg, ...]) -> None:
        for leg in legs:
            is_known = leg.account in self._balances
            expect(self._place, f"account {leg.account} is open", expected=True, found=is_known)
            self._balances[leg.account] += leg.amount_minor


def list_amounts(legs: Sequence[Leg]) -> tuple[str, ...]:
    """An entry's accounts and amounts, as a finding names them."""
    return tuple(f"{leg.account} {leg.amount_minor}" for leg in legs)
