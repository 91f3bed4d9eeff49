"""What the rules keep of votes on options: ballot papers, candidates, counts, results.

Each has one canonical encoding. Candidates are office accounts; a ballot names them by their
places on the ballot paper. Nothing here reads or writes state.
"""

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from config.limits import COUNT_CANDIDATES_MAX
from did.codec import Record
from governance.body_records import BodyKind, Seat
from governance.count.papers import Candidates, PerCandidate
from governance.fields import Count, Hash, HashOrEmpty

_Options = Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=COUNT_CANDIDATES_MAX)]


class Method(IntEnum):
    """How votes on options are counted; a number is never used for anything else."""

    SCOTTISH_STV = 1
    SCHULZE = 2
    APPROVAL = 3
    QUADRATIC = 4


class BallotPaper(Record, frozen=True, kw_only=True):
    """What members choose from, fixed when voting opens."""

    method: Method
    options: _Options
    """Office accounts, ascending; or items, as the proposal lists them."""
    seats_count: Count
    """To fill; 0 where items are funded."""
    credits: Count = 0
    """What each member may spend, where votes are quadratic."""


class Candidate(Record, frozen=True, kw_only=True):
    """Somebody who stands for a seat."""

    statement_hash: Hash
    """SHA-256 of what they say of themselves."""
    salt_commitment: Hash
    """SHA-256 of the salt for lots, which they reveal after the close."""
    salt: HashOrEmpty = b""


class CountProgress(Record, frozen=True, kw_only=True):
    """How far ballots with marks are counted; the tally itself lies beside it."""

    last_ballot_id: HashOrEmpty = b""
    """Where to go on; empty before the first."""
    lot: Candidates = b""
    """Who wins ties, in this order."""
    are_ballots_in: bool = False


class CountResult(Record, frozen=True, kw_only=True):
    """What a count of ballots with marks found."""

    method: Method
    winners: Candidates
    """Places on the ballot paper, in the order of election; for items the best first."""
    scores: PerCandidate
    """By method: approvals, or votes; empty for STV and Schulze."""
    quota: Count
    """In votes; 0 but for STV."""
    trace_hash: HashOrEmpty
    """For STV, of every stage (`governance.count.stv_records`)."""
    amounts: PerCandidate = ()
    """What each item gets of the pool, where items are funded."""
    carried_minor: Count = 0
    """What of the pool no item gets."""


class CountbackEntry(Record, frozen=True, kw_only=True):
    """A countback that has ended: what it was held with, and who followed."""

    countback: Hash
    body: BodyKind
    election: Hash
    place: Count
    """On the ballot paper, of who was elected to the seat."""
    vacated: Hash
    """Office of who left it."""
    contesting: Candidates
    """Places on the ballot paper of who might have it, ascending."""
    follower: HashOrEmpty
    """Office of who has it now; empty if the one who won could not sit any more."""


class Countback(Record, frozen=True, kw_only=True):
    """A vacancy that the ballots of the election fill."""

    id: Hash
    body: BodyKind
    seat: Seat
    """As it was when it fell vacant."""
    contesting: Candidates
    """Places on the ballot paper of who may have it, ascending."""
    read_count: Count = 0
    """Ballots of the election that were read."""
    has_begun: bool = False
    are_ballots_in: bool = False
    is_over: bool = False
    """Whether it has ended and only its papers are still to be forgotten."""
