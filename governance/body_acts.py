"""Acts of elected bodies: what officers do together, each with its number on the wire.

A body's motion carries one act as `[number, fields…]`. Which body may do it and how many must
support it stands in `RULES`; what each does is `governance.bodies`' matter. A number is never
reused.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.limits import TX_SIGNATURES_MAX
from did.codec import Record
from governance.charge_records import Charge
from governance.duty_records import DutyKind
from governance.fields import Count, Hash, HashOrEmpty


class Stance(IntEnum):
    """What a body thinks of a proposal."""

    NONE = 0
    """It has looked at it and takes no side."""
    FOR = 1
    AGAINST = 2


class Review(Record, frozen=True, kw_only=True, tag=1):
    """A working group's opinion on a proposal."""

    proposal: Hash
    stance: Stance
    text_hash: Hash


class Recommend(Record, frozen=True, kw_only=True, tag=2):
    """The committee's recommendation to members who are about to vote."""

    proposal: Hash
    stance: Stance
    text_hash: Hash


class Veto(Record, frozen=True, kw_only=True, tag=3):
    """The privacy group stops an accepted data use, with reasons."""

    proposal: Hash
    reasons_hash: Hash


class PauseDataUse(Record, frozen=True, kw_only=True, tag=4):
    """Emergency: nobody uses data under an accepted proposal for now."""

    proposal: Hash
    reasons_hash: Hash


class SuspendPeer(Record, frozen=True, kw_only=True, tag=5):
    """Emergency: no exchange with another cooperative for now."""

    peer: Hash
    reasons_hash: Hash


class SuspendLicence(Record, frozen=True, kw_only=True, tag=6):
    """Emergency: a licence does not hold for now."""

    licence: Hash
    reasons_hash: Hash


class RotateRegistrarKeys(Record, frozen=True, kw_only=True, tag=7):
    """Emergency: the registrar's office gets other keys; not undone if members disagree."""

    public_keys: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=TX_SIGNATURES_MAX)]
    """Ascending, each once."""
    signatures_required: Annotated[int, Meta(ge=1, le=TX_SIGNATURES_MAX)]
    reasons_hash: Hash


class FulfilDuty(Record, frozen=True, kw_only=True, tag=8):
    """A body has done what it owes members again and again."""

    duty: DutyKind
    text_hash: Hash
    """SHA-256 of the report, the minutes or the audit."""


class AnswerComplaint(Record, frozen=True, kw_only=True, tag=9):
    """Who hears a complaint answers it; the complainant may go on all the same."""

    complaint: Hash
    text_hash: Hash


class TakeOverComplaint(Record, frozen=True, kw_only=True, tag=10):
    """The ethics panel takes over a complaint that it finds serious."""

    complaint: Hash


class AdviseOnComplaint(Record, frozen=True, kw_only=True, tag=11):
    """The ethics panel says what it thinks of a complaint; binds nobody."""

    complaint: Hash
    text_hash: Hash


class RecordAward(Record, frozen=True, kw_only=True, tag=12):
    """An arbitrator from outside has decided a complaint."""

    complaint: Hash
    award_hash: Hash
    """SHA-256 of the award."""


ComplaintAct: TypeAlias = AnswerComplaint | TakeOverComplaint | AdviseOnComplaint | RecordAward
EmergencyAct: TypeAlias = PauseDataUse | SuspendPeer | SuspendLicence | RotateRegistrarKeys
"""The closed list: never bylaws, roll, elections or money."""


class ExcludeMember(Record, frozen=True, kw_only=True, tag=13):
    """The committee wants to exclude a member, who may appeal."""

    account: Hash
    reasons_hash: Hash


class DecideChallenge(Record, frozen=True, kw_only=True, tag=14):
    """The auditors say of somebody whose admission was challenged whether they come."""

    admission: Hash
    account: Hash
    is_upheld: bool
    """Whether the objection holds: then they do not come."""


class AuditRoll(Record, frozen=True, kw_only=True, tag=15):
    """The auditors vouch for the roll as it is."""

    epoch: Count
    active_count: Count


class LetRollGrow(Record, frozen=True, kw_only=True, tag=16):
    """The auditors let more members onto the roll in this period, having looked at them."""

    count: Annotated[int, Meta(ge=1, le=1_000_000)]


class ChargeOfficer(Record, frozen=True, kw_only=True, tag=17):
    """The committee charges an officer with something, in place of whoever had it before."""

    charge: Charge
    office: HashOrEmpty
    """Empty takes it from everybody."""


RollAct: TypeAlias = ExcludeMember | DecideChallenge | AuditRoll | LetRollGrow
"""What bodies do about the roll."""
BodyAct: TypeAlias = (
    Review | Recommend | Veto | EmergencyAct | FulfilDuty | ComplaintAct | RollAct | ChargeOfficer
)


class Needed(IntEnum):
    """How many of a body's seats must support an act."""

    MAJORITY = 1
    TWO_THIRDS = 2


@dataclass(frozen=True, slots=True)
class ActRule:
    """Who may do an act."""

    bodies: tuple[int, ...]
    """`BodyKind`s."""
    needed: Needed = Needed.MAJORITY


RULES: dict[type[Record], ActRule] = {
    Review: ActRule((2, 3, 4, 5, 6)),
    Recommend: ActRule((1,)),
    Veto: ActRule((3,), Needed.TWO_THIRDS),
    PauseDataUse: ActRule((1,), Needed.TWO_THIRDS),
    SuspendPeer: ActRule((1,), Needed.TWO_THIRDS),
    SuspendLicence: ActRule((1,), Needed.TWO_THIRDS),
    RotateRegistrarKeys: ActRule((1,), Needed.TWO_THIRDS),
    ExcludeMember: ActRule((1,), Needed.TWO_THIRDS),
    DecideChallenge: ActRule((1, 10)),
    AuditRoll: ActRule((10,)),
    LetRollGrow: ActRule((10,)),
    FulfilDuty: ActRule((1, 2, 10)),
    ChargeOfficer: ActRule((1,)),
    AnswerComplaint: ActRule((7, 8, 9)),
    TakeOverComplaint: ActRule((9,)),
    AdviseOnComplaint: ActRule((9,)),
    RecordAward: ActRule((7, 10)),
}


def get_number(act: BodyAct) -> int:
    """An act's number on the wire."""
    return int(str(act.__struct_config__.tag))


def get_subject(act: BodyAct) -> bytes:
    """What an act is about: a proposal, a peer, a licence; empty where it names nothing."""
    match act:
        case Review() | Recommend() | Veto() | PauseDataUse():
            return act.proposal
        case SuspendPeer():
            return act.peer
        case SuspendLicence():
            return act.licence
        case ExcludeMember() | DecideChallenge():
            return act.account
        case AnswerComplaint() | TakeOverComplaint() | AdviseOnComplaint() | RecordAward():
            return act.complaint
        case ChargeOfficer():
            return act.office
        case RotateRegistrarKeys() | AuditRoll() | LetRollGrow() | FulfilDuty():
            return b""


def compute_needed(seats_count: int, needed: Needed) -> int:
    """How many of a body's seats make enough.

    Args:
        seats_count: That are held, >= 1.
        needed: By the act's rule.
    """
    if needed is Needed.TWO_THIRDS:
        return -(-2 * seats_count // 3)
    return seats_count // 2 + 1
