"""Payloads of people's coming and going, beside `AdmitMembers`.

As `governance.transactions`, which reads them; apart because there are many.
"""

import hashlib
from typing import ClassVar, TypeAlias

from did.codec import Record, encode
from governance.fields import Hash
from governance.payloads import PayloadRecord

_ADMISSION_DOMAIN = b"rochdale/admission/v1"
_APPEAL_DOMAIN = b"rochdale/appeal/v1"


class LeaveRoll(PayloadRecord, frozen=True, kw_only=True):
    """A member leaves the cooperative (tag 0x06)."""

    tag: ClassVar[int] = 0x06

    cooperative: Hash


class AppealExclusion(PayloadRecord, frozen=True, kw_only=True):
    """A member asks the assembly whether their exclusion stands (tag 0x07)."""

    tag: ClassVar[int] = 0x07

    cooperative: Hash
    text_hash: Hash


class AttestAdmission(PayloadRecord, frozen=True, kw_only=True):
    """An auditor vouches for those whom the registrar admits (tag 0x08)."""

    tag: ClassVar[int] = 0x08

    cooperative: Hash
    admission: Hash


class ChallengeAdmission(PayloadRecord, frozen=True, kw_only=True):
    """A member objects to somebody's admission (tag 0x09)."""

    tag: ClassVar[int] = 0x09

    cooperative: Hash
    admission: Hash
    account: Hash
    reasons_hash: Hash


RollPayload: TypeAlias = LeaveRoll | AppealExclusion | AttestAdmission | ChallengeAdmission
"""How people come and go."""


def compute_admission_id(*, account: bytes, nonce: int, payload: Record) -> bytes:
    """The id that an admission will have.

    Args:
        account: Id of the registrar's office.
        nonce: The transaction's nonce.
        payload: Whom it admits (`AdmitMembers`).
    """
    return hashlib.sha256(_ADMISSION_DOMAIN + encode([account, nonce, payload])).digest()


def compute_appeal_id(*, account: bytes, nonce: int, payload: AppealExclusion) -> bytes:
    """The id of the proposal by which the assembly decides on an appeal.

    Args:
        account: Id of the member's account.
        nonce: The transaction's nonce.
        payload: The appeal.
    """
    return hashlib.sha256(_APPEAL_DOMAIN + encode([account, nonce, payload])).digest()
