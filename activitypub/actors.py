"""Actors: how a cooperative shows itself, and how another's document is read.

There is one Organization actor per cooperative and none per member: who is a member is
nobody else's business. An actor's document counts only for what lies under its own origin.
Never fetches; never decides whose actor is a partner.
"""

import base64
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from activitypub.contexts import (
    ACTIVITYSTREAMS_CONTEXT,
    DID_CONTEXT,
    MULTIKEY_CONTEXT,
    SECURITY_CONTEXT,
)
from activitypub.origins import check_same_origin, get_document_url, get_origin
from config.errors import RefusedError
from did.jcs import JsonObject, parse_json_object
from did.keys import KeyFormatError, decode_multikey, encode_multikey

ACTOR_BYTES_MAX = 65_536
_KEYS_MAX = 16
_DER_ED25519 = bytes.fromhex("302a300506032b6570032100")
"""SubjectPublicKeyInfo before an Ed25519 key (RFC 8410 §4)."""


class ActorError(RefusedError):
    """The actor's document is malformed or reaches beyond its origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """What counts of an actor's document."""

    id: str
    name: str
    inbox: str
    outbox: str
    followers: str
    keys: Mapping[str, bytes]
    """Key id to Ed25519 public key, 32 bytes (FEP-521a)."""
    also_known_as: tuple[str, ...] = ()
    """The cooperative's DIDs, as the actor claims them; the DID document must agree."""

    @property
    def origin(self) -> str:
        """The https origin that the actor may speak for."""
        return get_origin(self.id)

    def get_key(self, key_id: str) -> bytes:
        """Get a public key of the actor; 32 bytes.

        Raises:
            ActorError: The actor has no such Ed25519 key.
        """
        if key_id not in self.keys:
            raise ActorError(f"{self.id} shows no Ed25519 key {key_id[:200]}")
        return self.keys[key_id]


def get_actor_url(origin: str) -> str:
    """Name a cooperative's actor."""
    return f"{origin}/actor"


def get_key_id(origin: str, name: str) -> str:
    """Name a key of a cooperative's actor; `http` signs requests, `assertion` activities."""
    return f"{get_actor_url(origin)}#{name}"


def render_actor(
    *,
    origin: str,
    user: str,
    name: str,
    summary: str,
    did: str,
    http_key: bytes,
    assertion_key: bytes,
) -> JsonObject:
    """Write a cooperative's actor document.

    Args:
        origin: The node's https origin.
        user: The name before the @ in `acct:` addresses.
        name: The cooperative's name.
        summary: HTML, already escaped.
        did: The cooperative's did:web.
        http_key: Public key that signs requests; 32 bytes.
        assertion_key: Public key that signs activities; 32 bytes.
    """
    actor = get_actor_url(origin)
    keys = {"http": http_key, "assertion": assertion_key}
    return {
        "@context": [ACTIVITYSTREAMS_CONTEXT, SECURITY_CONTEXT, DID_CONTEXT, MULTIKEY_CONTEXT],
        "id": actor,
        "type": "Organization",
        "preferredUsername": user,
        "name": name,
        "summary": summary,
        "url": f"{origin}/",
        "inbox": f"{origin}/inbox",
        "outbox": f"{origin}/outbox",
        "followers": f"{origin}/followers",
        "following": f"{origin}/following",
        "endpoints": {"sharedInbox": f"{origin}/inbox"},
        "alsoKnownAs": [did],
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "publicKey": {
            "id": get_key_id(origin, "http"),
            "owner": actor,
            "publicKeyPem": _render_pem(http_key),
        },
        "assertionMethod": [_render_method(origin, *item) for item in keys.items()],
    }


def parse_actor(data: bytes, *, url: str) -> Actor:
    """Read an actor's document that was fetched from a URL.

    Args:
        data: The answer's body.
        url: What was asked for, after redirects, without fragment.

    Raises:
        RefusedError: Malformed, or an id, inbox or key of another origin.
    """
    document = parse_json_object(data, bytes_max=ACTOR_BYTES_MAX)
    if document.get("id") != url:
        raise ActorError("the document is not the actor that was asked for")
    origin = get_origin(url)
    places = {name: document.get(name) for name in ("inbox", "outbox", "followers")}
    for place, value in places.items():
        if not isinstance(value, str):
            raise ActorError(f"the actor has no {place}")
        check_same_origin(value, origin=origin)
    name = document.get("name", "")
    known_as = document.get("alsoKnownAs", [])
    return Actor(
        id=url,
        name=name[:200] if isinstance(name, str) else "",
        inbox=str(places["inbox"]),
        outbox=str(places["outbox"]),
        followers=str(places["followers"]),
        keys=MappingProxyType(_read_keys(document, actor=url)),
        also_known_as=tuple(
            item
            for item in (known_as if isinstance(known_as, list) else [known_as])
            if isinstance(item, str)
        )[:_KEYS_MAX],
    )


def _read_keys(document: JsonObject, *, actor: str) -> dict[str, bytes]:
    """Ed25519 keys that the actor controls; keys of other kinds are passed over."""
    methods = document.get("assertionMethod", [])
    if not isinstance(methods, list) or len(methods) > _KEYS_MAX:
        raise ActorError(f"assertionMethod is a list of at most {_KEYS_MAX}")
    keys: dict[str, bytes] = {}
    for method in methods:
        if not isinstance(method, dict):
            continue
        key_id, multikey = method.get("id"), method.get("publicKeyMultibase")
        if not isinstance(key_id, str) or not isinstance(multikey, str):
            continue
        # A key's own document is the actor's, else another could lend its keys.
        if method.get("controller") != actor or get_document_url(key_id) != actor:
            continue
        if key_id in keys:
            raise ActorError("the actor names a key twice")
        with contextlib.suppress(KeyFormatError):
            keys[key_id] = decode_multikey(multikey)
    return keys


def _render_method(origin: str, name: str, public_key: bytes) -> JsonObject:
    return {
        "id": get_key_id(origin, name),
        "type": "Multikey",
        "controller": get_actor_url(origin),
        "publicKeyMultibase": encode_multikey(public_key),
    }


def _render_pem(public_key: bytes) -> str:
    text = base64.b64encode(_DER_ED25519 + public_key).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"
