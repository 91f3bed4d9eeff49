"""DID documents: writing a cooperative's did:web, reading a foreign document, did:key.

Documents say which keys speak for a DID and for what purpose. Only Ed25519 Multikeys count;
entries of other kinds are passed over, so documents of foreign tools can be read. Never
fetches: the caller brings the bytes and knows which DID it asked for.

Sources: W3C DID Core §5, did:web method specification, W3C Controlled Identifiers 1.0.
"""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from config.errors import RefusedError
from did.jcs import JsonObject, parse_json_object
from did.keys import (
    KeyFormatError,
    decode_multikey,
    encode_multikey,
)

DID_CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_DOCUMENT_BYTES_MAX = 65_536
_ENTRIES_MAX = 64
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z)(?!.*\.[0-9]+\Z)({_LABEL}\.)*{_LABEL}")
"""A name; an address, whose last label is a number, is none (did:web §2)."""


class DocumentError(RefusedError):
    """The DID or its document is malformed, or does not say what is asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DidDocument:
    """What a document says about keys."""

    did: str
    methods: Mapping[str, bytes]
    """Verification method URL to Ed25519 public key; 32 bytes each."""
    assertion_methods: tuple[str, ...] = ()
    """Methods that speak for the DID: records, insights."""
    authentication_methods: tuple[str, ...] = ()
    """Methods that act as the DID: HTTP requests, logins."""
    also_known_as: tuple[str, ...] = ()

    def get_assertion_key(self, method_id: str) -> bytes:
        """Get the public key by which the DID asserts; 32 bytes.

        Raises:
            DocumentError: The document lists no such method for assertions.
        """
        if method_id not in self.assertion_methods or method_id not in self.methods:
            raise DocumentError(f"{self.did} does not let {method_id[:200]} assert anything")
        return self.methods[method_id]


def did_web_for_origin(origin: str) -> str:
    """Name an https origin's did:web: `https://a.example:8443` is `did:web:a.example%3A8443`.

    Raises:
        DocumentError: Not an https origin of a lowercase host name without path.
    """
    parts = urlsplit(origin)
    try:
        port = parts.port
    except ValueError as error:
        raise DocumentError("the origin's port is malformed") from error
    host = parts.hostname or ""
    if (
        port == 443
        or not _HOST.fullmatch(host)
        or origin != f"https://{host}" + (f":{port}" if port else "")
    ):
        raise DocumentError("an origin reads https://host or https://host:port, in lower case")
    return f"did:web:{host}" + (f"%3A{port}" if port else "")


def origin_for_did_web(did: str) -> str:
    """The https origin that a cooperative's did:web names; `did_web_for_origin` turned round.

    Raises:
        DocumentError: The DID names no origin: it has a path, or is malformed.
    """
    host, _, port = did.removeprefix("did:web:").partition("%3A")
    origin = f"https://{host}" + (f":{port}" if port else "")
    if did_web_for_origin(origin) != did:
        raise DocumentError(f"{did[:100]} does not name an https origin")
    return origin


def render_did_web_document(
    *,
    did: str,
    origin: str,
    assertion_key: bytes,
    http_key: bytes,
    root_key: bytes,
    also_known_as: Sequence[str] = (),
) -> JsonObject:
    """Write a cooperative's DID document.

    `#assertion` signs records and insights, `#http` signs requests, `#root` is in no process
    and speaks for the cooperative in matters of the ledger.

    Args:
        did: The cooperative's did:web.
        origin: Where its actor is found.
        assertion_key: Public; 32 bytes.
        http_key: Public; 32 bytes.
        root_key: Public; 32 bytes.
        also_known_as: Further names, such as the actor's URL and the ledger DID.

    Raises:
        DocumentError: The DID is not the origin's.
    """
    if did_web_for_origin(origin) != did:
        raise DocumentError(f"{did} does not belong to {origin}")
    keys = {"root": root_key, "assertion": assertion_key, "http": http_key}
    return {
        "@context": list(DID_CONTEXTS),
        "id": did,
        "alsoKnownAs": list(also_known_as),
        "verificationMethod": [_render_method(did, name, key) for name, key in keys.items()],
        "assertionMethod": [f"{did}#assertion"],
        "authentication": [f"{did}#http"],
        "capabilityInvocation": [f"{did}#root"],
        "service": [
            {
                "id": f"{did}#actor",
                "type": "ActivityPubActor",
                "serviceEndpoint": f"{origin}/actor",
            }
        ],
    }


def parse_did_document(data: bytes, *, did: str) -> DidDocument:
    """Read a DID document that was asked for under a DID.

    Raises:
        DocumentError: It speaks for another DID, is malformed or names a method twice.
        RefusedError: Not JSON, or too large.
    """
    document = parse_json_object(data, bytes_max=_DOCUMENT_BYTES_MAX)
    if document.get("id") != did:
        raise DocumentError(f"the document does not speak for {did[:200]}")
    methods: dict[str, bytes] = {}
    for entry in _read_entries(document, "verificationMethod"):
        if not isinstance(entry, dict):
            raise DocumentError("a verification method is an object")
        _read_method(entry, did=did, methods=methods)
    relationships = {
        name: tuple(
            _read_relationship(entry, did=did, methods=methods)
            for entry in _read_entries(document, name)
        )
        for name in ("assertionMethod", "authentication")
    }
    known_as = document.get("alsoKnownAs", [])
    return DidDocument(
        did=did,
        methods=MappingProxyType(methods),
        assertion_methods=relationships["assertionMethod"],
        authentication_methods=relationships["authentication"],
        also_known_as=tuple(name for name in known_as if isinstance(name, str))
        if isinstance(known_as, list)
        else (),
    )


def _render_method(did: str, name: str, public_key: bytes) -> JsonObject:
    return {
        "id": f"{did}#{name}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": encode_multikey(public_key),
    }


def _read_entries(document: JsonObject, name: str) -> list[object]:
    entries = document.get(name, [])
    if not isinstance(entries, list) or len(entries) > _ENTRIES_MAX:
        raise DocumentError(f"{name} is a list of at most {_ENTRIES_MAX}")
    return entries


def _read_method(entry: JsonObject, *, did: str, methods: dict[str, bytes]) -> str:
    """Take an Ed25519 Multikey into `methods`; pass over other kinds and controllers."""
    method_id = _absolute(entry.get("id"), did=did)
    if method_id in methods:
        raise DocumentError("a verification method is named twice")
    multikey = entry.get("publicKeyMultibase")
    if entry.get("controller") == did and isinstance(multikey, str):
        with contextlib.suppress(KeyFormatError):  # another kind of key: not for us
            methods[method_id] = decode_multikey(multikey)
    return method_id


def _read_relationship(entry: object, *, did: str, methods: dict[str, bytes]) -> str:
    if isinstance(entry, dict):  # DID Core §5.3: embedded, and used for this alone
        return _read_method(entry, did=did, methods=methods)
    return _absolute(entry, did=did)


def _absolute(url: object, *, did: str) -> str:
    if not isinstance(url, str) or len(url) > 2_048:
        raise DocumentError("a verification method's id is a URL")
    return did + url if url.startswith("#") else url
