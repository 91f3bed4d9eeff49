"""Acts of a cooperative's members: what a proposal asks the rules to do when it is accepted.

A proposal carries at most one, as `[number, fields…]`. Which kinds of proposals may carry
which is `governance.kinds`; what each does is `governance.implementing`'s matter. A number is
never reused.
"""

import hashlib
from enum import IntEnum
from typing import Annotated, TypeAlias

from msgspec import Meta

from config.limits import COUNT_CANDIDATES_MAX, QUADRATIC_ITEMS_MIN, QUADRATIC_POOL_MAX
from did.codec import Record
from governance.body_records import BodyKind
from governance.bylaws import Bylaws
from governance.fields import Count, Hash

_ACT_DOMAIN = b"rochdale/member-act/v1"
_LICENCE_DAYS_MAX = 3_660


class Ending(IntEnum):
    """How a cooperative ends."""

    DISSOLUTION = 1
    MERGER = 2
    """Into the successor."""
    CONVERSION = 3
    """Into another legal form, which is the successor."""


class ChangeBylaws(Record, frozen=True, kw_only=True, tag=1):
    """Follow other bylaws from now on; proposals that are open keep the old ones."""

    bylaws: Bylaws


class GrantLicence(Record, frozen=True, kw_only=True, tag=2):
    """Let somebody use an insight for a purpose; revocable, and not transferable."""

    insight: Hash
    """Digest of the insight."""
    licensee: Hash
    """SHA-256 of who it is granted to, as the agreement names them."""
    purpose: Hash
    """SHA-256 of the agreement's text, which says for what."""
    price_minor: Count
    """For the whole term, in the smallest unit of the cooperative's currency."""
    days: Annotated[int, Meta(ge=1, le=_LICENCE_DAYS_MAX)]
    """How long it lasts."""


class RevokeLicence(Record, frozen=True, kw_only=True, tag=3):
    """End a licence before its term."""

    licence: Hash
    """Id of the proposal that granted it."""


class SupportMotion(Record, frozen=True, kw_only=True, tag=4):
    """Approve a motion of the federation in the cooperative's name."""

    motion: Hash


class LeaveFederation(Record, frozen=True, kw_only=True, tag=5):
    """Give notice to the federation."""


class EndCooperative(Record, frozen=True, kw_only=True, tag=6):
    """End the cooperative; what cannot be divided passes to another cooperative."""

    ending: Ending
    successor: Hash
    """The member cooperative that gets the reserve and the rights in insights."""


class ElectBody(Record, frozen=True, kw_only=True, tag=7):
    """Fill the seats of a body that are free or whose terms end soon."""

    body: BodyKind


class RecallOfficer(Record, frozen=True, kw_only=True, tag=8):
    """Take a seat from who holds it."""

    body: BodyKind
    office: Hash


class FundItems(Record, frozen=True, kw_only=True, tag=9):
    """Share a pool among items by quadratic voting, or only put them in order."""

    items: Annotated[
        tuple[Hash, ...], Meta(min_length=QUADRATIC_ITEMS_MIN, max_length=COUNT_CANDIDATES_MAX)
    ]
    """SHA-256 of what each item is; ascending, each once."""
    pool_minor: Annotated[int, Meta(ge=0, le=QUADRATIC_POOL_MAX)]
    """In the smallest unit of the currency; 0 to put the items in order alone."""
    cap_minor: Annotated[int, Meta(ge=0, le=QUADRATIC_POOL_MAX)]
    """The most that one item gets; 0 for no cap."""


class DismissBody(Record, frozen=True, kw_only=True, tag=20):
    """Take all its seats from a body that does not do what it owes."""

    body: BodyKind


class AnswerCharter(Record, frozen=True, kw_only=True, tag=21):
    """Ratify a change of the federation's charter, or opt out of it."""

    motion: Hash
    is_bound: bool


MemberAct: TypeAlias = (
    ChangeBylaws
    | GrantLicence
    | RevokeLicence
    | SupportMotion
    | LeaveFederation
    | EndCooperative
    | ElectBody
    | RecallOfficer
    | FundItems
    | DismissBody
    | AnswerCharter
)


class ProposedAct(Record, frozen=True, kw_only=True):
    """An act as state keeps it beside its proposal."""

    act: MemberAct


def get_number(act: MemberAct) -> int:
    """An act's number on the wire."""
    return int(str(act.__struct_config__.tag))


def compute_subject(act: MemberAct) -> bytes:
    """What a proposal that asks for an act names as its subject; 32 bytes."""
    return hashlib.sha256(_ACT_DOMAIN + act.encode()).digest()
