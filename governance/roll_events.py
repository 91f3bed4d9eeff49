"""Facts about people on their way onto the roll, or off it.

As `governance.events`; apart because there are many. Accounts are pseudonymous.
"""

from dataclasses import dataclass

from governance.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionOpened(Event):
    """The registrar admits these; members may object until then."""

    admission: bytes
    accounts: tuple[bytes, ...]
    ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionAttested(Event):
    """An auditor vouches for those of an admission."""

    admission: bytes
    office: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionChallenged(Event):
    """A member objects to somebody, who waits for the auditors."""

    admission: bytes
    account: bytes
    reasons_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeDecided(Event):
    """The auditors have looked at somebody; whoever is upheld against does not come."""

    admission: bytes
    account: bytes
    is_upheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollAudited(Event):
    """The auditors vouch for the roll as it is."""

    epoch: int
    active_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RollMayGrow(Event):
    """The auditors let the roll grow by more in this period."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingAnnounced(Event):
    """A member leaves with the next batch."""

    account: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionDecided(Event):
    """The committee wants to exclude a member, who may appeal until then."""

    account: bytes
    reasons_hash: bytes
    appeal_ends_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionAppealed(Event):
    """The assembly decides whether an exclusion stands."""

    account: bytes
    proposal: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionEnded(Event):
    """A member leaves against their will with the next batch, or stays."""

    account: bytes
    is_excluded: bool


ROLL_EVENTS: tuple[type[Event], ...] = (
    AdmissionOpened,
    AdmissionAttested,
    AdmissionChallenged,
    ChallengeDecided,
    RollAudited,
    RollMayGrow,
    LeavingAnnounced,
    ExclusionDecided,
    ExclusionAppealed,
    ExclusionEnded,
)
