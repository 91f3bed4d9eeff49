"""DIDs and DID URLs as text, by the grammar of DID Core.

Everything that takes a DID from outside reads it here first, so that later code may split it
at colons without a second thought. Never asks whether a method exists.

Source: W3C DID Core 1.1 §3.1 and §3.2, RFC 3986 §3.
"""

import re
from dataclasses import dataclass

from config.did_limits import DID_URL_CHARS_MAX
from did.resolution.results import Problem, ResolutionError

_PERCENT = "%[0-9A-Fa-f]{2}"
_IDENTIFIER = rf"(?:[A-Za-z0-9._-]|{_PERCENT})"
_DID = rf"did:(?P<method>[a-z0-9]+):(?P<rest>(?:{_IDENTIFIER}*:)*{_IDENTIFIER}+)"
_PATH_CHARACTER = rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_PERCENT})"
_DID_PATTERN = re.compile(_DID)
_DID_URL_PATTERN = re.compile(
    rf"(?P<did>{_DID})(?P<path>(?:/{_PATH_CHARACTER}*)*)"
    rf"(?:\?(?P<query>(?:{_PATH_CHARACTER}|[/?])*))?"
    rf"(?:#(?P<fragment>(?:{_PATH_CHARACTER}|[/?])*))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """A DID, taken apart."""

    text: str
    method: str
    rest: str
    """The method-specific id, still percent-encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DidUrl:
    """A DID and what leads on from it."""

    did: Did
    path: str
    query: str | None
    fragment: str | None


def parse_did(text: str) -> Did:
    """Read a DID.

    Raises:
        ResolutionError: invalidDid: too long, or outside the grammar.
    """
    found = _DID_PATTERN.fullmatch(text) if len(text) <= DID_URL_CHARS_MAX else None
    if found is None:
        raise ResolutionError(
            Problem.INVALID_DID,
            f"a DID reads did:method:identifier, in at most {DID_URL_CHARS_MAX} characters",
        )
    return Did(text=text, method=found["method"], rest=found["rest"])


def parse_did_url(text: str) -> DidUrl:
    """Read a DID URL; a bare DID is one.

    Raises:
        ResolutionError: invalidDidUrl: too long, or outside the grammar.
    """
    found = _DID_URL_PATTERN.fullmatch(text) if len(text) <= DID_URL_CHARS_MAX else None
    if found is None:
        raise ResolutionError(
            Problem.INVALID_DID_URL,
            "a DID URL is a DID with a path, query and fragment, in at most"
            f" {DID_URL_CHARS_MAX} characters",
        )
    return DidUrl(
        did=Did(text=found["did"], method=found["method"], rest=found["rest"]),
        path=found["path"],
        query=found["query"],
        fragment=found["fragment"],
    )
