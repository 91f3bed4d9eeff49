"""Payloads of complaints and disputes.

As `governance.transactions`, which reads them; apart because there are many.
"""

import hashlib
from typing import ClassVar, TypeAlias

from did.codec import encode
from governance.complaint_records import About
from governance.fields import Hash, HashOrEmpty
from governance.payloads import PayloadRecord

_COMPLAINT_DOMAIN = b"rochdale/complaint/v1"
_HEARING_DOMAIN = b"rochdale/hearing/v1"
_DISPUTE_DOMAIN = b"rochdale/dispute/v1"


class OpenComplaint(PayloadRecord, frozen=True, kw_only=True):
    """A member complains (tag 0x30)."""

    tag: ClassVar[int] = 0x30

    cooperative: Hash
    about: About
    subject: HashOrEmpty
    """As `About` says."""
    text_hash: Hash
    """SHA-256 of the complaint; the text itself is never on the ledger."""
    is_serious: bool = False
    """A serious violation: the ethics panel hears it before members do."""


class EscalateComplaint(PayloadRecord, frozen=True, kw_only=True):
    """The complainant goes on to the next step (tag 0x31)."""

    tag: ClassVar[int] = 0x31

    cooperative: Hash
    complaint: Hash


class WithdrawComplaint(PayloadRecord, frozen=True, kw_only=True):
    """The complainant takes a complaint back (tag 0x32)."""

    tag: ClassVar[int] = 0x32

    cooperative: Hash
    complaint: Hash


class OpenDispute(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root disputes with another cooperative (tag 0x33)."""

    tag: ClassVar[int] = 0x33

    respondent: Hash
    text_hash: Hash
    """SHA-256 of what is disputed."""


class AnswerDispute(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root records a settlement, a decision or an award (tag 0x34)."""

    tag: ClassVar[int] = 0x34

    dispute: Hash
    text_hash: Hash


class EscalateDispute(PayloadRecord, frozen=True, kw_only=True):
    """A party's root goes on to the next step (tag 0x35)."""

    tag: ClassVar[int] = 0x35

    dispute: Hash


class WithdrawDispute(PayloadRecord, frozen=True, kw_only=True):
    """The claimant's root takes a dispute back (tag 0x36)."""

    tag: ClassVar[int] = 0x36

    dispute: Hash


AccountabilityPayload: TypeAlias = (
    OpenComplaint
    | EscalateComplaint
    | WithdrawComplaint
    | OpenDispute
    | AnswerDispute
    | EscalateDispute
    | WithdrawDispute
)
"""What members do about who acts for them, and cooperatives about each other."""


def compute_complaint_id(*, account: bytes, nonce: int, payload: OpenComplaint) -> bytes:
    """The id that a complaint will have.

    Args:
        account: Id of the account that complains.
        nonce: The transaction's nonce.
        payload: What is complained of.
    """
    return hashlib.sha256(_COMPLAINT_DOMAIN + encode([account, nonce, payload])).digest()


def compute_hearing_id(complaint_id: bytes) -> bytes:
    """The id of the proposal by which members decide on a complaint."""
    return hashlib.sha256(_HEARING_DOMAIN + complaint_id).digest()


def compute_dispute_id(*, account: bytes, nonce: int, payload: OpenDispute) -> bytes:
    """The id that a dispute will have.

    Args:
        account: Id of the claimant's root account.
        nonce: The transaction's nonce.
        payload: What is disputed.
    """
    return hashlib.sha256(_DISPUTE_DOMAIN + encode([account, nonce, payload])).digest()
