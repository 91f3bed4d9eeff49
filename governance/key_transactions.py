"""Payloads about an account's own keys: rotation, recovery by guardians, the account's end.

As `governance.transactions`, which reads them. None of them is signed as other transactions
are; `governance.keys.check_signers` says by whom each is.
"""

from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta

from config.limits import GUARDIANS_MAX, TX_SIGNATURES_MAX
from governance.fields import Count, Hash, HashOrEmpty
from governance.payloads import PayloadRecord

_KeyCount = Annotated[int, Meta(ge=1, le=TX_SIGNATURES_MAX)]
_GuardianCount = Annotated[int, Meta(ge=2, le=GUARDIANS_MAX)]


class RotateKeys(PayloadRecord, frozen=True, kw_only=True):
    """An account goes over to the keys that it had committed to, which sign this (tag 0x17)."""

    tag: ClassVar[int] = 0x17

    next_key_commitment: Hash
    """To the keys after these (`did.accounts.compute_keys_commitment`)."""
    signatures_required: _KeyCount = 1
    """How many of the new keys must sign each further transaction."""
    guardians_commitment: HashOrEmpty = b""
    """To other guardians (`did.accounts.compute_guardians_commitment`), 32 zero bytes for none;
    empty: they stay."""


class RecoverAccount(PayloadRecord, frozen=True, kw_only=True):
    """Guardians ask that an account gets other keys; these sign as well (tag 0x0A)."""

    tag: ClassVar[int] = 0x0A

    attempt: Count
    """One more than the account's last attempt; 1 for the first."""
    guardians: Annotated[tuple[Hash, ...], Meta(min_length=3, max_length=GUARDIANS_MAX)]
    """All of them, ascending, each once: what the commitment opens to."""
    salt: Hash
    threshold: _GuardianCount
    """How many guardians make a recovery."""
    override: _GuardianCount
    """How many make one that nobody can veto; more than the threshold."""
    public_keys: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=TX_SIGNATURES_MAX)]
    """The account's new keys, ascending, each once."""
    signatures_required: _KeyCount
    next_key_commitment: Hash
    guardians_commitment: Hash
    """To guardians from then on: these are known now. 32 zero bytes for none."""


class VetoRecovery(PayloadRecord, frozen=True, kw_only=True):
    """The keys that an account had committed to stop a recovery (tag 0x0B)."""

    tag: ClassVar[int] = 0x0B

    attempt: Count
    signatures_required: _KeyCount = 1
    """As in the commitment."""


class DeactivateAccount(PayloadRecord, frozen=True, kw_only=True):
    """The keys that a member's account had committed to end it for good (tag 0x0C)."""

    tag: ClassVar[int] = 0x0C

    signatures_required: _KeyCount = 1
    """As in the commitment."""


KeyPayload: TypeAlias = RotateKeys | RecoverAccount | VetoRecovery | DeactivateAccount
"""What is signed by other keys than the account's own."""
