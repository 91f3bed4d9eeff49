"""Payloads of complaints.

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


AccountabilityPayload: TypeAlias = OpenComplaint | EscalateComplaint | WithdrawComplaint
"""What members do about who acts for them."""


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
