"""What a sealed chain hands over to a federation: the seal, its accounts, its bylaws.

Records on both chains; what may be done with them is `governance.sealing`'s and
`governance.importing`'s matter.
"""

from typing import Annotated

from msgspec import Meta

from config.limits import CHAIN_ID_CHARS_MAX
from did.codec import Record
from governance.bylaws import Bylaws
from governance.fields import Count, Hash, HashOrEmpty, Height, TimeMs

ChainId = Annotated[str, Meta(max_length=CHAIN_ID_CHARS_MAX, pattern=r"^[a-z0-9][a-z0-9-]*\Z")]
_Keys = Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=16)]
_KeyCount = Annotated[int, Meta(ge=1, le=16)]
_Counted = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""A foreign chain may claim any number, and this one counts on from it."""


class Seal(Record, frozen=True, kw_only=True):
    """What a chain ended with."""

    cooperative: Hash
    destination: ChainId
    """Of the only chain that may take it over."""
    height: Height
    """Block of the seal."""
    time_ms: TimeMs
    bylaws_hash: Hash
    root_keys: _Keys
    root_signatures_required: _KeyCount
    root_next_key_commitment: Hash
    root_guardians_commitment: Hash
    roll_epoch: _Counted
    roll_size: Count
    """Entries of the roll's log."""
    roll_root: Hash
    active_count: Count
    founding_ends_ms: TimeMs
    """When provisional officers' time ends or ended; 0 after an election."""
    last_account: HashOrEmpty = b""
    """How far the accounts were read; empty before the first."""
    is_complete: bool = False
    """Whether all of them were."""
    accounts_count: Count = 0
    """How many are in the log so far."""
    accounts_root: HashOrEmpty = b""
    """Root of the log of `ImportedAccount`s, ascending by account, once complete."""


class SealedChain(Record, frozen=True, kw_only=True):
    """What a motion says of a cooperative's former chain."""

    chain_id: ChainId
    seal: Seal
    bylaws: Bylaws


class ImportedAccount(Record, frozen=True, kw_only=True):
    """A member's account as it was when its chain was sealed."""

    account: Hash
    joined_height: Height
    """On the former chain."""
    keys: _Keys
    signatures_required: _KeyCount
    next_key_commitment: Hash
    guardians_commitment: Hash
    has_left: bool
    keys_version: _Counted = 0
    is_deactivated: bool = False
    created_ms: TimeMs = 0


class ImportedEntry(Record, frozen=True, kw_only=True):
    """An account with the proof that the seal has it."""

    account: ImportedAccount
    index: Count
    """Place in the log of sealed accounts."""
    path: Annotated[tuple[Hash, ...], Meta(max_length=64)]
    """Audit path in that log."""


class ImportedRoll(Record, frozen=True, kw_only=True):
    """A former chain's roll that was brought over whole: how this chain's lists begin."""

    size: Count
    """Entries of the roll's log that have the former chain's heights."""
    root: Hash
    """Of those entries."""
    height: Height
    """Block that completed it: from there on heights are this chain's."""


class Import(Record, frozen=True, kw_only=True):
    """How far a former chain's roll has been brought over."""

    seal: Seal
    done_count: Count = 0
    """Entries of its roll's log so far."""
    active_count: Count = 0
    """Members that were taken over; not those that have left, or have an account here."""
