"""Payloads about value: books, periods, shares, settlements, agreements (tags 0x60 to 0x7f).

docs/transactions.md has a page for each; a tag is never reused. `governance.transactions`
gathers these with all others.
"""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta

from config.limits import (
    BOOK_ACCOUNTS_PER_TX_MAX,
    COMMITMENTS_PER_TX_MAX,
    ENTRIES_PER_TX_MAX,
    ENTRY_LEGS_MAX,
    MONEY_MINOR_MAX,
    PAYMENTS_PER_FILE_MAX,
    WEIGHT_TOTAL_MAX,
)
from did.codec import Record
from governance.fields import Count, Hash, HashOrEmpty
from governance.payloads import PayloadRecord
from governance.value.books import Draft, Leg, Money
from governance.value.chart import Code, Currency, Fund
from governance.value.contribution import Metric
from governance.value.need import PROOF_BYTES
from governance.value.netting import Uses
from governance.value.period import DistributionSplit
from governance.value.records import Agreement, Debt, Pool

_PROOF_GAS = 12_500
"""A proof takes about as long as ten ballots."""
_SUM_GAS = 1_000
"""Checking a point and adding it."""


class NewAccount(Record, frozen=True, kw_only=True):
    """An account that a cooperative adds to its chart."""

    code: Code
    fund: Fund


class OpenAccounts(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative adds accounts to its books; the first time it opens them (tag 0x60)."""

    tag: ClassVar[int] = 0x60

    cooperative: Hash
    currency: Currency
    accounts: Annotated[tuple[NewAccount, ...], Meta(max_length=BOOK_ACCOUNTS_PER_TX_MAX)]
    opening: Annotated[tuple[Leg, ...], Meta(max_length=ENTRY_LEGS_MAX)]
    """What the cooperative had before, if these are its first accounts; else empty."""
    reference: HashOrEmpty
    """SHA-256 of the opening balance sheet; empty without one."""

    @property
    def work_gas(self) -> int:
        """Each account is written."""
        return 5_000 + 500 * (len(self.accounts) + len(self.opening))


class PostEntries(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative enters business in its books, all or none (tag 0x61)."""

    tag: ClassVar[int] = 0x61

    cooperative: Hash
    entries: Annotated[tuple[Draft, ...], Meta(min_length=1, max_length=ENTRIES_PER_TX_MAX)]

    @property
    def work_gas(self) -> int:
        """Each leg reads and writes an account."""
        return 1_000 + 500 * sum(len(entry.legs) for entry in self.entries)


class ResolveEntry(PayloadRecord, frozen=True, kw_only=True):
    """A pending entry is posted or voided (tag 0x62)."""

    tag: ClassVar[int] = 0x62

    cooperative: Hash
    entry: Hash
    is_posted: bool


class ReverseEntry(PayloadRecord, frozen=True, kw_only=True):
    """A posted entry is taken back by its opposite (tag 0x63)."""

    tag: ClassVar[int] = 0x63

    cooperative: Hash
    entry: Hash
    reversal: Hash
    """Id of the entry that takes it back."""
    reference: Hash
    """SHA-256 of the voucher that says why."""


class AttestMetric(PayloadRecord, frozen=True, kw_only=True):
    """A metric's attestor vouches for all members' capped points together (tag 0x64)."""

    tag: ClassVar[int] = 0x64

    cooperative: Hash
    period: Count
    metric: Metric
    points_total: Annotated[int, Meta(ge=0, le=WEIGHT_TOTAL_MAX // 1_000)]
    attestations_root: Hash


class ClosePeriod(PayloadRecord, frozen=True, kw_only=True):
    """A period ends, and what members decided about its surplus is done (tag 0x65)."""

    tag: ClassVar[int] = 0x65

    cooperative: Hash
    period: Count
    proposal: HashOrEmpty
    """By which members decided; empty, without a split, if they decided nothing."""
    split: DistributionSplit | None

    @property
    def work_gas(self) -> int:
        """All accounts are read, and those of revenue and costs written."""
        return 100_000


class CommittedSlot(Record, frozen=True, kw_only=True):
    """A commitment to the weight of nobody knows whom."""

    slot: Hash
    commitment: Hash
    proof: Annotated[bytes, Meta(max_length=PROOF_BYTES)]
    """That an allowed band is in it, for need; empty for contribution."""


class CommitAllocation(PayloadRecord, frozen=True, kw_only=True):
    """Commitments to weights in a pool of the last closed period, in batches (tag 0x66)."""

    tag: ClassVar[int] = 0x66

    cooperative: Hash
    period: Count
    pool: Pool
    commitments: Annotated[
        tuple[CommittedSlot, ...], Meta(min_length=1, max_length=COMMITMENTS_PER_TX_MAX)
    ]

    @property
    def work_gas(self) -> int:
        """Each commitment is added, and each proof checked."""
        proofs_count = sum(1 for item in self.commitments if item.proof)
        return _SUM_GAS * len(self.commitments) + _PROOF_GAS * proofs_count


class OpenAllocation(PayloadRecord, frozen=True, kw_only=True):
    """The sum of a pool's commitments is opened, and members are owed their shares (tag 0x67)."""

    tag: ClassVar[int] = 0x67

    cooperative: Hash
    period: Count
    pool: Pool
    weight_total: Annotated[int, Meta(ge=0, le=WEIGHT_TOTAL_MAX)]
    blinding_total: Hash
    """Sum of the blindings: a scalar, 32 bytes little-endian."""
    paid_minor: Annotated[int, Meta(ge=0, le=MONEY_MINOR_MAX)]
    """All shares together; what is left of the pool is carried."""


class RecordSettlement(PayloadRecord, frozen=True, kw_only=True):
    """A payment file went to the bank: its hash and control sum, nothing else (tag 0x68)."""

    tag: ClassVar[int] = 0x68

    cooperative: Hash
    debt: Debt
    bank: Code
    """Account that is paid from."""
    file_hash: Hash
    control_sum_minor: Annotated[int, Meta(ge=1, le=MONEY_MINOR_MAX)]
    payments_count: Annotated[int, Meta(ge=1, le=PAYMENTS_PER_FILE_MAX)]


class ResolveSettlement(PayloadRecord, frozen=True, kw_only=True):
    """The bank said what of a payment file it paid (tag 0x69)."""

    tag: ClassVar[int] = 0x69

    cooperative: Hash
    file_hash: Hash
    paid_minor: Money


class SignAgreement(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative signs an agreement with another; the second signature counts (tag 0x6a)."""

    tag: ClassVar[int] = 0x6A

    cooperative: Hash
    agreement: Agreement


class ReportUsage(PayloadRecord, frozen=True, kw_only=True):
    """One side says how often insights were used in a quarter (tag 0x6b)."""

    tag: ClassVar[int] = 0x6B

    cooperative: Hash
    agreement: Hash
    quarter: Count
    uses_count: Uses
    receipts_root: Hash


class CloseNetting(PayloadRecord, frozen=True, kw_only=True):
    """A quarter's obligations become one net for each cooperative, and payments (tag 0x6c)."""

    tag: ClassVar[int] = 0x6C

    cooperative: Hash
    quarter: Count
    currency: Currency

    @property
    def work_gas(self) -> int:
        """All reports of the quarter are read."""
        return 1_000_000


ValuePayload: TypeAlias = (
    OpenAccounts
    | PostEntries
    | ResolveEntry
    | ReverseEntry
    | AttestMetric
    | ClosePeriod
    | CommitAllocation
    | OpenAllocation
    | RecordSettlement
    | ResolveSettlement
    | SignAgreement
    | ReportUsage
    | CloseNetting
)
