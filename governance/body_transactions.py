"""Payloads of what officers do, and of what members do about them.

As `governance.transactions`, which reads them; apart because there are many.
"""

import hashlib
from typing import Annotated, ClassVar, TypeAlias

from msgspec import Meta

from config.limits import ADMISSIONS_PER_TX_MAX
from did.accounts import Inception
from did.codec import encode
from governance.body_acts import BodyAct
from governance.body_records import BodyKind
from governance.fields import Hash
from governance.payloads import PayloadRecord

_RATIFICATION_DOMAIN = b"rochdale/ratification/v1"
_BODY_MOTION_DOMAIN = b"rochdale/body-motion/v1"
_PETITION_DOMAIN = b"rochdale/petition/v1"
_RECALL_DOMAIN = b"rochdale/recall/v1"


class OpenOffices(PayloadRecord, frozen=True, kw_only=True):
    """The registrar gives members accounts to act in bodies with (tag 0x20)."""

    tag: ClassVar[int] = 0x20

    cooperative: Hash
    inceptions: Annotated[
        tuple[Inception, ...], Meta(min_length=1, max_length=ADMISSIONS_PER_TX_MAX)
    ]
    """All or none; each belongs to somebody on the roll, to each one at most."""

    @property
    def work_gas(self) -> int:
        """Each writes an account."""
        return 1_000 * len(self.inceptions)


class CloseOffice(PayloadRecord, frozen=True, kw_only=True):
    """An officer resigns, or the registrar closes an office without a seat (tag 0x21)."""

    tag: ClassVar[int] = 0x21

    cooperative: Hash
    office: Hash


class ProposeBodyAct(PayloadRecord, frozen=True, kw_only=True):
    """An officer asks a body they sit in to do something (tag 0x22)."""

    tag: ClassVar[int] = 0x22

    cooperative: Hash
    body: BodyKind
    act: BodyAct


class SupportBodyAct(PayloadRecord, frozen=True, kw_only=True):
    """An officer supports a motion of a body they sit in (tag 0x23)."""

    tag: ClassVar[int] = 0x23

    cooperative: Hash
    motion: Hash


class Nominate(PayloadRecord, frozen=True, kw_only=True):
    """An office stands for election (tag 0x24)."""

    tag: ClassVar[int] = 0x24

    cooperative: Hash
    proposal_id: Hash
    statement_hash: Hash
    """SHA-256 of what the candidate says of themselves."""
    salt_commitment: Hash
    """SHA-256 of a random salt of 32 bytes, which settles ties (`governance.count.ties`)."""


class WithdrawNomination(PayloadRecord, frozen=True, kw_only=True):
    """An office stands for election no more (tag 0x25)."""

    tag: ClassVar[int] = 0x25

    cooperative: Hash
    proposal_id: Hash


class RevealSalt(PayloadRecord, frozen=True, kw_only=True):
    """A candidate reveals their salt after the close (tag 0x26)."""

    tag: ClassVar[int] = 0x26

    cooperative: Hash
    proposal_id: Hash
    salt: Hash


class StartPetition(PayloadRecord, frozen=True, kw_only=True):
    """A member asks for an officer's recall, and signs that (tag 0x27)."""

    tag: ClassVar[int] = 0x27

    cooperative: Hash
    body: BodyKind
    office: Hash
    text_hash: Hash
    """SHA-256 of the reasons."""


class SignPetition(PayloadRecord, frozen=True, kw_only=True):
    """A member signs a petition (tag 0x28)."""

    tag: ClassVar[int] = 0x28

    cooperative: Hash
    petition: Hash

    @property
    def work_gas(self) -> int:
        """Little, as for ballots."""
        return 250


BodyPayload: TypeAlias = (
    OpenOffices
    | CloseOffice
    | ProposeBodyAct
    | SupportBodyAct
    | Nominate
    | WithdrawNomination
    | RevealSalt
    | StartPetition
    | SignPetition
)
"""What officers do, and the registrar for them."""


def compute_ratification_id(motion_id: bytes) -> bytes:
    """The id of the proposal by which members decide on an emergency act of a body."""
    return hashlib.sha256(_RATIFICATION_DOMAIN + motion_id).digest()


def compute_body_motion_id(*, account: bytes, nonce: int, payload: ProposeBodyAct) -> bytes:
    """The id that a motion of a body will have.

    Args:
        account: Id of the proposing officer's account.
        nonce: The transaction's nonce.
        payload: What is proposed.
    """
    return hashlib.sha256(_BODY_MOTION_DOMAIN + encode([account, nonce, payload])).digest()


def compute_petition_id(*, account: bytes, nonce: int, payload: StartPetition) -> bytes:
    """The id that a petition will have.

    Args:
        account: Id of the account that starts it.
        nonce: The transaction's nonce.
        payload: What is asked for.
    """
    return hashlib.sha256(_PETITION_DOMAIN + encode([account, nonce, payload])).digest()


def compute_recall_id(petition_id: bytes) -> bytes:
    """The id of the proposal that a petition brings before the assembly."""
    return hashlib.sha256(_RECALL_DOMAIN + petition_id).digest()
