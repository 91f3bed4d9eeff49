"""Activities: what we say, and the shape in which we listen.

Builders write plain JSON under the pinned contexts; schemas decide whether an inbound
activity has the shape that its handler expects, before anything is fetched for it. What an
insight itself must hold is the federation's business.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import fastjsonschema

from activitypub.actors import get_actor_url
from activitypub.contexts import ACTIVITYSTREAMS_CONTEXT
from config.errors import RefusedError
from config.limits import URL_CHARACTERS_MAX
from did.jcs import JsonObject
from did.proofs import DATA_INTEGRITY_CONTEXT

ACTIVITY_TYPE = "application/activity+json"
"""Content type of what we send."""
ACCEPTED_TYPES = frozenset({ACTIVITY_TYPE, "application/ld+json"})
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_OBJECT_TYPES = ("Article", "Note", "Page", "Document")
HANDLED_TYPES = ("Follow", "Accept", "Create", "Undo")
"""What an inbox acts on; other activities are taken and passed over."""


class ShapeError(RefusedError):
    """The activity does not have the shape of its type."""


def get_activity_url(origin: str, number: int) -> str:
    """Name an activity of ours by its number in our log."""
    return f"{origin}/activities/{number}"


def parse_activity_number(url: str, *, origin: str) -> int:
    """Get the number of a cooperative's activity in its log; it counts from 1.

    Raises:
        ShapeError: Not an activity's URL under that origin.
    """
    text = url.removeprefix(f"{origin}/activities/")
    if not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise ShapeError("not the URL of a numbered activity")
    number = int(text)
    if number < 1 or get_activity_url(origin, number) != url:
        raise ShapeError("not the URL of a numbered activity")
    return number


def build_follow(*, origin: str, number: int, actor: str, published: str) -> JsonObject:
    """Ask to receive what another actor publishes.

    Args:
        origin: Ours.
        number: In our log.
        actor: Whom to follow.
        published: RFC 3339, UTC.
    """
    return _build(
        "Follow", origin=origin, number=number, published=published, item=actor, to=[actor]
    )


def build_accept(*, origin: str, number: int, follow: JsonObject, published: str) -> JsonObject:
    """Tell a follower that it is one; the Follow is repeated by id, actor and object."""
    item = {name: follow[name] for name in ("id", "type", "actor", "object")}
    return _build(
        "Accept",
        origin=origin,
        number=number,
        published=published,
        item=item,
        to=[follow["actor"]],
    )


def build_create(*, origin: str, number: int, item: JsonObject, published: str) -> JsonObject:
    """Publish an object to followers and to whoever looks.

    The object keeps its own `@context` and proof, so it can be checked apart from the activity.
    """
    followers = f"{origin}/followers"
    activity = _build(
        "Create", origin=origin, number=number, published=published, item=item, to=[PUBLIC]
    )
    contexts = item.get("@context", [])
    known = activity["@context"]
    extra = [url for url in contexts if url not in known] if isinstance(contexts, list) else []
    return {**activity, "@context": [*known, *extra], "cc": [followers]}


def build_delete(*, origin: str, number: int, tombstone: JsonObject, published: str) -> JsonObject:
    """Tell followers and whoever looks that an object is gone (ActivityPub §6.4).

    Args:
        origin: Ours.
        number: In our log.
        tombstone: From `build_tombstone`.
        published: RFC 3339, UTC.
    """
    item = {name: value for name, value in tombstone.items() if name != "@context"}
    activity = _build(
        "Delete", origin=origin, number=number, published=published, item=item, to=[PUBLIC]
    )
    return {**activity, "cc": [f"{origin}/followers"]}


def build_tombstone(*, object_id: str, former_types: Sequence[str], deleted: str) -> JsonObject:
    """What stands in place of an object that was withdrawn (Activity Vocabulary, Tombstone).

    Args:
        object_id: The object's own id.
        former_types: Its types, of which those of ActivityStreams are named.
        deleted: When; RFC 3339, UTC.
    """
    known = [item for item in former_types if item in _OBJECT_TYPES]
    return {
        "@context": ACTIVITYSTREAMS_CONTEXT,
        "id": object_id,
        "type": "Tombstone",
        "formerType": known[0] if known else "Object",
        "deleted": deleted,
    }


def get_id(value: object) -> str:
    """Get the id of an object given whole or by its id.

    Raises:
        ShapeError: Neither.
    """
    identity = value.get("id") if isinstance(value, dict) else value
    if not isinstance(identity, str):
        raise ShapeError("an object is given by its id, or whole with its id")
    return identity


def get_types(value: JsonObject) -> tuple[str, ...]:
    """List an object's types: one or several."""
    types = value.get("type", [])
    types = types if isinstance(types, list) else [types]
    return tuple(item for item in types if isinstance(item, str))


