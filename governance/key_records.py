"""What state keeps of accounts' keys beside the current ones: earlier ones, and recoveries."""

from typing import Annotated

from msgspec import Meta

from did.codec import Record
from governance.fields import Count, DidOrEmpty, Hash, TimeMs

_KeyCount = Annotated[int, Meta(ge=1, le=16)]


class KeyState(Record, frozen=True, kw_only=True):
    """Keys that an account had: a version of its DID document that is over."""

    version: Count
    """0 for those that the account began with."""
    keys: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=16)]
    signatures_required: _KeyCount
    since_ms: TimeMs
    """Block time from which they spoke for the account."""
    until_ms: TimeMs
    """Block time from which they did no more."""
    created_ms: TimeMs
    """Block time at which the account began."""
    also_known_as: DidOrEmpty
    """As the account had it then."""


class Recovery(Record, frozen=True, kw_only=True):
    """What guardians ask for an account whose keys are lost or stolen; the last attempt."""

    attempt: Count
    """Counts from 1, so that what guardians signed once never counts again."""
    due_ms: TimeMs
    """When the new keys take over; 0 once the attempt has ended."""
    is_final: bool
    """Whether so many guardians signed that nobody can veto it."""
    keys: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=16)]
    """Ascending."""
    signatures_required: _KeyCount
    next_key_commitment: Hash
    guardians_commitment: Hash
    nonce: Count
    """Of the request, which the new keys have signed: theirs begin after it."""

    @property
    def is_pending(self) -> bool:
        """Whether its time-lock runs."""
        return self.due_ms > 0
