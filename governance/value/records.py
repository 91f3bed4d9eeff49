"""What the rules of value keep in state: one frozen dataclass per collection.

Beside the accounts and entries of `governance.value.books`. No member stands in any of them:
shares and needs are totals and commitments here.
"""

import hashlib
from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

from config.limits import COMMITMENTS_MAX, NETTING_COOPERATIVES_MAX, USAGE_REPORTS_MAX
from did.codec import Record, encode
from governance.fields import INTEGER_MAX, Count, Hash, HashOrEmpty, Height, TimeMs
from governance.value.books import RULES_ID_PREFIX, Money
from governance.value.chart import (
    CONTRIBUTION_POOL,
    MEMBERS_PAYABLE,
    NEED_POOL,
    PARTNERS,
    Code,
    Currency,
)
from governance.value.commitments import IDENTITY
from governance.value.netting import Net, Payment, Price, Uses
from governance.value.period import DistributionSplit

Signed = Annotated[int, Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]
_POOL_DOMAIN: Final = b"rochdale/pool/v1"
_AGREEMENT_DOMAIN: Final = b"rochdale/agreement/v1"
_ENTRY_DOMAIN: Final = b"rochdale/entry-of-rules/v1"
_ENTRY_ID_BYTES: Final = 32


class Pool(IntEnum):
    """A pool that is shared by weights nobody sees; a number is never reused."""

    CONTRIBUTION = 1
    NEED = 2


class Debt(IntEnum):
    """What a settlement pays, by the account that it is owed on."""

    MEMBERS = MEMBERS_PAYABLE
    PARTNERS = PARTNERS


POOL_ACCOUNTS: Final = {Pool.CONTRIBUTION: CONTRIBUTION_POOL, Pool.NEED: NEED_POOL}


class Books(Record, frozen=True, kw_only=True):
    """A cooperative's books as a whole."""

    currency: Currency
    opened_ms: TimeMs
    period: Count = 0
    """The one that is open; it is closed by number."""
    accounts_count: Count
    pending_count: Count = 0
    """Officers' entries that are pending."""


class Period(Record, frozen=True, kw_only=True):
    """A closed period."""

    number: Count
    closed_height: Height
    closed_ms: TimeMs
    proposal: HashOrEmpty
    """By which members decided the split; empty if they decided nothing."""
    split: DistributionSplit | None
    bylaws_hash: Hash
    """By which it was closed: those of the proposal, or those in force then."""
    result_minor: Signed
    legal_reserve_minor: Money
    distributable_minor: Money
    dividend_minor: Money
    carried_minor: Signed
    """Surplus carried into the next period; negative for a loss."""
    members_count: Count
    """On the roll at the close: each gets an equal share."""
    unit_minor: Count
    """That share."""


class Allocation(Record, frozen=True, kw_only=True):
    """A pool of a closed period: commitments to weights, and then their total."""

    period: Count
    pool: Pool
    commitments_count: Annotated[int, Meta(ge=0, le=COMMITMENTS_MAX)] = 0
    commitments_sum: Hash = IDENTITY
    last_slot: HashOrEmpty = b""
    """Slots ascend; empty before the first."""
    is_open: bool = False
    """Whether the total is known: nothing is added then."""
    weight_total: Count = 0
    unit_minor: Count = 0
    """What a unit of need is worth; 0 for contributions, whose shares are floored one by one."""
    paid_minor: Count = 0
    carry_minor: Count = 0
    commons_minor: Count = 0
    blinding_total: HashOrEmpty = b""
    """What opened the sum of the commitments, so that anybody can open it again."""


class Settlement(Record, frozen=True, kw_only=True):
    """A payment file that the cooperative gave to its bank."""

    debt: Debt
    bank: Code
    control_sum_minor: Money
    payments_count: Count
    period: Count
    is_resolved: bool = False
    paid_minor: Money = 0
    """Of what the bank says it paid."""


class Agreement(Record, frozen=True, kw_only=True):
    """What one cooperative's use of another's insights costs."""

    provider: Hash
    user: Hash
    currency: Currency
    price_minor: Price
    """Of one use."""
    terms_hash: Hash
    """SHA-256 of the text, which both keep."""
    first_quarter: Count
    last_quarter: Count

    def compute_id(self) -> bytes:
        """Its id; 32 bytes."""
        return hashlib.sha256(_AGREEMENT_DOMAIN + self.encode()).digest()


class SignedAgreement(Record, frozen=True, kw_only=True):
    """An agreement and who has signed it."""

    agreement: Agreement
    has_provider_signed: bool = False
    has_user_signed: bool = False

    @property
    def is_in_force(self) -> bool:
        """Whether both have."""
        return self.has_provider_signed and self.has_user_signed


class UsageReport(Record, frozen=True, kw_only=True):
    """What one side says of a quarter's uses."""

    uses_count: Uses
    receipts_root: Hash
    """Root of the list of usage receipts, which both keep."""


class Usage(Record, frozen=True, kw_only=True):
    """What both sides say of one agreement and quarter."""

    by_provider: UsageReport | None = None
    by_user: UsageReport | None = None


class Reporter(Record, frozen=True, kw_only=True):
    """On how many agreements a cooperative was the first to report."""

    cooperative: Hash
    count: Annotated[int, Meta(ge=1, le=USAGE_REPORTS_MAX)]


class Netting(Record, frozen=True, kw_only=True):
    """A quarter's obligations between cooperatives in one currency."""

    reporters: Annotated[tuple[Reporter, ...], Meta(max_length=NETTING_COOPERATIVES_MAX)] = ()
    """Ascending by cooperative: nobody can use up the room that others need."""
    is_closed: bool = False
    closed_ms: TimeMs = 0
    nets: Annotated[tuple[Net, ...], Meta(max_length=NETTING_COOPERATIVES_MAX)] = ()
    payments: Annotated[tuple[Payment, ...], Meta(max_length=NETTING_COOPERATIVES_MAX)] = ()
    booked: Annotated[tuple[Hash, ...], Meta(max_length=NETTING_COOPERATIVES_MAX)] = ()
    """Cooperatives whose books have an entry of it; ascending."""


def compute_pool_id(*, cooperative: bytes, period: int, pool: Pool) -> bytes:
    """What slots and proofs of one pool of one period are bound to; 32 bytes."""
    return hashlib.sha256(_POOL_DOMAIN + encode([cooperative, period, int(pool)])).digest()


def compute_entry_id(*, purpose: str, subject: bytes, number: int) -> bytes:
    """Id of an entry that the rules write, which no officer's can have; 32 bytes.

    Args:
        purpose: What it is for.
        subject: Whose or which: a cooperative, a pool, a payment file; 32 bytes.
        number: Of several.
    """
    digest = hashlib.sha256(_ENTRY_DOMAIN + encode([purpose, subject, number])).digest()
    return (RULES_ID_PREFIX + digest)[:_ENTRY_ID_BYTES]
