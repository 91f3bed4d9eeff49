"""What an STV count keeps between two blocks, and what it leaves behind.

Records alone: `governance.count.stv` has the rules, `governance.count.piles` the papers.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from config.limits import COUNT_CANDIDATES_MAX
from did.codec import Record
from governance.count.papers import Candidate, Candidates, PerCandidate
from governance.fields import Count, Hash

SCALE = 100_000
"""One vote: values are whole numbers of 10^-5 vote (SSI 2007/42, rule 48(3))."""
NO_TRACE = bytes(32)


class Phase(IntEnum):
    """How far a count is."""

    TAKING = 1
    """Ballots still come in."""
    COUNTING = 2
    ENDED = 3
    CLEARING = 4
    """Ended, and being forgotten: there is no result any more."""


class Action(IntEnum):
    """What a row of the trace tells."""

    BEGIN = 1
    """First preferences are counted: the first stage."""
    ELECT = 2
    DEFEAT = 3
    """A candidate is excluded; the papers move next."""
    TRANSFER = 4
    """A surplus, or an excluded candidate's papers, have moved: the end of a stage."""


class Row(Record, frozen=True, kw_only=True):
    """One line of a count's trace: what happened, and what everybody had afterwards."""

    action: Action
    candidate: Candidate | None
    """None at the beginning."""
    totals: PerCandidate
    """Of every candidate, in 10^-5 vote."""
    non_transferable: Count
    """What lay on papers that name no further candidate, in 10^-5 vote."""
    lost: Count
    """What values lost where they were cut to five decimals, in 10^-5 vote. This, totals and
    what is not transferable together are always the valid votes."""


class StvCount(Record, frozen=True, kw_only=True):
    """Where a count stands."""

    phase: Phase
    seats_count: Annotated[int, Meta(ge=1, le=COUNT_CANDIDATES_MAX)]
    lot: Candidates
    """Who wins ties, in this order; empty where no lot was drawn."""
    continuing: Candidates
    """Ascending."""
    elected: Candidates = b""
    """In the order of their election."""
    pending: Candidates = b""
    """Of the elected, those whose surplus has not moved yet; ascending."""
    mover: Candidate | None = None
    """Whose papers are moving."""
    moved: Count = 0
    """What they carried on so far, in 10^-5 vote."""
    valid: Count = 0
    """Of all papers that name a candidate, in 10^-5 vote."""
    blank_count: Count = 0
    """Papers that name nobody who stands."""
    quota: Count = 0
    """In whole votes; 0 until all ballots are in."""
    totals: PerCandidate
    """In 10^-5 vote."""
    non_transferable: Count = 0
    lost: Count = 0
    rows_count: Count = 0
    trace_hash: Hash = NO_TRACE
    """SHA-256 of this field as it was before the last row, and that row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StvResult:
    """What a count found."""

    quota: int
    """In votes."""
    valid: int
    """In 10^-5 vote; of whole ballots a multiple of `SCALE`."""
    blank_count: int
    winners: bytes
    """In the order of their election; fewer than the seats if too few stood."""
    rows: tuple[Row, ...]
    trace_hash: bytes
    """Commits to every row, in order."""


def render_votes(value: int) -> str:
    """A value in 10^-5 vote as people read it, such as `1412.45570`."""
    return f"{value // SCALE}.{value % SCALE:05d}"
