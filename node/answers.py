"""The check of what a node answers, for every client that reads it.

A member's own node is outside too: each answer has a shape, and what is not as it should be is
named by its place. Never shows what stands there: it may be a secret, or steer a terminal.
"""

import re
from typing import Annotated, TypedDict, TypeVar, cast

import msgspec
from msgspec import Meta

from config.did_limits import ANSWER_REASON_CHARACTERS_MAX
from config.errors import RefusedError, UnavailableError
from config.limits import FETCH_BYTES_MAX
from did.jcs import JsonObject, parse_json_object

T = TypeVar("T")
_SAFE_MAX = (1 << 53) - 1
"""The largest integer that readers of JSON agree about."""
_YEAR_9999_S = 253_402_300_799
Number = Annotated[int, Meta(ge=0, lt=_SAFE_MAX)]
"""One more is still exact."""
Seconds = Annotated[int, Meta(ge=0, le=_YEAR_9999_S)]
"""A time that a calendar has, in Unix seconds."""
Milliseconds = Annotated[int, Meta(ge=0, lt=(_YEAR_9999_S + 1) * 1_000)]
"""The same in Unix milliseconds."""
Reason = Annotated[str, Meta(max_length=ANSWER_REASON_CHARACTERS_MAX)]
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<place>.*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_KINDS = {
    "array": "list",
    "bool": "true or false",
    "int": "integer",
    "object": "object",
    "str": "text",
}


class Refusal(TypedDict, total=False):
    """Why the node does not do what it was asked."""

    code: Number
    error: Reason
    error_description: Reason
    reason: Reason


class StrangeAnswerError(UnavailableError):
    """The node answers what no node of this version does: asking again helps nothing."""


def make_strange(node: str, what: str) -> StrangeAnswerError:
    """The error for an answer that no node of this version gives.

    Args:
        node: Where it is reached.
        what: Is wrong with the answer; holds nothing of what was answered.
    """
    return StrangeAnswerError(
        f"{node} does not answer as a Rochdale node does ({what}): use the version of `rochdale` "
        "that the node runs, or tell the cooperative's operator"
    )


def parse_body(data: bytes) -> JsonObject | None:
    """An answer's body; None if it is no JSON object that everybody reads alike."""
    try:
        return parse_json_object(data, bytes_max=FETCH_BYTES_MAX)
    except RefusedError:
        return None


def check_body(body: JsonObject | None, shape: type[T], *, node: str) -> T:
    """An answer's body as it came, once it has a shape: other fields stay in it.

    Args:
        body: From `parse_body`.
        shape: A `TypedDict` of what is read.
        node: Where it is reached.

    Raises:
        StrangeAnswerError: It has another shape.
    """
    convert_body(body, shape, node=node)
    return cast("T", body)


def convert_body(body: JsonObject | None, shape: type[T], *, node: str) -> T:
    """What a shape names of an answer's body, and nothing else; otherwise as `check_body`."""
    if body is None:
        raise make_strange(node, "no JSON object")
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise make_strange(node, _describe(str(error))) from error


def _describe(problem: str) -> str:
    """What is wrong and where, of what msgspec says; nothing of the answer itself."""
    found = _PROBLEM.fullmatch(problem)
    what, place = (problem, None) if found is None else (found["what"], found["place"])
    if missing := _MISSING.fullmatch(what):
        return f"{place}.{missing['name']} is missing" if place else f"{missing['name']} is missing"
    kind = what.partition("Expected `")[2].partition("`, got ")[0]
    return f"{place or 'the answer'} is {f'no {_KINDS[kind]}' if kind in _KINDS else 'malformed'}"
