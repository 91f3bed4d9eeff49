"""Facts about people on their way onto the roll, or off it.

As `governance.events`; apart because there are many. Accounts are pseudonymous.
"""

from governance.events import Event


class AdmissionOpened(Event, frozen=True, kw_only=True, gc=False):
    """The registrar admits these; members may object until then."""

    admission: bytes
    accounts: tuple[bytes, ...]
    ends_ms: int


class AdmissionAttested(Event, frozen=True, kw_only=True, gc=False):
    """An auditor vouches for those of an admission."""

    admission: bytes
    office: bytes


class AdmissionChallenged(Event, frozen=True, kw_only=True, gc=False):
    """A member objects to somebody, who waits for the auditors."""

    admission: bytes
    account: bytes
    reasons_hash: bytes


class ChallengeDecided(Event, frozen=True, kw_only=True, gc=False):
    """The auditors have looked at somebody; whoever is upheld against does not come."""

    admission: bytes
    account: bytes
    is_upheld: bool


class RollAudited(Event, frozen=True, kw_only=True, gc=False):
    """The auditors vouch for the roll as it is."""

    epoch: int
    active_count: int


class RollMayGrow(Event, frozen=True, kw_only=True, gc=False):
    """The auditors let the roll grow by more in this period."""

    count: int


class LeavingAnnounced(Event, frozen=True, kw_only=True, gc=False):
    """A member leaves with the next batch."""

    account: bytes


class ExclusionDecided(Event, frozen=True, kw_only=True, gc=False):
    """The committee wants to exclude a member, who may appeal until then."""

    account: bytes
    reasons_hash: bytes
    appeal_ends_ms: int


class ExclusionAppealed(Event, frozen=True, kw_only=True, gc=False):
    """The assembly decides whether an exclusion stands."""

    account: bytes
    proposal: bytes


class ExclusionEnded(Event, frozen=True, kw_only=True, gc=False):
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
