"""Payloads of transactions: what each asks for, and its number on the wire.

The envelope (who signs, for which chain, until when) is the ledger's; the sender's account
comes from there. docs/transactions.md has a page for each. A tag is never reused.
"""

import hashlib
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from config.errors import RefusedError
from config.limits import ADMISSIONS_PER_TX_MAX, VOTING_DAYS_MAX
from did.accounts import Inception, decode_inception
from did.codec import Value, encode
from governance.fields import Bounds, FieldError, Hash, HashOrEmpty, Record
from governance.records import Choice, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError

_PROPOSAL_DOMAIN = b"rochdale/proposal/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitMembers(Record):
    """The registrar puts applicants on the roll (tag 0x01)."""

    tag: ClassVar[int] = 0x01

    cooperative: Hash
    inceptions: tuple[Inception, ...]
    """1 to `ADMISSIONS_PER_TX_MAX`, all admitted or none."""

    def to_value(self) -> list[Value]:
        """Positional form; an inception has one of its own."""
        return [self.cooperative, [inception.to_value() for inception in self.inceptions]]

    @classmethod
    def from_value(cls, value: Value) -> "AdmitMembers":
        """Read the positional form of untrusted input.

        Raises:
            RefusedError: Malformed, or too few or too many inceptions.
        """
        cooperative, items = value if isinstance(value, list) and len(value) == 2 else (None, None)
        if not isinstance(cooperative, bytes) or len(cooperative) != 32:
            raise FieldError("AdmitMembers.cooperative is not 32 bytes")
        if not isinstance(items, list) or not 1 <= len(items) <= ADMISSIONS_PER_TX_MAX:
            raise FieldError(f"AdmitMembers.inceptions are not 1 to {ADMISSIONS_PER_TX_MAX}")
        return cls(
            cooperative=cooperative, inceptions=tuple(decode_inception(item) for item in items)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitProposal(Record):
    """A member puts a motion before the cooperative (tag 0x02)."""

    tag: ClassVar[int] = 0x02

    cooperative: Hash
    kind: ProposalKind
    text_hash: Hash
    """SHA-256 of the text."""
    subject: HashOrEmpty
    """Digest of the insight for `ProposalKind.INSIGHT`, empty otherwise."""
    voting_days: Annotated[int, Bounds(0, VOTING_DAYS_MAX)] = 0
    """Days that voting lasts if the bylaws' window is shorter: a vote can be longer than
    the bylaws ask for, never shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CastBallot(Record):
    """A member's choice on an open proposal (tag 0x03); a later one replaces it."""

    tag: ClassVar[int] = 0x03

    cooperative: Hash
    proposal_id: Hash
    choice: Choice


Payload: TypeAlias = AdmitMembers | SubmitProposal | CastBallot

_PAYLOADS: dict[int, type[AdmitMembers] | type[SubmitProposal] | type[CastBallot]] = {
    payload.tag: payload for payload in (AdmitMembers, SubmitProposal, CastBallot)
}


def decode_payload(tag: int, value: Value) -> Payload:
    """Read a payload from the envelope's type and positional value.

    Raises:
        TxRefusedError: TYPE_UNKNOWN or PAYLOAD_MALFORMED; the latter names the field.
    """
    payload = _PAYLOADS.get(tag)
    if payload is None:
        raise TxRefusedError(RefusalCode.TYPE_UNKNOWN)
    try:
        return payload.from_value(value)
    except RefusedError as error:
        raise TxRefusedError(RefusalCode.PAYLOAD_MALFORMED, error.reason) from error


def compute_proposal_id(*, account: bytes, nonce: int, payload: SubmitProposal) -> bytes:
    """The id that a proposal will have; its author can compute it before sending.

    Args:
        account: Id of the submitting account.
        nonce: The transaction's nonce.
        payload: What is submitted.
    """
    return hashlib.sha256(_PROPOSAL_DOMAIN + encode([account, nonce, payload.to_value()])).digest()
