"""What resolving a DID comes to: a document with its metadata, or one of the known problems.

Source: W3C DID Resolution §4 (resolve), §9 (results), §10 (errors).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from config.errors import RefusedError
from did.jcs import JsonObject

DOCUMENT_TYPE = "application/did"
RESULT_TYPE = "application/did-resolution"
_ERRORS = "https://www.w3.org/ns/did#"


class Problem(StrEnum):
    """Why there is no document; the name ends the error's URL, the value is DID Core's word."""

    INVALID_DID = "invalidDid"
    INVALID_DID_URL = "invalidDidUrl"
    INVALID_OPTIONS = "invalidOptions"
    INVALID_DID_DOCUMENT = "invalidDidDocument"
    NOT_FOUND = "notFound"
    REPRESENTATION_NOT_SUPPORTED = "representationNotSupported"
    METHOD_NOT_SUPPORTED = "methodNotSupported"
    FEATURE_NOT_SUPPORTED = "featureNotSupported"
    INTERNAL_ERROR = "internalError"


class ResolutionError(RefusedError):
    """The DID has no document that could be returned.

    Attributes:
        problem: Which of the known problems it is.
    """

    def __init__(self, problem: Problem, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Which version of a document is asked for; at most one field is set, none: the latest."""

    version_id: str | None = None
    time_s: int | None = None
    """Unix seconds: the version that held then."""

    @property
    def is_latest(self) -> bool:
        """Whether no particular version is asked for."""
        return self.version_id is None and self.time_s is None


LATEST = Version()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A DID that was resolved."""

    document: JsonObject | None
    """None exactly if the DID is deactivated and no earlier version was asked for."""
    document_metadata: JsonObject = field(default_factory=dict)
    """didDocumentMetadata: `created`, `updated`, `versionId`, `deactivated` and the like."""
    resolution_metadata: JsonObject = field(default_factory=dict)
    """didResolutionMetadata beside the content type, such as `proof`."""
    fresh_s: int = 0
    """How long the answer may be kept; 0: ask again."""

    @property
    def is_deactivated(self) -> bool:
        """Whether the DID has ended for good."""
        return self.document_metadata.get("deactivated") is True


def parse_version(*, version_id: str | None, version_time: str | None) -> Version:
    """Read the options `versionId` and `versionTime` (DID Resolution §4.1).

    Raises:
        ResolutionError: invalidOptions: both, or a time that is not RFC 3339 in UTC.
    """
    if version_id is not None and version_time is not None:
        raise ResolutionError(
            Problem.INVALID_OPTIONS, "ask for a versionId or a versionTime, not for both"
        )
    if version_time is None:
        return Version(version_id=version_id)
    time = parse_utc(version_time)
    if time is None:
        raise ResolutionError(
            Problem.INVALID_OPTIONS, "versionTime reads like 2026-11-20T10:00:00Z"
        )
    return Version(time_s=int(time.timestamp()))


def parse_utc(text: object) -> datetime | None:
    """Read a time that says that it is UTC; None if it is malformed or of another zone."""
    if not isinstance(text, str) or not text.endswith(("Z", "+00:00")) or len(text) > 40:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def check_unversioned(version: Version, *, method: str) -> None:
    """Check that a method without history is not asked for it.

    Raises:
        ResolutionError: featureNotSupported: it is.
    """
    if not version.is_latest:
        raise ResolutionError(
            Problem.FEATURE_NOT_SUPPORTED, f"did:{method} keeps no earlier versions"
        )


def render_result(resolution: Resolution) -> JsonObject:
    """Write a DID resolution result (DID Resolution §9.1)."""
    return {
        "didDocument": resolution.document,
        "didResolutionMetadata": {
            **({} if resolution.document is None else {"contentType": DOCUMENT_TYPE}),
            **resolution.resolution_metadata,
        },
        "didDocumentMetadata": resolution.document_metadata,
    }


def render_problem(problem: Problem, reason: str) -> JsonObject:
    """Write a result that says why there is no document; the error as RFC 9457 has it."""
    error = {"type": _ERRORS + problem.name, "title": problem.value, "detail": reason}
    return {
        "didDocument": None,
        "didResolutionMetadata": {"error": error},
        "didDocumentMetadata": {},
    }
