"""Facts about value: books, periods, shares, settlements, agreements.

As `governance.events`; no member stands in any of them.
"""

from governance.events import Event
from governance.value.contribution import Metric
from governance.value.records import Debt, Pool


class AccountsOpened(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative's books have further accounts; the first time also the standard ones."""

    currency: str
    accounts_count: int
    """All that there are now."""
    journal_root: bytes
    """With the opening balances, if there were any."""


class EntriesPosted(Event, frozen=True, kw_only=True, gc=False):
    """Entries are in the books, posted or pending; those that were there already are left out."""

    entries: tuple[bytes, ...]
    period: int
    journal_size: int
    journal_root: bytes


class EntryResolved(Event, frozen=True, kw_only=True, gc=False):
    """A pending entry was posted or voided."""

    entry: bytes
    is_posted: bool


class EntryReversed(Event, frozen=True, kw_only=True, gc=False):
    """An entry was taken back by another."""

    entry: bytes
    reversal: bytes


class MetricAttested(Event, frozen=True, kw_only=True, gc=False):
    """All members' capped points of a metric are vouched for."""

    period: int
    metric: Metric
    points_total: int
    attestations_root: bytes


class PeriodClosed(Event, frozen=True, kw_only=True, gc=False):
    """A period ended; without a proposal nothing was distributed."""

    period: int
    proposal: bytes
    result_minor: int
    legal_reserve_minor: int
    distributable_minor: int
    dividend_minor: int
    carried_minor: int
    members_count: int
    unit_minor: int
    journal_root: bytes


class CommitmentsAdded(Event, frozen=True, kw_only=True, gc=False):
    """A pool has further commitments to weights."""

    period: int
    pool: Pool
    commitments_count: int
    commitments_root: bytes


class AllocationOpened(Event, frozen=True, kw_only=True, gc=False):
    """A pool's total weight is known, and members are owed their shares."""

    period: int
    pool: Pool
    weight_total: int
    unit_minor: int
    paid_minor: int
    carry_minor: int
    commons_minor: int


class SettlementRecorded(Event, frozen=True, kw_only=True, gc=False):
    """A payment file went to the bank."""

    file_hash: bytes
    debt: Debt
    control_sum_minor: int
    payments_count: int


class SettlementResolved(Event, frozen=True, kw_only=True, gc=False):
    """The bank said what of a payment file it paid."""

    file_hash: bytes
    paid_minor: int


class AgreementSigned(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative signed an agreement; with the second it is in force."""

    agreement: bytes
    provider: bytes
    user: bytes
    is_in_force: bool


class UsageReported(Event, frozen=True, kw_only=True, gc=False):
    """One side said how often insights were used; a later report replaces it."""

    agreement: bytes
    quarter: int
    uses_count: int


class NettingClosed(Event, frozen=True, kw_only=True, gc=False):
    """A quarter is netted; the cooperative is the one that asked."""

    quarter: int
    currency: str
    payments_count: int
    total_minor: int
    """All payments together."""


VALUE_EVENTS: tuple[type[Event], ...] = (
    AccountsOpened,
    EntriesPosted,
    EntryResolved,
    EntryReversed,
    MetricAttested,
    PeriodClosed,
    CommitmentsAdded,
    AllocationOpened,
    SettlementRecorded,
    SettlementResolved,
    AgreementSigned,
    UsageReported,
    NettingClosed,
)
