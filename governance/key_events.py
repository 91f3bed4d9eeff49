"""Facts about accounts' keys, from applied transactions and deadlines."""

from dataclasses import dataclass

from governance.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(Event):
    """An account went over to the keys that it had committed to."""

    account: bytes
    public_keys: tuple[bytes, ...]
    signatures_required: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRequested(Event):
    """Guardians ask for other keys; they take over at the given time unless there is a veto."""

    account: bytes
    attempt: int
    due_ms: int
    is_final: bool
    """Whether there can be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryVetoed(Event):
    """The account's committed keys have stopped a recovery."""

    account: bytes
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecovered(Event):
    """The keys that guardians asked for have taken over."""

    account: bytes
    attempt: int
    public_keys: tuple[bytes, ...]
    signatures_required: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDeactivated(Event):
    """An account has ended for good; nothing that it signs counts any more."""

    account: bytes


KEY_EVENTS: tuple[type[Event], ...] = (
    KeysRotated,
    RecoveryRequested,
    RecoveryVetoed,
    AccountRecovered,
    AccountDeactivated,
)
