"""What a node's public routes answer, as far as members' commands read it.

Bounds stand where a command could not go on otherwise: times that a calendar has, ids that go
into a path. Words and ids have only letters that are no markup and steer no terminal. The node's
own routes say more (`docs/api.md`), and whoever asks keeps that.
"""

from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from config.limits import CHAIN_ID_CHARS_MAX
from did.jcs import JsonObject
from node.answers import Milliseconds, Number, Reason

_Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_HashOrEmpty = Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
_Word = Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9_]*\Z", max_length=64)]
_ChainId = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]*\Z", max_length=CHAIN_ID_CHARS_MAX)]
_Network = Annotated[str, Meta(pattern=r"\A[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\Z")]
_Origin = Annotated[str, Meta(pattern=r"\Ahttps?://[a-z0-9.:\[\]_-]+\Z")]
_Path = Annotated[str, Meta(pattern=r"\A/[!-~]*\Z")]
"""Of this node: what begins otherwise could lead to another one."""
_Needed = Annotated[str, Meta(pattern=r"\A(majority|two_thirds)\Z")]
"""As a pattern, since what is said of a wrong literal shows it."""


class NodeStatus(TypedDict):
    """Which cooperative a node is of, on which chain."""

    chain_id: _ChainId
    network: _Network
    cooperative: _Hash
    origin: _Origin


class SentApplication(TypedDict):
    """An application that the node has taken."""

    application: _Hash


class ApplicationState(TypedDict):
    """How far an application is."""

    status: _Word
    account: str


class SentTransaction(TypedDict):
    """A transaction that the node has taken."""

    hash: _Hash


class FoundTransaction(TypedDict):
    """What became of a transaction."""

    height: Number
    code: Number
    name: str
    reason: Reason


class Proposal(TypedDict):
    """A proposal as the node's read model has it."""

    id: _Hash
    stage: _Word
    text_hash: _Hash
    discussion_ends_ms: Milliseconds


class ProposalPage(TypedDict):
    """A page of a cooperative's proposals."""

    proposals: list[Proposal]
    next: _Path | None


class InsightPage(TypedDict):
    """The insights that a node holds."""

    insights: list[JsonObject]


class ResolutionProblem(TypedDict):
    """Why there is no document (RFC 9457)."""

    title: Reason
    detail: Reason


class ResolutionMetadata(TypedDict):
    """How the resolving went."""

    error: NotRequired[ResolutionProblem]
    proof: NotRequired[JsonObject]


class DocumentMetadata(TypedDict):
    """Which version of a DID's document it is."""

    versionId: NotRequired[str]
    created: NotRequired[str]
    updated: NotRequired[str]
    deactivated: NotRequired[bool]


class ResolutionResult(TypedDict):
    """A DID resolution result (W3C DID Resolution §9.1)."""

    didDocument: JsonObject | None
    didResolutionMetadata: ResolutionMetadata
    didDocumentMetadata: DocumentMetadata


class Duty(TypedDict):
    """What a body owes members."""

    duty: _Word
    body: _Word
    state: _Word
    misses: Number
    due_ms: Milliseconds | None
    grace_ends_ms: Milliseconds | None
    fulfilled_ms: Milliseconds | None
    text_hash: _Hash | None


class Duties(TypedDict):
    """What a cooperative's bodies owe members."""

    duties: list[Duty]


class Complaint(TypedDict):
    """Who hears a complaint, and what came of it."""

    id: _Hash
    about: _Word
    is_serious: bool
    text_hash: _Hash
    step: _Word
    verdict: _Word
    answer_hash: _HashOrEmpty
    escalates_from_ms: Milliseconds
    ends_ms: Milliseconds


class Complaints(TypedDict):
    """A cooperative's complaints, newest first."""

    complaints: list[Complaint]


class Petition(TypedDict):
    """Whose recall is asked for, and by how many."""

    id: _Hash
    body: _Word
    office: _Hash
    text_hash: _Hash
    signatures_count: Number
    needed_count: Number
    lapses_at_ms: Milliseconds
    has_succeeded: bool


class Petitions(TypedDict):
    """A cooperative's petitions, newest first."""

    petitions: list[Petition]


class MotionAct(TypedDict):
    """What a body is asked to do; its other fields depend on the name."""

    name: _Word


class Motion(TypedDict):
    """What a body was asked to do."""

    id: _Hash
    body: _Word
    act: MotionAct
    supporters: list[str]
    lapses_at_ms: Milliseconds
    is_done: bool
    needed: _Needed


Motions = TypedDict("Motions", {"body-motions": list[Motion]})
"""Motions of a cooperative's bodies, newest first."""
