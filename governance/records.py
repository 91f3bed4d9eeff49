"""What the rules keep in state: one frozen dataclass per collection.

Each has one canonical encoding (`governance.fields`). Nothing here reads or writes state or
knows when a record may change. Free text and names are never kept: only hashes of them.
"""

import hashlib
from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from config.limits import NETWORK_NAME_MAX, NONCE_WINDOW
from did.codec import Record, encode
from governance.fields import (
    Count,
    Did,
    DidOrEmpty,
    Hash,
    HashOrEmpty,
    Height,
    Name,
    NodeId,
    P2pAddress,
    RulesVersion,
    SoftwareVersion,
    TimeMs,
)

_NONCE_WINDOW_BYTES = NONCE_WINDOW // 8
_OFFICE_DOMAIN = b"rochdale/office/v1"


class Role(IntEnum):
    """What an account may do; offices are separate from their holders' memberships."""

    MEMBER = 1
    REGISTRAR = 2
    ROOT = 3
    OFFICER = 4
    """With it a member acts in elected bodies; nothing here says which member."""


class CooperativeStatus(IntEnum):
    """Whether a cooperative takes part."""

    ACTIVE = 1
    LEAVING = 2
    """It has given notice and is a member until the notice ends."""
    LEFT = 3
    EXPELLED = 4
    ENDED = 5
    """It dissolved, merged or changed its form, by two votes of its members."""


class Standing(IntEnum):
    """Whether an admitted validator signs."""

    ACTIVE = 1
    SILENT = 2
    """Suspended for long silence: its cooperative says when it is back."""
    ACCUSED = 3
    """Suspended on evidence: the federation lifts it."""


class Upgrade(Record, frozen=True, kw_only=True):
    """A change of the rules that is decided and still to come."""

    height: Height
    """First block under the new rules."""
    rules_version: RulesVersion
    software_version_min: SoftwareVersion
    """The first software that may execute that block."""


class Parameters(Record, frozen=True, kw_only=True):
    """What holds for the whole federation."""

    network: Annotated[str, Meta(min_length=1, max_length=NETWORK_NAME_MAX)]
    """Middle part of its accounts' DIDs; survives a new genesis."""
    time_scale: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    """Divides every window; more than 1 on test chains only."""
    bylaws_hash: Hash
    """Bylaws that a cooperative begins with."""
    rules_version: RulesVersion
    """Of the last block; `governance.upgrades` says which holds in a later one."""
    software_version_min: SoftwareVersion = "0.0.0"
    """The first software that may execute blocks under these rules."""
    upgrade: Upgrade | None = None


class Validator(Record, frozen=True, kw_only=True):
    """A cooperative's part in consensus."""

    consensus_key: Hash
    standing: Standing
    since_height: Height
    """Block of the admission."""


class Cooperative(Record, frozen=True, kw_only=True):
    """A cooperative in the federation's registry."""

    id: Hash
    """Hash of its inception record; also the id of its root account."""
    did: Did
    """Its did:web, where its public face is."""
    assertion_key: Hash
    """Signs its records and insights."""
    node_id: NodeId
    """The engine's node id."""
    bylaws_hash: Hash
    """Bylaws that its next proposals follow."""
    admitted_height: Height
    status: CooperativeStatus
    name: Name = ""
    """As people read it."""
    p2p_address: P2pAddress = ""
    """Where its engine is reached, `<host>:<port>`."""
    leaves_at_ms: TimeMs = 0
    """When its notice ends; 0 without one."""
    validator: Validator | None = None
    """None for a member that does not validate."""
    validator_changed_height: Height = 0
    """Block of the last change of its key or power: changes that wait go in this order."""
    founding_ends_ms: TimeMs = 0
    """Until then, or until its first election, provisional officers act and may not change
    bylaws; 0 once that is over."""
    successor: HashOrEmpty = b""
    """Who got its reserve and its rights in insights, once it has ended."""

    @property
    def is_member(self) -> bool:
        """Whether it votes in the federation and may act here."""
        return self.status is CooperativeStatus.ACTIVE or self.status is CooperativeStatus.LEAVING


class AccountKey(Record, frozen=True, kw_only=True):
    """One key of an account and the nonces that it has used."""

    public_key: Hash
    nonce_highest: Count = 0
    """Highest nonce used; 0 also before any."""
    nonce_window: Annotated[
        bytes, Meta(min_length=_NONCE_WINDOW_BYTES, max_length=_NONCE_WINDOW_BYTES)
    ] = bytes(_NONCE_WINDOW_BYTES)
    """Big-endian bit map: bit i is set if nonce `nonce_highest - i` was used."""


class Account(Record, frozen=True, kw_only=True):
    """A member of one cooperative, or one of its offices."""

    cooperative: Hash
    role: Role
    keys: Annotated[tuple[AccountKey, ...], Meta(min_length=1, max_length=16)]
    next_key_commitment: Hash
    guardians_commitment: Hash
    joined_height: Height
    """Block of the admission: votes opening in a later block include the member."""
    left_height: Height | None = None
    open_proposals_count: Count = 0
    """Proposals of this account that have not closed."""
    signatures_required: Annotated[int, Meta(ge=1, le=16)] = 1
    """How many of its keys must sign each transaction."""
    quota_full_us: Count = 0
    """Block time, in microseconds, at which its quota is whole again (`ledger.quotas`)."""
    keys_version: Count = 0
    """How often its keys have changed."""
    keys_since_ms: TimeMs = 0
    """Block time from which the current keys speak for it."""
    is_deactivated: bool = False
    """Whether it has ended for good."""
    created_ms: TimeMs = 0
    """Block time at which it began, on a former chain if it was taken over from there."""
    also_known_as: DidOrEmpty = ""
    """Of a cooperative's root account its did:web; empty for all others."""


class Quota(Record, frozen=True, kw_only=True):
    """What a cooperative's accounts together have spent lately."""

    full_us: Count = 0
    """Block time, in microseconds, at which the quota is whole again (`ledger.quotas`)."""


class Roll(Record, frozen=True, kw_only=True):
    """A cooperative's roll of members; who they are is its log (`governance.logs`)."""

    epoch: Count = 0
    """Batches of changes so far."""
    active_count: Count = 0
    audited_count: Count = 0
    """Members that count in the federation: attested one by one, or audited since."""


class RollEntry(Record, frozen=True, kw_only=True):
    """One admission in a cooperative's roll log."""

    account: Hash
    height: Height


class RollChange(Record, frozen=True, kw_only=True):
    """Somebody left a roll, or came back to it, in a cooperative's log of such changes."""

    account: Hash
    height: Height
    is_back: bool


def compute_office_account_id(*, cooperative: bytes, role: Role) -> bytes:
    """Account id of an office: it stays while its holders and keys change.

    Args:
        cooperative: The cooperative's id, which is also its root account's.
        role: `Role.REGISTRAR` or `Role.ROOT`.
    """
    if role is Role.ROOT:
        return cooperative
    return hashlib.sha256(_OFFICE_DOMAIN + encode([cooperative, int(role)])).digest()
