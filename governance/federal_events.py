"""Facts about the federation: its cooperatives, its motions, its validators.

As `governance.events`; apart because there are many.
"""

from dataclasses import dataclass

from governance.acts import ActKind
from governance.dispute_records import DisputeStep, DisputeVerdict
from governance.events import Event
from governance.federal_records import CaseKind
from governance.records import CooperativeStatus, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativeRegistered(Event):
    """A cooperative entered the registry (at genesis in no block)."""

    did: str
    name: str
    root_key: bytes
    registrar_account: bytes
    assertion_key: bytes
    node_id: bytes
    p2p_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativeUpdated(Event):
    """A cooperative said anew who it is and where its node is."""

    did: str
    name: str
    assertion_key: bytes
    node_id: bytes
    p2p_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Event):
    """A cooperative leaves when its notice ends."""

    leaves_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeExtended(Event):
    """The notice of the only validator goes on: a chain without one would stand still."""

    leaves_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CooperativeParted(Event):
    """A cooperative is no member any more; its history stays."""

    status: CooperativeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionProposed(Event):
    """A motion is before the federation; `cooperative` proposed it."""

    motion: bytes
    act: ActKind
    subject: bytes
    lapses_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionApproved(Event):
    """A cooperative approved a motion."""

    motion: bytes
    approvals_count: int
    needed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionEnacted(Event):
    """Enough had approved: the act is done; `cooperative` proposed it."""

    motion: bytes
    act: ActKind
    subject: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionLapsed(Event):
    """Not enough approved in time; `cooperative` proposed it."""

    motion: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipsCounted(Event):
    """How many memberships are for a change of the charter, with this cooperative's."""

    motion: bytes
    supporting_count: int
    needed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterAdopted(Event):
    """The federation has another charter; `cooperative` proposed it."""

    motion: bytes
    text_hash: bytes
    opt_out_ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterAnswered(Event):
    """A cooperative's assembly ratifies a change of the charter, or opts out."""

    motion: bytes
    is_bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterBound(Event):
    """A cooperative has not opted out in time: the change binds its members."""

    motion: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOpened(Event):
    """A cooperative disputes with another one."""

    dispute: bytes
    respondent: bytes
    text_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAdvanced(Event):
    """Somebody else hears a dispute now; `cooperative` opened it."""

    dispute: bytes
    step: DisputeStep
    panel: tuple[bytes, ...]
    """Drawn by lot, where the panel hears it."""
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAnswered(Event):
    """A cooperative has recorded a settlement, a decision or an award."""

    dispute: bytes
    text_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(Event):
    """Panel or assembly has decided; that stands if no party goes on until then."""

    dispute: bytes
    verdict: DisputeVerdict
    answer_hash: bytes
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeClosed(Event):
    """A dispute has ended."""

    dispute: bytes
    verdict: DisputeVerdict
    answer_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOverdue(Event):
    """No award has come in time, or two that differ; it may still come."""

    dispute: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementListed(Event):
    """What is open of a cooperative that leaves or has left; it stays enforceable."""

    agreements: tuple[bytes, ...]
    """With usage that is reported and not netted."""
    disputes: tuple[bytes, ...]
    cases: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorAppointed(Event):
    """A cooperative validates from when the engine has been told."""

    consensus_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSuspended(Event):
    """A validator loses its power until that is lifted."""

    standing: Standing
    """Why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorRestored(Event):
    """A suspension has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorStopped(Event):
    """A cooperative no longer validates; its key is retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusKeyRotated(Event):
    """A validator goes over to another key; the old one is retired."""

    old_key: bytes
    new_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorUpdated(Event):
    """The engine is told of a key's power: its update of the validator set says the same."""

    consensus_key: bytes
    power: int
    """0: the key signs one more block and no further."""
    acts_from_height: int
    """First block that the set signs with this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(Event):
    """A validator's misbehaviour is proven."""

    case: bytes
    kind: CaseKind
    misbehaved_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAdmitted(Event):
    """The node of a cooperative that wants to join may connect for a while."""

    node_id: bytes
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarReplaced(Event):
    """Other keys sign for the registrar's office."""

    public_keys: tuple[bytes, ...]
    signatures_required: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSealed(Event):
    """The chain takes no more transactions: its cooperative joins another one."""

    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealCompleted(Event):
    """The seal has every account."""

    accounts_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersImported(Event):
    """A part of a former chain's roll is here."""

    accounts: tuple[bytes, ...]
    """Members whose accounts began with it; not who has left, or was here already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollImported(Event):
    """A former chain's roll is complete here."""

    epoch: int
    active_count: int
    roll_root: bytes


FEDERAL_EVENTS: tuple[type[Event], ...] = (
    CooperativeRegistered,
    CooperativeUpdated,
    NoticeGiven,
    NoticeExtended,
    CooperativeParted,
    MotionProposed,
    MotionApproved,
    MotionEnacted,
    MotionLapsed,
    MembershipsCounted,
    CharterAdopted,
    CharterAnswered,
    CharterBound,
    DisputeOpened,
    DisputeAdvanced,
    DisputeAnswered,
    DisputeDecided,
    DisputeClosed,
    DisputeOverdue,
    SettlementListed,
    ValidatorAppointed,
    ValidatorSuspended,
    ValidatorRestored,
    ValidatorStopped,
    ConsensusKeyRotated,
    ValidatorUpdated,
    CaseOpened,
    NodeAdmitted,
    RegistrarReplaced,
    ChainSealed,
    SealCompleted,
    MembersImported,
    RollImported,
)
