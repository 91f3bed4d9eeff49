"""Payloads of transactions: what each asks for, and its number on the wire.

The envelope (who signs, for which chain, until when) is the ledger's; the sender's account
comes from there. docs/transactions.md has a page for each. A tag is never reused.
"""

import hashlib
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta

from config.limits import ADMISSIONS_PER_TX_MAX, VOTING_DAYS_MAX
from did.accounts import Inception
from did.codec import CodecError, Record, encode
from governance.fields import Hash, HashOrEmpty
from governance.records import Choice, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError

_PROPOSAL_DOMAIN = b"rochdale/proposal/v1"


class PayloadRecord(Record, frozen=True, kw_only=True):
    """What every payload has."""

    tag: ClassVar[int]

    @property
    def work_gas(self) -> int:
        """What applying it costs, beside its bytes and signatures (`ledger.quotas`)."""
        return 1_000


class AdmitMembers(PayloadRecord, frozen=True, kw_only=True):
    """The registrar puts applicants on the roll (tag 0x01)."""

    tag: ClassVar[int] = 0x01

    cooperative: Hash
    inceptions: Annotated[
        tuple[Inception, ...], Meta(min_length=1, max_length=ADMISSIONS_PER_TX_MAX)
    ]
    """All admitted or none."""

    @property
    def work_gas(self) -> int:
        """Each admission writes an account."""
        return 1_000 * len(self.inceptions)


class SubmitProposal(PayloadRecord, frozen=True, kw_only=True):
    """A member puts a motion before the cooperative (tag 0x02)."""

    tag: ClassVar[int] = 0x02

    cooperative: Hash
    kind: ProposalKind
    text_hash: Hash
    """SHA-256 of the text."""
    subject: HashOrEmpty
    """Digest of the insight for `ProposalKind.INSIGHT`, empty otherwise."""
    voting_days: Annotated[int, Meta(ge=0, le=VOTING_DAYS_MAX)] = 0
    """Days that voting lasts if the bylaws' window is shorter: a vote can be longer than
    the bylaws ask for, never shorter."""


class CastBallot(PayloadRecord, frozen=True, kw_only=True):
    """A member's choice on an open proposal (tag 0x03); a later one replaces it."""

    tag: ClassVar[int] = 0x03

    cooperative: Hash
    proposal_id: Hash
    choice: Choice

    @property
    def work_gas(self) -> int:
        """Little, so that many can vote on the last evening."""
        return 250


Payload: TypeAlias = AdmitMembers | SubmitProposal | CastBallot

_PAYLOADS: dict[int, type[AdmitMembers] | type[SubmitProposal] | type[CastBallot]] = {
    payload.tag: payload for payload in (AdmitMembers, SubmitProposal, CastBallot)
}


def decode_payload(tag: int, data: bytes) -> Payload:
    """Read a payload from the envelope's type and the payload's bytes.

    Raises:
        TxRefusedError: TYPE_UNKNOWN or PAYLOAD_MALFORMED; the latter names the field.
    """
    payload = _PAYLOADS.get(tag)
    if payload is None:
        raise TxRefusedError(RefusalCode.TYPE_UNKNOWN)
    try:
        return payload.parse(data)
    except CodecError as error:
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, error.reason) from error


def compute_proposal_id(*, account: bytes, nonce: int, payload: SubmitProposal) -> bytes:
    """The id that a proposal will have; its author can compute it before sending.

    Args:
        account: Id of the submitting account.
        nonce: The transaction's nonce.
        payload: What is submitted.
    """
    return hashlib.sha256(_PROPOSAL_DOMAIN + encode([account, nonce, payload])).digest()
