"""Facts about the federation: its cooperatives, its motions, its validators.

As `governance.events`; apart because there are many.
"""

from governance.acts import ActKind
from governance.dispute_records import DisputeStep, DisputeVerdict
from governance.events import Event
from governance.federal_records import CaseKind
from governance.records import CooperativeStatus, Standing


class CooperativeRegistered(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative entered the registry (at genesis in no block)."""

    did: str
    name: str
    root_key: bytes
    registrar_account: bytes
    assertion_key: bytes
    node_id: bytes
    p2p_address: str


class CooperativeUpdated(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative said anew who it is and where its node is."""

    did: str
    name: str
    assertion_key: bytes
    node_id: bytes
    p2p_address: str


class NoticeGiven(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative leaves when its notice ends."""

    leaves_at_ms: int


class NoticeExtended(Event, frozen=True, kw_only=True, gc=False):
    """The notice of the only validator goes on: a chain without one would stand still."""

    leaves_at_ms: int


class CooperativeParted(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative is no member any more; its history stays."""

    status: CooperativeStatus


class MotionProposed(Event, frozen=True, kw_only=True, gc=False):
    """A motion is before the federation; `cooperative` proposed it."""

    motion: bytes
    act: ActKind
    subject: bytes
    lapses_at_ms: int


class MotionApproved(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative approved a motion."""

    motion: bytes
    approvals_count: int
    needed_count: int


class MotionEnacted(Event, frozen=True, kw_only=True, gc=False):
    """Enough had approved: the act is done; `cooperative` proposed it."""

    motion: bytes
    act: ActKind
    subject: bytes


class MotionLapsed(Event, frozen=True, kw_only=True, gc=False):
    """Not enough approved in time; `cooperative` proposed it."""

    motion: bytes


class MembershipsCounted(Event, frozen=True, kw_only=True, gc=False):
    """How many memberships are for a change of the charter, with this cooperative's."""

    motion: bytes
    supporting_count: int
    needed_count: int


class CharterAdopted(Event, frozen=True, kw_only=True, gc=False):
    """The federation has another charter; `cooperative` proposed it."""

    motion: bytes
    text_hash: bytes
    opt_out_ends_ms: int


class CharterAnswered(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative's assembly ratifies a change of the charter, or opts out."""

    motion: bytes
    is_bound: bool


class CharterBound(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative has not opted out in time: the change binds its members."""

    motion: bytes


class DisputeOpened(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative disputes with another one."""

    dispute: bytes
    respondent: bytes
    text_hash: bytes


class DisputeAdvanced(Event, frozen=True, kw_only=True, gc=False):
    """Somebody else hears a dispute now; `cooperative` opened it."""

    dispute: bytes
    step: DisputeStep
    panel: tuple[bytes, ...]
    """Drawn by lot, where the panel hears it."""
    ends_ms: int


class DisputeAnswered(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative has recorded a settlement, a decision or an award."""

    dispute: bytes
    text_hash: bytes


class DisputeDecided(Event, frozen=True, kw_only=True, gc=False):
    """Panel or assembly has decided; that stands if no party goes on until then."""

    dispute: bytes
    verdict: DisputeVerdict
    answer_hash: bytes
    ends_ms: int


class DisputeClosed(Event, frozen=True, kw_only=True, gc=False):
    """A dispute has ended."""

    dispute: bytes
    verdict: DisputeVerdict
    answer_hash: bytes


class DisputeOverdue(Event, frozen=True, kw_only=True, gc=False):
    """No award has come in time, or two that differ; it may still come."""

    dispute: bytes


class SettlementListed(Event, frozen=True, kw_only=True, gc=False):
    """What is open of a cooperative that leaves or has left; it stays enforceable."""

    agreements: tuple[bytes, ...]
    """With usage that is reported and not netted."""
    disputes: tuple[bytes, ...]
    cases: tuple[bytes, ...]


class ValidatorAppointed(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative validates from when the engine has been told."""

    consensus_key: bytes


class ValidatorSuspended(Event, frozen=True, kw_only=True, gc=False):
    """A validator loses its power until that is lifted."""

    standing: Standing
    """Why."""


class ValidatorRestored(Event, frozen=True, kw_only=True, gc=False):
    """A suspension has ended."""


class ValidatorStopped(Event, frozen=True, kw_only=True, gc=False):
    """A cooperative no longer validates; its key is retired."""


class ConsensusKeyRotated(Event, frozen=True, kw_only=True, gc=False):
    """A validator goes over to another key; the old one is retired."""

    old_key: bytes
    new_key: bytes


class ValidatorUpdated(Event, frozen=True, kw_only=True, gc=False):
    """The engine is told of a key's power: its update of the validator set says the same."""

    consensus_key: bytes
    power: int
    """0: the key signs one more block and no further."""
    acts_from_height: int
    """First block that the set signs with this."""


class CaseOpened(Event, frozen=True, kw_only=True, gc=False):
    """A validator's misbehaviour is proven."""

    case: bytes
    kind: CaseKind
    misbehaved_height: int


class NodeAdmitted(Event, frozen=True, kw_only=True, gc=False):
    """The node of a cooperative that wants to join may connect for a while."""

    node_id: bytes
    until_ms: int


class RegistrarReplaced(Event, frozen=True, kw_only=True, gc=False):
    """Other keys sign for the registrar's office."""

    public_keys: tuple[bytes, ...]
    signatures_required: int


class ChainSealed(Event, frozen=True, kw_only=True, gc=False):
    """The chain takes no more transactions: its cooperative joins another one."""

    destination: str


class SealCompleted(Event, frozen=True, kw_only=True, gc=False):
    """The seal has every account."""

    accounts_count: int


class MembersImported(Event, frozen=True, kw_only=True, gc=False):
    """A part of a former chain's roll is here."""

    accounts: tuple[bytes, ...]
    """Members whose accounts began with it; not who has left, or was here already."""


class RollImported(Event, frozen=True, kw_only=True, gc=False):
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