def check_shape(activity: JsonObject) -> str:
    """Check an inbound activity against the schema of its type; the type.

    Raises:
        ShapeError: It does not match.
    """
    try:
        _check_any(activity)
        kind: str = activity["type"]
        if kind in _CHECKS:
            _CHECKS[kind](activity)
    except fastjsonschema.JsonSchemaValueException as error:
        raise ShapeError(f"malformed activity: {error.message[:200]}") from error
    return kind


def check_follow(follow: object, *, actor: str) -> None:
    """Check that a Follow is addressed to an actor.

    Raises:
        ShapeError: It asks to follow somebody else.
    """
    if not isinstance(follow, dict) or follow.get("object") != actor:
        raise ShapeError("the Follow is not addressed to this cooperative")


def get_accepted_follow(accept: JsonObject, *, origin: str) -> int:
    """Get the number of the Follow of ours that an Accept answers.

    The caller still compares whom that Follow was sent to with who accepts.

    Args:
        accept: Of a checked shape.
        origin: Ours.

    Raises:
        ShapeError: The Accept answers no Follow of this cooperative, or another's.
    """
    follow = accept["object"]
    if isinstance(follow, dict):
        check_follow(follow, actor=accept["actor"])
        if follow["actor"] != get_actor_url(origin):
            raise ShapeError("the Accept answers somebody else's Follow")
    return parse_activity_number(get_id(follow), origin=origin)


def _build(
    kind: str, *, origin: str, number: int, published: str, item: object, to: list[str]
) -> JsonObject:
    return {
        "@context": [ACTIVITYSTREAMS_CONTEXT, DATA_INTEGRITY_CONTEXT],
        "id": get_activity_url(origin, number),
        "type": kind,
        "actor": get_actor_url(origin),
        "published": published,
        "to": to,
        "object": item,
    }


_URL = {"type": "string", "pattern": r"^https://[!-~]+$", "maxLength": URL_CHARACTERS_MAX}
_DATE = {"type": "string", "maxLength": 40}
_FOLLOW_GIVEN = {
    "type": "object",
    "required": ["id", "type", "actor", "object"],
    "properties": {"id": _URL, "type": {"const": "Follow"}, "actor": _URL, "object": _URL},
}
_TYPES = {
    "anyOf": [
        {"type": "string", "maxLength": 100},
        {
            "type": "array",
            "items": {"type": "string", "maxLength": 100},
            "minItems": 1,
            "maxItems": 8,
        },
    ]
}
_CREATED = {
    "type": "object",
    "required": ["id", "type", "attributedTo"],
    "properties": {"id": _URL, "type": _TYPES, "attributedTo": _URL, "published": _DATE},
}
_ANY = {
    "type": "object",
    "required": ["@context", "id", "type", "actor"],
    "properties": {
        "id": _URL,
        "type": {"type": "string", "minLength": 1, "maxLength": 100},
        "actor": _URL,
        "published": _DATE,
    },
}
_OBJECTS = {
    "Follow": _URL,
    "Accept": {"anyOf": [_URL, _FOLLOW_GIVEN]},
    "Create": _CREATED,
    "Undo": {"anyOf": [_URL, _FOLLOW_GIVEN]},
}


def _compile(schema: Mapping[str, object]) -> Callable[[Any], Any]:
    check: Callable[[Any], Any] = fastjsonschema.compile(dict(schema))
    return check


_check_any = _compile(_ANY)
_CHECKS = {
    kind: _compile({"required": ["object"], "properties": {"object": item}})
    for kind, item in _OBJECTS.items()
}
