"""What a node's protected routes answer, as far as a wallet's commands read it.

Bounds stand where a command could not go on otherwise: times that a calendar has, numbers that
go into a path. The node's own routes say more (`docs/api.md`), and wallets keep that.
"""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from config.did_limits import CONSENT_PERIODS_LISTED_MAX
from node.answers import Milliseconds, Number, Seconds

_Id = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]


class Grant(TypedDict):
    """A use that is permitted."""

    id: str
    grantee: str
    purposes: list[str]
    resources: list[str]
    until_s: Seconds


class GivenMandate(TypedDict):
    """Somebody who may grant in the person's place."""

    id: str
    steward: str
    handle: str


class Standing(TypedDict):
    """What the person permits now."""

    seq: Number
    """Of their latest statement."""
    grants: list[Grant]
    mandates: list[GivenMandate]
    note: str


class EntryContent(TypedDict):
    """What an entry of the history is about."""

    statement: NotRequired[str]


class Entry(TypedDict):
    """One thing that happened."""

    number: Number
    at_ms: Milliseconds
    kind: str
    content: EntryContent


class Consents(Standing):
    """What the person permits now, and a page of their history."""

    history: list[Entry]


class Period(TypedDict):
    """A period whose root is on the ledger."""

    period: Number
    closed_at_ms: Milliseconds


class Periods(TypedDict):
    """Periods whose roots cover the person's history, newest first."""

    periods: Annotated[list[Period], Meta(max_length=CONSENT_PERIODS_LISTED_MAX)]


class ReceiptFile(TypedDict):
    """A receipt, which only `rochdale ledger verify` reads."""

    version: int
    chain_id: str
    kind: str


class AskedResource(TypedDict):
    """What somebody asks for, and what for."""

    resource: str
    name: str
    purposes: list[str]


class ConsentRequest(TypedDict):
    """Who asks, by which application."""

    id: str
    did: str
    acts_for: str
    client_name: str
    until: str
    asked: list[AskedResource]


class ConsentRequests(TypedDict):
    """What waits for the person's answer."""

    requests: list[ConsentRequest]


class RefusedRequest(TypedDict):
    """Which request was refused."""

    refused: str


class SharedResource(TypedDict):
    """What others can ask for."""

    id: str
    resource: str
    name: str
    server: str
    url: str | None


class SharedResources(TypedDict):
    """All that others can ask for."""

    resources: list[SharedResource]


class HeldMandate(TypedDict):
    """What the caller may decide in another's place."""

    id: _Id
    steward: str
    purposes: list[str]
    resources: list[str]
    until_s: Seconds


class Stewardship(TypedDict):
    """A mandate, and what was granted under it."""

    seq: Number
    mandate: HeldMandate
    grants: list[Grant]
    note: str


class Decided(TypedDict):
    """The same after a decision; the mandate may have ended meanwhile."""

    seq: NotRequired[Number]
    mandate: NotRequired[HeldMandate]
    grants: NotRequired[list[Grant]]
    note: str


class Notice(TypedDict):
    """What the person is told."""

    number: Number
    at: str
    what: str
    detail: str


class Notices(TypedDict):
    """A person's notices, newest first."""

    notices: list[Notice]
    seen: Number
    """The latest that they have seen."""


class SeenNotices(TypedDict):
    """Up to where notices were seen."""

    seen: Number


class Session(TypedDict):
    """An application that may act for the person."""

    id: str
    client_id: str
    until: str
    scope: str


class SessionEvent(TypedDict):
    """What an application did."""

    at: str
    what: str
    client_id: str
    detail: str


class Sessions(TypedDict):
    """Who may act for the person, and what was done."""

    sessions: list[Session]
    events: list[SessionEvent]


class EndedSession(TypedDict):
    """Which session was ended."""

    ended: str


class HolderExport(TypedDict):
    """All that is kept about the person."""

    format: str
    name_box: Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
