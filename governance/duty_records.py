"""What the rules keep of recurring duties: which there are, when one is due, what was reported.

Each has one canonical encoding. Which body owes which, and when, is `governance.duties`' matter.
"""

from enum import IntEnum

from did.codec import Record
from governance.fields import Count, Hash, HashOrEmpty, TimeMs


class DutyKind(IntEnum):
    """What a body owes members again and again; a number is never used for anything else."""

    REPORT = 1
    """The committee says what it did (specification §4.1.2: monthly)."""
    ASSEMBLY = 2
    """The committee convenes members; the text is the minutes (§4.1.1: quarterly)."""
    IMPACT_REPORT = 3
    """What came of the data that members gave (§4.4.1: quarterly)."""
    NOTICE = 4
    """All members are told what was decided and what is to come."""
    EXTERNAL_AUDIT = 5
    """Somebody from outside has looked at books and decisions (§4.4.1: yearly)."""
    GOVERNANCE_AUDIT = 6
    """The roll and the decisions are checked against what members remember."""
    ALGORITHM_AUDIT = 7
    """What the programs do with members' data is checked (§4.4.1)."""


class Duty(Record, frozen=True, kw_only=True):
    """Where a duty stands in one cooperative."""

    kind: DutyKind
    due_ms: TimeMs = 0
    """When it is to be fulfilled next; 0 while nobody sits who owes it."""
    overdue_ms: TimeMs = 0
    """When grace ends."""
    misses_count: Count = 0
    """In a row: not fulfilled when grace ended."""
    fulfilled_ms: TimeMs = 0
    """When it was fulfilled last; 0 before the first time."""
    text_hash: HashOrEmpty = b""
    """SHA-256 of what was said then."""


class DutyEntry(Record, frozen=True, kw_only=True):
    """A line of the public list of duties: one was fulfilled, or was not."""

    kind: DutyKind
    time_ms: TimeMs
    is_fulfilled: bool
    text_hash: HashOrEmpty
    """Empty for a miss."""


class Confidence(Record, frozen=True, kw_only=True):
    """The vote in which members say whether a body goes."""

    proposal: Hash
