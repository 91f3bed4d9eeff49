"""What the rules keep of people on their way onto the roll, or off it.

Each has one canonical encoding. Accounts are pseudonymous; nothing here knows a name, and
nothing here reads or writes state.
"""

from typing import Annotated

from msgspec import Meta

from config.limits import ADMISSIONS_PER_TX_MAX
from did.accounts import Inception
from did.codec import Record
from governance.fields import Count, Hash, HashOrEmpty, TimeMs

_Accounts = Annotated[tuple[Hash, ...], Meta(max_length=ADMISSIONS_PER_TX_MAX)]


class Admission(Record, frozen=True, kw_only=True):
    """Whom the registrar admits together, while others may object."""

    id: Hash
    inceptions: Annotated[
        tuple[Inception, ...], Meta(min_length=1, max_length=ADMISSIONS_PER_TX_MAX)
    ]
    ends_ms: TimeMs
    """Objections in blocks before this time count."""
    attestor: HashOrEmpty = b""
    """The auditor's office that attested it; empty before."""
    challenged: _Accounts = ()
    """Of whom somebody has doubts; they wait for the auditors."""
    is_over: bool = False
    """Whether all who were not challenged are on their way."""


class Landing(Record, frozen=True, kw_only=True):
    """Somebody who goes onto the roll with the next batch."""

    inception: Inception | None
    """None for somebody who comes back to an account that is there."""
    is_attested: bool


class RollClock(Record, frozen=True, kw_only=True):
    """When the next batch lands, and how much a roll has grown."""

    due_ms: TimeMs = 0
    """0 while nothing waits."""
    period: Count = 0
    base_count: Count = 0
    """Members when the period began."""
    grown_count: Count = 0
    """Who came since."""
    audited_extra: Count = 0
    """By how many more the auditors let it grow in this period."""


class Exclusion(Record, frozen=True, kw_only=True):
    """Whom the committee wants to exclude."""

    reasons_hash: Hash
    appeal_ends_ms: TimeMs
    appeal: HashOrEmpty = b""
    """The proposal by which members decide; empty without an appeal."""
