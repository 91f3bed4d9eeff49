"""Typed access to the value part of state: books, periods, pools, settlements, agreements.

Beside `governance.view`, whose getters it adds to. No rule is decided here.
"""

from collections.abc import Iterator

from config.errors import InvariantError
from governance.logs import Log, LogName
from governance.state_keys import FEDERATION, Collection, state_key
from governance.value.books import Entry
from governance.value.chart import BookAccount
from governance.value.contribution import Metric, MetricTotal
from governance.value.records import (
    Allocation,
    Books,
    Netting,
    Period,
    Settlement,
    SignedAgreement,
    Usage,
)
from governance.view import StateView

AGREEMENTS = Log(LogName.AGREEMENTS)
_CODE_BYTES = 2
_NUMBER_BYTES = 8


class ValueView(StateView):
    """State with what the rules of value read and write."""

    def get_books(self, cooperative: bytes) -> Books | None:
        """A cooperative's books; None before its first accounts."""
        data = self._get(cooperative, Collection.BOOKS, b"")
        return None if data is None else Books.decode(data)

    def put_books(self, cooperative: bytes, books: Books) -> None:
        """Set what holds for a cooperative's books as a whole."""
        self._put(cooperative, Collection.BOOKS, b"", books.encode())

    def get_period(self, cooperative: bytes, number: int) -> Period | None:
        """A closed period."""
        data = self._get(cooperative, Collection.PERIOD, _number(number))
        return None if data is None else Period.decode(data)

    def put_period(self, cooperative: bytes, period: Period) -> None:
        """Set a closed period, once."""
        self._put(cooperative, Collection.PERIOD, _number(period.number), period.encode())

    def get_metric(self, cooperative: bytes, *, period: int, metric: Metric) -> MetricTotal | None:
        """What was attested of a metric."""
        record_id = _number(period) + bytes([metric])
        data = self._get(cooperative, Collection.METRIC, record_id)
        return None if data is None else MetricTotal.decode(data)

    def put_metric(
        self, cooperative: bytes, *, period: int, metric: Metric, total: MetricTotal
    ) -> None:
        """Set what was attested of a metric, once."""
        record_id = _number(period) + bytes([metric])
        self._put(cooperative, Collection.METRIC, record_id, total.encode())

    def get_allocation(self, cooperative: bytes, pool_id: bytes) -> Allocation | None:
        """How far a pool is shared."""
        data = self._get(cooperative, Collection.ALLOCATION, pool_id)
        return None if data is None else Allocation.decode(data)

    def put_allocation(self, cooperative: bytes, pool_id: bytes, allocation: Allocation) -> None:
        """Set how far a pool is shared."""
        self._put(cooperative, Collection.ALLOCATION, pool_id, allocation.encode())

    def get_settlement(self, cooperative: bytes, file_hash: bytes) -> Settlement | None:
        """A payment file."""
        data = self._get(cooperative, Collection.SETTLEMENT, file_hash)
        return None if data is None else Settlement.decode(data)

    def put_settlement(self, cooperative: bytes, file_hash: bytes, settlement: Settlement) -> None:
        """Set what is known of a payment file."""
        self._put(cooperative, Collection.SETTLEMENT, file_hash, settlement.encode())

    def get_agreement(self, agreement: bytes) -> SignedAgreement | None:
        """An agreement between two cooperatives."""
        data = self._get(FEDERATION, Collection.AGREEMENT, agreement)
        return None if data is None else SignedAgreement.decode(data)

    def put_agreement(self, agreement: bytes, signed: SignedAgreement) -> None:
        """Set an agreement and who has signed it."""
        self._put(FEDERATION, Collection.AGREEMENT, agreement, signed.encode())

    def get_usage(self, quarter: int, *, currency: str, agreement: bytes) -> Usage | None:
        """What was reported of an agreement for a quarter."""
        data = self._get(FEDERATION, Collection.USAGE, _quarter(quarter, currency) + agreement)
        return None if data is None else Usage.decode(data)

    def put_usage(self, quarter: int, *, currency: str, agreement: bytes, usage: Usage) -> None:
        """Set what was reported of an agreement for a quarter."""
        record_id = _quarter(quarter, currency) + agreement
        self._put(FEDERATION, Collection.USAGE, record_id, usage.encode())

    def scan_usage(self, quarter: int, *, currency: str) -> Iterator[tuple[bytes, Usage]]:
        """Agreements with reports for a quarter, ascending by id."""
        prefix = state_key(FEDERATION, Collection.USAGE, _quarter(quarter, currency))
        for key, data in self.kv.scan(prefix):
            yield key[len(prefix) :], Usage.decode(data)

    def get_netting(self, quarter: int, *, currency: str) -> Netting:
        """How far a quarter is netted; not begun before its first report."""
        data = self._get(FEDERATION, Collection.NETTING, _quarter(quarter, currency))
        return Netting() if data is None else Netting.decode(data)

    def put_netting(self, quarter: int, *, currency: str, netting: Netting) -> None:
        """Set how far a quarter is netted."""
        self._put(FEDERATION, Collection.NETTING, _quarter(quarter, currency), netting.encode())

    def scan_book_accounts(self, cooperative: bytes) -> Iterator[BookAccount]:
        """All accounts of a cooperative's books, ascending by code."""
        for _, data in self.kv.scan(state_key(cooperative, Collection.BOOK_ACCOUNT, b"")):
            yield BookAccount.decode(data)


