"""What an eddsa-rdfc-2022 proof signs: a document as a canonical set of RDF statements.

RDF drops what no context defines, and says the same thing in many JSON shapes; a reader of
the JSON must not see other claims than those that are signed. So everything is refused that
would be dropped, or that is not in the one shape that our readers look at: terms and types
without definition, IRIs or keywords in the place of terms, relative IRIs, nulls and empty
lists. Canonicalization can take very long on a poisoned graph: to be run in a process of its
own that has a deadline. The only module that imports PyLD.

Sources: W3C Data Integrity EdDSA Cryptosuites v1.0 §3.2; RDF Dataset Canonicalization §7.1
(poison graphs); Data Integrity 1.0 §2.4.1, §4.2 (data loss).
"""

import hashlib
from collections.abc import Callable
from typing import NoReturn

from pyld import jsonld
from pyld.canon import URDNA2015

from did.credentials.contexts import get_context_document, read_named_types
from did.credentials.refusals import CredentialError
from did.jcs import Json, JsonObject

ContextLoader = Callable[[str], object]
_BASE = "relative-iri://relative.invalid/"
"""What relative IRIs become, so that they are found; without a base PyLD has one of its own."""
_LITERAL_KEYWORDS = frozenset({"@value", "@language", "@type"})
_KEYWORDS = frozenset({"@id", "@type", "@value", "@language", "@list", "@graph"})
_BLANK_NODES_MAX = 256
_QUADS_MAX = 4_096


def compute_rdfc_hash(
    unsecured: JsonObject,
    options: JsonObject,
    *,
    load_context: ContextLoader = get_context_document,
) -> bytes:
    """SHA-256 of the proof's options and of the document, both as canonical N-Quads; 64 bytes.

    Args:
        unsecured: The document without its proof (with the earlier ones, in a chain).
        options: The proof without its value.
        load_context: Content of a context by its URL; refuses what is not known.

    Raises:
        CredentialError: An unknown context, or anything that RDF would drop or could rename.
    """
    proof = {**options, "@context": unsecured.get("@context")}
    return b"".join(
        hashlib.sha256(canonicalize_rdf(part, load_context=load_context)).digest()
        for part in (proof, unsecured)
    )


def canonicalize_rdf(
    document: JsonObject, *, load_context: ContextLoader = get_context_document
) -> bytes:
    """Write a document as canonical N-Quads (RDFC-1.0 with SHA-256), losing nothing.

    Raises:
        CredentialError: As for `compute_rdfc_hash`.
    """
    check_shape(document)
    options = {
        "documentLoader": _make_loader(load_context),
        "processingMode": "json-ld-1.1",
        "base": _BASE,
    }
    try:
        expanded = jsonld.expand(document, options, on_property_dropped=_refuse_dropped)
        _check_expanded(expanded)
        dataset = jsonld.to_rdf(expanded, options)
        _check_size(dataset)
        canonical = URDNA2015().main(dataset, {"format": "application/n-quads"})
    except jsonld.JsonLdError as error:
        raise CredentialError(f"no RDF for this document: {_find_cause(error)}") from error
    return str(canonical).encode()


def check_shape(document: JsonObject) -> None:
    """Check that the JSON says what its RDF says, to readers who look terms up by their names.

    Raises:
        CredentialError: A keyword or an IRI stands where a term belongs, a value would leave
            no statement, a context that does more than to name types, one of those names
            stands where a claim belongs, or there is another node of the document's own id.
    """
    _check_shape(document, types=frozenset())
    own = document.get("id")
    if isinstance(own, str) and _count_nodes(document, own) > 1:
        raise CredentialError("only the whole document can have its own id")


def _check_shape(value: Json, *, types: frozenset[str]) -> None:
    if value is None:
        raise CredentialError("null says nothing in RDF: leave the term out")
    if isinstance(value, list):
        if not value:
            raise CredentialError("an empty list says nothing in RDF: leave the term out")
        for item in value:
            if isinstance(item, list):
                raise CredentialError("lists within lists have no order in RDF")
            _check_shape(item, types=types)
    elif isinstance(value, dict):
        if "@value" in value:
            _check_literal(value)
            return
        types = types | read_named_types(value.get("@context", []))
        for name, item in value.items():
            if name == "@context":
                continue
            if name.startswith("@") or ":" in name or not name or name in types:
                raise CredentialError(f"{name[:50]} is read by JSON-LD readers alone")
            _check_shape(item, types=types)


def _check_literal(value: dict[str, Json]) -> None:
    if not set(value) <= _LITERAL_KEYWORDS or not all(
        isinstance(item, str) for item in value.values()
    ):
        raise CredentialError("a text has @value and @language; a direction is lost in RDF")


def _count_nodes(value: Json, node_id: str) -> int:
    if isinstance(value, list):
        return sum(_count_nodes(item, node_id) for item in value)
    if isinstance(value, dict):
        return (value.get("id") == node_id) + sum(
            _count_nodes(item, node_id) for item in value.values()
        )
    return 0


def _check_expanded(value: Json) -> None:
    """Check that all names, types and references are absolute IRIs or blank."""
    if isinstance(value, list):
        for item in value:
            _check_expanded(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "@id":
                _check_iri(item)
            elif name == "@type":
                for kind in item if isinstance(item, list) else [item]:
                    _check_iri(kind)
            elif name.startswith("@"):
                if name not in _KEYWORDS:
                    raise CredentialError(f"{name[:50]} is lost in RDF")
                _check_expanded(item)
            else:
                _check_iri(name)
                _check_expanded(item)


def _check_iri(iri: Json) -> None:
    if (
        not isinstance(iri, str)
        or ":" not in iri
        or iri.startswith(("_:", _BASE.partition("/")[0]))
    ):
        raise CredentialError(f"{str(iri)[:100]} is defined by no context, or a relative IRI")


def _check_size(dataset: dict[str, list[dict[str, dict[str, str]]]]) -> None:
    quads = [quad for graph in dataset.values() for quad in graph]
    blank = {
        quad[place]["value"]
        for quad in quads
        for place in ("subject", "object")
        if quad[place]["type"] == "blank node"
    }
    if len(quads) > _QUADS_MAX or len(blank) > _BLANK_NODES_MAX:
        raise CredentialError("the document says too much to be canonicalized")


def _make_loader(load_context: ContextLoader) -> Callable[..., JsonObject]:
    def load(url: str, _options: object = None) -> JsonObject:
        return {
            "contentType": "application/ld+json",
            "contextUrl": None,
            "documentUrl": url,
            "document": load_context(url),
        }

    return load


def _refuse_dropped(name: str | None) -> NoReturn:
    raise CredentialError(f"the term {str(name)[:100]} is defined by no context")


def _find_cause(error: BaseException) -> str:
    while isinstance(error.__cause__, jsonld.JsonLdError):
        error = error.__cause__
    if isinstance(error.__cause__, CredentialError):
        return error.__cause__.reason
    return str(error.args[0] if error.args else error).splitlines()[0][:200]
