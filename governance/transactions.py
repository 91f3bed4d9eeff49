"""Payloads of transactions: what each asks for, and its number on the wire.

The envelope (who signs, for which chain, until when) is the ledger's; the sender's account
comes from there. docs/transactions.md has a page for each. A tag is never reused.
"""

import hashlib
from typing import Annotated, ClassVar, TypeAlias, get_args

from msgspec import Meta

from config.limits import (
    ADMISSIONS_PER_TX_MAX,
    IMPORTS_PER_TX_MAX,
    TX_SIGNATURES_MAX,
    VOTING_DAYS_MAX,
)
from did.accounts import Inception
from did.codec import CodecError, encode
from governance.accountability_transactions import AccountabilityPayload
from governance.acts import FederalAct
from governance.body_transactions import BodyPayload
from governance.fields import Count, Did, Hash, HashOrEmpty, Name, NodeId, P2pAddress
from governance.key_transactions import KeyPayload
from governance.member_acts import MemberAct
from governance.payloads import PayloadRecord
from governance.proposal_records import BallotChoice, ProposalKind
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll_transactions import RollPayload
from governance.seals import ChainId, ImportedEntry
from governance.value.transactions import ValuePayload

_PROPOSAL_DOMAIN = b"rochdale/proposal/v1"
_SECOND_VOTE_DOMAIN = b"rochdale/second-vote/v1"
_MOTION_DOMAIN = b"rochdale/motion/v1"
_KeyCount = Annotated[int, Meta(ge=1, le=TX_SIGNATURES_MAX)]


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
    """Digest of what it is about, for kinds that need one (`governance.kinds`); else empty."""
    voting_days: Annotated[int, Meta(ge=0, le=VOTING_DAYS_MAX)] = 0
    """Days that voting lasts if the bylaws' window is shorter: a vote can be longer than
    the bylaws ask for, never shorter."""
    act: MemberAct | None = None
    """What the rules are to do, for kinds that ask for something."""


class CastBallot(PayloadRecord, frozen=True, kw_only=True):
    """A member's choice on an open proposal (tag 0x03); a later one replaces it."""

    tag: ClassVar[int] = 0x03

    cooperative: Hash
    proposal_id: Hash
    choice: BallotChoice

    @property
    def work_gas(self) -> int:
        """Little, so that many can vote on the last evening."""
        return 250


class AmendProposal(PayloadRecord, frozen=True, kw_only=True):
    """A proposer gives a proposal another text; its discussion begins anew (tag 0x04)."""

    tag: ClassVar[int] = 0x04

    cooperative: Hash
    proposal_id: Hash
    text_hash: Hash


class WithdrawProposal(PayloadRecord, frozen=True, kw_only=True):
    """A proposer takes a proposal back before voting opens (tag 0x05)."""

    tag: ClassVar[int] = 0x05

    cooperative: Hash
    proposal_id: Hash


class ProposeFederalAct(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root puts a motion before the federation, and approves it (tag 0x10)."""

    tag: ClassVar[int] = 0x10

    act: FederalAct


class ApproveFederalAct(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root approves a motion of the federation (tag 0x11)."""

    tag: ClassVar[int] = 0x11

    motion: Hash


class RotateConsensusKey(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root gives its validator another key (tag 0x12)."""

    tag: ClassVar[int] = 0x12

    consensus_key: Hash


class GiveNotice(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root says that it leaves the federation (tag 0x13)."""

    tag: ClassVar[int] = 0x13


class ReturnToDuty(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root says that its silent validator is back (tag 0x14)."""

    tag: ClassVar[int] = 0x14


class UpdateCooperative(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root says anew who it is and where its node is (tag 0x15)."""

    tag: ClassVar[int] = 0x15

    did: Did
    assertion_key: Hash
    node_id: NodeId
    name: Name
    p2p_address: P2pAddress


class ReplaceRegistrar(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root gives its registrar's office other keys (tag 0x16)."""

    tag: ClassVar[int] = 0x16

    public_keys: Annotated[tuple[Hash, ...], Meta(min_length=1, max_length=TX_SIGNATURES_MAX)]
    """Ascending, each once."""
    signatures_required: _KeyCount = 1
    """How many of them must sign each transaction."""


class SealChain(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative alone ends its chain, to join another with all that it has (tag 0x18)."""

    tag: ClassVar[int] = 0x18

    destination: ChainId


class ImportRoll(PayloadRecord, frozen=True, kw_only=True):
    """A cooperative's root brings over a part of its former chain's roll (tag 0x19)."""

    tag: ClassVar[int] = 0x19

    start: Count
    """Place of the first entry in the roll's log."""
    entries: Annotated[tuple[ImportedEntry, ...], Meta(min_length=1, max_length=IMPORTS_PER_TX_MAX)]
    roll_path: Annotated[tuple[Hash, ...], Meta(max_length=128)]
    """What beside these entries the roll's root follows from."""

    @property
    def work_gas(self) -> int:
        """Each entry is proven and writes an account."""
        return 1_000 * len(self.entries)


class AnchorConsents(PayloadRecord, frozen=True, kw_only=True):
    """The registrar keeps the root over a period's histories of consent (tag 0x40)."""

    tag: ClassVar[int] = 0x40

    cooperative: Hash
    period: Count
    """One more than the last, from 1."""
    root: Hash
    """Over one salted leaf for each person, and as many more as hide their number."""


FederalPayload: TypeAlias = (
    ProposeFederalAct
    | ApproveFederalAct
    | RotateConsensusKey
    | GiveNotice
    | ReturnToDuty
    | UpdateCooperative
    | ReplaceRegistrar
    | SealChain
    | ImportRoll
)
"""What cooperatives do among each other."""
Payload: TypeAlias = (
    AdmitMembers
    | SubmitProposal
    | CastBallot
    | AmendProposal
    | WithdrawProposal
    | RollPayload
    | BodyPayload
    | AccountabilityPayload
    | FederalPayload
    | KeyPayload
    | AnchorConsents
    | ValuePayload
)

PAYLOADS: tuple[type[Payload], ...] = get_args(Payload)
_PAYLOADS: dict[int, type[Payload]] = {payload.tag: payload for payload in PAYLOADS}


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


def compute_second_vote_id(proposal_id: bytes) -> bytes:
    """The id of the proposal by which an accepted ending is voted on once more."""
    return hashlib.sha256(_SECOND_VOTE_DOMAIN + proposal_id).digest()


def compute_motion_id(*, account: bytes, nonce: int, payload: ProposeFederalAct) -> bytes:
    """The id that a motion of the federation will have.

    Args:
        account: Id of the proposing cooperative's root account.
        nonce: The transaction's nonce.
        payload: What is proposed.
    """
    return hashlib.sha256(_MOTION_DOMAIN + encode([account, nonce, payload])).digest()