class LedgerBooks:
    """One cooperative's books in state (`governance.value.books.BookStore`)."""

    def __init__(self, view: ValueView, cooperative: bytes) -> None:
        self._view = view
        self._cooperative = cooperative

    def get_book_account(self, code: int) -> BookAccount | None:
        """An account, or None."""
        data = self._view.kv.get(self._key(Collection.BOOK_ACCOUNT, _code(code)))
        return None if data is None else BookAccount.decode(data)

    def put_book_account(self, account: BookAccount) -> None:
        """Set an account."""
        self._view.kv.put(self._key(Collection.BOOK_ACCOUNT, _code(account.code)), account.encode())

    def get_entry(self, entry_id: bytes) -> Entry | None:
        """An entry, or None."""
        data = self._view.kv.get(self._key(Collection.BOOK_ENTRY, entry_id))
        return None if data is None else Entry.decode(data)

    def require_entry(self, entry_id: bytes) -> Entry:
        """An entry that the journal names.

        Raises:
            InvariantError: State lacks it.
        """
        found = self.get_entry(entry_id)
        if found is None:
            raise InvariantError(f"state lacks the entry {entry_id.hex()}")
        return found

    def put_entry(self, entry: Entry) -> None:
        """Set an entry."""
        self._view.kv.put(self._key(Collection.BOOK_ENTRY, entry.id), entry.encode())

    def _key(self, collection: Collection, record_id: bytes) -> bytes:
        return state_key(self._cooperative, collection, record_id)


def journal_log(cooperative: bytes) -> Log:
    """The log of a cooperative's entries: their ids, in the order in which they came."""
    return Log(LogName.JOURNAL, namespace=cooperative)


def list_journal(view: ValueView, cooperative: bytes) -> Iterator[bytes]:
    """Ids of a cooperative's entries, in the order in which they came."""
    log = journal_log(cooperative)
    for _, entry_id in view.kv.scan(state_key(cooperative, Collection.LOG_ENTRY, log.id)):
        yield entry_id


def commitments_log(cooperative: bytes, pool_id: bytes) -> Log:
    """The log of a pool's commitments, ascending by slot."""
    return Log(LogName.COMMITMENTS, namespace=cooperative, subject=pool_id)


def _code(code: int) -> bytes:
    return code.to_bytes(_CODE_BYTES, "big")


def _number(number: int) -> bytes:
    return number.to_bytes(_NUMBER_BYTES, "big")


def _quarter(quarter: int, currency: str) -> bytes:
    return _number(quarter) + currency.encode()
