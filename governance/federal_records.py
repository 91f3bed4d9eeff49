"""What the rules keep in state of the federation: motions, validators' keys, nodes, cases.

Each has one canonical encoding. Cooperatives themselves are in `governance.records`. Nothing
here reads or writes state or knows when a record may change.
"""

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from config.limits import COOPERATIVES_MAX
from did.codec import Record
from governance.acts import FederalAct
from governance.fields import Address, Count, Hash, Height, TimeMs


class MotionStatus(IntEnum):
    """Where a motion of the federation stands."""

    OPEN = 1
    ENACTED = 2
    LAPSED = 3


class CaseKind(IntEnum):
    """What a validator is accused of; the engine's numbers for misbehaviour."""

    UNKNOWN = 0
    DUPLICATE_VOTE = 1
    LIGHT_CLIENT_ATTACK = 2


class CaseStatus(IntEnum):
    """Where a case stands."""

    OPEN = 1


class Motion(Record, frozen=True, kw_only=True):
    """A motion of the federation: one act, approved cooperative by cooperative."""

    id: Hash
    proposer: Hash
    """Cooperative."""
    act: FederalAct
    approvals: Annotated[tuple[Hash, ...], Meta(max_length=4 * COOPERATIVES_MAX)]
    """Cooperatives, in the order of approving; the proposer is the first, but for changes of
    the charter."""
    status: MotionStatus
    proposed_height: Height
    lapses_at_ms: TimeMs
    """Approvals in blocks before this time count."""
    enacted_height: Height = 0
    """Block in which enough had approved; 0 until then."""
    memberships: Annotated[tuple[Count, ...], Meta(max_length=4 * COOPERATIVES_MAX)] = ()
    """Of changes of the charter: members of each approving cooperative when its vote closed."""


class Seat(Record, frozen=True, kw_only=True):
    """A place in the engine's validator set."""

    cooperative: Hash
    consensus_key: Hash
    power: Count


class ValidatorSet(Record, frozen=True, kw_only=True):
    """What the engine was told, by this block's updates included; acts two blocks later."""

    seats: Annotated[tuple[Seat, ...], Meta(max_length=2 * COOPERATIVES_MAX)]
    """Ascending by cooperative; whoever has left may wait here for the limit on changes of power
    while newcomers are let in."""

    @property
    def power(self) -> int:
        """Of all."""
        return sum(seat.power for seat in self.seats)


class ConsensusKey(Record, frozen=True, kw_only=True):
    """Whose a validator's key is or was, for ever: no key serves twice."""

    cooperative: Hash
    public_key: Hash
    is_retired: bool = False
    """Given up by a rotation, by leaving or by a federal act: it never comes back."""
    signs_until: Height = 0
    """Last block that it signs, once it was taken out of the engine's set; else 0."""


class Silence(Record, frozen=True, kw_only=True):
    """How long a validator has signed nothing."""

    bucket: Count
    """Stretch of time in which the count changed last."""
    count: Count
    """Stretches in a row in which nothing of it was seen; 0 after it was."""


class Node(Record, frozen=True, kw_only=True):
    """An engine that may connect."""

    cooperative: Hash
    """Whose it is, or who asked for the guest."""
    until_ms: TimeMs = 0
    """Block time from which it may no longer; 0 for a member's."""


class Case(Record, frozen=True, kw_only=True):
    """An accusation before the federation."""

    id: Hash
    cooperative: Hash
    kind: CaseKind
    address: Address
    """Of the validator that misbehaved."""
    misbehaved_height: Height
    misbehaved_ms: TimeMs
    opened_height: Height
    opened_ms: TimeMs
    status: CaseStatus
