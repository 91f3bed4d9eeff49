"""DID documents: writing a cooperative's did:web, reading a foreign document, did:key.

Documents say which keys speak for a DID and for what purpose. Keys of the kinds that we check
signatures with count (`did.verification_keys`); entries of other kinds are passed over, so
documents of foreign tools can be read. Never fetches: the caller brings the document and knows
which DID it asked for.

Sources: W3C DID Core §5, did:web method specification, W3C Controlled Identifiers 1.0.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from config.did_limits import DID_DOCUMENT_BYTES_MAX
from config.errors import RefusedError
from did.jcs import JsonObject, parse_json_object
from did.keys import KeyFormatError, encode_multikey
from did.verification_keys import (
    KeyKind,
    VerificationKey,
    decode_base58btc,
    parse_jwk,
    parse_multikey,
)

DID_CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
RELATIONSHIPS = (
    "assertionMethod",
    "authentication",
    "capabilityInvocation",
    "capabilityDelegation",
    "keyAgreement",
)
"""For what a document's methods are (DID Core §5.3)."""
_MATERIAL = ("publicKeyMultibase", "publicKeyJwk", "publicKeyBase58")
_ENDINGS = frozenset({"revoked", "expires"})
"""Dates after which a key does not count (Controlled Identifiers 1.0 §2.2): one that has any
is passed over, so that a clock decides nothing."""
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
    methods: Mapping[str, VerificationKey]
    """Verification method URL to its key, in the document's order."""
    relationships: Mapping[str, tuple[str, ...]]
    """Each of `RELATIONSHIPS` to the methods that are for it."""
    also_known_as: tuple[str, ...] = ()

    def get_key(self, method_id: str, *, purpose: str) -> VerificationKey:
        """Get the key that may do something in the DID's name.

        Args:
            method_id: DID URL of the verification method.
            purpose: `assertionMethod` for credentials and records, `authentication` for
                requests and logins, or another of `RELATIONSHIPS`.

        Raises:
            DocumentError: The document lists no such method for that purpose.
        """
        if method_id not in self.relationships[purpose] or method_id not in self.methods:
            raise DocumentError(f"{self.did} does not list {method_id[:200]} as {purpose}")
        return self.methods[method_id]

    def get_keys(self, *, purpose: str) -> dict[str, VerificationKey]:
        """Get every key for a purpose, by the URL of its method, in the document's order."""
        return {
            method_id: self.methods[method_id]
            for method_id in self.relationships[purpose]
            if method_id in self.methods
        }


def did_web_for_origin(origin: str) -> str:
    """Name an https origin's did:web: `https://a.example:8443` is `did:web:a.example%3A8443`.

    Raises:
        DocumentError: Not an https origin of a lowercase host name without path.
    """
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError as error:
        raise DocumentError("the origin's host or port is malformed") from error
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
        DocumentError: As `read_did_document`.
        RefusedError: Not JSON, or too large.
    """
    return read_did_document(parse_json_object(data, bytes_max=DID_DOCUMENT_BYTES_MAX), did=did)


def read_did_document(document: JsonObject, *, did: str) -> DidDocument:
    """Read what a document says about keys.

    Raises:
        DocumentError: It speaks for another DID, is malformed, or names a method twice.
    """
    if document.get("id") != did:
        raise DocumentError(f"the document does not speak for {did[:200]}")
    methods: dict[str, VerificationKey | None] = {}
    for entry in _read_entries(document, "verificationMethod"):
        if not isinstance(entry, dict):
            raise DocumentError("a verification method is an object")
        _read_method(entry, did=did, methods=methods)
    relationships = {
        name: tuple(
            _read_relationship(entry, did=did, methods=methods)
            for entry in _read_entries(document, name)
        )
        for name in RELATIONSHIPS
    }
    known_as = document.get("alsoKnownAs", [])
    return DidDocument(
        did=did,
        methods=MappingProxyType({name: key for name, key in methods.items() if key is not None}),
        relationships=MappingProxyType(relationships),
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


def _read_method(entry: JsonObject, *, did: str, methods: dict[str, VerificationKey | None]) -> str:
    """Take a method into `methods`; one of another kind or controller without its key."""
    method_id = _absolute(entry.get("id"), did=did)
    if method_id in methods:
        raise DocumentError("a verification method is named twice")
    methods[method_id] = None
    if entry.get("controller") == did:
        methods[method_id] = _read_key(entry)
    return method_id


def _read_key(entry: JsonObject) -> VerificationKey | None:
    """A method's key; None: of a kind that is not for us."""
    given = [name for name in _MATERIAL if name in entry]
    if not _ENDINGS.isdisjoint(entry):
        return None
    if len(given) > 1:  # DID Core §5.2.1: readers could take different ones
        raise DocumentError("a verification method holds one key, in one form")
    try:
        match given:
            case ["publicKeyMultibase"]:
                return parse_multikey(entry["publicKeyMultibase"])
            case ["publicKeyJwk"]:
                return parse_jwk(entry["publicKeyJwk"])
            case ["publicKeyBase58"] if entry.get("type") == "Ed25519VerificationKey2018":
                return VerificationKey(KeyKind.ED25519, decode_base58btc(entry["publicKeyBase58"]))
    except KeyFormatError:
        return None
    return None


def _read_relationship(
    entry: object, *, did: str, methods: dict[str, VerificationKey | None]
) -> str:
    if isinstance(entry, dict):  # DID Core §5.3: embedded, and used for this alone
        return _read_method(entry, did=did, methods=methods)
    return _absolute(entry, did=did)


def _absolute(url: object, *, did: str) -> str:
    if not isinstance(url, str) or len(url) > 2_048:
        raise DocumentError("a verification method's id is a URL")
    return did + url if url.startswith("#") else url
