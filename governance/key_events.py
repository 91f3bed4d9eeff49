"""Facts about accounts' keys, from applied transactions and deadlines."""

from governance.events import Event


class KeysRotated(Event, frozen=True, kw_only=True, gc=False):
    """An account went over to the keys that it had committed to."""

    account: bytes
    public_keys: tuple[bytes, ...]
    signatures_required: int


class RecoveryRequested(Event, frozen=True, kw_only=True, gc=False):
    """Guardians ask for other keys; they take over at the given time unless there is a veto."""

    account: bytes
    attempt: int
    due_ms: int
    is_final: bool
    """Whether there can be none."""


class RecoveryVetoed(Event, frozen=True, kw_only=True, gc=False):
    """The account's committed keys have stopped a recovery."""

    account: bytes
    attempt: int


class AccountRecovered(Event, frozen=True, kw_only=True, gc=False):
    """The keys that guardians asked for have taken over."""

    account: bytes
    attempt: int
    public_keys: tuple[bytes, ...]
    signatures_required: int


class AccountDeactivated(Event, frozen=True, kw_only=True, gc=False):
    """An account has ended for good; nothing that it signs counts any more."""

    account: bytes


KEY_EVENTS: tuple[type[Event], ...] = (
    KeysRotated,
    RecoveryRequested,
    RecoveryVetoed,
    AccountRecovered,
    AccountDeactivated,
)
